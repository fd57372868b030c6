"""Reads a flow from the words of a command line: `ingress tcp 198.51.100.7:40000 10.0.0.5:ssh`.

Strict like everything that reads flows (§2.1); what is friendlier here is that common ports have names (§8.4), and
that each error says how to write the word.
"""

from typing import NamedTuple

from pdp.cli.exits import ExitCode, Fault, refused_question
from pdp.formats.scenarios import DEFAULT_SOURCE_PORT
from pdp.model.addresses import Address, parse_address
from pdp.model.errors import FieldError, quoted
from pdp.model.flow import Direction, Flow, make_flow
from pdp.model.protocols import (
    LAST_PORT,
    NAME_BY_NUMBER,
    PORT_BY_NAME,
    has_ports,
    parse_digits,
    parse_flow_protocol,
    parse_port_range,
    protocol_name,
)


class EndWord(NamedTuple):
    """`HOST:PORT` taken apart: the host as text, and the port or None."""

    host: str
    port: int | None


def flow_from_words(direction: str, protocol: str, source: str, destination: str) -> Flow:
    """The flow that four words describe. Raises Fault with USAGE."""
    way, number = read_direction(direction), read_protocol(protocol)
    ends = [_read_address_end(name, word) for name, word in (("source", source), ("destination", destination))]
    (from_address, from_port), (to_address, to_port) = ends
    for name, address, port in (("source", from_address, from_port), ("destination", to_address, to_port)):
        check_port_given(name, str(address), number, port)
    try:
        return make_flow(way, number, from_address, to_address, from_port, to_port)
    except FieldError as error:
        raise refused_question(error) from None


def check_id(name: str, word: str) -> None:
    """Refuses an id that is blank, or that no server could be asked about. Raises Fault with USAGE."""
    if not word.strip():
        raise Fault(ExitCode.USAGE, f"{name} is blank; is a variable of the shell unset?")
    try:
        word.encode()
    except UnicodeEncodeError:
        raise Fault(ExitCode.USAGE, f"{name} {quoted(word)} is not text in UTF-8") from None


def read_direction(word: str) -> Direction:
    """`ingress` or `egress`, in any case."""
    names = {direction.word: direction for direction in Direction}
    direction = names.get(word.lower()) if word.isascii() else None
    if direction is None:
        raise Fault(ExitCode.USAGE, f"direction {quoted(word)} is neither ingress nor egress")
    return direction


def read_protocol(word: str) -> int:
    """A protocol's name or IANA number; a flow has exactly one, so never ALL."""
    try:
        return parse_flow_protocol(word)
    except ValueError as error:
        raise Fault(ExitCode.USAGE, f"protocol {error}") from None


def check_port_given(name: str, host: str, protocol: int, port: int | None) -> None:
    """Refuses TCP or UDP without a port, and a port where the protocol has none: it would be ignored in silence."""
    if has_ports(protocol) and port is None:
        example_port = DEFAULT_SOURCE_PORT if name == "source" else PORT_BY_NAME["https"]
        example = f"[{host}]:{example_port}" if ":" in host else f"{host}:{example_port}"
        raise Fault(
            ExitCode.USAGE, f"{name} {host} has no port, which {protocol_name(protocol)} needs; write {example}"
        )
    if not has_ports(protocol) and port is not None:
        named = NAME_BY_NUMBER.get(protocol, f"protocol {protocol}")
        raise Fault(ExitCode.USAGE, f"{name} {host} has port {port}, but {named} has no ports; leave it out")


def split_end(name: str, word: str) -> EndWord:
    """`HOST`, `HOST:PORT`, `[IPv6]` or `[IPv6]:PORT`; several colons without brackets are an IPv6 address alone."""
    if word.startswith("["):
        host, closed, rest = word[1:].partition("]")
        if not closed or ":" not in host or (rest and not rest.startswith(":")):
            raise Fault(ExitCode.USAGE, f"{name} {quoted(word)} is not of the form [IPv6]:PORT")
        return EndWord(host, read_port(name, rest[1:]) if rest else None)
    if word.count(":") == 1:
        host, _, port = word.partition(":")
        return EndWord(host, read_port(name, port))
    return EndWord(word, None)


def read_port(name: str, word: str) -> int:
    """A port from 0 to 65535, or the name of a common one."""
    port = PORT_BY_NAME.get(word.lower()) if word.isascii() else None
    if port is None:
        port = parse_digits(word)
    if port is None or port > LAST_PORT:
        raise Fault(
            ExitCode.USAGE,
            f"{name} port {quoted(word)} is neither a number from 0 to 65535 nor one of: {', '.join(PORT_BY_NAME)}",
        )
    return port


def read_port_range(word: str) -> str:
    """A rule's ports as the contract has them: `ssh` and `22` are `22/22`, `8000-8010` is `8000/8010`, `all` is all.

    Raises Fault with USAGE.
    """
    if word.lower() == "all":
        return "-1/-1"
    port = PORT_BY_NAME.get(word.lower()) if word.isascii() else None
    first, dash, last = (str(port), "", "") if port is not None else word.partition("-")
    text = word if "/" in word else f"{first}/{last if dash else first}"
    try:
        parse_port_range(text)
    except ValueError:
        raise Fault(
            ExitCode.USAGE,
            f"port {quoted(word)} is none of 22, 8000-8010 and 22/22 within 1 to 65535, all, and the names "
            f"{', '.join(PORT_BY_NAME)}",
        ) from None
    return text


def _read_address_end(name: str, word: str) -> tuple[Address, int | None]:
    host, port = split_end(name, word)
    try:
        return parse_address(host), port
    except ValueError as error:
        raise Fault(ExitCode.USAGE, f"{name} {error}; write it as HOST:PORT or [IPv6]:PORT") from None

"""Scenarios: tests of a policy, written in YAML by the people who own it.

A file is a list of cases. Each asks about one flow of one ENI, or about a connection between two ends, and says what to
expect. Reason, rule, group and time may be left out, and so may the source port, which then is 40000:

    - name: the bastion may reach the application by ssh
      flow: {eni: eni-app, direction: ingress, protocol: tcp, src: 10.0.9.5, dst: 10.0.2.10, dst_port: ssh}
      expect: accept
      reason: RULE
      rule: sgr-ssh
      group: sg-app
      at: 2026-01-31T08:00:00Z
    - name: nobody outside reaches the database
      from: 198.51.100.7
      to: eni-db
      protocol: tcp
      dst_port: 3306
      expect: drop

An unknown key is refused: an expectation that is not read would always hold.
"""

from collections.abc import Collection, Mapping
from enum import Enum
from pathlib import Path
from typing import NamedTuple, TypeVar

from pdp.formats.flows import FlowQuestion, read_protocol
from pdp.formats.json_text import decode_text
from pdp.formats.yaml_text import parse_yaml
from pdp.model.addresses import Address, parse_address
from pdp.model.errors import FieldError, PdpError, Reason, Violation, quoted
from pdp.model.flow import Direction, make_flow
from pdp.model.ids import EniId, GroupId, RuleId
from pdp.model.instants import Instant, parse_instant
from pdp.model.protocols import LAST_PORT, PORT_BY_NAME, has_ports, parse_digits
from pdp.model.rules import Action
from pdp.model.verdict import Stage

DEFAULT_SOURCE_PORT = 40000
"""The source port of a TCP or UDP case that gives none."""

_EXPECTED_KEYS = ("name", "expect", "reason", "rule", "group", "at")
_PORT_KEYS = ("protocol", "src_port", "dst_port")
_FLOW_KEYS = ("eni", "direction", "src", "dst", *_PORT_KEYS)
_FLOW_CASE_KEYS = (*_EXPECTED_KEYS, "flow")
_PATH_CASE_KEYS = (*_EXPECTED_KEYS, "from", "to", *_PORT_KEYS)
_END_KEYS = ("eni", "address")
E = TypeVar("E", bound=Enum)


class PathEnd(NamedTuple):
    """One end of a path: an ENI, an address, or both (§2.5). Blank is absent; one of them is there."""

    eni: str = ""
    address: str = ""


class PathQuestion(NamedTuple):
    """A connection from one end to another. At least one end is an ENI. Ports are None where there are none."""

    source: PathEnd
    destination: PathEnd
    protocol: int
    source_port: int | None
    destination_port: int | None


class Scenario(NamedTuple):
    """One case: a question and what is expected of the answer; None expects nothing in particular.

    Of a path, `reason`, `rule` and `group` are those of the verdict that decides: the first that drops, else the last.
    `at` is the time to ask about, or None for now.
    """

    name: str
    question: FlowQuestion | PathQuestion
    expect: Action
    reason: Stage | None = None
    rule: RuleId | None = None
    group: GroupId | None = None
    at: Instant | None = None


class ScenarioUnreadable(PdpError):
    """A scenario file that cannot be read. `str()` is one line that names the file, the case and the key."""

    def __init__(self, file: Path, where: str, description: str) -> None:
        message = ": ".join(part for part in (str(file), where, description) if part)
        super().__init__(Reason.INVALID_REQUEST, message, (Violation(where or str(file), description),))


def read_scenarios(path: Path) -> list[Scenario]:
    """The cases of a file, in order. Raises ScenarioUnreadable for the first thing that is wrong."""
    try:
        cases = parse_yaml(decode_text(path.read_bytes()))
    except OSError as error:
        raise ScenarioUnreadable(path, "", f"cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise ScenarioUnreadable(path, "", str(error)) from None
    if not isinstance(cases, list) or not cases:
        raise ScenarioUnreadable(path, "", "holds no list of cases; begin each with `- name: ...`")
    scenarios = []
    for number, case in enumerate(cases, 1):
        name = case.get("name") if isinstance(case, dict) else None
        label = f"case {number}" + (f" ({name})" if isinstance(name, str) and name.isprintable() and name else "")
        try:
            scenarios.append(_read_case(case))
        except _KeyFault as fault:
            raise ScenarioUnreadable(path, f"{label}: {fault.key}" if fault.key else label, fault.description) from None
    return scenarios


class _KeyFault(Exception):
    """What is wrong at which key of a case; blank: the case itself."""

    def __init__(self, key: str, description: str) -> None:
        super().__init__(key, description)
        self.key = key
        self.description = description


def _read_case(value: object) -> Scenario:
    is_path = isinstance(value, dict) and "flow" not in value
    case = _mapping("", value, _PATH_CASE_KEYS if is_path else _FLOW_CASE_KEYS)
    if is_path and not case.keys() & {"from", "to"}:
        raise _KeyFault("", "asks about nothing; give a `flow`, or `from` and `to`")
    at = _text(case, "at")
    try:
        instant = parse_instant(at) if at else None
    except ValueError as error:
        raise _KeyFault("at", str(error)) from None
    reason = _text(case, "reason")
    return Scenario(
        _required(case, "name"),
        _path(case) if is_path else _flow(case["flow"]),
        _member("expect", _required(case, "expect"), Action),
        _member("reason", reason, Stage) if reason else None,
        RuleId(_text(case, "rule")) or None,
        GroupId(_text(case, "group")) or None,
        instant,
    )


def _flow(value: object) -> FlowQuestion:
    flow = _mapping("flow", value, _FLOW_KEYS)
    try:
        protocol, source_port, destination_port = _protocol_and_ports(flow)
        direction = _member("direction", _required(flow, "direction"), Direction)
        ends = [_address(key, _required(flow, key)) for key in ("src", "dst")]
        made = make_flow(direction, protocol, ends[0], ends[1], source_port, destination_port)
        return FlowQuestion(EniId(_required(flow, "eni")), made)
    except FieldError as error:
        raise _KeyFault("flow", error.description) from None
    except _KeyFault as fault:
        raise _KeyFault(f"flow.{fault.key}", fault.description) from None


def _path(case: Mapping[str, object]) -> PathQuestion:
    source, destination = _end(case, "from"), _end(case, "to")
    if not source.eni and not destination.eni:
        raise _KeyFault("from", "neither end is an ENI; give at least one as an ENI's id")
    return PathQuestion(source, destination, *_protocol_and_ports(case))


def _end(case: Mapping[str, object], key: str) -> PathEnd:
    """An end given as an ENI's id, as an address, or as both."""
    value = case.get(key)
    if isinstance(value, str) and value:
        return PathEnd(eni=value) if value.startswith("eni-") else PathEnd(address=str(_address(key, value)))
    end = _mapping(key, value or {}, _END_KEYS)
    eni, address = _text(end, "eni", key), _text(end, "address", key)
    if not eni and not address:
        raise _KeyFault(key, "give an ENI's id, an address, or both as {eni: ..., address: ...}")
    return PathEnd(eni, str(_address(f"{key}.address", address)) if address else "")


def _protocol_and_ports(values: Mapping[str, object]) -> tuple[int, int | None, int | None]:
    """Protocol and ports. The destination port is required where there are ports; the source port has a default."""
    try:
        protocol = read_protocol(_required(values, "protocol"))
    except FieldError as error:
        raise _KeyFault("protocol", error.description) from None
    source_port, destination_port = _port(values, "src_port"), _port(values, "dst_port")
    if not has_ports(protocol):
        return protocol, None, None
    if destination_port is None:
        raise _KeyFault("dst_port", "is missing; TCP and UDP need it")
    return protocol, DEFAULT_SOURCE_PORT if source_port is None else source_port, destination_port


def _port(values: Mapping[str, object], key: str) -> int | None:
    """A port by number or by a common name such as `ssh` (§8.4); None when it is absent."""
    text = _text(values, key)
    port = PORT_BY_NAME.get(text.lower(), parse_digits(text))
    if text and (port is None or port > LAST_PORT):
        raise _KeyFault(key, f"{quoted(text)} is neither a port from 0 to 65535 nor one of: {', '.join(PORT_BY_NAME)}")
    return port


def _address(key: str, text: str) -> Address:
    try:
        return parse_address(text)
    except ValueError as error:
        raise _KeyFault(key, str(error)) from None


def _member(key: str, text: str, kind: type[E]) -> E:
    """The member of an enumeration by its name, in any case."""
    member = kind.__members__.get(text.upper()) if text.isascii() else None
    if member is None:
        choices = ", ".join(name.lower() if kind is not Stage else name for name in kind.__members__)
        raise _KeyFault(key, f"{quoted(text)} is not one of: {choices}")
    return member


def _mapping(key: str, value: object, keys: Collection[str]) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise _KeyFault(key, f"{quoted(value)} is not a mapping with the keys {', '.join(keys)}")
    for name in value:
        if name not in keys:
            raise _KeyFault(f"{key}.{name}" if key else name, f"unknown key; the keys here are {', '.join(keys)}")
    return value


def _text(values: Mapping[str, object], key: str, under: str = "") -> str:
    value = values.get(key, "")
    if not isinstance(value, str):
        raise _KeyFault(f"{under}.{key}" if under else key, f"{quoted(value)} is not a text")
    return value


def _required(values: Mapping[str, object], key: str) -> str:
    text = _text(values, key)
    if not text:
        raise _KeyFault(key, "is missing or blank")
    return text

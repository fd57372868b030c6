"""Flows as JSON lines: this project's own and VPC flow logs (§2.1, §8.3).

A line is a flow or an error of that line alone. Nothing is guessed: what is absent, of a wrong type or not plain digits
has no verdict.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO, NamedTuple

from pdp.formats.json_text import parse_json
from pdp.model.addresses import Address, parse_address
from pdp.model.errors import FieldError, Reason, quoted
from pdp.model.flow import Direction, Flow, make_flow
from pdp.model.ids import EniId
from pdp.model.protocols import LAST_PORT, LAST_PROTOCOL, parse_digits, parse_flow_protocol

LONGEST_LINE = 64 << 10
"""Bytes of a line that are read, its end included: a hundred times what a flow needs."""

_JSON_BLANKS = " \t\r\n"
_LOGGED = "OK"


class FlowQuestion(NamedTuple):
    """A flow of an ENI. `logged_action` is what a flow log says was done with it: ACCEPT or REJECT.

    `eni_key` is what its line calls the ENI.
    """

    eni: EniId
    flow: Flow
    logged_action: str | None = None
    eni_key: str = "eni"


class _Keys(NamedTuple):
    """What a kind of line calls the parts of a flow, and its words for directions."""

    eni: str
    source: str
    source_port: str
    destination: str
    destination_port: str
    directions: Mapping[str, Direction]


_OWN = _Keys("eni", "src", "src_port", "dst", "dst_port", {"ingress": Direction.INGRESS, "egress": Direction.EGRESS})
_LOG = _Keys("eni-id", "srcaddr", "srcport", "dstaddr", "dstport", {"in": Direction.INGRESS, "out": Direction.EGRESS})


def bounded_lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a binary stream. Of one that is too long just more than `LONGEST_LINE`, in that much memory."""
    while line := stream.readline(LONGEST_LINE + 1):
        yield line
        while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            line = stream.readline(LONGEST_LINE + 1)


def read_flow_lines(lines: Iterable[bytes]) -> Iterator[FlowQuestion | FieldError]:
    """The flow, or the error, of each line of a binary stream that is not blank, in order.

    A byte order mark may stand before the first line. Lines end at a line feed alone, as a binary stream gives them.
    """
    for number, data in enumerate(lines):
        if len(data) > LONGEST_LINE:
            yield FieldError(Reason.INVALID_FLOW, "line", f"longer than {LONGEST_LINE} bytes, which no flow is")
            continue
        try:
            line = data.removeprefix(b"\xef\xbb\xbf" if number == 0 else b"").decode("utf-8")
            if line.strip(_JSON_BLANKS):
                yield read_flow_line(line)
        except UnicodeDecodeError as error:
            yield FieldError(Reason.INVALID_FLOW, "line", f"not UTF-8 ({error.reason} at byte {error.start})")
        except FieldError as error:
            yield error


def read_flow_line(line: str) -> FlowQuestion:
    """The flow of one line. Raises FieldError, with the line's own key as its field."""
    try:
        values = parse_json(line)
    except ValueError as error:
        raise FieldError(Reason.INVALID_FLOW, "line", str(error)) from None
    if not isinstance(values, dict):
        raise FieldError(Reason.INVALID_FLOW, "line", f"{quoted(values)} is not a JSON object")
    if _LOG.eni not in values:
        return FlowQuestion(*_read_flow(values, _OWN))
    status = values.get("log-status", _LOGGED)
    if status != _LOGGED:
        raise FieldError(Reason.FLOW_NOT_LOGGED, "log-status", f"{quoted(status)} is not OK, so the line holds no flow")
    action = values.get("action")
    if action is not None and not isinstance(action, str):
        raise FieldError(Reason.INVALID_FLOW, "action", f"{quoted(action)} is not a text")
    return FlowQuestion(*_read_flow(values, _LOG), action or None, _LOG.eni)


def _read_flow(values: Mapping[str, object], keys: _Keys) -> tuple[EniId, Flow]:
    eni = values.get(keys.eni)
    if eni is None or eni == "":
        raise FieldError(Reason.MISSING_ENI, keys.eni, "the ENI's id is missing")
    if not isinstance(eni, str):
        raise FieldError(Reason.INVALID_FLOW, keys.eni, f"{quoted(eni)} is not a text")
    try:
        flow = make_flow(
            _direction(values.get("direction"), keys.directions),
            read_protocol(values.get("protocol")),
            _address(values, keys.source),
            _address(values, keys.destination),
            _port(values, keys.source_port),
            _port(values, keys.destination_port),
        )
    except FieldError as error:
        name = getattr(keys, error.field, error.field)
        raise FieldError(error.reason, name, error.description) from None
    return EniId(eni), flow


def _direction(value: object, directions: Mapping[str, Direction]) -> Direction:
    direction = directions.get(value.lower()) if isinstance(value, str) and value.isascii() else None
    if direction is None:
        said = "is missing" if value is None else f"{quoted(value)} is not one of: {', '.join(directions)}"
        raise FieldError(Reason.INVALID_DIRECTION, "direction", said)
    return direction


def read_protocol(value: object) -> int:
    """A flow's protocol: a name or a number, also as text; ALL is none (§2.1). Raises FieldError."""
    try:
        protocol = parse_flow_protocol(value) if isinstance(value, str) else _whole(value, LAST_PROTOCOL)
    except ValueError as error:
        raise FieldError(Reason.INVALID_PROTOCOL, "protocol", str(error)) from None
    if protocol is None:
        raise FieldError(Reason.INVALID_PROTOCOL, "protocol", "is missing")
    return protocol


def _address(values: Mapping[str, object], key: str) -> Address:
    value = values.get(key)
    if value is None:
        raise FieldError(Reason.INVALID_ADDRESS, key, "is missing")
    if not isinstance(value, str):
        raise FieldError(Reason.INVALID_ADDRESS, key, f"{quoted(value)} is not a text")
    try:
        return parse_address(value)
    except ValueError as error:
        raise FieldError(Reason.INVALID_ADDRESS, key, str(error)) from None


def _port(values: Mapping[str, object], key: str) -> int | None:
    try:
        return _whole(values.get(key), LAST_PORT)
    except ValueError as error:
        raise FieldError(Reason.INVALID_PORT, key, str(error)) from None


def _whole(value: object, last: int) -> int | None:
    """A number from 0 to `last`, or its decimal text; None when absent. Raises ValueError."""
    number = value if type(value) is int else parse_digits(value) if isinstance(value, str) else None
    if value is not None and (number is None or not 0 <= number <= last):
        raise ValueError(f"{quoted(value)} is not a whole number from 0 to {last}")
    return number

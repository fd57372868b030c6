"""Requests as the model's own values: the one place where what a caller sent is validated (§2.1, §2.2).

Every refusal is a FieldError that names the field's path, like `flow.destination_port`. It must never guess: what is
absent, unknown or out of bounds is an error here, so that nothing behind it need ask again.
"""

from operator import attrgetter

from pdp.model.addresses import Address, parse_address, parse_pair
from pdp.model.errors import FieldError, PdpError, Reason
from pdp.model.flow import Direction, Flow, make_flow, seen_from_eni
from pdp.model.protocols import LAST_PORT, WITH_PORTS
from pdp.policy.path import End, FindOwners, Path, resolve_path
from pdp.policy.snapshot import Snapshot
from pdp.server.status import RESOURCE_TYPES, UnknownResource
from pdp.v1 import decision_service_pb2, flow_pb2

_FIELDS = attrgetter("eni_id", "direction", "protocol", "source", "destination", "source_port", "destination_port")
_DIRECTIONS = {1: Direction.INGRESS, 2: Direction.EGRESS}
"""By number: looking an enum up by value costs ten times as much, on every check."""


def asked_flow(
    request: decision_service_pb2.CheckFlowRequest | decision_service_pb2.ExplainFlowRequest,
) -> flow_pb2.Flow:
    """The flow of a request. Raises FieldError with INVALID_FLOW when it has none."""
    if not request.HasField("flow"):
        raise FieldError(Reason.INVALID_FLOW, "flow", "the flow is missing; give its ENI, direction and 5-tuple")
    return request.flow


def flow_from_proto(message: flow_pb2.Flow) -> tuple[str, Flow]:
    """The ENI's id, not looked up yet, and the flow. Raises FieldError with the path of the first field at fault."""
    eni_id, number, protocol, source, destination, source_port, destination_port = _FIELDS(message)
    direction = _DIRECTIONS.get(number)
    # Almost every flow is of this kind. Of any other, what it is or what is wrong with it is found out one by one.
    if (
        eni_id
        and direction is not None
        and protocol in WITH_PORTS
        and 0 < source_port <= LAST_PORT
        and 0 < destination_port <= LAST_PORT
    ):
        try:
            family, sender, receiver = parse_pair(source, destination)
        except ValueError:
            pass
        else:
            return eni_id, seen_from_eni(direction, protocol, family, sender, receiver, source_port, destination_port)
    if not eni_id:
        raise FieldError(Reason.MISSING_ENI, "flow.eni_id", "the ENI's id is missing; give one such as eni-bp1abc")
    if direction is None:
        wrong = f"{number} is no direction" if number else "the direction is missing"
        raise FieldError(
            Reason.INVALID_DIRECTION,
            "flow.direction",
            f"{wrong}; give DIRECTION_INGRESS (1) or DIRECTION_EGRESS (2)",
        )
    try:
        return eni_id, make_flow(
            direction,
            _protocol(message),
            _address(source, "source"),
            _address(destination, "destination"),
            source_port if message.HasField("source_port") else None,
            destination_port if message.HasField("destination_port") else None,
        )
    except FieldError as error:
        raise error.under("flow") from None


def unknown_resource(error: PdpError, field: str, name: str) -> PdpError:
    """An error of the layers below as one that names what is not there; `field` where the error knows none."""
    if error.reason not in RESOURCE_TYPES:
        return error
    if isinstance(error, FieldError):
        return UnknownResource(error.reason, error.field, error.description, name)
    return UnknownResource(error.reason, field, error.message, name)


def path_from_proto(
    snapshot: Snapshot, find_owners: FindOwners, request: decision_service_pb2.CheckPathRequest
) -> Path:
    """The checks that a path consists of (§2.5). Raises FieldError like `flow_from_proto`."""
    for name in ("source", "destination"):
        if not request.HasField(name):
            raise FieldError(Reason.INVALID_PATH, name, "the end is missing; give an ENI's id, an address, or both")
    source, destination = request.source, request.destination
    try:
        return resolve_path(
            snapshot,
            find_owners,
            End(source.eni_id, source.address),
            End(destination.eni_id, destination.address),
            _protocol(request),
            request.source_port if request.HasField("source_port") else None,
            request.destination_port if request.HasField("destination_port") else None,
        )
    except FieldError as error:
        named = destination if error.field.startswith("destination") else source
        raise unknown_resource(error, error.field, named.eni_id) from None


def _protocol(message: flow_pb2.Flow | decision_service_pb2.CheckPathRequest) -> int:
    """The protocol's number, which `make_flow` bounds. Absent is an error although 0 is a protocol."""
    protocol = message.protocol
    if not protocol and not message.HasField("protocol"):
        raise FieldError(
            Reason.INVALID_PROTOCOL, "protocol", "the protocol is missing; give its IANA number, such as 6 for TCP"
        )
    return protocol


def _address(text: str, name: str) -> Address:
    if not text:
        raise FieldError(Reason.INVALID_ADDRESS, name, "the address is missing; give an IPv4 or IPv6 address as text")
    try:
        return parse_address(text)
    except ValueError as error:
        raise FieldError(Reason.INVALID_ADDRESS, name, str(error)) from None

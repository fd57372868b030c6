"""Verdicts, regions and positions as messages of the contract."""

from google.protobuf.timestamp_pb2 import Timestamp

from pdp.model.addresses import format_address
from pdp.model.errors import FieldError, PdpError
from pdp.model.ids import GroupId
from pdp.model.instants import SECOND, Instant
from pdp.model.verdict import Region, Verdict
from pdp.policy.snapshot import Snapshot
from pdp.v1 import decision_service_pb2, flow_pb2


def verdict_to_proto(verdict: Verdict) -> flow_pb2.Verdict:
    """The verdict with its region, where it has one."""
    action, reason, rule, group, idle_timeout_s, valid_until, region = verdict
    message = flow_pb2.Verdict(action=action, reason=reason, idle_timeout_seconds=idle_timeout_s)  # type: ignore[arg-type]
    if rule is not None:
        if rule.id_is_derived:
            message.derived_rule_id = rule.id
        else:
            message.rule_id = rule.id
        message.priority = rule.priority
    if group is not None:
        message.group_id = group
    if valid_until is not None:
        message.valid_until.CopyFrom(timestamp(valid_until))
    if region is not None:
        fill_region(message.region, region)
    return message


def fill_region(message: flow_pb2.Region, region: Region) -> None:
    """Writes the region into an empty message; both CIDRs as canonical text."""
    eni, direction, protocol, family, remote_first, remote_length, own_first, own_length, *ports = region
    message.eni_id = eni
    message.direction = direction  # type: ignore[assignment]
    message.protocol = protocol
    message.remote_cidr = f"{format_address(family, remote_first)}/{remote_length}"
    message.own_cidr = f"{format_address(family, own_first)}/{own_length}"
    source_ports, destination_ports = message.source_ports, message.destination_ports
    source_ports.first, source_ports.last, destination_ports.first, destination_ports.last = ports


def timestamp(instant: Instant) -> Timestamp:
    """The instant to the nanosecond."""
    seconds, nanoseconds = divmod(instant, SECOND)
    return Timestamp(seconds=seconds, nanos=nanoseconds)


def position_of(snapshot: Snapshot) -> flow_pb2.PolicyPosition:
    """Where answers from a snapshot come from."""
    return flow_pb2.PolicyPosition(revision=snapshot.revision, store_id=snapshot.store)


def failed_item(error: PdpError) -> decision_service_pb2.BatchItem:
    """A row of a batch that has no verdict."""
    field = error.field if isinstance(error, FieldError) else ""
    return decision_service_pb2.BatchItem(
        error=flow_pb2.FlowError(reason=error.reason.value, message=error.message, field=field)  # type: ignore[arg-type]
    )


VerdictKey = tuple[int, int, int, GroupId | None, int | None, Instant | None]

MOST_WRITTEN = 65_536
"""Responses kept; past that all are written anew as they are given."""


def verdict_key(verdict: Verdict) -> VerdictKey:
    """What tells verdicts of one snapshot apart, regions aside.

    By identity, which enum members and a snapshot's rules have: hashing them costs more than the check.
    """
    action, reason, rule, group, idle_timeout_s, valid_until, _ = verdict
    return id(action), id(reason), id(rule), group, idle_timeout_s, valid_until


class CheckResponses:
    """Responses to single checks. What flows of a snapshot often share is written once.

    Setting the fields of a message costs more than the check itself; bytes that are ready cost next to nothing.
    So a response is kept for each verdict with all of its region but the two sides that differ most from flow to flow:
    the remote CIDR and the destination ports.
    """

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._written: dict[tuple[object, ...], bytes] = {}

    def response(self, snapshot: Snapshot, verdict: Verdict) -> bytes:
        """The serialised CheckFlowResponse that holds a verdict of the snapshot."""
        if snapshot is not self._snapshot or len(self._written) >= MOST_WRITTEN:
            self._snapshot, self._written = snapshot, {}
        region = verdict.region
        key = (verdict_key(verdict), region and (region[:4], region[6:10]))
        written = self._written.get(key)
        if written is None:
            written = self._written[key] = decision_service_pb2.CheckFlowResponse(
                verdict=verdict_to_proto(verdict), position=position_of(snapshot)
            ).SerializeToString()
        if region is None:
            return written
        response = decision_service_pb2.CheckFlowResponse.FromString(written)
        message = response.verdict.region
        message.remote_cidr = f"{format_address(region.family, region.remote_first)}/{region.remote_length}"
        ports = message.destination_ports
        ports.first = region.destination_port_first
        ports.last = region.destination_port_last
        return response.SerializeToString()

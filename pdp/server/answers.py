"""Verdicts, regions and positions as messages of the contract."""

from functools import lru_cache

from google.protobuf.timestamp_pb2 import Timestamp

from pdp.model.addresses import Family, format_address
from pdp.model.errors import FieldError, PdpError
from pdp.model.ids import EniId, GroupId
from pdp.model.instants import SECOND, Instant
from pdp.model.verdict import Region, Verdict
from pdp.policy.snapshot import Snapshot
from pdp.server.slices import framed
from pdp.v1 import decision_service_pb2, flow_pb2
from pdp.v1.decision_service_pb2 import CheckFlowResponse


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
        message.region.MergeFromString(region_bytes(region))
    return message


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
        error=flow_pb2.FlowError(reason=error.reason.value, message=error.message, field=field)
    )


_VERDICT = CheckFlowResponse.VERDICT_FIELD_NUMBER
_REGION = flow_pb2.Verdict.REGION_FIELD_NUMBER
_REMOTE_CIDR = flow_pb2.Region.REMOTE_CIDR_FIELD_NUMBER

VerdictKey = tuple[int, int, int, GroupId | None, int | None, Instant | None]

MOST_WRITTEN = 65_536
"""Parts of a kind that are kept."""


def verdict_key(verdict: Verdict) -> VerdictKey:
    """What tells verdicts of one snapshot apart, regions aside.

    By identity, which enum members and a snapshot's rules have: hashing them costs more than the check.
    """
    action, reason, rule, group, idle_timeout_s, valid_until, _ = verdict
    return id(action), id(reason), id(rule), group, idle_timeout_s, valid_until


class CheckResponses:
    """Responses to single checks of one snapshot, put together from parts that are each written once.

    Setting the fields of a message costs more than the check itself. In the wire format the fields of a message stand
    one after another, so that a part of them that is ready can be reused: the verdict without its region, and each side
    of the region.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._position = CheckFlowResponse(position=position_of(snapshot)).SerializeToString()
        self._plain: dict[VerdictKey, bytes] = {}

    def response(self, verdict: Verdict) -> bytes:
        """The serialised CheckFlowResponse that holds a verdict of the snapshot."""
        key = verdict_key(verdict)
        written = self._plain.get(key)
        if written is None:
            if len(self._plain) >= MOST_WRITTEN:
                self._plain.clear()
            written = self._plain[key] = verdict_to_proto(verdict._replace(region=None)).SerializeToString()
        if verdict.region is not None:
            written += framed(_REGION, region_bytes(verdict.region))
        return framed(_VERDICT, written) + self._position


def region_bytes(region: Region) -> bytes:
    """The serialised region, its fields in the order in which protobuf writes them."""
    before, after = _around_remote(*region[:4], *region[6:])
    remote = f"{format_address(region.family, region.remote_first)}/{region.remote_length}"
    return before + framed(_REMOTE_CIDR, remote.encode()) + after


@lru_cache(MOST_WRITTEN)
def _around_remote(
    eni: EniId,
    direction: int,
    protocol: int,
    family: Family,
    own_first: int,
    own_length: int,
    source_first: int,
    source_last: int,
    destination_first: int,
    destination_last: int,
) -> tuple[bytes, bytes]:
    """What stands before and after the remote side of a region, in which flows differ most."""
    before = flow_pb2.Region(eni_id=eni, direction=direction, protocol=protocol)  # type: ignore[arg-type]
    after = flow_pb2.Region(own_cidr=f"{format_address(family, own_first)}/{own_length}")
    after.source_ports.first, after.source_ports.last = source_first, source_last
    after.destination_ports.first, after.destination_ports.last = destination_first, destination_last
    return before.SerializeToString(), after.SerializeToString()

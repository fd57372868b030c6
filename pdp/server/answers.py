"""Verdicts, regions and positions as messages of the contract."""

from typing import TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from pdp.model.errors import FieldError, PdpError
from pdp.model.ids import GroupId
from pdp.model.instants import SECOND, Instant
from pdp.model.verdict import Region, Verdict
from pdp.policy.snapshot import Snapshot
from pdp.v1 import decision_service_pb2, flow_pb2
from pdp.v1.decision_service_pb2 import CheckFlowResponse

K = TypeVar("K")


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
        message.region.MergeFrom(_but_remote(region))
        message.region.MergeFrom(_remote(region))
    return message


def _but_remote(region: Region) -> flow_pb2.Region:
    """All but the remote side."""
    message = flow_pb2.Region(
        eni_id=region.eni,
        direction=region.direction,  # type: ignore[arg-type]
        protocol=region.protocol,
        own_cidr=str(region.own),
    )
    message.source_ports.first, message.source_ports.last = region.source_ports
    message.destination_ports.first, message.destination_ports.last = region.destination_ports
    return message


def _remote(region: Region) -> flow_pb2.Region:
    """The remote side alone."""
    return flow_pb2.Region(remote_cidr=str(region.remote))


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


VerdictKey = tuple[int, int, int, GroupId | None, int | None, Instant | None]

MOST_WRITTEN = 65_536
"""Parts of a kind that are kept."""


def verdict_key(verdict: Verdict) -> VerdictKey:
    """What tells verdicts of one snapshot apart, regions aside.

    By identity, which enum members and a snapshot's rules have: hashing them costs more than the check.
    """
    action, reason, rule, group, idle_timeout_s, valid_until, _ = verdict
    return id(action), id(reason), id(rule), group, idle_timeout_s, valid_until


class Parts(dict[K, bytes]):
    """Serialised messages with some of the fields, by what they say. Past `MOST_WRITTEN` all are dropped."""

    def keep(self, key: K, part: CheckFlowResponse) -> bytes:
        """The part as bytes, which will be found again."""
        if len(self) >= MOST_WRITTEN:
            self.clear()
        written = self[key] = part.SerializeToString()
        return written


class CheckResponses:
    """Responses to single checks of one snapshot, joined from parts that are each written once.

    Setting the fields of a message costs more than the check itself. Serialised messages that stand one after another
    are one message with the fields of all, at every depth. So a response with a region is three: one without it, one
    with nothing but the region, and of that all but the remote side, in which flows differ most; and one with that.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._position = position_of(snapshot)
        self._plain: Parts[VerdictKey] = Parts()
        self._but_remote: Parts[tuple[object, ...]] = Parts()
        self._remote: Parts[tuple[object, ...]] = Parts()

    def response(self, verdict: Verdict) -> bytes:
        """The serialised CheckFlowResponse that holds a verdict of the snapshot."""
        key = verdict_key(verdict)
        plain = self._plain.get(key) or self._plain.keep(
            key, CheckFlowResponse(verdict=verdict_to_proto(verdict._replace(region=None)), position=self._position)
        )
        region = verdict.region
        if region is None:
            return plain
        # The remote side is the end of the tuple; the family before it belongs to both.
        around, side = region[:-2], region[-3:]
        but_remote = self._but_remote.get(around) or self._but_remote.keep(around, _holding(_but_remote(region)))
        remote = self._remote.get(side) or self._remote.keep(side, _holding(_remote(region)))
        return plain + but_remote + remote


def _holding(region: flow_pb2.Region) -> CheckFlowResponse:
    """A response with nothing but this."""
    return CheckFlowResponse(verdict=flow_pb2.Verdict(region=region))

"""Verdicts, regions and positions as messages of the contract."""

from google.protobuf.timestamp_pb2 import Timestamp

from pdp.model.errors import FieldError, PdpError
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


MOST_WRITTEN = 65_536
"""Parts of a kind that are kept."""


class Parts(dict[tuple[object, ...], bytes]):
    """Pieces of messages by what they say. Past `MOST_WRITTEN` all are dropped."""

    def keep(self, key: tuple[object, ...], piece: flow_pb2.Verdict | flow_pb2.Region) -> bytes:
        """The piece as bytes, which will be found again."""
        if len(self) >= MOST_WRITTEN:
            self.clear()
        written = self[key] = piece.SerializeToString()
        return written


_BUT_REMOTES = Parts()
_REMOTES = Parts()
"""Regions say the same whatever the snapshot; these outlive it."""

_VERDICT = CheckFlowResponse.VERDICT_FIELD_NUMBER
_REGION = flow_pb2.Verdict.REGION_FIELD_NUMBER


class WrittenVerdicts:
    """Verdicts of one snapshot as bytes, joined from parts that are each written once.

    A CheckFlowResponse is the verdict's `field` and the `position`.

    Setting the fields of a message costs more than the check itself. In the wire format the fields of a message stand
    one after another, in any order: so a part of them that is ready can be used again. These are the verdict without
    its region, the region but for its remote side, in which flows differ most, and that side. No field stands twice:
    not every parser adds up what it finds in both.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.position = CheckFlowResponse(position=position_of(snapshot)).SerializeToString()
        self._plain = Parts()

    def field(self, verdict: Verdict) -> bytes:
        """The verdict as the field of a CheckFlowResponse or BatchItem: they have it under one number."""
        action, reason, rule, group, idle_timeout_s, valid_until, region = verdict
        # By identity, which enum members and a snapshot's rules have: hashing them costs more than the check.
        said = id(action), id(reason), id(rule), group, idle_timeout_s, valid_until
        body = self._plain.get(said) or self._plain.keep(said, verdict_to_proto(verdict._replace(region=None)))
        if region is not None:
            # The remote side is the end of the tuple; the family before it belongs to both.
            around, remote = region[:-2], region[-3:]
            sides = _BUT_REMOTES.get(around) or _BUT_REMOTES.keep(around, _but_remote(region))
            sides += _REMOTES.get(remote) or _REMOTES.keep(remote, _remote(region))
            body += framed(_REGION, sides)
        return framed(_VERDICT, body)

"""Verdicts, regions and positions as messages of the contract."""

from google.protobuf.timestamp_pb2 import Timestamp

from pdp.model.errors import FieldError, PdpError
from pdp.model.instants import SECOND, Instant
from pdp.model.protocols import EVERY_PORT, PortRange
from pdp.model.verdict import Region, Verdict
from pdp.policy.snapshot import Snapshot
from pdp.v1 import decision_service_pb2, flow_pb2

_EVERY_PORT = flow_pb2.PortRange(first=EVERY_PORT.first, last=EVERY_PORT.last)


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
        message.region.CopyFrom(region_to_proto(region))
    return message


def region_to_proto(region: Region) -> flow_pb2.Region:
    """The region; both CIDRs as canonical text."""
    return flow_pb2.Region(
        eni_id=region.eni,
        direction=region.direction,  # type: ignore[arg-type]
        protocol=region.protocol,
        remote_cidr=str(region.remote),
        own_cidr=str(region.own),
        source_ports=_ports(region.source_ports),
        destination_ports=_ports(region.destination_ports),
    )


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


def _ports(ports: PortRange) -> flow_pb2.PortRange:
    return _EVERY_PORT if ports == EVERY_PORT else flow_pb2.PortRange(first=ports.first, last=ports.last)

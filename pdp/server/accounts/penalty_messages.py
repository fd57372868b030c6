"""Penalties as the contract shows them, and the times of requests as instants."""

from google.protobuf.timestamp_pb2 import Timestamp

from pdp.model.instants import FIRST, LAST, SECOND, Instant
from pdp.model.network import Penalty
from pdp.policy.snapshot import Snapshot
from pdp.server.answers import timestamp
from pdp.server.network.fields import fault
from pdp.server.network.lookups import penalty_account
from pdp.v1 import resources_pb2


def penalty_message(snapshot: Snapshot, penalty: Penalty) -> resources_pb2.Penalty:
    """A penalty."""
    return resources_pb2.Penalty(
        penalty_id=penalty.id,
        penalty_class=penalty.penalty_class.value,
        action=penalty.action.value,
        state=penalty.state.value,
        instance_id=penalty.instance,
        domain=penalty.domain,
        url=penalty.url,
        reason=penalty.reason,
        since=timestamp(penalty.since) if penalty.since is not None else None,
        until=timestamp(penalty.until) if penalty.until is not None else None,
        statement=penalty.statement,
        account_id=penalty_account(snapshot, penalty),
    )


def instant(message: Timestamp, field: str) -> Instant:
    """The instant of a timestamp, which must be a valid one of the years 1 to 9999."""
    value = Instant(message.seconds * SECOND + message.nanos)
    if not 0 <= message.nanos < SECOND or not FIRST <= value <= LAST:
        raise fault(field, "it is not a time in the years 1 to 9999 with nanos from 0 to 999999999")
    return value

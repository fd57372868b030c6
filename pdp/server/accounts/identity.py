"""Who asks, as the server knows them (§6.5)."""

from pdp.model.identity import IN_AN_ACCOUNT
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask
from pdp.v1 import account_service_pb2 as pb


def caller_identity(
    _snapshot: Snapshot, _request: pb.GetCallerIdentityRequest, ask: Ask
) -> pb.GetCallerIdentityResponse:
    """The caller. Only who belongs to an account has a name in RAM."""
    caller = ask.caller
    return pb.GetCallerIdentityResponse(
        identity_type=caller.kind.value,
        account_id=caller.account,
        user_name=caller.name,
        arn=str(caller) if caller.kind in IN_AN_ACCOUNT else "",
        hosts=caller.hosts,
    )

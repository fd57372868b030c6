"""ENIs join and leave a group (§4.3, §4.7, §4.12, §7.3)."""

from pdp.policy.changes import JoinGroup, LeaveGroup
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask, Planned
from pdp.server.security_groups.lookups import group_to_change, member_asked
from pdp.v1 import security_group_service_pb2 as pb


def join(snapshot: Snapshot, request: pb.JoinSecurityGroupRequest, ask: Ask) -> Planned:
    """The ENI, or the instance's primary one, becomes a member; one that is a member stays one."""
    group = group_to_change(snapshot, ask, request.security_group_id)
    eni = member_asked(snapshot, ask, request.network_interface_id, request.instance_id)
    return Planned(
        (JoinGroup(eni.id, group.id),),
        lambda after: pb.JoinSecurityGroupResponse(security_group_ids=after.enis[eni.id].groups),
    )


def leave(snapshot: Snapshot, request: pb.LeaveSecurityGroupRequest, ask: Ask) -> Planned:
    """The ENI, or the instance's primary one, is no member any more; its last group stays (§4.1)."""
    group = group_to_change(snapshot, ask, request.security_group_id)
    eni = member_asked(snapshot, ask, request.network_interface_id, request.instance_id)
    return Planned(
        (LeaveGroup(eni.id, group.id),),
        lambda after: pb.LeaveSecurityGroupResponse(security_group_ids=after.enis[eni.id].groups),
    )

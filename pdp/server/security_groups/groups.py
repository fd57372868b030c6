"""Groups are made, changed and removed (§4.2, §4.4, §4.6, §4.8, §4.9)."""

from dataclasses import replace

from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import GroupId
from pdp.model.rules import Action
from pdp.policy.changes import Delete, Kind, Put
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask, Planned
from pdp.server.network.lookups import named_vpc
from pdp.server.security_groups.console_rules import console_rules
from pdp.server.security_groups.group_fields import (
    access_policy,
    group_description,
    group_name,
    group_type,
    tags_of,
)
from pdp.server.security_groups.lookups import group_to_change
from pdp.v1 import security_group_service_pb2 as pb


def create_group(snapshot: Snapshot, request: pb.CreateSecurityGroupRequest, ask: Ask) -> Planned:
    """A group of its VPC's account, without rules unless the console's are wanted (§4.2)."""
    vpc = named_vpc(snapshot, ask, request.vpc_id)
    kind = group_type(request.security_group_type, GroupType.BASIC)
    group = SecurityGroup(
        id=GroupId(ask.new_id("sg-")),
        account=vpc.account,
        vpc=vpc.id,
        type=kind,
        inner_access=Action.ACCEPT if kind is GroupType.BASIC else Action.DROP,
        rules=console_rules(kind, ask) if request.console_defaults else (),
        name=group_name(request.security_group_name),
        description=group_description(request.description),
        service_managed=request.service_managed,
        tags=tags_of(request.tags, "tags"),
        created=ask.time_text,
    )
    return Planned((Put(group),), lambda _after: pb.CreateSecurityGroupResponse(security_group_id=group.id))


def delete_group(snapshot: Snapshot, request: pb.DeleteSecurityGroupRequest, ask: Ask) -> Planned:
    """A group that nobody uses goes (§4.8)."""
    group = group_to_change(snapshot, ask, request.security_group_id)
    return Planned((Delete(Kind.GROUP, group.id),), lambda _after: pb.DeleteSecurityGroupResponse())


def modify_policy(snapshot: Snapshot, request: pb.ModifySecurityGroupPolicyRequest, ask: Ask) -> Planned:
    """Another inner access policy; an advanced group's stays Drop (§4.4)."""
    group = group_to_change(snapshot, ask, request.security_group_id)
    changed = replace(group, inner_access=access_policy(request.inner_access_policy))
    return Planned((Put(changed),), lambda _after: pb.ModifySecurityGroupPolicyResponse())


def modify_attribute(snapshot: Snapshot, request: pb.ModifySecurityGroupAttributeRequest, ask: Ask) -> Planned:
    """Another name, description or set of tags; what is absent stays."""
    group = group_to_change(snapshot, ask, request.security_group_id)
    if request.HasField("security_group_name"):
        group = replace(group, name=group_name(request.security_group_name))
    if request.HasField("description"):
        group = replace(group, description=group_description(request.description))
    if request.HasField("tags"):
        group = replace(group, tags=tags_of(request.tags.tags, "tags.tags"))
    return Planned((Put(group),), lambda _after: pb.ModifySecurityGroupAttributeResponse())

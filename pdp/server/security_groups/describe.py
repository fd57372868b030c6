"""Groups, their rules, and who names them: what is there, read and listed."""

from collections.abc import Iterable

from pdp.formats.permissions import DIRECTIONS
from pdp.model.errors import quoted
from pdp.model.flow import Direction
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import EniId, GroupId
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask, account_asked
from pdp.server.list_pages import page
from pdp.server.network.fields import MOST_FILTER_IDS, check_filter, fault
from pdp.server.network.lookups import named_group
from pdp.server.security_groups.group_fields import group_type
from pdp.server.security_groups.rule_messages import in_order, permission_message
from pdp.v1 import resources_pb2
from pdp.v1 import security_group_service_pb2 as pb


def describe_groups(
    snapshot: Snapshot, request: pb.DescribeSecurityGroupsRequest, ask: Ask
) -> pb.DescribeSecurityGroupsResponse:
    """Groups that meet all filters, by id."""
    account = account_asked(ask, request.account_id)
    if request.security_group_type:
        group_type(request.security_group_type, GroupType.BASIC)
    found = (group for group in _candidates(snapshot, request) if not account or group.account == account)
    ids = sorted(group.id for group in found if _meets(group, request))
    shown, token = page(snapshot, request, ids)
    return pb.DescribeSecurityGroupsResponse(
        security_groups=[group_message(snapshot, snapshot.groups[group]) for group in shown], next_token=token
    )


def describe_attribute(
    snapshot: Snapshot, request: pb.DescribeSecurityGroupAttributeRequest, ask: Ask
) -> pb.DescribeSecurityGroupAttributeResponse:
    """A group with its rules, ingress before egress, then the one that wins first."""
    group = named_group(snapshot, ask, request.security_group_id)
    wanted = _directions(request.direction)
    rules, token = page(snapshot, request, [rule for rule in in_order(group) if rule.direction in wanted])
    return pb.DescribeSecurityGroupAttributeResponse(
        security_group=group_message(snapshot, group),
        permissions=[permission_message(rule) for rule in rules],
        next_token=token,
    )


def describe_references(
    snapshot: Snapshot, request: pb.DescribeSecurityGroupReferencesRequest, ask: Ask
) -> pb.DescribeSecurityGroupReferencesResponse:
    """For each group asked about, the groups that name it as a peer."""
    ids = request.security_group_ids
    if not 1 <= len(ids) <= MOST_FILTER_IDS:
        raise fault("security_group_ids", f"{len(ids)} ids are given; give 1 to {MOST_FILTER_IDS}")
    groups = [named_group(snapshot, ask, group, f"security_group_ids[{n}]") for n, group in enumerate(ids)]
    shown, token = page(snapshot, request, groups)
    return pb.DescribeSecurityGroupReferencesResponse(
        security_group_references=[_reference(snapshot, group) for group in shown], next_token=token
    )


def group_message(snapshot: Snapshot, group: SecurityGroup) -> resources_pb2.SecurityGroup:
    """A group without its rules."""
    return resources_pb2.SecurityGroup(
        security_group_id=group.id,
        security_group_name=group.name,
        description=group.description,
        security_group_type=group.type.value,
        vpc_id=group.vpc,
        inner_access_policy=group.inner_access.name.capitalize(),
        service_managed=group.service_managed,
        tags=[resources_pb2.Tag(tag_key=key, tag_value=value) for key, value in group.tags],
        creation_time=group.created,
        account_id=group.account,
        rule_count=len(group.rules),
        member_count=snapshot.usage.members_of(group.id).enis,
        is_default=group.is_default,
    )


def _candidates(snapshot: Snapshot, request: pb.DescribeSecurityGroupsRequest) -> Iterable[SecurityGroup]:
    """The groups among which to look: no more than the ids, or the ENI, leave."""
    for field in ("security_group_ids", "security_group_names", "tags"):
        check_filter(getattr(request, field), field)
    ids: Iterable[GroupId] = snapshot.groups
    if request.security_group_ids:
        ids = {GroupId(group) for group in request.security_group_ids}
    if request.network_interface_id:
        eni = snapshot.enis.get(EniId(request.network_interface_id))
        ids = set(ids).intersection(eni.groups if eni is not None else ())
    return (snapshot.groups[group] for group in ids if group in snapshot.groups)


def _meets(group: SecurityGroup, request: pb.DescribeSecurityGroupsRequest) -> bool:
    if request.security_group_names and group.name not in request.security_group_names:
        return False
    if request.vpc_id and group.vpc != request.vpc_id:
        return False
    if request.security_group_type not in {"", group.type.value}:
        return False
    if request.HasField("service_managed") and group.service_managed is not request.service_managed:
        return False
    tags = dict(group.tags)
    return all(tag.tag_key in tags and tag.tag_value in {"", tags[tag.tag_key]} for tag in request.tags)


def _directions(text: str) -> tuple[Direction, ...]:
    if text.lower() in {"", "all"}:
        return tuple(Direction)
    direction = DIRECTIONS.get(text.lower()) if text.isascii() else None
    if direction is None:
        raise fault("direction", f"{quoted(text)} is not one of: ingress, egress, all")
    return (direction,)


def _reference(snapshot: Snapshot, group: SecurityGroup) -> pb.SecurityGroupReference:
    users = [snapshot.groups[user] for user in snapshot.usage.users_of(group.id)]
    return pb.SecurityGroupReference(
        security_group_id=group.id,
        referencing_security_groups=[
            pb.ReferencingSecurityGroup(security_group_id=user.id, ali_uid=user.account) for user in users
        ],
    )

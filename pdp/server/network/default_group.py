"""The groups of a new ENI: those that the request names, else the VPC's default group (§4.1)."""

from collections.abc import Sequence
from typing import NamedTuple

from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import GroupId
from pdp.model.network import Vpc
from pdp.model.rules import SYSTEM_ORIGIN, Action
from pdp.policy.changes import Put
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask
from pdp.server.first_rules import services
from pdp.server.network.lookups import named_groups

DEFAULT_PORTS = (22, 3389)
WEB_PORTS = (80, 443)


class GroupsOfNew(NamedTuple):
    """The groups that a new ENI gets, sorted. `made` holds the default group where it has to be made with the ENI."""

    groups: tuple[GroupId, ...]
    made: tuple[Put, ...] = ()


def groups_of_new(snapshot: Snapshot, ask: Ask, vpc: Vpc, group_ids: Sequence[str], *, web_ports: bool) -> GroupsOfNew:
    """The groups that a request names, else the default group of the VPC, which is made if need be (§4.1)."""
    if group_ids:
        return GroupsOfNew(named_groups(snapshot, ask, group_ids))
    present = snapshot.usage.default_of(vpc.id)
    if present is not None:
        return GroupsOfNew((present,))
    group = default_group(vpc, ask, web_ports=web_ports)
    return GroupsOfNew((group.id,), (Put(group),))


def default_group(vpc: Vpc, ask: Ask, *, web_ports: bool) -> SecurityGroup:
    """A new default group: basic, accepting ICMP, TCP 22 and 3389 from anywhere, and maybe TCP 80 and 443 (§4.1)."""
    rules = services(ask, (*DEFAULT_PORTS, *(WEB_PORTS if web_ports else ())), SYSTEM_ORIGIN)
    return SecurityGroup(
        GroupId(ask.new_id("sg-")),
        vpc.account,
        vpc.id,
        GroupType.BASIC,
        Action.ACCEPT,
        rules,
        name="default",
        description=f"given to ENIs of {vpc.id} that name no group",
        created=ask.time_text,
        is_default=True,
    )

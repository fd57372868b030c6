"""The groups of a new ENI: those that the request names, else the VPC's default group (§4.1)."""

from collections.abc import Sequence
from typing import NamedTuple

from pdp.model.addresses import parse_cidr
from pdp.model.flow import Direction
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import GroupId, RuleId
from pdp.model.instants import format_instant
from pdp.model.network import Vpc
from pdp.model.protocols import ICMP, TCP, PortRange
from pdp.model.rules import SYSTEM_ORIGIN, Action, Rule
from pdp.policy.changes import Put
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask
from pdp.server.network.lookups import named_groups

DEFAULT_PRIORITY = 100
DEFAULT_PORTS = (22, 3389)
WEB_PORTS = (80, 443)
ANYWHERE = parse_cidr("0.0.0.0/0")


class GroupsOfNew(NamedTuple):
    """The groups that a new ENI gets, sorted. `made` holds the default group where it has to be made with the ENI."""

    groups: tuple[GroupId, ...]
    made: tuple[Put, ...] = ()

    def shown(self, *, validate_only: bool) -> tuple[GroupId, ...]:
        """The groups for the answer: an id that a mere validation made up is left out."""
        return () if self.made and validate_only else self.groups


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
    created = format_instant(ask.at)
    ports = (*DEFAULT_PORTS, *(WEB_PORTS if web_ports else ()))
    services = [(ICMP, None), *((TCP, PortRange(port, port)) for port in ports)]
    rules = tuple(
        Rule(
            id=RuleId(ask.new_id("sgr-")),
            direction=Direction.INGRESS,
            action=Action.ACCEPT,
            priority=DEFAULT_PRIORITY,
            protocol=protocol,
            peer=ANYWHERE,
            ports=port_range,
            created=created,
            origin=SYSTEM_ORIGIN,
        )
        for protocol, port_range in services
    )
    return SecurityGroup(
        GroupId(ask.new_id("sg-")),
        vpc.account,
        vpc.id,
        GroupType.BASIC,
        Action.ACCEPT,
        rules,
        name="default",
        description=f"given to ENIs of {vpc.id} that name no group",
        created=created,
        is_default=True,
    )

"""What the stages know of one ENI in one direction and family, gathered once from a snapshot."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from pdp.model.addresses import Family, Prefix
from pdp.model.flow import Direction, Flow
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import GroupId
from pdp.model.network import Eni, Penalty, Settings
from pdp.model.protocols import TCP, UDP
from pdp.model.rules import Action, Rule
from pdp.policy.box import Box
from pdp.policy.owners import Owners
from pdp.policy.snapshot import Snapshot


class OwnedRule(NamedTuple):
    """A rule and the group that holds it: rule ids are unique within a group only (§3.3)."""

    rule: Rule
    group: GroupId


class RuleFinder(Protocol):
    """How the rules stage finds the winner: the one thing in which the definition and the index differ."""

    def winner(self, flow: Flow, owners: Owners, box: Box | None) -> OwnedRule | None:
        """The winning rule (§3.3), or None when none matches. A box is narrowed to where that stays the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """One ENI, seen in one direction and family.

    `vpc_blocks` are the VPC's blocks of the family, `blocks` the instance's BLOCK_TRAFFIC penalties, `sharing` the own
    groups whose members may talk (§2 stage 4).
    """

    eni: Eni
    direction: Direction
    family: Family
    settings: Settings
    groups: tuple[SecurityGroup, ...]
    sharing: frozenset[GroupId]
    vpc_blocks: tuple[Prefix, ...]
    smtp_exempt: bool
    has_siblings: bool
    blocks: tuple[Penalty, ...]
    default_action: Action
    idle_timeouts_s: dict[int, int]
    rules: RuleFinder


def context_of(snapshot: Snapshot, eni: Eni, direction: Direction, family: Family, rules: RuleFinder) -> Context:
    """Gathers the context. The groups of an ENI are all of one type, so the first one gives the default (§4.3)."""
    groups = snapshot.groups_of(eni)
    vpc = snapshot.vpcs.get(eni.vpc)
    siblings = snapshot.instance_enis.get(eni.instance, ())
    accepts = groups[0].type is GroupType.BASIC and direction is Direction.EGRESS
    return Context(
        eni=eni,
        direction=direction,
        family=family,
        settings=snapshot.settings,
        groups=groups,
        sharing=frozenset(group.id for group in groups if group.lets_members_talk),
        vpc_blocks=tuple(block for block in (vpc.cidr_blocks if vpc is not None else ()) if block.family is family),
        smtp_exempt=snapshot.is_smtp_exempt(snapshot.account_of(eni)),
        has_siblings=not eni.own_namespace and any(sibling != eni.id for sibling in siblings),
        blocks=snapshot.blocks.get(eni.instance, ()) if eni.instance else (),
        default_action=Action.ACCEPT if accepts else Action.DROP,
        idle_timeouts_s={TCP: eni.tcp_established_timeout_s, UDP: eni.udp_timeout_s},
        rules=rules,
    )

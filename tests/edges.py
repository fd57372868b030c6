"""Where the verdicts of one ENI may change: both bounds of everything that decides, each with its neighbours.

Read from the resources alone, never from an index: flows are aimed at these values, and every region is tested at all
of them that it holds.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from pdp.model.addresses import Cidr, Family, Prefix
from pdp.model.flow import Direction
from pdp.model.network import Eni
from pdp.model.protocols import LAST_PORT, PortRange
from pdp.model.rules import GroupPeer, Rule
from pdp.policy.snapshot import Snapshot
from pdp.policy.stages import HEALTH_CHECK_BLOCK, PRIVATE_BLOCKS

SPECIAL_BLOCKS = (*PRIVATE_BLOCKS, HEALTH_CHECK_BLOCK)
SPECIAL_PORTS = (PortRange(0, LAST_PORT), PortRange(25, 25))


class Edges:
    """The critical values on each axis for one ENI, direction and family, ascending.

    `rules` are those that the ENI's groups have in the direction, `matchable` those of them whose peer can be of the
    family, `members` the blocks of every ENI of its VPC.
    """

    def __init__(self, snapshot: Snapshot, eni: Eni, direction: Direction, family: Family) -> None:
        self.family = family
        groups = snapshot.groups_of(eni)
        self.rules = [rule for group in groups for rule in group.rules if rule.direction is direction]
        self.matchable = [rule for rule in self.rules if _speaks_of(snapshot, rule, family)]
        neighbours = [other for other in snapshot.enis.values() if other.vpc == eni.vpc]
        self.members = [block for other in neighbours for block in other.member_prefixes]
        vpc = snapshot.vpcs.get(eni.vpc)
        peers = [block for rule in self.rules for block in peer_blocks(snapshot, rule)]
        blocks = [*peers, *self.members, *SPECIAL_BLOCKS, *(vpc.cidr_blocks if vpc else ())]
        own_blocks = [rule.own_cidr.prefix for rule in self.rules if rule.own_cidr] + list(eni.member_prefixes)
        ports = [ports for rule in self.rules for ports in destination_ports(snapshot, rule)]
        source_ports = [rule.source_ports for rule in self.rules if rule.source_ports]
        self.remote = self._addresses(blocks)
        self.own = self._addresses(own_blocks)
        self.destination_ports = _around([*ports, *SPECIAL_PORTS], LAST_PORT)
        self.source_ports = _around([*source_ports, *SPECIAL_PORTS], LAST_PORT)

    def _addresses(self, blocks: Iterable[Prefix]) -> list[int]:
        bounds = [(block.first, block.last) for block in blocks if block.family is self.family]
        return _around([*bounds, (0, self.family.last)], self.family.last)


def inside(values: list[int], first: int, last: int) -> list[int]:
    """Those of ascending values that lie within `first`..`last`, and these two themselves."""
    return sorted({first, last, *values[bisect_left(values, first) : bisect_right(values, last)]})


def peer_blocks(snapshot: Snapshot, rule: Rule) -> Iterator[Prefix]:
    """The blocks of a CIDR or prefix-list peer; a group peer has members instead."""
    if isinstance(rule.peer, Cidr):
        yield rule.peer.prefix
    elif not isinstance(rule.peer, GroupPeer):
        yield from snapshot.prefix_lists[rule.peer.prefix_list].entries


def destination_ports(snapshot: Snapshot, rule: Rule) -> Iterator[PortRange]:
    """The destination ports that a rule tests; none when it takes all."""
    if rule.port_list is not None:
        yield from snapshot.port_lists[rule.port_list].entries
    elif rule.ports is not None:
        yield rule.ports


def _speaks_of(snapshot: Snapshot, rule: Rule, family: Family) -> bool:
    return isinstance(rule.peer, GroupPeer) or any(block.family is family for block in peer_blocks(snapshot, rule))


def _around(bounds: Iterable[tuple[int, int]], limit: int) -> list[int]:
    near = {bound + step for pair in bounds for bound in pair for step in (-1, 0, 1)}
    return sorted(value for value in near if 0 <= value <= limit)

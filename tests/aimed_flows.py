"""Flows aimed at the edges of a policy: at a rule and one beside it, at a member, a sibling, a penalty's end.

Uniform flows would meet almost nothing but defaults. The weights are set so that each stage gives a few percent of the
verdicts over the policies of `tests.workloads`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from pdp.model.addresses import MAPPED_FIRST, MAPPED_LAST, Address, Family, Prefix
from pdp.model.flow import Direction, Flow, make_flow
from pdp.model.ids import EniId
from pdp.model.instants import Instant
from pdp.model.network import Eni
from pdp.model.protocols import GRE, ICMP, ICMPV6, LAST_PORT, TCP, UDP, has_ports
from pdp.model.rules import GroupPeer, Rule
from pdp.policy.snapshot import Snapshot
from pdp.policy.stages import HEALTH_CHECK_BLOCK
from tests.edges import Edges, destination_ports, peer_blocks
from tests.workloads import NOW

PROTOCOLS = (*[TCP] * 8, *[UDP] * 4, ICMP, ICMPV6, GRE, 0, 2, 255)

Question = tuple[EniId, Flow, Instant]


@dataclass(slots=True)
class Draft:
    """A flow in the making."""

    eni: Eni
    edges: Edges
    direction: Direction
    family: Family
    protocol: int
    remote: int
    own: int
    source_port: int
    destination_port: int
    at: Instant

    def question(self) -> Question:
        remote, own = (self._address(value) for value in (self.remote, self.own))
        ends = (remote, own) if self.direction is Direction.INGRESS else (own, remote)
        ports = (self.source_port, self.destination_port) if has_ports(self.protocol) else (None, None)
        return self.eni.id, make_flow(self.direction, self.protocol, *ends, *ports), self.at

    def _address(self, value: int) -> Address:
        """IPv4-mapped addresses are no IPv6 flow's (§2.2): the next one behind them stands in."""
        mapped = self.family is Family.IPV6 and MAPPED_FIRST <= value <= MAPPED_LAST
        return Address(self.family, MAPPED_LAST + 1 if mapped else value)


class Aim:
    """Drafts flows of one snapshot and turns each toward something."""

    def __init__(self, rng: Random, snapshot: Snapshot) -> None:
        self.rng = rng
        self.snapshot = snapshot
        self.enis = sorted(snapshot.enis.values(), key=lambda eni: eni.id)
        self.edges: dict[tuple[EniId, Direction, Family], Edges] = {}
        self.aims = (self.at_nothing, self.at_rule, self.at_member, self.at_sibling, self.at_mail, self.at_health_check)

    def question(self) -> Question:
        """One question, drafted at edges of any kind and then turned toward one thing."""
        (aim,) = self.rng.choices(self.aims, (3, 20, 3, 3, 3, 2))
        return aim().question()

    def draft(self, direction: Direction | None = None, family: Family | None = None, eni: Eni | None = None) -> Draft:
        """A flow with every part at an edge of its own."""
        rng = self.rng
        eni = eni or rng.choice(self.enis)
        direction = direction or rng.choice(tuple(Direction))
        family = family or rng.choice((Family.IPV4, Family.IPV4, Family.IPV6))
        key = (eni.id, direction, family)
        edges = self.edges.get(key)
        if edges is None:
            edges = self.edges[key] = Edges(self.snapshot, eni, direction, family)
        return Draft(
            eni=eni,
            edges=edges,
            direction=direction,
            family=family,
            protocol=rng.choice(PROTOCOLS) if rng.random() < 0.95 else rng.randint(0, 255),
            remote=rng.choice(edges.remote) if rng.random() < 0.9 else rng.randint(0, family.last),
            own=rng.choice(edges.own) if rng.random() < 0.9 else rng.randint(0, family.last),
            source_port=rng.choice(edges.source_ports) if rng.random() < 0.9 else rng.randint(0, LAST_PORT),
            destination_port=rng.choice(edges.destination_ports) if rng.random() < 0.9 else rng.randint(0, LAST_PORT),
            at=self.instant(eni),
        )

    def instant(self, eni: Eni) -> Instant:
        """A bound of the instance's penalties or one nanosecond beside it, or now."""
        penalties = self.snapshot.blocks.get(eni.instance, ())
        bounds = [bound for penalty in penalties for bound in (penalty.since, penalty.until) if bound is not None]
        if not bounds or self.rng.random() < 0.2:
            return NOW
        return Instant(self.rng.choice(bounds) + self.rng.randint(-1, 1))

    def within(self, first: int, last: int) -> int:
        """A bound, the value beside it, or any value inside."""
        return self.rng.choice((first, last, min(first + 1, last), max(last - 1, first), self.rng.randint(first, last)))

    def beside(self, first: int, last: int, limit: int) -> int:
        """A value next to the bounds, outside where there is one."""
        return self.rng.choice((max(first - 1, 0), min(last + 1, limit)))

    def near(self, bounds: tuple[int, int], limit: int, miss: bool) -> int:
        return self.beside(*bounds, limit) if miss else self.within(*bounds)

    def in_blocks(self, draft: Draft, blocks: list[Prefix], miss: bool | None = None) -> int:
        """An address in one of the blocks or beside it; the draft's own where none is of its family."""
        alike = [(block.first, block.last) for block in blocks if block.family is draft.family]
        if not alike:
            return draft.remote
        return self.near(self.rng.choice(alike), draft.family.last, self.rng.random() < 0.2 if miss is None else miss)

    def at_nothing(self) -> Draft:
        return self.draft()

    def at_rule(self) -> Draft:
        """All conditions of one rule met, or missed by one."""
        draft, rng = self.draft(), self.rng
        if not draft.edges.matchable:
            return draft
        rule = rng.choice(draft.edges.matchable)
        missed = rng.choice(("peer", "port", "source port", "own side", *["nothing"] * 8))
        if rule.protocol is not None:
            draft.protocol = rule.protocol
        draft.remote = self.in_blocks(draft, self.blocks_of(rule), missed == "peer")
        ports = list(destination_ports(self.snapshot, rule))
        if ports:
            draft.destination_port = self.near(rng.choice(ports), LAST_PORT, missed == "port")
        if rule.source_ports is not None:
            draft.source_port = self.near(rule.source_ports, LAST_PORT, missed == "source port")
        own = rule.own_cidr.prefix if rule.own_cidr else None
        if own is not None and own.family is draft.family:
            draft.own = self.near((own.first, own.last), draft.family.last, missed == "own side")
        return draft

    def blocks_of(self, rule: Rule) -> list[Prefix]:
        """Where a rule's peer is; for a group peer, its members of all VPCs."""
        if isinstance(rule.peer, GroupPeer):
            return [block for eni in self.enis if rule.peer.group in eni.groups for block in eni.member_prefixes]
        return list(peer_blocks(self.snapshot, rule))

    def at_member(self) -> Draft:
        draft = self.draft()
        draft.remote = self.in_blocks(draft, draft.edges.members)
        return draft

    def at_sibling(self) -> Draft:
        """Toward another ENI of the same instance, where there is one."""
        draft = self.draft()
        ids = self.snapshot.instance_enis.get(draft.eni.instance, ())
        siblings = [self.snapshot.enis[other] for other in ids if other != draft.eni.id]
        draft.remote = self.in_blocks(draft, [block for sibling in siblings for block in sibling.member_prefixes])
        return draft

    def at_mail(self) -> Draft:
        draft = self.draft(Direction.EGRESS)
        draft.protocol = self.rng.choice((TCP, TCP, TCP, UDP))
        draft.destination_port = self.rng.choice((24, 25, 25, 25, 25, 26))
        return draft

    def at_health_check(self) -> Draft:
        draft = self.draft(Direction.INGRESS, Family.IPV4)
        draft.remote = self.in_blocks(draft, [HEALTH_CHECK_BLOCK])
        return draft


def edge_flows(rng: Random, snapshot: Snapshot, n: int) -> Iterator[Question]:
    """`n` questions about the ENIs of a snapshot: an ENI's id, a flow and a time."""
    aim = Aim(rng, snapshot)
    for _ in range(n):
        yield aim.question()

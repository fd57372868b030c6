"""Whether a region is sound: nowhere in it, and at no time until `valid_until`, does the definition say otherwise.

A region is tested along each axis at every critical value inside it, at its corners, and at a few points besides. Two
values between the same neighbouring critical ones cannot be told apart by any rule, member, block or setting.
"""

from itertools import product
from random import Random
from typing import NamedTuple

from pdp.model.flow import Flow
from pdp.model.ids import EniId
from pdp.model.instants import SECOND, Instant
from pdp.model.network import Penalty
from pdp.model.protocols import EVERY_PORT, has_ports
from pdp.model.verdict import Region, Verdict
from tests.edges import Edges, inside
from tests.reference import Reference

FAR = Instant(400 * 366 * 86_400 * SECOND)
"""Later than every penalty's bound."""
MIXED_POINTS = 8
RANDOM_POINTS = 4
FOREIGN_POINTS = 6

Point = tuple[int, int, int, int]
"""Remote, own, source port, destination port."""


class Fault(NamedTuple):
    """What is wrong with a region: a flow and time inside it, and what the definition says there (None: not asked)."""

    flow: Flow
    at: Instant
    expected: Verdict | None
    why: str


class Prober:
    """Tests the regions of one snapshot; a region that comes again with the same verdict is not tested again."""

    def __init__(self, reference: Reference, rng: Random) -> None:
        self.reference = reference
        self.rng = rng
        self.probes = 0
        self._edges: dict[tuple[str, int, int], Edges] = {}
        self._seen: set[tuple[object, ...]] = set()

    def fault(self, eni_id: EniId, flow: Flow, at: Instant, verdict: Verdict) -> Fault | None:
        """The first fault of the region that a verdict brought along, or None."""
        region = verdict.region
        if region is None:
            return Fault(flow, at, None, "the verdict has no region")
        if not holds(region, eni_id, flow):
            return Fault(flow, at, None, "the region does not hold its own flow")
        snapshot = self.reference.snapshot
        penalties = snapshot.blocks.get(snapshot.enis[eni_id].instance, ())
        key = (
            *region,
            *verdict[:2],
            verdict.group,
            at if penalties else 0,
        )
        if key in self._seen:
            return None
        self._seen.add(key)
        moments = later_moments(penalties, at, verdict.valid_until)
        questions = [(flow[3:], moment) for moment in moments]
        for point in self.points(self._edges_of(eni_id, flow), flow, region):
            questions.append((point, at))
            if moments:
                questions.append((point, self.rng.choice(moments)))
        self.probes += len(questions)
        for point, moment in questions:
            probe = Flow(*flow[:3], *point)
            expected = self.reference.verdict(eni_id, probe, moment)
            if expected[:5] != verdict[:5]:
                return Fault(probe, moment, expected, "the definition says otherwise inside the region")
        return None

    def points(self, edges: Edges, flow: Flow, region: Region) -> set[Point]:
        """The points to test: lines through the flow along each axis, all corners, mixtures, and random ones."""
        rng, (remote, own, source_port, destination_port) = self.rng, flow[3:]
        remotes, owns = ((prefix.first, prefix.last) for prefix in (region.remote, region.own))
        by_port = has_ports(flow.protocol)
        source_ports, destination_ports = (
            tuple(p) if by_port else (0, 0) for p in (region.source_ports, region.destination_ports)
        )
        ranges = (remotes, owns, source_ports, destination_ports)
        axes = (
            inside(edges.remote, *remotes),
            inside(edges.own, *owns),
            inside(edges.source_ports, *source_ports),
            inside(edges.destination_ports, *destination_ports),
        )
        foreign = inside(edges.remote, *owns)
        owns_tested = {*axes[1], *rng.sample(foreign, min(FOREIGN_POINTS, len(foreign)))}
        points: set[Point] = set(product(*ranges))
        points.update((value, own, source_port, destination_port) for value in axes[0])
        points.update((remote, value, source_port, destination_port) for value in owns_tested)
        points.update((remote, own, value, destination_port) for value in axes[2])
        points.update((remote, own, source_port, value) for value in axes[3])
        for _ in range(MIXED_POINTS):
            points.add((rng.choice(axes[0]), rng.choice(axes[1]), rng.choice(axes[2]), rng.choice(axes[3])))
        for _ in range(RANDOM_POINTS):
            a, b, c, d = (rng.randint(first, last) for first, last in ranges)
            points.add((a, b, c, d))
        return points

    def _edges_of(self, eni_id: EniId, flow: Flow) -> Edges:
        key = (eni_id, flow.direction.value, flow.family.value)
        edges = self._edges.get(key)
        if edges is None:
            snapshot = self.reference.snapshot
            edges = self._edges[key] = Edges(snapshot, snapshot.enis[eni_id], flow.direction, flow.family)
        return edges


def holds(region: Region, eni_id: str, flow: Flow) -> bool:
    """Whether a flow of an ENI lies in a region; without ports, the region must hold all of them."""
    by_port = has_ports(flow.protocol)
    return (
        (region.eni, region.direction, region.protocol) == (eni_id, flow.direction, flow.protocol)
        and region.remote.family is region.own.family is flow.family
        and region.remote.first <= flow.remote <= region.remote.last
        and region.own.first <= flow.own <= region.own.last
        and (flow.source_port in region.source_ports if by_port else region.source_ports == EVERY_PORT)
        and (flow.destination_port in region.destination_ports if by_port else region.destination_ports == EVERY_PORT)
    )


def later_moments(penalties: tuple[Penalty, ...], at: Instant, valid_until: Instant | None) -> list[Instant]:
    """Every bound of a penalty after `at`, a nanosecond either side of it, and the last moment before `valid_until`."""
    if not penalties:
        return []
    end = FAR if valid_until is None else valid_until
    bounds = {bound for penalty in penalties for bound in (penalty.since, penalty.until) if bound is not None}
    near = {Instant(bound + step) for bound in (*bounds, end) for step in (-1, 0, 1)}
    return sorted(moment for moment in near if at < moment < end)

"""The definition with its parts kept, so that millions of verdicts can be had from it.

It runs the very functions of `pdp.policy.decide` and only remembers what depends on the ENI or the address alone. It
must never look at an index.
"""

from pdp.model.addresses import Family
from pdp.model.flow import Direction, Flow
from pdp.model.ids import EniId, VpcId
from pdp.model.instants import Instant
from pdp.model.verdict import Verdict
from pdp.policy.context import Context, context_of
from pdp.policy.decide import LinearRules
from pdp.policy.owners import Owners, find_owners
from pdp.policy.snapshot import Snapshot
from pdp.policy.stages import answer_for

Parts = tuple[int, int, int, int, int]
"""Protocol, remote, own, source port, destination port: a flow within one ENI, direction and family."""


class Line:
    """All verdicts of one ENI in one direction and family that were asked for."""

    __slots__ = ("answer", "context", "verdicts")

    def __init__(self, context: Context) -> None:
        self.context = context
        self.answer = answer_for(context)
        self.verdicts: dict[tuple[Parts, Instant], Verdict] = {}


class Reference:
    """Verdicts of one snapshot by the definition."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._lines: dict[tuple[str, int, int], Line] = {}
        self._owners: dict[tuple[VpcId, int, int], Owners] = {}

    def verdict(self, eni_id: str, flow: Flow, at: Instant) -> Verdict:
        """What `decide` says."""
        line = self._line(eni_id, flow.direction, flow.family)
        # Only penalties look at the time (§2).
        key = (flow[1], *flow[3:]), at if line.context.blocks else Instant(0)
        verdict = line.verdicts.get(key)
        if verdict is None:
            owners = self._owners_of(line.context, flow.remote)
            verdict = line.verdicts[key] = line.answer(flow, owners, at, None)
        return verdict

    def _line(self, eni_id: str, direction: Direction, family: Family) -> Line:
        key = (eni_id, direction.value, family.value)
        line = self._lines.get(key)
        if line is None:
            eni = self.snapshot.enis[EniId(eni_id)]
            context = context_of(self.snapshot, eni, direction, family, LinearRules(self.snapshot, eni.groups))
            line = self._lines[key] = Line(context)
        return line

    def _owners_of(self, context: Context, remote: int) -> Owners:
        key = (context.eni.vpc, context.family.value, remote)
        owners = self._owners.get(key)
        if owners is None:
            owners = self._owners[key] = find_owners(self.snapshot, context.eni, context.family, remote)
        return owners

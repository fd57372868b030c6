"""The definition of a verdict: linear, small, to be read beside §2 and §3.

Everything faster is tested against this function. It must never be made faster at the price of a second reading.
"""

from pdp.model.flow import Flow
from pdp.model.ids import GroupId
from pdp.model.instants import Instant
from pdp.model.verdict import Verdict
from pdp.policy.box import Box
from pdp.policy.context import OwnedRule, context_of
from pdp.policy.matching import Matcher
from pdp.policy.owners import Owners, find_owners
from pdp.policy.snapshot import Snapshot
from pdp.policy.stages import answer_for


class LinearRules:
    """Tests every rule of the ENI's groups (§3.1)."""

    def __init__(self, snapshot: Snapshot, groups: tuple[GroupId, ...]) -> None:
        self.snapshot = snapshot
        self.rules = [OwnedRule(rule, group) for group in groups for rule in snapshot.groups[group].rules]

    def winner(self, flow: Flow, owners: Owners, box: Box | None) -> OwnedRule | None:
        """The matching rule that comes first by precedence (§3.3). The definition knows of no region but the flow."""
        if box is not None:
            box.keep_only(flow)
        matcher = Matcher(flow, owners, self.snapshot.prefix_lists, self.snapshot.port_lists)
        matching = [owned for owned in self.rules if matcher.matches(owned.rule)]
        return min(matching, key=lambda owned: owned.rule.precedence(owned.group), default=None)


def decide(snapshot: Snapshot, eni_id: str, flow: Flow, at: Instant) -> Verdict:
    """The verdict for a flow of an ENI at one snapshot and time, without a region.

    Raises PdpError with MISSING_ENI or UNKNOWN_ENI (§2.1).
    """
    eni = snapshot.eni(eni_id)
    context = context_of(snapshot, eni, flow.direction, flow.family, LinearRules(snapshot, eni.groups))
    owners = find_owners(snapshot, eni, flow.family, flow.remote)
    return answer_for(context)(flow, owners, at, None)

"""How a verdict comes about, as values: the answer of `pdp.policy.explain`, in the shape of the contract."""

from dataclasses import dataclass

from pdp.model.ids import GroupId
from pdp.model.rules import Rule
from pdp.model.verdict import Stage, Verdict


@dataclass(frozen=True, slots=True)
class Condition:
    """One test that a rule makes of a flow (§3.2): what the rule wants and what the flow has, for people."""

    name: str
    wanted: str
    found: str
    met: bool


@dataclass(frozen=True, slots=True)
class RuleAccount:
    """A rule beside the flow. `lost_because` is one sentence, blank for the rule that gave the verdict."""

    rule: Rule
    group: GroupId
    conditions: tuple[Condition, ...]
    won: bool
    lost_because: str

    @property
    def matched(self) -> bool:
        """Whether all tests are met."""
        return not self.failed

    @property
    def failed(self) -> tuple[Condition, ...]:
        """The tests that are not met."""
        return tuple(condition for condition in self.conditions if not condition.met)


@dataclass(frozen=True, slots=True)
class StageAccount:
    """What one stage said, in one sentence. Stages after the one that answered are not asked."""

    stage: Stage
    asked: bool
    answered: bool
    account: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole account of one verdict.

    `stages` are in the order in which they are asked; `matched` has the winner first; `near_misses` are the rules that
    fail by one test, the most precedent first; `rules_considered` counts the ENI's rules of the flow's direction.
    """

    verdict: Verdict
    stages: tuple[StageAccount, ...]
    matched: tuple[RuleAccount, ...]
    near_misses: tuple[RuleAccount, ...]
    rules_considered: int
    asked_rule: RuleAccount | None
    hints: tuple[str, ...]
    groups: tuple[GroupId, ...]

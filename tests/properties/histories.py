"""Random histories: policies that load, and single changes of every kind that meet what is there."""

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from random import Random
from typing import NamedTuple, TypeVar

from pdp.model.errors import Refusal
from pdp.model.groups import SecurityGroup
from pdp.model.ids import NO_ACCOUNT, EniId, GroupId, Revision, RuleId, StoreId
from pdp.model.network import Penalty, PenaltyAction, Vpc
from pdp.model.ram import RamPolicy, RamUser
from pdp.model.resources import Resources
from pdp.model.rules import GroupPeer, Rule
from pdp.policy.apply import Applied, apply
from pdp.policy.changes import (
    AddRules,
    Change,
    Delete,
    JoinGroup,
    Kind,
    LeaveGroup,
    Origin,
    Put,
    RemoveRules,
    ReplaceRule,
    key_of,
    kind_of,
)
from pdp.policy.draft import resources_in
from pdp.policy.snapshot import Snapshot
from tests.workloads import ACCOUNTS, NOW, random_resources

K = TypeVar("K", bound=str)
STORE = StoreId("one")
NO_GROUP = GroupId("sg-none")
ALLOW_ALL = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


class Deed(NamedTuple):
    """One change and where it comes from."""

    change: Change
    origin: Origin


def content(snapshot: Snapshot) -> dict[str, object]:
    """All that a snapshot holds and derives, whatever its revision."""
    return {field.name: getattr(snapshot, field.name) for field in fields(Snapshot) if field.name != "revision"}


def loadable(rng: Random) -> Resources:
    """A random policy in which everything that is named exists, with users and policies."""
    made = random_resources(rng)
    named = {group.id for group in made.groups}
    listed = {vpc.id for vpc in made.vpcs}
    unlisted = {group.vpc for group in made.groups} - listed
    return replace(
        made,
        groups=tuple(
            replace(group, rules=tuple({rule.id: rule for rule in group.rules if _exists(rule, named)}.values()))
            for group in made.groups
        ),
        vpcs=(*made.vpcs, *(Vpc(vpc, rng.choice(ACCOUNTS)) for vpc in sorted(unlisted))),
        penalties=tuple(_with_target(penalty) for penalty in made.penalties),
        users=tuple(RamUser(account, "alice", policies=("all",)) for account in ACCOUNTS if rng.random() < 0.5),
        policies=tuple(RamPolicy(account, "all", ALLOW_ALL) for account in ACCOUNTS),
    )


def _exists(rule: Rule, groups: set[GroupId]) -> bool:
    return not isinstance(rule.peer, GroupPeer) or rule.peer.account != NO_ACCOUNT or rule.peer.group in groups


def _with_target(penalty: Penalty) -> Penalty:
    return replace(penalty, domain="example.com") if penalty.action is PenaltyAction.BLOCK_DOMAIN else penalty


def loading(resources: Resources) -> list[Change]:
    """The changes that make a policy out of nothing."""
    return [Put(resource) for resource in resources_in(resources)]


class Doer:
    """Makes up changes: parts of another policy with the same ids, so that most of them meet something."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.parts = list(resources_in(loadable(rng)))
        self.rules = [rule for part in self.parts if isinstance(part, SecurityGroup) for rule in part.rules]

    def deed(self, snapshot: Snapshot) -> Deed:
        """A change that this snapshot may take or refuse."""
        rng = self.rng
        origin = rng.choice((Origin.REQUEST, Origin.REQUEST, Origin.OPERATOR, Origin.IMPORT))
        make = rng.choice((self._put, self._delete, self._join, self._leave, self._add, self._remove, self._replace))
        return Deed(make(snapshot), origin)

    def _put(self, _snapshot: Snapshot) -> Change:
        return Put(self.rng.choice(self.parts))

    def _delete(self, _snapshot: Snapshot) -> Change:
        part = self.rng.choice([part for part in self.parts if kind_of(part) is not Kind.SETTINGS])
        return Delete(kind_of(part), key_of(part))

    def _join(self, snapshot: Snapshot) -> Change:
        return JoinGroup(self._any(snapshot.enis, EniId("eni-none")), self._any(snapshot.groups, NO_GROUP))

    def _leave(self, snapshot: Snapshot) -> Change:
        eni = snapshot.enis.get(self._any(snapshot.enis, EniId("eni-none")))
        return LeaveGroup(eni.id, self.rng.choice(eni.groups)) if eni else LeaveGroup(EniId("eni-none"), NO_GROUP)

    def _add(self, snapshot: Snapshot) -> Change:
        rules = self.rng.sample(self.rules, min(len(self.rules), self.rng.randint(1, 3)))
        fresh = (replace(rule, id=RuleId(f"sgr-{self.rng.randint(1000, 1100)}")) for rule in rules)
        return AddRules(self._any(snapshot.groups, NO_GROUP), tuple(fresh))

    def _remove(self, snapshot: Snapshot) -> Change:
        group, rules = self._rules(snapshot)
        return RemoveRules(group, tuple(rule.id for rule in rules[:2]) or (RuleId("sgr-none"),))

    def _replace(self, snapshot: Snapshot) -> Change:
        group, rules = self._rules(snapshot)
        if not rules:
            return RemoveRules(group, (RuleId("sgr-none"),))
        changed = replace(rules[0], priority=self.rng.randint(1, 110), description=f"note {self.rng.randint(1, 3)}")
        return ReplaceRule(group, changed)

    def _rules(self, snapshot: Snapshot) -> tuple[GroupId, list[Rule]]:
        """Some group and some of its rules."""
        group = snapshot.groups.get(self._any(snapshot.groups, NO_GROUP))
        if group is None:
            return NO_GROUP, []
        return group.id, self.rng.sample(group.rules, self.rng.randint(0, len(group.rules)))

    def _any(self, ids: Iterable[K], none: K) -> K:
        return self.rng.choice(sorted(ids) or [none])


def tried(snapshot: Snapshot, changes: Sequence[Change], origin: Origin) -> Applied | None:
    """What comes of some changes, or None when they are refused."""
    try:
        return apply(snapshot, changes, origin, NOW)
    except Refusal:
        return None


def loaded(rng: Random) -> Snapshot:
    """A random policy at revision 1."""
    return apply(Snapshot(STORE, Revision(0)), loading(loadable(rng)), Origin.IMPORT, NOW).snapshot

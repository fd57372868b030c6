"""Stores in this process, and commits in them: each is written, published, and held against its verdict."""

import gc
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple

from benchmarks.harness import same
from benchmarks.store_policy import ENI, GROUP, LARGE_ENI, LARGE_GROUP, Size, coming_rule, policy, question
from pdp.index.cache import IndexCache
from pdp.index.checker import Checker
from pdp.model.ids import EniId, GroupId, RuleId
from pdp.model.instants import Instant
from pdp.model.rules import Action
from pdp.policy.apply import Applied
from pdp.policy.changes import AddRules, Change, JoinGroup, LeaveGroup, Origin, Put, RemoveRules
from pdp.policy.draft import resources_in
from pdp.server.policies import StoredPolicy
from pdp.server.store_state import StoreState
from pdp.store.contract import Driver, Entry, Write
from pdp.store.journal import Journal, WriteRequest
from pdp.store.sqlite import SqliteStore

NOW = Instant(0)
"""No policy here has a penalty: every time is the same."""


class Spent(NamedTuple):
    """What one commit took, in milliseconds: of the clock, the disk's time in it, and of the processor alone."""

    wall_ms: float
    cpu_ms: float


def request(changes: Sequence[Change], origin: Origin = Origin.REQUEST) -> WriteRequest[None]:
    """A write of these changes, whatever the snapshot."""
    return WriteRequest(lambda _: (changes, None), _revision, origin, NOW, "operator:bench", "", "Bench")


def _revision(_: None, applied: Applied) -> bytes:
    return str(applied.snapshot.revision).encode()


def populate(path: Path, size: Size) -> None:
    """A store with the policy of a size, brought in by one commit."""
    store = SqliteStore(path, f"bench-{size.enis}")
    changes = [Put(resource) for resource in resources_in(policy(size))]
    same(Journal(store).write(request(changes, Origin.IMPORT)).after, 1)
    store.close()


class Subject:
    """One store with its policy as a server holds it."""

    def __init__(self, path: Path) -> None:
        self.store = SqliteStore(path, "")
        self.published: list[Checker] = []
        self.policy = StoredPolicy(self.store, IndexCache(), StoreState(lambda _: None), self.published.append)
        self._numbers = count(1)

    def rule_change(self, group: GroupId, eni: EniId) -> list[Spent]:
        """What it takes to add one rule to a group, and to remove it again."""
        rule = coming_rule(next(self._numbers))
        added = self._spent(AddRules(group, (rule,)))
        self._verify(eni, Action.ACCEPT, rule.id)
        removed = self._spent(RemoveRules(group, (rule.id,)))
        self._verify(eni, Action.DROP, None)
        return [added, removed]

    def membership_change(self, group: GroupId, eni: EniId) -> list[Spent]:
        """What it takes one ENI to leave a group and to join it again."""
        left = self._spent(LeaveGroup(eni, group))
        same(group in self.published[-1].snapshot.enis[eni].groups, False)
        joined = self._spent(JoinGroup(eni, group))
        same(group in self.published[-1].snapshot.enis[eni].groups, True)
        return [left, joined]

    def _spent(self, change: Change) -> Spent:
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        written = self.policy.write(request((change,)))
        spent = Spent((time.perf_counter_ns() - wall) / 1e6, (time.process_time_ns() - cpu) / 1e6)
        same(written.after, written.before + 1)
        same(self.published[-1].snapshot.revision, written.after)
        del self.published[:-1]
        return spent

    def _verify(self, eni: EniId, action: Action, rule: RuleId | None) -> None:
        verdict = self.published[-1].check(eni, question(eni), NOW)
        same((verdict.action, verdict.rule.id if verdict.rule else None), (action, rule))


def kinds(large: bool) -> dict[str, Callable[[Subject], list[Spent]]]:
    """The kinds of commits, by name. Those of the large group need a store that has one."""
    small = {"rule": lambda subject: subject.rule_change(GROUP, ENI)}
    if not large:
        return small
    return small | {
        "large_rule": lambda subject: subject.rule_change(LARGE_GROUP, LARGE_ENI),
        "large_membership": lambda subject: subject.membership_change(LARGE_GROUP, EniId("eni-000000")),
    }


def appends_per_s(store: Driver, seconds: float) -> float:
    """Appends of one small object each, one after another, to a store that holds nothing else."""
    start, made = time.perf_counter(), 0
    while (took := time.perf_counter() - start) < seconds:
        store.append(made, Entry(made + 1, "{}"), (Write("thing", str(made), "x" * 200),), None)
        made += 1
    same(store.head(), made)
    return made / took


def settle() -> None:
    """What was loaded stays, as a server has it: no collection need walk it while commits are timed."""
    gc.collect()
    gc.freeze()

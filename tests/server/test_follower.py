"""A store that is followed: commits of other processes, state after trouble, and history that is cut back."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event

import pytest

from pdp.index.cache import IndexCache
from pdp.index.checker import Checker
from pdp.model.codes import Code
from pdp.model.errors import Refusal
from pdp.model.instants import Instant
from pdp.model.rules import Action
from pdp.policy.changes import Change, Origin, Put
from pdp.policy.draft import resources_in
from pdp.policy.snapshot import Snapshot
from pdp.server.follower import COMPACT_EVERY, Follower
from pdp.server.policies import FixedPolicy, StoredPolicy
from pdp.server.store_state import StoreState
from pdp.store.contract import Cause, Driver, Facts, StoreUnavailable, TooOld
from pdp.store.journal import Journal, WriteRequest
from pdp.store.memory import MemoryStore
from pdp.store.sqlite import SqliteStore
from tests.builders import NOW, eni, flow, group, policy, resources

PATIENCE_S = 30.0
WORLD = resources([group("sg-a")], [eni("eni-1", "10.0.0.5", groups=["sg-a"])])
OPENED = group("sg-a", "accept tcp/22 from 0.0.0.0/0")
SSH = flow("in tcp 198.51.100.7:40000 > 10.0.0.5:22")


def until(condition: Callable[[], bool]) -> None:
    """Waits until a condition of another thread holds."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.001)


def writing(*changes: Change) -> WriteRequest[None]:
    def plan(_snapshot: Snapshot) -> tuple[Sequence[Change], None]:
        return changes, None

    return WriteRequest(plan, lambda *_: b"", Origin.IMPORT, NOW, "test", "", "Import")


class Followed:
    """A stored policy, what it published, and what it said of its store."""

    def __init__(self, driver: Driver, history: int = 10) -> None:
        self.published: list[Checker] = []
        self.said: list[bool] = []
        self.now = NOW
        self.state = StoreState(self.said.append)
        self.policy = StoredPolicy(driver, IndexCache(), self.state, self.published.append)
        self.follower = Follower(self.policy, history, lambda: self.now)


Follow = Callable[..., Followed]


@pytest.fixture
def follow() -> Iterator[Follow]:
    """`follow(driver)`: a follower that runs until the test ends."""
    started: list[Followed] = []

    def start(driver: Driver, history: int = 10) -> Followed:
        followed = Followed(driver, history)
        followed.follower.start()
        started.append(followed)
        return followed

    yield start
    for followed in started:
        followed.follower.stop()


class Broken(MemoryStore):
    """A store that can be told to fail."""

    def __init__(self) -> None:
        super().__init__("store-1")
        self.works = Event()
        self.works.set()

    def _fail(self) -> None:
        if not self.works.is_set():
            raise StoreUnavailable(Cause.FULL, "there is no room left")

    def append(self, *arguments: object) -> None:
        self._fail()
        super().append(*arguments)  # type: ignore[arg-type]

    def compact(self, keep_from: int, answers_before: int) -> None:
        self._fail()
        super().compact(keep_from, answers_before)


def test_commits_of_another_process_are_published(follow: Follow, tmp_path: Path) -> None:
    here, there = (SqliteStore(tmp_path / "pdp.db", "store-1") for _ in range(2))
    followed = follow(here)
    other = Journal(there)
    other.write(writing(*map(Put, resources_in(WORLD))))
    other.write(writing(Put(OPENED)))
    until(lambda: bool(followed.published) and followed.published[-1].snapshot.revision == 2)
    assert followed.published[-1].check("eni-1", SSH, NOW).action is Action.ACCEPT
    revisions = [checker.snapshot.revision for checker in followed.published]
    assert revisions == sorted(set(revisions))
    assert followed.state.commits == 2
    there.close()


def test_an_own_write_is_published_before_it_is_answered() -> None:
    followed = Followed(MemoryStore("store-1"))
    followed.policy.write(writing(*map(Put, resources_in(WORLD))))
    assert followed.published[-1].check("eni-1", SSH, NOW).action is Action.DROP
    followed.policy.write(writing(Put(OPENED)))
    assert followed.published[-1].check("eni-1", SSH, NOW).action is Action.ACCEPT
    assert len(followed.published) == 2


def test_a_failing_store_is_said_once_and_works_again_by_itself(follow: Follow) -> None:
    driver = Broken()
    followed = follow(driver)
    followed.policy.write(writing(*map(Put, resources_in(WORLD))))
    driver.works.clear()
    for _ in range(2):
        with pytest.raises(Refusal) as refused:
            followed.policy.write(writing(Put(OPENED)))
        assert refused.value.code is Code.STORE_UNAVAILABLE
    assert not followed.state.available
    assert "no room" in followed.state.trouble
    assert followed.said == [False]
    assert followed.policy.checker.check("eni-1", SSH, NOW).action is Action.DROP
    driver.works.set()
    until(lambda: followed.state.available)
    until(lambda: followed.said == [False, True])
    followed.policy.write(writing(Put(OPENED)))
    assert followed.published[-1].check("eni-1", SSH, NOW).action is Action.ACCEPT


def test_a_full_store_is_not_well_because_what_is_small_still_fits(tmp_path: Path) -> None:
    driver = SqliteStore(tmp_path / "pdp.db", "store-1")
    followed = Followed(driver)
    limit = driver._writer.execute("PRAGMA max_page_count = 1").fetchone()[0]  # as many as there are, and no more
    driver.compact(0, 0)
    with pytest.raises(Refusal):
        followed.policy.write(writing(*(Put(group(f"sg-{n}")) for n in range(100)), *map(Put, resources_in(WORLD))))
    with pytest.raises(StoreUnavailable):
        followed.follower._once()
    assert followed.said == [False]
    driver._writer.execute(f"PRAGMA max_page_count = {limit + 1_000}")
    followed.follower._once()
    until(lambda: followed.said == [False, True])
    assert driver._writer.execute("SELECT count(*) FROM answers").fetchone() == (0,)
    driver.close()


def test_a_store_that_went_back_is_seen_without_a_write(follow: Follow) -> None:
    followed = follow(MemoryStore("store-1"))
    followed.policy.write(writing(*map(Put, resources_in(WORLD))))
    followed.policy.driver = followed.policy.journal.driver = MemoryStore("store-1")
    until(lambda: not followed.state.available)
    assert "older copy" in followed.state.trouble
    assert followed.policy.checker.check("eni-1", SSH, NOW).action is Action.DROP


def test_history_is_cut_back_now_and_then(follow: Follow) -> None:
    driver = MemoryStore("store-1")
    followed = follow(driver, history=1)
    until(lambda: followed.state.facts is not None)
    followed.policy.write(writing(*map(Put, resources_in(WORLD))))
    followed.policy.write(writing(Put(OPENED)))
    followed.policy.write(writing(Put(group("sg-a"))))
    followed.now = Instant(NOW + COMPACT_EVERY)
    until(lambda: facts_of(followed).oldest == 2)
    with pytest.raises(TooOld):
        driver.entries(1, 10)


def facts_of(followed: Followed) -> Facts:
    assert followed.state.facts is not None
    return followed.state.facts


def test_an_error_that_nobody_expected_ends_nothing(follow: Follow) -> None:
    class Odd(MemoryStore):
        calls = 0

        def facts(self) -> Facts:
            self.calls += 1
            if self.calls == 1:
                raise LookupError("odd")
            return super().facts()

    followed = follow(Odd("store-1"))
    until(lambda: followed.said == [False, True])


def test_a_bundle_refuses_every_write() -> None:
    with pytest.raises(Refusal) as refused:
        FixedPolicy(policy()).write(writing())
    assert refused.value.code is Code.READ_ONLY

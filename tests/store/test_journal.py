"""The journal over every driver: writes, tokens, following, restarts, and what it does when a store fails it."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from threading import Thread

import pytest

from pdp.model.codes import Code
from pdp.model.errors import Refusal
from pdp.model.ids import Revision
from pdp.model.instants import SECOND, Instant
from pdp.policy.apply import Applied
from pdp.policy.changes import AddRules, Change, Delete, Kind, Origin, Put, Resource
from pdp.policy.snapshot import Snapshot
from pdp.store.codec import commit_text
from pdp.store.commit import Commit
from pdp.store.contract import Answer, Cause, Driver, Entry, StoreRefused, StoreUnavailable, TooOld, Write
from pdp.store.journal import ATTEMPTS, PAGE, TOKENS_KEPT, Journal, Step, WriteRequest, Written
from pdp.store.memory import MemoryStore
from pdp.store.sqlite import SqliteStore
from tests.builders import NOW, eni, group, prefix_list, rule, vpc
from tests.properties.histories import Doer, content, loadable, loading, tried
from tests.store.drivers import Opener

FIRST = "t-1"
CALLER = "acs:ram::1000:user/alice"
VPC = vpc("vpc-1", "10.0.0.0/8")
GROUP = group("sg-a", "accept tcp/22 from 10.0.0.0/8 @10")
LOADED: tuple[Resource, ...] = (VPC, GROUP, eni("eni-1", "10.0.0.5", groups=["sg-a"]))
PORT_80 = AddRules(GROUP.id, (rule("accept tcp/80 from 10.0.0.0/8 id sgr-80"),))
PORT_443 = AddRules(GROUP.id, (rule("accept tcp/443 from 10.0.0.0/8 id sgr-443"),))
Plan = Callable[[Snapshot], tuple[Sequence[Change], None]]


def wish(*changes: Change, plan: Plan | None = None, **options: object) -> WriteRequest[None]:
    """A request for some changes. Its digest is made of them; its answer says the revision."""
    request = WriteRequest(
        plan=plan or (lambda _: (changes, None)),
        answer=lambda _, applied: f"revision {applied.snapshot.revision}".encode(),
        origin=Origin.REQUEST,
        at=NOW,
        caller=CALLER,
        source="ipv4:127.0.0.1:5000",
        method="AuthorizeSecurityGroup",
        digest=repr(changes).encode(),
    )
    return replace(request, **options)  # type: ignore[arg-type]


def loaded(driver: Driver) -> Journal:
    """A journal at revision 1 of the little policy."""
    journal = Journal(driver)
    journal.write(wish(*map(Put, LOADED), origin=Origin.IMPORT))
    return journal


def refused(journal: Journal, request: WriteRequest[None]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        journal.write(request)
    return caught.value


def rule_ids(snapshot: Snapshot) -> list[str]:
    return [rule.id for rule in snapshot.groups[GROUP.id].rules]


@pytest.fixture
def journal(store: Driver) -> Journal:
    return loaded(store)


def test_an_empty_store_is_the_empty_policy_at_revision_0(store: Driver) -> None:
    snapshot = Journal(store).snapshot
    assert content(snapshot) == content(Snapshot(snapshot.store, Revision(0)))
    assert (snapshot.store, snapshot.revision) == (store.store_id, 0)


def test_a_write_is_answered_with_its_revision_and_kept(journal: Journal) -> None:
    assert journal.write(wish(PORT_80)) == Written(b"revision 2", Revision(1), Revision(2))
    assert rule_ids(journal.snapshot) == ["sgr-1", "sgr-80"]
    assert journal.driver.head() == journal.snapshot.revision == 2


def test_a_commit_says_who_when_from_where_by_which_method_and_what(journal: Journal) -> None:
    journal.write(wish(PORT_80, client_token=FIRST, at=Instant(NOW + 7)))
    assert journal.commits_after(1, 10) == [
        Commit(
            Revision(2),
            Instant(NOW + 7),
            CALLER,
            "ipv4:127.0.0.1:5000",
            "AuthorizeSecurityGroup",
            "t-1",
            Origin.REQUEST,
            (PORT_80,),
        )
    ]


def test_commits_come_in_order_and_at_most_as_many_as_asked_for(journal: Journal) -> None:
    journal.write(wish(PORT_80))
    journal.write(wish(PORT_443))
    assert [commit.revision for commit in journal.commits_after(0, 2)] == [1, 2]
    assert [commit.revision for commit in journal.commits_after(2, 9)] == [3]
    assert journal.commits_after(3, 9) == []


def test_a_restarted_journal_equals_the_old_one(opener: Opener) -> None:
    old = loaded(opener())
    old.write(wish(PORT_80))
    old.write(wish(Delete(Kind.ENI, "eni-1")))
    new = Journal(opener())
    assert content(new.snapshot) == content(old.snapshot)
    assert new.snapshot.revision == old.snapshot.revision == 3


def test_what_is_deleted_stays_deleted_after_a_restart(opener: Opener) -> None:
    loaded(opener()).write(wish(Delete(Kind.ENI, "eni-1")))
    assert "eni-1" not in Journal(opener()).snapshot.enis


def test_a_change_without_effect_makes_no_revision(journal: Journal) -> None:
    before = journal.snapshot
    assert journal.write(wish(Put(GROUP))) == Written(b"revision 1", Revision(1), Revision(1))
    assert journal.snapshot is before
    assert journal.driver.head() == 1


def test_validate_only_says_what_would_be_and_changes_nothing(journal: Journal) -> None:
    seen: list[list[str]] = []

    def answer(_: None, applied: Applied) -> bytes:
        seen.append(rule_ids(applied.snapshot))
        return str(applied.snapshot.revision).encode()

    before = journal.snapshot
    written = journal.write(wish(PORT_80, answer=answer, validate_only=True, client_token=FIRST))
    assert written == Written(b"1", Revision(1), Revision(1))
    assert seen == [["sgr-1", "sgr-80"]]
    assert journal.snapshot is before
    assert journal.driver.head() == 1
    assert journal.driver.answer(wish().scope, "t-1") is None


def test_validate_only_refuses_what_a_write_would_refuse(journal: Journal) -> None:
    doomed = Delete(Kind.GROUP, "sg-a")
    assert refused(journal, wish(doomed, validate_only=True)).code is Code.DEPENDENCY_VIOLATION


def test_a_refused_write_leaves_everything_as_it_was_and_its_token_free(journal: Journal) -> None:
    before = journal.snapshot
    doomed = wish(PORT_80, Delete(Kind.GROUP, "sg-a"), client_token=FIRST)
    assert refused(journal, doomed).code is Code.DEPENDENCY_VIOLATION
    assert journal.snapshot is before
    assert journal.driver.head() == 1
    assert journal.write(wish(PORT_80, client_token=FIRST)).after == 2


@pytest.mark.parametrize("expected", [0, 2])
def test_another_revision_than_the_expected_one_is_refused_naming_both(journal: Journal, expected: int) -> None:
    refusal = refused(journal, wish(PORT_80, expected_revision=expected))
    assert refusal.code is Code.REVISION_MISMATCH
    assert refusal.field == "write_options.expected_revision"
    assert "at revision 1" in refusal.message
    assert f"the expected {expected}" in refusal.message


def test_the_expected_revision_lets_a_write_through(journal: Journal) -> None:
    assert journal.write(wish(PORT_80, expected_revision=1)).after == 2


def test_the_same_token_with_the_same_request_gives_the_first_answer(journal: Journal) -> None:
    first = journal.write(wish(PORT_80, client_token=FIRST))
    journal.write(wish(PORT_443))
    assert journal.write(wish(PORT_80, client_token=FIRST)) == Written(
        first.answer, Revision(3), Revision(3), replayed=True
    )
    assert journal.driver.head() == 3


def test_the_same_token_with_another_request_is_refused(journal: Journal) -> None:
    journal.write(wish(PORT_80, client_token=FIRST))
    refusal = refused(journal, wish(PORT_443, client_token=FIRST))
    assert refusal.code is Code.IDEMPOTENT_MISMATCH
    assert refusal.field == "write_options.client_token"
    assert rule_ids(journal.snapshot) == ["sgr-1", "sgr-80"]


def test_a_request_of_which_less_is_known_by_now_is_the_same_and_one_of_other_contents_is_not(journal: Journal) -> None:
    journal.write(wish(PORT_80, client_token=FIRST, digest=b"request, contents"))
    assert journal.write(wish(PORT_80, client_token=FIRST, digest=b"request")).replayed
    refusal = refused(journal, wish(PORT_80, client_token=FIRST, digest=b"request, others"))
    assert refusal.code is Code.IDEMPOTENT_MISMATCH


def test_a_token_is_remembered_for_a_write_that_changed_nothing(journal: Journal) -> None:
    again = wish(Put(GROUP), client_token=FIRST)
    assert not journal.write(again).replayed
    journal.write(wish(PORT_80))
    assert journal.write(again) == Written(b"revision 1", Revision(2), Revision(2), replayed=True)
    assert rule_ids(journal.snapshot) == ["sgr-1", "sgr-80"]


def test_tokens_of_other_callers_and_methods_are_others(journal: Journal) -> None:
    journal.write(wish(PORT_80, client_token=FIRST))
    assert not journal.write(wish(PORT_443, client_token=FIRST, caller="acs:ram::1000:root")).replayed
    assert not journal.write(wish(PORT_443, client_token=FIRST, method="RevokeSecurityGroup")).replayed


def test_a_token_outlives_a_restart_and_is_known_to_all(opener: Opener) -> None:
    first, other = loaded(opener()), Journal(opener())
    written = first.write(wish(PORT_80, client_token=FIRST))
    for journal in (other, Journal(opener())):
        assert journal.write(wish(PORT_80, client_token=FIRST)).answer == written.answer
    assert first.driver.head() == 2


def test_what_another_journal_wrote_is_followed_commit_by_commit(opener: Opener) -> None:
    one, other = loaded(opener()), Journal(opener())
    one.write(wish(PORT_80))
    one.write(wish(Delete(Kind.ENI, "eni-1")))
    steps = other.follow()
    assert [step.snapshot.revision for step in steps] == [2, 3]
    assert [step.touched for step in steps] == [{(Kind.GROUP, "sg-a")}, {(Kind.ENI, "eni-1")}]
    assert [step.commit for step in steps] == one.commits_after(1, 9)
    assert content(other.snapshot) == content(one.snapshot)
    assert other.follow() == []


def test_a_write_is_planned_against_what_others_wrote_before(opener: Opener) -> None:
    one, other = loaded(opener()), Journal(opener())
    one.write(wish(PORT_80))
    seen: list[list[str]] = []

    def plan(snapshot: Snapshot) -> tuple[Sequence[Change], None]:
        seen.append(rule_ids(snapshot))
        return [PORT_443], None

    assert other.write(wish(plan=plan)).after == 3
    assert seen == [["sgr-1", "sgr-80"]]


def test_a_write_that_was_overtaken_is_planned_again(opener: Opener) -> None:
    one, other = loaded(opener()), Journal(opener())
    seen: list[list[str]] = []

    def plan(snapshot: Snapshot) -> tuple[Sequence[Change], None]:
        seen.append(rule_ids(snapshot))
        if len(seen) == 1:
            one.write(wish(PORT_80))
        return [PORT_443], None

    assert other.write(wish(plan=plan)) == Written(b"revision 3", Revision(2), Revision(3))
    assert seen == [["sgr-1"], ["sgr-1", "sgr-80"]]
    assert one.follow()[-1].snapshot.revision == 3
    assert content(one.snapshot) == content(other.snapshot)


def test_an_overtaken_write_whose_revision_was_expected_is_refused(opener: Opener) -> None:
    one, other = loaded(opener()), Journal(opener())

    def plan(_: Snapshot) -> tuple[Sequence[Change], None]:
        one.write(wish(PORT_80))
        return [PORT_443], None

    assert refused(other, wish(plan=plan, expected_revision=1)).code is Code.REVISION_MISMATCH


def test_a_token_that_another_journal_took_meanwhile_is_answered_with_its_answer(opener: Opener) -> None:
    one, other = loaded(opener()), Journal(opener())
    twin = wish(PORT_80, client_token=FIRST)

    def plan(_: Snapshot) -> tuple[Sequence[Change], None]:
        one.write(twin)
        return [PORT_80], None

    assert other.write(replace(twin, plan=plan)).replayed
    assert one.driver.head() == 2


def test_a_write_that_is_always_overtaken_gives_up(opener: Opener) -> None:
    one, other = loaded(opener()), Journal(opener())
    turn = iter(range(2 * ATTEMPTS))

    def plan(_: Snapshot) -> tuple[Sequence[Change], None]:
        one.write(wish(AddRules(GROUP.id, (rule(f"drop tcp/{next(turn) + 1} from 10.0.0.0/8 id sgr-x"),))))
        one.write(wish(Put(GROUP), origin=Origin.IMPORT))
        return [PORT_443], None

    assert refused(other, wish(plan=plan)).code is Code.TOO_BUSY
    assert next(turn) == ATTEMPTS
    assert rule_ids(one.snapshot) == ["sgr-1"]


def test_every_step_is_published_once_and_in_order(opener: Opener) -> None:
    told: list[Step] = []
    one = loaded(opener())
    other = Journal(opener(), told.extend)
    one.write(wish(PORT_80))
    other.write(wish(PORT_443))
    other.write(wish(Put(GROUP)))
    other.write(wish(Delete(Kind.ENI, "eni-1"), validate_only=True))
    one.follow()
    one.write(wish(Delete(Kind.ENI, "eni-1")))
    other.follow()
    assert [step.snapshot.revision for step in told] == [2, 3, 4, 5]
    assert told[-1].snapshot is other.snapshot


def test_more_commits_than_a_page_are_followed(opener: Opener) -> None:
    one, other = loaded(opener()), Journal(opener())
    for n in range(PAGE + 3):
        one.write(wish(Put(prefix_list(f"pl-{n}"))))
    assert len(other.follow()) == PAGE + 3
    assert content(other.snapshot) == content(one.snapshot)


def test_who_was_left_behind_by_compaction_reads_the_state_anew(opener: Opener) -> None:
    told: list[Step] = []
    one = loaded(opener())
    other = Journal(opener(), told.extend)
    one.write(wish(PORT_80))
    one.write(wish(Put(prefix_list("pl-1"))))
    one.write(wish(Delete(Kind.ENI, "eni-1")))
    one.compact(0, NOW)
    steps = other.follow()
    assert told == steps
    assert [(step.commit, step.snapshot.revision) for step in steps] == [(None, 4)]
    assert steps[0].touched == {(Kind.GROUP, "sg-a"), (Kind.PREFIX_LIST, "pl-1"), (Kind.ENI, "eni-1")}
    assert content(other.snapshot) == content(one.snapshot)
    assert other.write(wish(PORT_443)).after == 5


def test_compaction_keeps_as_many_commits_as_it_is_told(journal: Journal) -> None:
    journal.write(wish(PORT_80))
    journal.write(wish(PORT_443))
    journal.compact(1, NOW)
    assert [commit.revision for commit in journal.commits_after(2, 9)] == [3]
    with pytest.raises(TooOld):
        journal.commits_after(1, 9)
    journal.compact(9, NOW)
    assert [commit.revision for commit in journal.commits_after(2, 9)] == [3]


def test_compaction_keeps_tokens_a_day_whatever_becomes_of_revisions(journal: Journal) -> None:
    written = journal.write(wish(PORT_80, client_token=FIRST))
    journal.compact(0, Instant(NOW + TOKENS_KEPT))
    assert journal.write(wish(PORT_80, client_token=FIRST)).answer == written.answer
    journal.compact(0, Instant(NOW + TOKENS_KEPT + 1))
    assert not journal.write(wish(PORT_80, client_token=FIRST)).replayed
    assert TOKENS_KEPT >= 24 * 3600 * SECOND


def test_a_journal_starts_from_a_compacted_store(opener: Opener) -> None:
    old = loaded(opener())
    old.write(wish(PORT_80))
    old.compact(0, NOW)
    assert content(Journal(opener()).snapshot) == content(old.snapshot)


@pytest.mark.parametrize("seed", range(8))
def test_two_journals_on_one_store_converge_and_never_diverge(opener: Opener, seed: int) -> None:
    rng = Random(seed)
    at: dict[int, dict[str, object]] = {}

    def note(steps: Sequence[Step]) -> None:
        for step in steps:
            assert at.setdefault(step.snapshot.revision, content(step.snapshot)) == content(step.snapshot)

    journals = [Journal(opener(), note), Journal(opener(), note)]
    journals[0].write(wish(*loading(loadable(rng)), origin=Origin.IMPORT))
    doer = Doer(rng)
    for _ in range(80):
        journal = rng.choice(journals)
        deed = doer.deed(journal.snapshot)
        if tried(journal.snapshot, [deed.change], deed.origin):
            try:
                journal.write(wish(deed.change, origin=deed.origin))
            except Refusal:
                continue  # what this journal did not know of yet is in the way
    for journal in (*journals, Journal(opener(), note)):
        journal.follow()
        note([Step(None, journal.snapshot, frozenset())])
    assert sorted(at) == list(range(1, max(at) + 1))
    assert max(at) == journals[0].driver.head() == journals[1].snapshot.revision > 5


def test_writes_of_many_threads_and_journals_are_all_kept(opener: Opener) -> None:
    journals = [loaded(opener()), Journal(opener())]

    def add(journal: Journal, start: int) -> None:
        for port in range(start, start + 10):
            text = f"accept tcp/{port} from 10.0.0.0/8 id sgr-{port}"
            journal.write(wish(AddRules(GROUP.id, (rule(text),)), client_token=str(port)))

    threads = [Thread(target=add, args=(journals[n % 2], 1000 + 10 * n)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for journal in journals:
        journal.follow()
        assert rule_ids(journal.snapshot) == sorted(["sgr-1", *(f"sgr-{port}" for port in range(1000, 1040))])
        assert journal.snapshot.revision == 41


GOOD = Commit(Revision(2), NOW, CALLER, "", "Try", "", Origin.REQUEST, (PORT_80,))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{", "revision 2 cannot be read"),
        ("{}", "revision 2 cannot be read"),
        (commit_text(GOOD).replace("add_rules", "rename_rules"), "unknown key 'rename_rules'"),
        (commit_text(replace(GOOD, revision=Revision(3))), "revision 2 says that it is revision 3"),
        (commit_text(replace(GOOD, changes=())), "revision 2 changes nothing"),
        (commit_text(replace(GOOD, changes=(Delete(Kind.GROUP, "sg-a"),))), "revision 2 is refused"),
    ],
)
def test_a_commit_that_cannot_be_followed_is_refused_and_never_passed_over(
    journal: Journal, body: str, said: str
) -> None:
    before = journal.snapshot
    journal.driver.append(1, Entry(2, body), (), None)
    with pytest.raises(StoreRefused, match=said):
        journal.follow()
    refusal = refused(journal, wish(PORT_443))
    assert refusal.code is Code.STORE_UNAVAILABLE
    assert said in refusal.message
    assert journal.snapshot is before
    assert journal.driver.head() == 2


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (Write("eni", "eni-1", '{"id":"eni-1"}'), "the eni 'eni-1' cannot be read: required field missing"),
        (
            Write("eni", "eni-2", '{"account":"1","groups":[],"id":"eni-1","vpc":"v"}'),
            "'eni-2' says that it is 'eni-1'",
        ),
        (Write("router", "r-1", "{}"), "'router' is no kind of resource"),
        (Write("settings", "", '{"colour":"red"}'), "colour"),
        (Write("settings", "other", "{}"), "says that it is ''"),
    ],
)
def test_a_state_that_cannot_be_read_whole_is_refused(journal: Journal, write: Write, said: str) -> None:
    journal.driver.append(1, Entry(2, commit_text(GOOD)), (write,), None)
    with pytest.raises(StoreRefused, match=said):
        Journal(journal.driver)


def test_a_closed_store_refuses_writes_with_its_cause_and_the_snapshot_stays(journal: Journal) -> None:
    before = journal.snapshot
    journal.driver.close()
    refusal = refused(journal, wish(PORT_80))
    assert refusal.code is Code.STORE_UNAVAILABLE
    assert "closed" in refusal.message
    assert journal.snapshot is before


def test_a_locked_database_refuses_writes_and_takes_them_again_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "policy.db"
    with closing(SqliteStore(path, "one", busy_timeout_s=0)) as driver:
        journal = loaded(driver)
        before = journal.snapshot
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            refusal = refused(journal, wish(PORT_80))
        assert refusal.code is Code.STORE_UNAVAILABLE
        assert "lock" in refusal.message
        assert journal.snapshot is before
        assert journal.write(wish(PORT_80)).after == 2


def test_a_store_that_went_back_is_refused() -> None:
    ahead = loaded(MemoryStore("one"))
    ahead.driver = MemoryStore("one")
    with pytest.raises(StoreRefused, match="older copy"):
        ahead.follow()
    assert refused(ahead, wish(PORT_80)).code is Code.STORE_UNAVAILABLE


def test_a_store_that_went_back_stays_refused_when_it_has_come_as_far_again() -> None:
    ahead, restored = loaded(MemoryStore("one")), MemoryStore("one")
    ahead.driver = restored
    with pytest.raises(StoreRefused):
        ahead.follow()
    assert loaded(restored).snapshot.revision == ahead.snapshot.revision
    assert refused(ahead, wish(PORT_80)).code is Code.STORE_UNAVAILABLE
    assert restored.head() == 1


class CutOff(MemoryStore):
    """A store that keeps what is appended while the way back is cut off."""

    cut = False

    def append(self, expected: int, entry: Entry | None, writes: Sequence[Write], answer: Answer | None) -> None:
        super().append(expected, entry, writes, answer)
        if self.cut:
            raise StoreUnavailable(Cause.LOST, "nobody knows what became of it")


def test_a_token_tells_what_became_of_a_write_that_was_cut_off() -> None:
    journal = loaded(store := CutOff("one"))
    before = journal.snapshot
    store.cut = True
    request = wish(PORT_80, client_token=FIRST)
    assert refused(journal, request).code is Code.STORE_UNAVAILABLE
    assert journal.snapshot is before
    assert journal.write(request) == Written(b"revision 2", Revision(2), Revision(2), replayed=True)
    assert rule_ids(journal.snapshot) == ["sgr-1", "sgr-80"]

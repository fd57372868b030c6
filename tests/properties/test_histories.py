"""A policy is what is in it, not how it came about: histories that say the same end in equal snapshots."""

from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from pdp.model.errors import Refusal
from pdp.model.ids import Revision
from pdp.policy.apply import apply
from pdp.policy.changes import Change, Origin
from pdp.policy.draft import snapshot_of
from pdp.policy.snapshot import Snapshot, content_digest, resources_of
from pdp.store.contract import Driver
from pdp.store.journal import Journal, WriteRequest, Written
from pdp.store.memory import MemoryStore
from tests.aimed_flows import edge_flows
from tests.properties.histories import STORE, Deed, Doer, content, loadable, loaded, loading, tried
from tests.properties.policies import checker_of, few, seeds
from tests.workloads import NOW

EMPTY = Snapshot(STORE, Revision(0))
lengths = st.integers(1, 12)
CALLER = "acs:ram::1000:root"
ONCE = "once"


def history(rng: Random, start: Snapshot, length: int) -> tuple[list[Deed], Snapshot]:
    """Changes that were accepted one by one, and where they lead."""
    doer, deeds, snapshot = Doer(rng), [], start
    for _ in range(20 * length):
        deed = doer.deed(snapshot)
        applied = tried(snapshot, [deed.change], deed.origin)
        if applied:
            deeds.append(deed)
            snapshot = applied.snapshot
        if len(deeds) == length:
            break
    return deeds, snapshot


@few
@given(seeds, lengths)
def test_what_is_derived_is_what_the_resources_alone_would_give(seed: int, length: int) -> None:
    rng = Random(seed)
    _, after = history(rng, loaded(rng), length)
    assert content(after) == content(snapshot_of(resources_of(after), STORE))


@few
@given(seeds)
def test_a_policy_may_be_loaded_in_any_order_and_in_parts(seed: int) -> None:
    rng = Random(seed)
    resources = loadable(rng)
    changes = loading(resources)
    whole = apply(EMPTY, changes, Origin.IMPORT, NOW).snapshot
    assert content(whole) == content(snapshot_of(resources, STORE))
    for order in (list(reversed(changes)), rng.sample(changes, len(changes))):
        assert content(apply(EMPTY, order, Origin.IMPORT, NOW).snapshot) == content(whole)
    assert content(in_parts(EMPTY, changes)) == content(whole)


def in_parts(snapshot: Snapshot, changes: list[Change]) -> Snapshot:
    """One change at a time, each as soon as what it names is there."""
    while changes:
        left = []
        for change in changes:
            applied = tried(snapshot, [change], Origin.IMPORT)
            if applied:
                snapshot = applied.snapshot
            else:
                left.append(change)
        if len(left) == len(changes):
            # Groups that name each other as peers come together, or not at all.
            return apply(snapshot, left, Origin.IMPORT, NOW).snapshot
        changes = left
    return snapshot


@few
@given(seeds, lengths)
def test_changes_that_were_made_one_by_one_may_be_made_at_once(seed: int, length: int) -> None:
    rng = Random(seed)
    start = loaded(rng)
    deeds, after = history(rng, start, length)
    at_once = tried(start, [deed.change for deed in deeds], Origin.IMPORT)
    assume(at_once is not None)
    assert at_once is not None
    assert content(at_once.snapshot) == content(after)


@few
@given(seeds)
def test_independent_changes_may_be_made_in_either_order(seed: int) -> None:
    rng = Random(seed)
    start = loaded(rng)
    (first, second), after = pair(rng, start)
    other = tried(start, [second.change], second.origin)
    assume(other is not None)
    assert other is not None
    both = tried(other.snapshot, [first.change], first.origin)
    assume(both is not None)
    assert both is not None
    assert content(both.snapshot) == content(after)
    reverse = tried(start, [second.change, first.change], Origin.IMPORT)
    assume(reverse is not None)
    assert reverse is not None
    assert content(reverse.snapshot) == content(after)


def pair(rng: Random, start: Snapshot) -> tuple[list[Deed], Snapshot]:
    """Two changes that touch different resources."""
    while True:
        deeds, after = history(rng, start, 2)
        alone = [tried(start, [deed.change], deed.origin) for deed in deeds]
        touched = [applied.touched for applied in alone if applied and applied.touched]
        if len(touched) == 2 and not touched[0] & touched[1]:
            return deeds, after


@few
@given(seeds, lengths)
def test_a_refused_change_leaves_snapshot_store_and_indexes_as_they_were(seed: int, length: int) -> None:
    rng = Random(seed)
    driver = MemoryStore(STORE)
    journal = Journal(driver)
    do(journal, loading(loadable(rng)), Origin.IMPORT)
    before = journal.snapshot
    checker, questions = checker_of(before), list(edge_flows(rng, before, 10))
    verdicts = [checker.check_region(*question) for question in questions]
    held, digest, kept = content(before), content_digest(resources_of(before)), kept_in(driver)
    doer = Doer(rng)
    refused = 0
    for _ in range(10 * length):
        deeds = [doer.deed(before) for _ in range(rng.randint(1, 4))]
        changes, origin = [deed.change for deed in deeds], deeds[0].origin
        if tried(before, changes, origin) is None:
            assert_refused(journal, changes, origin)
            refused += 1
    assume(refused)
    assert journal.snapshot is before
    assert content(before) == held == content(snapshot_of(resources_of(before), STORE))
    assert content_digest(resources_of(before)) == digest
    assert kept_in(driver) == kept
    assert [checker.check_region(*question) for question in questions] == verdicts
    assert [checker_of(before).check_region(*question) for question in questions] == verdicts


def assert_refused(journal: Journal, changes: list[Change], origin: Origin) -> None:
    try:
        do(journal, changes, origin, token=ONCE)
    except Refusal:
        return
    raise AssertionError(changes)


@few
@given(seeds, lengths)
def test_requests_sent_twice_with_their_tokens_change_nothing_more(seed: int, length: int) -> None:
    rng = Random(seed)
    driver = MemoryStore(STORE)
    journal = Journal(driver)
    do(journal, loading(loadable(rng)), Origin.IMPORT)
    start = journal.snapshot
    deeds, after = history(rng, start, length)
    sent: list[tuple[Deed, str, Written]] = []
    for n, deed in enumerate(deeds):
        written = do(journal, [deed.change], deed.origin, token=f"t-{n}")
        sent.append((deed, f"t-{n}", written))
        for again in rng.sample(sent, min(2, len(sent))):
            assert_replayed(journal, *again)
    assert content(journal.snapshot) == content(after)
    assert journal.snapshot.revision == after.revision
    restarted = Journal(driver)
    for again in sent:
        assert_replayed(restarted, *again)
    assert content(restarted.snapshot) == content(after)
    assert restarted.snapshot.revision == after.revision


def assert_replayed(journal: Journal, deed: Deed, token: str, written: Written) -> None:
    again = do(journal, [deed.change], deed.origin, token=token)
    assert again.replayed
    assert again.answer == written.answer


@few
@given(seeds, lengths)
def test_the_log_leads_from_nothing_to_the_state_that_is_kept(seed: int, length: int) -> None:
    rng = Random(seed)
    driver = MemoryStore(STORE)
    early, journal = Journal(driver), Journal(driver)
    do(journal, loading(loadable(rng)), Origin.IMPORT)
    at_each = [journal.snapshot]
    for deed in history(rng, journal.snapshot, length)[0]:
        written = do(journal, [deed.change], deed.origin)
        if written.after != written.before:
            at_each.append(journal.snapshot)
    steps = early.follow()
    assert [step.snapshot.revision for step in steps] == [snapshot.revision for snapshot in at_each]
    assert [content(step.snapshot) for step in steps] == [content(snapshot) for snapshot in at_each]
    assert content(Journal(driver).snapshot) == content(journal.snapshot)


def do(journal: Journal, changes: list[Change], origin: Origin, token: str = "") -> Written:
    """A write that was meant for exactly these changes."""
    return journal.write(
        WriteRequest(
            plan=lambda _: (changes, None),
            answer=lambda _, applied: str(applied.snapshot.revision).encode(),
            origin=origin,
            at=NOW,
            caller=CALLER,
            source="ipv4:127.0.0.1:1",
            method="Try",
            client_token=token,
            digest=repr(changes).encode(),
        )
    )


def kept_in(driver: Driver) -> object:
    """All that a store keeps."""
    return (
        driver.head(),
        sorted(driver.items(driver.head())),
        driver.entries(0, 1000),
        driver.answer(f"Try {CALLER}", ONCE),
    )

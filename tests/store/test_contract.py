"""The conformance suite: what every driver does, whatever it keeps its texts in."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pdp.store.contract import (
    Answer,
    Cause,
    Driver,
    Entry,
    FutureRevision,
    HeadMoved,
    Item,
    StoreUnavailable,
    TokenTaken,
    TooOld,
    Write,
)
from tests.store.drivers import Opener, answer, commit, delete, put, revisions, state


def test_a_new_store_is_empty_at_revision_0(store: Driver) -> None:
    assert (store.head(), list(store.items(0)), store.entries(0, 10)) == (0, [], [])
    assert store.store_id == "one"


def test_an_append_makes_the_next_revision(store: Driver) -> None:
    store.append(0, Entry(1, "first"), [put("a", "1")], None)
    assert store.head() == 1
    assert store.entries(0, 10) == [Entry(1, "first")]
    assert list(store.items(1)) == [Item("thing", "a", "1")]


def test_an_entry_without_writes_makes_a_revision_too(store: Driver) -> None:
    store.append(0, Entry(1, "nothing of the state"), [], None)
    assert (store.head(), state(store, 1)) == (1, {})


def test_revisions_are_dense(store: Driver) -> None:
    for n in range(25):
        commit(store, put("a", str(n)))
    assert revisions(store) == list(range(1, 26))


def test_entries_come_in_pages(store: Driver) -> None:
    for _ in range(5):
        commit(store)
    assert [entry.revision for entry in store.entries(1, 2)] == [2, 3]
    assert [entry.revision for entry in store.entries(3, 2)] == [4, 5]
    assert store.entries(5, 2) == []


def test_kinds_keep_equal_ids_apart(store: Driver) -> None:
    commit(store, Write("group", "x", "1"), Write("eni", "x", "2"))
    commit(store, Write("group", "x", None))
    assert list(store.items(2)) == [Item("eni", "x", "2")]
    assert sorted(store.items(1)) == [Item("eni", "x", "2"), Item("group", "x", "1")]


def test_texts_come_back_as_they_were(store: Driver) -> None:
    odd = "ü \x00 '\";-- 🔒\n"
    store.append(0, Entry(1, odd), [Write(odd, odd, odd)], Answer(odd, odd, odd, b"\x00\xff", -1))
    assert list(store.items(1)) == [Item(odd, odd, odd)]
    assert store.entries(0, 1) == [Entry(1, odd)]
    assert store.answer(odd, odd) == Answer(odd, odd, odd, b"\x00\xff", -1)


def test_an_empty_body_is_a_body(store: Driver) -> None:
    commit(store, put("a", ""))
    assert state(store, 1) == {"a": ""}


def test_deleting_what_is_not_there_does_nothing(store: Driver) -> None:
    commit(store, delete("a"))
    assert (store.head(), state(store, 1)) == (1, {})


@pytest.mark.parametrize("expected", [0, 2, 9])
def test_an_append_at_another_revision_than_the_head_is_refused(store: Driver, expected: int) -> None:
    commit(store, put("a", "1"))
    with pytest.raises(HeadMoved) as refused:
        store.append(expected, Entry(expected + 1, ""), [put("a", "2")], answer("t"))
    assert refused.value.actual == 1
    assert (store.head(), state(store, 1), store.answer("someone/Method", "t")) == (1, {"a": "1"}, None)


@pytest.mark.parametrize(
    ("entry", "writes"),
    [
        (Entry(3, ""), []),
        (Entry(0, ""), []),
        (None, [put("a", "1")]),
        (Entry(1, ""), [put("a", "1"), put("a", "2")]),
        (Entry(1, ""), [put("a", "1"), delete("a")]),
    ],
)
def test_a_malformed_append_is_a_fault_of_the_program(store: Driver, entry: Entry | None, writes: list[Write]) -> None:
    with pytest.raises(ValueError):
        store.append(0, entry, writes, None)
    assert (store.head(), state(store, 0)) == (0, {})


def test_a_token_remembers_its_answer(store: Driver) -> None:
    commit(store, put("a", "1"), answer=answer("t", b"revision 1"))
    assert store.answer("someone/Method", "t") == answer("t", b"revision 1")
    assert store.answer("someone/Method", "u") is None
    assert store.answer("someone else/Method", "t") is None


def test_a_write_that_changed_nothing_keeps_its_token_and_makes_no_revision(store: Driver) -> None:
    commit(store)
    store.append(1, None, [], answer("t"))
    assert (store.head(), revisions(store), store.answer("someone/Method", "t")) == (1, [1], answer("t"))


def test_a_write_that_changed_nothing_is_refused_when_the_head_moved(store: Driver) -> None:
    commit(store)
    with pytest.raises(HeadMoved):
        store.append(0, None, [], answer("t"))
    assert store.answer("someone/Method", "t") is None


@pytest.mark.parametrize("expected", [0, 1])
@pytest.mark.parametrize("changes", [True, False])
def test_a_token_is_answered_once(store: Driver, expected: int, changes: bool) -> None:
    commit(store, put("a", "1"), answer=answer("t", b"the first"))
    with pytest.raises(TokenTaken) as refused:
        store.append(expected, Entry(expected + 1, "") if changes else None, [], answer("t", b"the second"))
    assert refused.value.answer == answer("t", b"the first")
    assert (store.head(), store.answer("someone/Method", "t")) == (1, answer("t", b"the first"))


def test_the_state_at_an_older_revision_stays_readable(store: Driver) -> None:
    commit(store, put("a", "1"), put("b", "1"))
    commit(store, put("a", "2"), delete("b"))
    commit(store, put("b", "3"))
    assert [state(store, n) for n in range(4)] == [
        {},
        {"a": "1", "b": "1"},
        {"a": "2"},
        {"a": "2", "b": "3"},
    ]


def test_a_state_that_is_being_read_does_not_move(store: Driver) -> None:
    commit(store, *(put(str(n), "old") for n in range(500)))
    reading = store.items(1)
    seen = [next(reading)]
    commit(store, *(put(str(n), "new") for n in range(500)))
    seen += reading
    assert {item.body for item in seen} == {"old"}
    assert len({item.id for item in seen}) == 500


def test_a_state_that_is_not_read_to_its_end_holds_nothing_up(store: Driver) -> None:
    commit(store, put("a", "1"), put("b", "1"))
    reading = store.items(1)
    next(reading)
    del reading
    commit(store, put("a", "2"))
    assert state(store, 2) == {"a": "2", "b": "1"}


def test_a_revision_that_is_not_there_yet_is_told_apart(store: Driver) -> None:
    commit(store)
    for ask in (lambda: list(store.items(2)), lambda: store.entries(2, 1), lambda: store.compact(2, 0)):
        with pytest.raises(FutureRevision) as refused:
            ask()
        assert refused.value.head == 1


def test_compaction_keeps_the_oldest_state_and_all_after_it(store: Driver) -> None:
    commit(store, put("a", "1"), put("b", "1"))
    commit(store, put("a", "2"), delete("b"))
    commit(store, put("a", "3"))
    store.compact(2, 0)
    assert [state(store, n) for n in (2, 3)] == [{"a": "2"}, {"a": "3"}]
    assert revisions(store, 2) == [3]
    assert (store.facts().oldest, store.facts().head) == (2, 3)


@pytest.mark.parametrize("revision", [0, 1])
def test_what_was_compacted_is_too_old_and_never_half_an_answer(store: Driver, revision: int) -> None:
    for n in range(3):
        commit(store, put("a", str(n)))
    store.compact(2, 0)
    for ask in (lambda: list(store.items(revision)), lambda: store.entries(revision, 1)):
        with pytest.raises(TooOld) as refused:
            ask()
        assert refused.value.oldest == 2


def test_compacting_to_the_head_leaves_the_state_and_goes_on(store: Driver) -> None:
    commit(store, put("a", "1"))
    store.compact(1, 0)
    assert (store.entries(1, 5), state(store, 1)) == ([], {"a": "1"})
    commit(store, put("a", "2"))
    assert (revisions(store, 1), state(store, 1), state(store, 2)) == ([2], {"a": "1"}, {"a": "2"})


def test_compacting_less_than_before_brings_nothing_back(store: Driver) -> None:
    for n in range(3):
        commit(store, put("a", str(n)))
    store.compact(3, 0)
    store.compact(1, 0)
    assert store.facts().oldest == 3
    with pytest.raises(TooOld):
        store.entries(1, 1)


def test_compaction_drops_much_history_as_it_drops_little(store: Driver) -> None:
    commit(store, *(put(str(n), "1") for n in range(2_500)))
    commit(store, *(put(str(n), "2") for n in range(2_500)))
    store.compact(2, 0)
    assert set(state(store, 2).values()) == {"2"}
    assert len(state(store, 2)) == 2_500


def test_compaction_keeps_young_tokens_whatever_their_revisions(store: Driver) -> None:
    commit(store, answer=answer("old", at=99))
    commit(store, answer=answer("young", at=100))
    store.append(2, None, [], answer("changed nothing", at=100))
    store.compact(2, 100)
    assert store.answer("someone/Method", "old") is None
    assert store.answer("someone/Method", "young") == answer("young", at=100)
    with pytest.raises(TokenTaken):
        store.append(2, None, [], answer("changed nothing", at=200))


def test_a_token_that_was_dropped_can_be_used_again(store: Driver) -> None:
    commit(store, answer=answer("t", b"first", at=1))
    store.compact(0, 2)
    commit(store, answer=answer("t", b"second", at=3))
    assert store.answer("someone/Method", "t") == answer("t", b"second", at=3)


def test_a_wait_for_what_is_there_returns_at_once(store: Driver) -> None:
    commit(store)
    commit(store)
    assert store.wait(0, 60) == 2


def test_a_wait_ends_at_its_timeout_with_the_head_as_it_is(store: Driver) -> None:
    commit(store)
    assert store.wait(1, 0.02) == 1
    assert store.wait(1, 0) == 1


def test_a_wait_is_woken_by_an_append(opener: Opener) -> None:
    waiting, appending = opener(), opener()
    with ThreadPoolExecutor() as pool:
        for revision in range(1, 20):
            woken = pool.submit(waiting.wait, revision - 1, 60)
            commit(appending)
            assert woken.result(60) == revision


def test_a_wait_is_not_ended_by_an_answer_alone(store: Driver) -> None:
    with ThreadPoolExecutor() as pool:
        woken = pool.submit(store.wait, 0, 60)
        store.append(0, None, [], answer("t"))
        commit(store)
        assert woken.result(60) == 1


def test_closing_ends_a_wait_and_everything_after_it(opener: Opener) -> None:
    store = opener()
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(store.wait, 0, 600)
        store.close()
        with pytest.raises(StoreUnavailable) as ended:
            waiting.result(60)
    assert ended.value.cause is Cause.CLOSED
    for ask in (store.head, lambda: commit(store), lambda: store.wait(0, 0), store.facts, lambda: list(store.items(0))):
        with pytest.raises(StoreUnavailable) as refused:
            ask()
        assert refused.value.cause is Cause.CLOSED
    store.close()


def test_appenders_in_many_threads_lose_and_double_no_revision(opener: Opener) -> None:
    stores = [opener(), opener()]
    start = threading.Barrier(4)

    def run(worker: int) -> list[int]:
        start.wait()
        return [_append_until_taken(stores[worker % 2], worker, n) for n in range(30)]

    with ThreadPoolExecutor(4) as pool:
        taken = [revision for revisions in pool.map(run, range(4)) for revision in revisions]
    assert sorted(taken) == list(range(1, 121))
    assert revisions(stores[0]) == list(range(1, 121))
    assert len(state(stores[1], 120)) == 120


def _append_until_taken(store: Driver, worker: int, n: int) -> int:
    while True:
        head = store.head()
        try:
            store.append(head, Entry(head + 1, f"{worker}"), [put(f"{worker}-{n}", "")], None)
        except HeadMoved:
            continue
        return head + 1


@pytest.mark.parametrize("changes", [True, False])
def test_of_racing_retries_with_one_token_one_writes(opener: Opener, changes: bool) -> None:
    stores = [opener(), opener()]
    start = threading.Barrier(4)

    def run(worker: int) -> str:
        start.wait()
        while True:
            head = stores[worker % 2].head()
            entry = Entry(head + 1, "") if changes else None
            try:
                stores[worker % 2].append(head, entry, [], answer("t", str(worker).encode()))
            except HeadMoved:
                continue
            except TokenTaken as taken:
                return taken.answer.body.decode()
            return str(worker)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(run, range(4)))
    assert len(set(answers)) == 1
    assert stores[0].head() == int(changes)


STEPS = st.lists(
    st.one_of(
        st.dictionaries(st.sampled_from("abcd"), st.none() | st.sampled_from("xyz"), max_size=4),
        st.integers(0, 8),
    ),
    max_size=12,
)


@given(steps=STEPS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_kept_revision_reads_as_a_plain_model_does(
    opener: Opener, steps: list[dict[str, str | None] | int]
) -> None:
    store = opener()
    base = store.head()
    model = {base: state(store, base)}
    for step in steps:
        head = store.head()
        if isinstance(step, int):
            store.compact(min(base + step, head), 0)
            continue
        commit(store, *(Write("thing", name, body) for name, body in step.items()))
        after = {**model[head], **step}
        model[head + 1] = {name: body for name, body in after.items() if body is not None}
    oldest = store.facts().oldest
    for revision in range(max(oldest, base), store.head() + 1):
        assert state(store, revision) == model[revision]
        assert revisions(store, revision) == list(range(revision + 1, store.head() + 1))

"""What only a file can suffer: it is full, read-only, locked, moved or older."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from pdp.store.contract import Cause, StoreRefused, StoreUnavailable
from pdp.store.sqlite import SqliteStore
from pdp.store.sqlite_format import MIGRATIONS, format_of, migrate
from tests.store.drivers import answer, commit, put, revisions, state


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "policy.db"


def opened(path: Path) -> "closing[SqliteStore]":
    return closing(SqliteStore(path, "one", busy_timeout_s=0.01))


def refused(store: SqliteStore, cause: Cause) -> None:
    """An append is refused for a cause, names the file, changes nothing, and reads go on."""
    head, before = store.head(), state(store, store.head())
    with pytest.raises(StoreUnavailable, match=r"policy\.db: ") as error:
        commit(store, put("refused", "x" * 100_000), answer=answer("refused"))
    assert error.value.cause is cause
    assert (store.head(), state(store, head)) == (head, before)
    assert revisions(store) == list(range(1, head + 1))
    assert store.answer("someone/Method", "refused") is None


def test_what_was_appended_is_there_when_the_file_is_opened_again(path: Path) -> None:
    with opened(path) as store:
        commit(store, put("a", "1"), answer=answer("t"))
    with opened(path) as store:
        assert (store.store_id, store.head(), state(store, 1)) == ("one", 1, {"a": "1"})
        assert (revisions(store), store.answer("someone/Method", "t")) == ([1], answer("t"))


def test_appends_reach_the_disk_before_they_return(path: Path) -> None:
    with opened(path) as store:
        settings = [store._writer.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert settings == ["wal", 2]


def test_the_id_of_a_store_is_made_once(path: Path) -> None:
    with closing(SqliteStore(path, "first")) as first, closing(SqliteStore(path, "second")) as second:
        assert (first.store_id, second.store_id) == ("first", "first")


def test_a_new_store_is_its_owners_alone(path: Path) -> None:
    with opened(path) as store:
        commit(store, put("a", "1"))
        modes = {file.name: oct(file.stat().st_mode & 0o777) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(("policy.db", "policy.db-wal", "policy.db-shm"), "0o600")


def test_openers_that_race_make_one_store(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda n: SqliteStore(path, f"id {n}"), range(8)))
    assert len({store.store_id for store in stores}) == 1
    for store in stores:
        store.close()
    assert [file.name for file in path.parent.iterdir()] == ["policy.db"]


@pytest.mark.parametrize("name", ["a b.db", "100%.db", "ü?#.db", "file:x.db", "policy.db?mode=memory"])
def test_odd_names_are_names(tmp_path: Path, name: str) -> None:
    with opened(tmp_path / name) as store:
        commit(store)
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("command", ["backup", "VACUUM INTO"])
def test_a_copy_of_a_running_store_is_a_store(path: Path, command: str) -> None:
    copy = path.with_name("copy.db")
    with opened(path) as store, closing(sqlite3.connect(path)) as tool:
        commit(store, put("a", "1"), answer=answer("t"))
        if command == "backup":
            with closing(sqlite3.connect(copy)) as target:
                tool.backup(target)
        else:
            tool.execute("VACUUM INTO ?", (str(copy),))
    with opened(copy) as store:
        assert (store.store_id, store.head(), state(store, 1)) == ("one", 1, {"a": "1"})
        assert store._writer.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        commit(store, put("b", "2"))
        assert store.answer("someone/Method", "t") == answer("t")


def test_a_link_leads_to_the_one_store(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.db").symlink_to(tmp_path / "real" / "policy.db")
    with opened(tmp_path / "link.db") as linked, opened(tmp_path / "real" / "policy.db") as real:
        commit(linked)
        assert real.head() == 1
    assert [file.name for file in tmp_path.joinpath("real").iterdir()] == ["policy.db"]


def test_facts_name_the_file_and_its_size(path: Path) -> None:
    with opened(path) as store:
        commit(store, put("a", "x" * 500_000))
        facts = store.facts()
    assert (facts.place, facts.oldest, facts.head) == (str(path), 0, 1)
    assert facts.size > 500_000


def test_a_full_store_refuses_appends_until_there_is_room(path: Path) -> None:
    with opened(path) as store:
        commit(store, put("a", "1"))
        limit = store._writer.execute("PRAGMA max_page_count = 20").fetchone()[0]
        refused(store, Cause.FULL)
        store._writer.execute(f"PRAGMA max_page_count = {limit + 1_000}")
        commit(store, put("b", "x" * 100_000))
        assert revisions(store) == [1, 2]


def test_compaction_makes_room_in_a_full_store(path: Path) -> None:
    with opened(path) as store:
        commit(store, put("a", "x" * 200_000))
        commit(store, put("a", "1"))
        commit(store, put("c", "x" * 250_000))
        pages = store._writer.execute("PRAGMA page_count").fetchone()[0]
        store._writer.execute(f"PRAGMA max_page_count = {pages}")
        refused(store, Cause.FULL)
        store.compact(3, 0)
        commit(store, put("b", "x" * 100_000))
        assert state(store, 4).keys() == {"a", "b", "c"}


def test_a_locked_store_refuses_appends_until_the_lock_is_gone(path: Path) -> None:
    with opened(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        commit(store, put("a", "1"))
        other.execute("BEGIN IMMEDIATE")
        refused(store, Cause.LOCKED)
        other.execute("ROLLBACK")
        commit(store, put("b", "2"))
        assert revisions(store) == [1, 2]


@contextmanager
def without_privileges() -> Iterator[Path]:
    """A folder of a user to whom permissions apply, which they do not to the superuser."""
    nobody = 65_534
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    user = os.geteuid()
    if user == 0:
        os.chown(folder, nobody, -1)
        os.seteuid(nobody)
    try:
        yield folder
    finally:
        os.seteuid(user)
        folder.chmod(0o777)
        shutil.rmtree(folder)


def test_a_read_only_file_is_read_and_refuses_appends_until_it_may_be_written() -> None:
    with without_privileges() as folder:
        path = folder / "policy.db"
        with opened(path) as store:
            commit(store, put("a", "1"))
        path.chmod(0o444)
        with opened(path) as store:
            refused(store, Cause.READ_ONLY)
            for file in folder.iterdir():  # SQLite gave its companions the rights that the file had
                file.chmod(0o644)
            commit(store, put("b", "2"))
            assert revisions(store) == [1, 2]


def test_a_store_in_a_read_only_folder_is_unavailable() -> None:
    with without_privileges() as folder:
        with opened(folder / "policy.db") as store:
            commit(store, put("a", "1"))
        folder.chmod(0o555)
        with pytest.raises(StoreUnavailable, match=r"policy\.db: "):
            opened(folder / "policy.db")
        with pytest.raises(StoreUnavailable, match=r"new\.db: "):
            opened(folder / "new.db")


def test_a_folder_that_becomes_read_only_stops_nothing_that_runs() -> None:
    with without_privileges() as folder, opened(folder / "policy.db") as store:
        folder.chmod(0o555)
        commit(store, put("a", "1"))
        assert state(store, 1) == {"a": "1"}


def test_a_store_in_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be made there"):
        opened(tmp_path / "none" / "policy.db")


def test_a_file_that_was_moved_away_takes_no_appends_until_it_is_back(path: Path) -> None:
    with opened(path) as store:
        commit(store, put("a", "1"))
        away = path.rename(path.with_name("away"))
        refused(store, Cause.LOST)
        away.rename(path)
        commit(store, put("b", "2"))
        assert revisions(store) == [1, 2]


def test_a_file_that_was_replaced_takes_no_appends(path: Path) -> None:
    with opened(path) as store:
        commit(store, put("a", "1"))
        shutil.copy(path, path.with_name("copy"))
        path.with_name("copy").replace(path)
        refused(store, Cause.LOST)


NEXT = (*MIGRATIONS, ("CREATE TABLE more (what TEXT)", "INSERT INTO more SELECT store_id FROM meta"))


def format_at(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return format_of(connection)


def test_a_migration_keeps_what_is_there_and_is_done_once(path: Path) -> None:
    with opened(path) as store:
        commit(store, put("a", "1"))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for _ in range(2):
            migrate(connection, NEXT)
            assert format_of(connection) == len(NEXT)
            assert connection.execute("SELECT * FROM more").fetchall() == [("one",)]
        assert connection.execute("SELECT id, body FROM live").fetchall() == [("a", "1")]
        migrate(connection)
        assert format_of(connection) == len(NEXT)


def test_a_migration_that_fails_leaves_the_older_format(path: Path) -> None:
    with opened(path) as store:
        commit(store, put("a", "1"))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection, pytest.raises(sqlite3.OperationalError):
        migrate(connection, (*NEXT, ("CREATE TABLE third (x)", "INSERT INTO nowhere VALUES (1)")))
    with opened(path) as store:
        assert (format_at(path), state(store, 1)) == (len(MIGRATIONS), {"a": "1"})


def test_an_older_file_is_brought_up_when_it_is_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(path) as store:
        commit(store, put("a", "1"))
    for module in ("pdp.store.sqlite", "pdp.store.sqlite_format"):
        monkeypatch.setattr(f"{module}.FORMAT_VERSION", len(NEXT))
    monkeypatch.setattr("pdp.store.sqlite.migrate", partial(migrate, migrations=NEXT))
    with opened(path) as store:
        commit(store, put("b", "2"))
        assert (format_at(path), state(store, 2)) == (len(NEXT), {"a": "1", "b": "2"})


def test_a_program_whose_file_a_newer_one_migrated_writes_no_more(path: Path) -> None:
    with opened(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as newer:
        commit(store, put("a", "1"))
        migrate(newer, NEXT)
        refused(store, Cause.OUTDATED)
        with pytest.raises(StoreRefused, match="use the newer program"):
            opened(path)

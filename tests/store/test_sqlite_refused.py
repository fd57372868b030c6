"""Files that are not a store, or not one for this program: refused with a reason, every byte as it was."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pdp.store.contract import StoreRefused
from pdp.store.opening import open_store
from pdp.store.sqlite import SqliteStore
from tests.store.drivers import commit, put

PAGE = 4096


def good(path: Path) -> None:
    with closing(SqliteStore(path, "one")) as store:
        commit(store, *(put(str(n), "x" * 500) for n in range(200)))


def newer(path: Path) -> None:
    good(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE meta (store_id TEXT)")


def text(path: Path) -> None:
    path.write_text("this is a shopping list, and it is long enough to have a header\n" * 100)


def short(path: Path) -> None:
    path.write_bytes(b"SQLite")


def empty(path: Path) -> None:
    path.touch()


def truncated(path: Path) -> None:
    good(path)
    path.write_bytes(path.read_bytes()[: 5 * PAGE])


def cut_within_a_page(path: Path) -> None:
    good(path)
    path.write_bytes(path.read_bytes()[:-100])


def meta_overwritten(path: Path) -> None:
    overwrite(path, "meta")


def items_overwritten(path: Path) -> None:
    overwrite(path, "live")


def overwrite(path: Path, table: str) -> None:
    good(path)
    with closing(sqlite3.connect(path)) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
    with path.open("r+b") as file:
        file.seek((root - 1) * PAGE)
        file.write(b"\xa5" * PAGE)


BAD: list[tuple[Callable[[Path], None], str]] = [
    (newer, "format 99, and this program knows formats up to 1; use the newer program"),
    (foreign, "a database of another program"),
    (text, "not a database"),
    (short, "not a database"),
    (empty, "the file is empty"),
    (truncated, "damaged"),
    (cut_within_a_page, "damaged"),
    (meta_overwritten, "damaged"),
    (items_overwritten, "damaged"),
    (Path.mkdir, "not a file"),
]


def contents(folder: Path) -> dict[str, bytes | None]:
    return {file.name: file.read_bytes() if file.is_file() else None for file in folder.iterdir()}


@pytest.mark.parametrize(("make", "reason"), BAD, ids=[make.__name__ for make, _ in BAD])
def test_a_file_that_is_no_store_is_refused_and_left_as_it_is(
    tmp_path: Path, make: Callable[[Path], None], reason: str
) -> None:
    path = tmp_path / "policy.db"
    make(path)
    before = contents(tmp_path)
    with pytest.raises(StoreRefused, match=reason) as refused:
        open_store(f"sqlite:{path}")
    assert str(refused.value).startswith(f"{path}: ")
    assert contents(tmp_path) == before


def test_a_newer_format_that_is_only_in_the_log_of_a_killed_process_is_refused(tmp_path: Path) -> None:
    good(tmp_path / "living.db")
    path = tmp_path / "policy.db"
    with closing(sqlite3.connect(tmp_path / "living.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
        for end in ("", "-wal", "-shm"):
            shutil.copy(f"{tmp_path}/living.db{end}", f"{path}{end}")
    before = path.read_bytes(), Path(f"{path}-wal").read_bytes()
    with pytest.raises(StoreRefused, match="format 99"):
        open_store(f"sqlite:{path}")
    assert (path.read_bytes(), Path(f"{path}-wal").read_bytes()) == before


def test_the_good_file_is_not(tmp_path: Path) -> None:
    good(tmp_path / "policy.db")
    with closing(open_store(f"sqlite:{tmp_path}/policy.db")) as store:
        assert store.head() == 1

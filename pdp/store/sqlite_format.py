"""What a store's file looks like: how it is made, how an older one is brought up, and which files are refused.

A file is looked at before anything opens it for writing, so that one that is newer, damaged or not a store at all keeps
every byte. Nothing here reads or writes items, entries or answers.
"""

import os
import secrets
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from pdp.store.contract import Cause, StoreRefused, StoreUnavailable

APPLICATION_ID = 0x70647031
"""`pdp1` in the header of the file, by which other databases are told from stores."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE meta (store_id TEXT NOT NULL, head INTEGER NOT NULL, oldest INTEGER NOT NULL)",
        "INSERT INTO meta VALUES ('', 0, 0)",
        # The present and the past lie apart, so that the state at head is read without stepping over what it was.
        "CREATE TABLE live (kind TEXT NOT NULL, id TEXT NOT NULL, since INTEGER NOT NULL, body TEXT NOT NULL)",
        "CREATE UNIQUE INDEX live_by_key ON live (kind, id)",
        """CREATE TABLE past (kind TEXT NOT NULL, id TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
                              body TEXT NOT NULL)""",
        "CREATE INDEX past_by_end ON past (until)",
        "CREATE TABLE entries (revision INTEGER PRIMARY KEY, body TEXT NOT NULL)",
        """CREATE TABLE answers (scope TEXT NOT NULL, token TEXT NOT NULL, digest TEXT NOT NULL, body BLOB NOT NULL,
                                 at INTEGER NOT NULL)""",
        "CREATE UNIQUE INDEX answers_by_token ON answers (scope, token)",
        "CREATE INDEX answers_by_age ON answers (at)",
    ),
)
"""The statements at place n lead from format n to n + 1. One that was released never changes."""

FORMAT_VERSION = len(MIGRATIONS)


def create(path: Path, store_id: str) -> None:
    """Makes an empty store, unless a file of that name appears meanwhile: then that one stays.

    It is made under another name and appears as a whole, so that no kill leaves half of one and no two processes make
    two. Only its owner may read and write it; SQLite gives its companions the same mode. Raises StoreUnavailable.
    """
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        unfinished.touch(mode=0o600, exist_ok=False)
        with closing(sqlite3.connect(unfinished, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = EXTRA")
            migrate(connection)
            connection.execute("UPDATE meta SET store_id = ?", (store_id,))
            connection.execute("PRAGMA journal_mode = WAL")
        try:
            path.hardlink_to(unfinished)
        except FileExistsError:
            return
        _sync_folder(path.parent)
    except (OSError, sqlite3.Error) as error:
        raise StoreUnavailable(Cause.FAULT, f"{path}: the store cannot be made there: {error}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Makes a new name in a folder survive a crash of the machine."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def migrate(connection: sqlite3.Connection, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> None:
    """Brings a file to the newest format, in one transaction. Of several processes, one does it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for version, statements in enumerate(migrations[format_of(connection) :], start=format_of(connection) + 1):
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def format_of(connection: sqlite3.Connection) -> int:
    """The format version of the file."""
    return number(connection, "PRAGMA user_version")


def number(connection: sqlite3.Connection, statement: str) -> int:
    """The one number that a statement gives."""
    return int(connection.execute(statement).fetchone()[0])


def look(path: Path) -> int:
    """The format version of a store's file, which is left untouched. Raises StoreRefused and StoreUnavailable."""
    if not path.is_file():
        raise StoreRefused(str(path), "this is not a file", "name a file, or a name that is free")
    log = path.with_name(path.name + "-wal")
    lonely = not _has_bytes(log)
    try:
        # A file without a log is read as if nobody could change it, which needs no companion files; one with a log,
        # because its process lives or was killed, is nothing without it.
        options = "mode=ro&immutable=1" if lonely else "mode=ro"
        with closing(sqlite3.connect(f"{path.as_uri()}?{options}", uri=True, isolation_level=None)) as connection:
            return _checked(path, connection)
    except (sqlite3.DatabaseError, StoreRefused) as error:
        if lonely and _has_bytes(log):
            return look(path)  # somebody was writing, and what was seen may have been half of it
        if isinstance(error, StoreRefused):
            raise
        raise _refusal(path, error) from error


def _has_bytes(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def _checked(path: Path, connection: sqlite3.Connection) -> int:
    application = number(connection, "PRAGMA application_id")
    found = format_of(connection)
    if not path.stat().st_size:
        raise StoreRefused(
            str(path), "the file is empty", "delete it to begin a new store, or put back a copy of the old"
        )
    if application != APPLICATION_ID:
        raise StoreRefused(
            str(path), "this is a database of another program", "name the store's own file or a free name"
        )
    check_format(path, found)
    if path.stat().st_size % number(connection, "PRAGMA page_size"):
        raise StoreRefused(str(path), "the file is damaged (its last page is cut short)", "put back a copy of it")
    faults = [line for (line,) in connection.execute("PRAGMA quick_check(3)") if line != "ok"]
    if faults:
        raise StoreRefused(str(path), f"the file is damaged ({faults[0]})", "put back a copy of it")
    return found


def check_format(path: Path, found: int) -> None:
    """Raises StoreRefused for a format that this program does not know."""
    if found > FORMAT_VERSION:
        raise StoreRefused(
            str(path),
            f"the file has format {found}, and this program knows formats up to {FORMAT_VERSION}",
            "use the newer program that wrote it",
        )


def _refusal(path: Path, error: sqlite3.DatabaseError) -> StoreRefused | StoreUnavailable:
    code = error.sqlite_errorcode & 0xFF
    if code == sqlite3.SQLITE_NOTADB:
        return StoreRefused(str(path), "this is not a database", "name the store's own file or a free name")
    if code == sqlite3.SQLITE_CORRUPT:
        return StoreRefused(str(path), f"the file is damaged ({error})", "put back a copy of it")
    return StoreUnavailable(Cause.FAULT, f"{path}: the file cannot be read: {error}")

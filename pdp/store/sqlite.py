"""The store in one SQLite file, which several processes of one machine may share.

Every append is one transaction of a write-ahead log that is on the disk before the append returns; readers never wait
for it. Nothing here knows what the texts mean that it keeps.
"""

import sqlite3
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Lock

from pdp.store.contract import (
    Answer,
    Cause,
    Entry,
    Facts,
    HeadMoved,
    Item,
    StoreUnavailable,
    TokenTaken,
    Write,
    check_append,
    check_kept,
)
from pdp.store.sqlite_format import FORMAT_VERSION, check_format, create, format_of, look, migrate, number

POLL_S = 0.01
"""How often a `wait` looks for appends of others, which costs some microseconds each time."""

BUSY_TIMEOUT_S = 5.0
"""How long a write waits for the writes of other processes."""

ROWS_A_SLICE = 1_000
"""Rows that compaction deletes in one transaction, between which the writes of others get their turn."""

LOG_BYTES_KEPT = 64 << 20
"""The length that the write-ahead log is cut back to after a long reader made it grow."""

_CAUSES = {
    sqlite3.SQLITE_FULL: (Cause.FULL, "there is no room left: free some"),
    sqlite3.SQLITE_READONLY: (Cause.READ_ONLY, "it may only be read: let this process write to it, its -wal and -shm"),
    sqlite3.SQLITE_BUSY: (Cause.LOCKED, "another process holds its lock: end that one's transaction"),
    sqlite3.SQLITE_PROTOCOL: (Cause.LOCKED, "other processes hold its locks for too long: end their transactions"),
    sqlite3.SQLITE_CORRUPT: (Cause.FAULT, "the file is damaged: put back a copy of it"),
    sqlite3.SQLITE_CANTOPEN: (Cause.LOST, "it cannot be opened: look after its folder and its permissions"),
}

_ANSWER = "SELECT scope, token, digest, body, at FROM answers WHERE scope = ? AND token = ?"
_REMEMBER = "INSERT INTO past SELECT kind, id, since, :revision, body FROM live WHERE kind = :kind AND id = :id"
_DELETE = "DELETE FROM live WHERE kind = ? AND id = ?"
_PUT = (
    "INSERT INTO live VALUES (?, ?, ?, ?)"
    " ON CONFLICT (kind, id) DO UPDATE SET since = excluded.since, body = excluded.body"
)
_ITEMS = (
    "SELECT kind, id, body FROM live WHERE since <= :revision"
    " UNION ALL SELECT kind, id, body FROM past WHERE until > :revision AND since <= :revision"
)
_COMPACTION = (
    "DELETE FROM entries WHERE rowid IN (SELECT rowid FROM entries WHERE rowid <= (SELECT oldest FROM meta) LIMIT :n)",
    "DELETE FROM past WHERE rowid IN (SELECT rowid FROM past WHERE until <= (SELECT oldest FROM meta) LIMIT :n)",
    "DELETE FROM answers WHERE rowid IN (SELECT rowid FROM answers WHERE at < :answers_before LIMIT :n)",
)


class SqliteStore:
    """A `Driver` over the store at `path`, which is made when there is none, with `new_store_id`.

    Raises StoreRefused and StoreUnavailable.
    """

    def __init__(self, path: Path, new_store_id: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._path = path.resolve()  # SQLite puts its companions beside what a link leads to
        self._busy_timeout_s = busy_timeout_s
        self._closed = Event()
        self._idle: deque[sqlite3.Connection] = deque()
        self._writing = Lock()
        self._reopen = False
        if not self._path.exists():
            create(self._path, new_store_id)
        found = look(self._path)
        with self._explained():
            self._inode = _inode(self._path)
            self._writer = self._open_writer()
        try:
            with self._explained():
                if found < FORMAT_VERSION:
                    migrate(self._writer)
                check_format(self._path, format_of(self._writer))
            with self._reading() as connection:
                self._store_id = str(connection.execute("SELECT store_id FROM meta").fetchone()[0])
        except BaseException:
            self.close()
            raise

    @property
    def store_id(self) -> str:
        """Given when the file was made."""
        return self._store_id

    def head(self) -> int:
        """The newest revision."""
        with self._reading() as connection:
            return _head(connection)

    def append(self, expected: int, entry: Entry | None, writes: Sequence[Write], answer: Answer | None) -> None:
        """See `Driver.append`."""
        check_append(expected, entry, writes)
        with self._transaction() as connection:
            if answer and (known := _answer(connection, answer.scope, answer.token)):
                raise TokenTaken(known)
            head = _head(connection)
            if expected != head:
                raise HeadMoved(expected, head)
            if answer:
                connection.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?)", answer)
            if entry:
                connection.execute("INSERT INTO entries VALUES (?, ?)", entry)
                connection.execute("UPDATE meta SET head = ?", (entry.revision,))
                _write(connection, entry.revision, writes)

    def items(self, revision: int) -> Iterator[Item]:
        """See `Driver.items`."""
        with self._reading() as connection:
            _check_kept(connection, revision)
            yield from map(Item._make, connection.execute(_ITEMS, {"revision": revision}))

    def entries(self, after: int, most: int) -> list[Entry]:
        """See `Driver.entries`."""
        with self._reading() as connection:
            _check_kept(connection, after)
            rows = connection.execute(
                "SELECT * FROM entries WHERE revision > ? ORDER BY revision LIMIT ?", (after, most)
            )
            return [Entry._make(row) for row in rows]

    def wait(self, after: int, timeout_s: float) -> int:
        """See `Driver.wait`."""
        end = time.monotonic() + timeout_s
        with self._connected() as connection:
            while True:
                # The version first: an append between the two is then seen by the next look.
                version = number(connection, "PRAGMA data_version")
                head = _head(connection)
                if head > after:
                    return head
                while version == number(connection, "PRAGMA data_version"):
                    if (left := end - time.monotonic()) <= 0:
                        return head
                    if self._closed.wait(min(POLL_S, left)):
                        raise self._was_closed()

    def compact(self, keep_from: int, answers_before: int) -> None:
        """See `Driver.compact`. What lies before the oldest revision is out of sight at once, and deleted in slices."""
        with self._transaction() as connection:
            check_kept(keep_from, 0, _head(connection))
            connection.execute("UPDATE meta SET oldest = max(oldest, ?)", (keep_from,))
        for statement in _COMPACTION:
            deleted = ROWS_A_SLICE
            while deleted == ROWS_A_SLICE:
                with self._transaction() as connection:
                    deleted = connection.execute(
                        statement, {"answers_before": answers_before, "n": ROWS_A_SLICE}
                    ).rowcount

    def answer(self, scope: str, token: str) -> Answer | None:
        """See `Driver.answer`."""
        with self._reading() as connection:
            return _answer(connection, scope, token)

    def facts(self) -> Facts:
        """See `Driver.facts`. The size is that of the file and its log."""
        size = 0
        for name in (self._path, self._path.with_name(self._path.name + "-wal")):
            try:
                size += name.stat().st_size
            except OSError:
                continue  # a file that is gone takes no room, and reads still answer
        with self._reading() as connection:
            oldest, head = connection.execute("SELECT oldest, head FROM meta").fetchone()
            return Facts(str(self._path), size, oldest, head)

    def close(self) -> None:
        """See `Driver.close`."""
        self._closed.set()
        with self._writing:
            self._writer.close()
        self._close_idle()

    def _close_idle(self) -> None:
        while self._idle:
            with suppress(IndexError):  # another thread took the last one
                self._idle.pop().close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """The writer, alone in the file; what was done is kept at the end, and undone on any error."""
        with self._writing, self._explained():
            self._check_place()
            if self._reopen:  # a connection that found the file read-only never looks again
                self._writer.close()
                self._writer = self._open_writer()
                self._reopen = False
            connection = self._writer
            try:
                connection.execute("BEGIN IMMEDIATE")
                self._check_format(connection)
                yield connection
                connection.execute("COMMIT")
            except BaseException as error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._reopen = _code(error) == sqlite3.SQLITE_READONLY
                raise

    def _check_place(self) -> None:
        """A file that was deleted or replaced still takes writes, which nobody would ever find."""
        if self._closed.is_set():
            raise self._was_closed()
        if _inode(self._path) != self._inode:
            raise StoreUnavailable(
                Cause.LOST, f"{self._path}: the file was replaced: put back the one that was opened, or start anew"
            )

    def _check_format(self, connection: sqlite3.Connection) -> None:
        if format_of(connection) != FORMAT_VERSION:
            raise StoreUnavailable(
                Cause.OUTDATED,
                f"{self._path}: a newer program changed the file's format: start that one in place of this",
            )

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the file, however long that is looked at."""
        with self._connected() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """A connection for one thread to read with, for the time being."""
        with self._explained():
            if self._closed.is_set():
                raise self._was_closed()
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._connect()
                connection.execute("PRAGMA query_only = ON")
            try:
                yield connection
            finally:
                self._idle.append(connection)
                if self._closed.is_set():
                    self._close_idle()

    def _open_writer(self) -> sqlite3.Connection:
        connection = self._connect()
        connection.execute("PRAGMA journal_mode = WAL")  # a copy made by VACUUM INTO lost it
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES_KEPT}")
        return connection

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            f"{self._path.as_uri()}?mode=rw",
            uri=True,
            timeout=self._busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turns what SQLite and the system say into StoreUnavailable."""
        try:
            yield
        except sqlite3.Error as error:
            cause, text = _CAUSES.get(_code(error), (Cause.FAULT, "it failed"))
            raise StoreUnavailable(cause, f"{self._path}: {text} ({error})") from error
        except OSError as error:
            raise StoreUnavailable(Cause.LOST, f"{self._path}: the file cannot be reached ({error})") from error

    def _was_closed(self) -> StoreUnavailable:
        return StoreUnavailable(Cause.CLOSED, f"{self._path}: was closed")


def _code(error: BaseException) -> int:
    """SQLite's primary result code; 0 for an error that is not of SQLite."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _inode(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _head(connection: sqlite3.Connection) -> int:
    return number(connection, "SELECT head FROM meta")


def _check_kept(connection: sqlite3.Connection, revision: int) -> None:
    oldest, head = connection.execute("SELECT oldest, head FROM meta").fetchone()
    check_kept(revision, oldest, head)


def _answer(connection: sqlite3.Connection, scope: str, token: str) -> Answer | None:
    row = connection.execute(_ANSWER, (scope, token)).fetchone()
    return Answer._make(row) if row else None


def _write(connection: sqlite3.Connection, revision: int, writes: Sequence[Write]) -> None:
    connection.executemany(_REMEMBER, ({"revision": revision, "kind": w.kind, "id": w.id} for w in writes))
    connection.executemany(_DELETE, ((w.kind, w.id) for w in writes if w.body is None))
    connection.executemany(_PUT, ((w.kind, w.id, revision, w.body) for w in writes if w.body is not None))

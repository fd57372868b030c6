"""A store that ends with its process: for tests and demos. It never touches a disk."""

import time
from collections.abc import Iterator, Sequence
from threading import Condition
from typing import NamedTuple

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


class _Version(NamedTuple):
    """An item as it was from revision `since` until just before `until`."""

    item: Item
    since: int
    until: int


class MemoryStore:
    """A `Driver`."""

    def __init__(self, store_id: str) -> None:
        self._store_id = store_id
        self._head = 0
        self._oldest = 0
        self._live: dict[tuple[str, str], tuple[Item, int]] = {}
        self._past: list[_Version] = []
        self._entries: list[Entry] = []
        self._answers: dict[tuple[str, str], Answer] = {}
        self._closed = False
        self._changed = Condition()

    @property
    def store_id(self) -> str:
        """Given when it was made."""
        return self._store_id

    def head(self) -> int:
        """The newest revision."""
        with self._changed:
            self._check_open()
            return self._head

    def append(self, expected: int, entry: Entry | None, writes: Sequence[Write], answer: Answer | None) -> None:
        """See `Driver.append`."""
        check_append(expected, entry, writes)
        with self._changed:
            self._check_open()
            if answer and (known := self._answers.get((answer.scope, answer.token))):
                raise TokenTaken(known)
            if expected != self._head:
                raise HeadMoved(expected, self._head)
            if answer:
                self._answers[answer.scope, answer.token] = answer
            if entry:
                self._entries.append(entry)
                self._head = entry.revision
                for write in writes:
                    self._write(write, entry.revision)
                self._changed.notify_all()

    def _write(self, write: Write, revision: int) -> None:
        key = (write.kind, write.id)
        if before := self._live.pop(key, None):
            item, since = before
            self._past.append(_Version(item, since, revision))
        if write.body is not None:
            self._live[key] = (Item(write.kind, write.id, write.body), revision)

    def items(self, revision: int) -> Iterator[Item]:
        """See `Driver.items`."""
        with self._changed:
            self._check_open()
            check_kept(revision, self._oldest, self._head)
            live = [item for item, since in self._live.values() if since <= revision]
            past = [version.item for version in self._past if version.since <= revision < version.until]
        yield from live
        yield from past

    def entries(self, after: int, most: int) -> list[Entry]:
        """See `Driver.entries`."""
        with self._changed:
            self._check_open()
            check_kept(after, self._oldest, self._head)
            first = after - self._oldest
            return self._entries[first : first + most]

    def wait(self, after: int, timeout_s: float) -> int:
        """See `Driver.wait`."""
        end = time.monotonic() + timeout_s
        with self._changed:
            while self._head <= after and not self._closed and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)
            self._check_open()
            return self._head

    def compact(self, keep_from: int, answers_before: int) -> None:
        """See `Driver.compact`."""
        with self._changed:
            self._check_open()
            check_kept(keep_from, 0, self._head)
            oldest = max(keep_from, self._oldest)
            del self._entries[: oldest - self._oldest]
            self._oldest = oldest
            self._past = [version for version in self._past if version.until > oldest]
            self._answers = {key: answer for key, answer in self._answers.items() if answer.at >= answers_before}

    def answer(self, scope: str, token: str) -> Answer | None:
        """See `Driver.answer`."""
        with self._changed:
            self._check_open()
            return self._answers.get((scope, token))

    def facts(self) -> Facts:
        """See `Driver.facts`."""
        with self._changed:
            self._check_open()
            return Facts("memory:", 0, self._oldest, self._head)

    def close(self) -> None:
        """See `Driver.close`."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailable(Cause.CLOSED, "memory: was closed")

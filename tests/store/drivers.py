"""Every driver that the conformance suite runs, and small words in which stores are tested."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from pdp.store.contract import Answer, Driver, Entry, Write
from pdp.store.memory import MemoryStore
from pdp.store.sqlite import SqliteStore


class Opener(Protocol):
    """Opens a handle on the one store of a test; two handles share it."""

    def __call__(self) -> Driver: ...


def memory(_folder: Path) -> Opener:
    store = MemoryStore("one")
    return lambda: store


def sqlite(folder: Path) -> Opener:
    return lambda: SqliteStore(folder / "policy.db", "one")


DRIVERS = {"memory": memory, "sqlite": sqlite}


def put(name: str, body: str) -> Write:
    return Write("thing", name, body)


def delete(name: str) -> Write:
    return Write("thing", name, None)


def commit(store: Driver, *writes: Write, answer: Answer | None = None) -> int:
    """Appends at the head, whatever it is, and gives the new revision."""
    head = store.head()
    store.append(head, Entry(head + 1, f"to {head + 1}"), writes, answer)
    return head + 1


def answer(token: str, body: bytes = b"done", at: int = 0) -> Answer:
    return Answer("someone/Method", token, "digest", body, at)


def state(store: Driver, revision: int) -> dict[str, str]:
    items = list(store.items(revision))
    assert len({(item.kind, item.id) for item in items}) == len(items)
    return {item.id: item.body for item in items}


def revisions(store: Driver, after: int = 0) -> Iterable[int]:
    return [entry.revision for entry in store.entries(after, 1_000_000)]

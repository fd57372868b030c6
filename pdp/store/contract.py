"""The contract that every driver of the store keeps, and the values and errors in which it is written.

A driver keeps text for its callers and never reads it: kinds, ids, bodies and tokens mean nothing to it. It holds

- *items*: the state, a body for each (kind, id), readable at every revision that is kept,
- *entries*: what led from each revision to the next, one a revision,
- *answers*: what was answered to a (scope, token), so that a write can be repeated (§5.5).

Revisions are dense and begin with 0, the empty store. All of the store moves by one step, `Driver.append`: a
compare-and-set on the head revision, visible as a whole or not at all. One number, the oldest revision, says how far
back both reads reach. A driver may not know SQL, files or one machine for any of this, and nothing here does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol


class Item(NamedTuple):
    """One object of the state."""

    kind: str
    id: str
    body: str


class Write(NamedTuple):
    """What becomes of one object; without a body it is deleted, and deleting what is not there does nothing."""

    kind: str
    id: str
    body: str | None


class Entry(NamedTuple):
    """What led to a revision from the one before it."""

    revision: int
    body: str


class Answer(NamedTuple):
    """What a request with a token was answered. `digest` is the request's, `at` is in nanoseconds since 1970 (§5.5)."""

    scope: str
    token: str
    digest: str
    body: bytes
    at: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What health and metrics say of a store. `size` is in bytes, and 0 for one that takes no room of its own."""

    place: str
    size: int
    oldest: int
    head: int


class Cause(Enum):
    """Why a store cannot do now what it is asked."""

    FULL = "full"
    READ_ONLY = "read_only"
    LOCKED = "locked"
    LOST = "lost"
    OUTDATED = "outdated"
    FAULT = "fault"
    CLOSED = "closed"


class StoreError(Exception):
    """Anything that a store refuses. `str(error)` is one line that a person can act on."""


class StoreRefused(StoreError):
    """This store cannot be opened, and was left as it is."""

    def __init__(self, place: str, what: str, remedy: str) -> None:
        super().__init__(f"{place}: {what}; {remedy}")
        self.place = place


class StoreUnavailable(StoreError):
    """What was asked did not happen; it can when the cause is gone (OUTDATED and CLOSED do not go)."""

    def __init__(self, cause: Cause, message: str) -> None:
        super().__init__(message)
        self.cause = cause


class HeadMoved(StoreError):
    """Somebody else appended first. `actual` is the head now."""

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(f"the store is at revision {actual}, not at {expected}: read what is new and try again")
        self.actual = actual


class TokenTaken(StoreError):
    """The token was answered before, with `answer`."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"the token {answer.token!r} was answered before")
        self.answer = answer


class TooOld(StoreError):
    """The revision was compacted away. `oldest` is the first that is still kept."""

    def __init__(self, revision: int, oldest: int) -> None:
        super().__init__(f"revision {revision} is no longer kept, the oldest is {oldest}: read the state anew")
        self.oldest = oldest


class FutureRevision(StoreError):
    """The store has not come so far: it is another one than the caller thinks, or one restored from a copy."""

    def __init__(self, revision: int, head: int) -> None:
        super().__init__(f"there is no revision {revision} yet, the store is at {head}")
        self.head = head


class Driver(Protocol):
    """A store. Every method may block, may be called from any thread, and may raise StoreUnavailable.

    What one process appended, all others that share the store see; none of them is told, they `wait`.
    """

    @property
    def store_id(self) -> str:
        """Made with the store and never changed: revisions of two ids cannot be compared."""

    def head(self) -> int:
        """The newest revision."""

    def append(self, expected: int, entry: Entry | None, writes: Sequence[Write], answer: Answer | None) -> None:
        """Moves the head from `expected` to `expected + 1`, which `entry` names, or only notes the answer.

        All of it is kept, and survives a crash, when this returns; on an error nothing of it is. When the call itself
        is cut off, either may be so, and the answer tells which. No two writes name the same item, and there are no
        writes without an entry. An append may be of any size: a driver whose store takes less at once lays the parts
        down where no reader looks, then lets the one compare-and-set that moves the head point to them.

        Raises TokenTaken when the answer's token has one already, else HeadMoved; both leave the store as it is.
        """

    def items(self, revision: int) -> Iterator[Item]:
        """The state at a revision, each item once, in no order; what is appended meanwhile does not show.

        The iterator raises TooOld or FutureRevision. It is to be read to its end, or closed.
        """

    def entries(self, after: int, most: int) -> list[Entry]:
        """The entries of the revisions from `after + 1` on, ascending and without gaps, at most so many.

        Raises TooOld or FutureRevision for `after`; an empty list says that it is the head.
        """

    def wait(self, after: int, timeout_s: float) -> int:
        """The head as soon as it is above `after`, within 50 ms of the append; at the timeout, whatever it is."""

    def compact(self, keep_from: int, answers_before: int) -> None:
        """Makes `keep_from` the oldest revision: its state and what came after it stay; further back nothing does.

        Answers go by their own age: those given before the instant are dropped, whatever revisions are. Compacting
        less than was compacted already brings nothing back. Raises FutureRevision.
        """

    def answer(self, scope: str, token: str) -> Answer | None:
        """What a token was answered, or None."""

    def facts(self) -> Facts:
        """What health and metrics say of this store."""

    def close(self) -> None:
        """Ends every `wait`; whatever is asked afterwards is unavailable. Closing twice is no error."""


def check_append(expected: int, entry: Entry | None, writes: Sequence[Write]) -> None:
    """What every driver holds its caller to. Raises ValueError: such an append is a fault of the program."""
    if entry is None:
        if writes:
            raise ValueError(f"{len(writes)} writes without an entry: only a new revision can change items")
    elif entry.revision != expected + 1:
        raise ValueError(f"entry {entry.revision} cannot follow revision {expected}")
    if len({(write.kind, write.id) for write in writes}) != len(writes):
        raise ValueError("two writes of one append name the same item")


def check_kept(revision: int, oldest: int, head: int) -> None:
    """Raises TooOld or FutureRevision for a revision that cannot be read."""
    if revision < oldest:
        raise TooOld(revision, oldest)
    if revision > head:
        raise FutureRevision(revision, head)

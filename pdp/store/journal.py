"""The present of a store and the way there: what its text means, kept in step with what every process appends.

All writes of a process go through here, one at a time; reading the snapshot waits for nobody. What the journal holds is
a whole policy of one revision, or there is no journal: text that cannot be read is never left out.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from secrets import token_hex
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

from pdp.model.codes import Code
from pdp.model.errors import Refusal, quoted
from pdp.model.ids import Revision
from pdp.model.instants import SECOND, Instant
from pdp.policy.apply import Applied, apply
from pdp.policy.changes import Change, Kind, Origin
from pdp.policy.draft import stored
from pdp.policy.snapshot import Snapshot
from pdp.store.codec import commit_from, commit_text, resource_text
from pdp.store.commit import Commit
from pdp.store.contract import (
    Answer,
    Driver,
    Entry,
    FutureRevision,
    HeadMoved,
    StoreRefused,
    StoreUnavailable,
    TokenTaken,
    TooOld,
    Write,
)
from pdp.store.reading import differing, read_snapshot

T = TypeVar("T")

ATTEMPTS = 50
"""How often a write is tried while others append first. Each time somebody else's write went through."""
PAGE = 256
"""Entries that are read at once when following."""
ROOM_BYTES = 256 << 10
"""What there has to be room for, for a store to count as one that takes writes."""
TOKENS_KEPT = 24 * 3_600 * SECOND
"""How long answers are remembered at least (§5.5)."""


class Step(NamedTuple):
    """One revision to the next, or several where the state was read anew: then there is no commit.

    `touched` are the kinds and keys of all that may differ from the snapshot before.
    """

    commit: Commit | None
    snapshot: Snapshot
    touched: frozenset[tuple[Kind, str]]


@dataclass(frozen=True, slots=True)
class WriteRequest(Generic[T]):
    """A write that is wanted.

    `plan` gives the changes for a snapshot, and what `answer` needs beside them to say what became of it; both are pure
    and run again when somebody else wrote first. `digest` tells requests apart that bear the same token (§5.5); the
    beginning of one is of the same request, of which less is known by now.
    """

    plan: Callable[[Snapshot], tuple[Sequence[Change], T]]
    answer: Callable[[T, Applied], bytes]
    origin: Origin
    at: Instant
    caller: str
    source: str
    method: str
    client_token: str = ""
    digest: bytes = b""
    expected_revision: int | None = None
    validate_only: bool = False

    @property
    def scope(self) -> str:
        """What the token is scoped by (§5.5). A method's name has no blank in it."""
        return f"{self.method} {self.caller}"


class Written(NamedTuple):
    """What became of a write: the answer, the revision before it and the one after, equal when nothing changed.

    An answer that was given before is `replayed`; then both revisions are those of now.
    """

    answer: bytes
    before: Revision
    after: Revision
    replayed: bool = False


def ignore(_steps: Sequence[Step]) -> None:
    """For who need not be told."""


def hurry() -> None:
    """For who has the processor to themselves."""


class Journal:
    """A driver's store as policies.

    `moved` is called with each step in turn, under the lock of the writes: it publishes, and neither writes nor raises.
    `pause` is called between the parts of a write, none of which is long by itself; it may let others have their turn.
    Raises StoreRefused when the state cannot be read, StoreUnavailable when the driver does.
    """

    def __init__(
        self, driver: Driver, moved: Callable[[Sequence[Step]], None] = ignore, pause: Callable[[], None] = hurry
    ) -> None:
        self.driver = driver
        self._moved = moved
        self._pause = pause
        self._lock = Lock()
        self._went_back = ""
        self._snapshot = read_snapshot(driver)

    @property
    def snapshot(self) -> Snapshot:
        """The newest that this process knows of."""
        return self._snapshot

    def write(self, request: WriteRequest[T]) -> Written:
        """Does what is wanted, once for a token, and never in part. Raises Refusal, with everything as it was."""
        with self._lock:
            try:
                return self._write(request)
            except (StoreUnavailable, StoreRefused) as error:
                message = f"the store did not confirm the change: {error}; with a client token it may be sent again"
                raise Refusal(Code.STORE_UNAVAILABLE, message) from error

    def follow(self) -> list[Step]:
        """Catches up with what others appended. Raises StoreUnavailable or StoreRefused and stays where it was."""
        with self._lock:
            return self._follow()

    def commits_after(self, revision: int, most: int) -> list[Commit]:
        """The commits that follow a revision, ascending, at most so many: what an agent that is there has yet to get.

        Raises StoreError, TooOld above all.
        """
        return [self._commit(entry) for entry in self.driver.entries(revision, most)]

    def compact(self, kept: int, at: Instant) -> None:
        """Forgets all but the last `kept` revisions before the head, and answers older than TOKENS_KEPT (§5.5)."""
        self.driver.compact(max(0, self.driver.head() - kept), at - TOKENS_KEPT)

    def check_room(self) -> None:
        """Appends as much as a large commit needs, for the next `compact` to forget. Raises StoreUnavailable.

        A full store may still take what is small, which so does not show that it takes writes.
        """
        with suppress(HeadMoved):  # somebody else's append went through
            self.driver.append(self.driver.head(), None, (), Answer("", token_hex(16), "", bytes(ROOM_BYTES), 0))

    def _write(self, request: WriteRequest[T]) -> Written:
        for _ in range(ATTEMPTS):
            known = self.driver.answer(request.scope, request.client_token) if request.client_token else None
            self._follow()
            if known:
                return self._replayed(known, request)
            try:
                return self._attempt(request)
            except (HeadMoved, TokenTaken):
                continue
        raise Refusal(
            Code.TOO_BUSY,
            f"others wrote first {ATTEMPTS} times in a row, nothing was changed; send the request again",
            resource=self._snapshot.store,
        )

    def _attempt(self, request: WriteRequest[T]) -> Written:
        """The write against the present snapshot. Raises HeadMoved or TokenTaken with nothing changed."""
        before = self._snapshot
        _check_revision(request.expected_revision, before)
        changes, wanted = request.plan(before)
        self._pause()
        applied = apply(before, changes, request.origin, request.at)
        self._pause()
        if request.validate_only:
            unmoved = replace(applied, snapshot=replace(applied.snapshot, revision=before.revision))
            return Written(request.answer(wanted, unmoved), before.revision, before.revision)
        body = request.answer(wanted, applied)
        answer = None
        if request.client_token:
            answer = Answer(request.scope, request.client_token, request.digest.hex(), body, request.at)
        if applied.snapshot is not before:
            self._append(_commit_of(request, tuple(changes), applied.snapshot.revision), applied, answer)
        elif answer:
            self.driver.append(before.revision, None, (), answer)
        return Written(body, before.revision, applied.snapshot.revision)

    def _append(self, commit: Commit, applied: Applied, answer: Answer | None) -> None:
        after = applied.snapshot
        entry, writes = Entry(commit.revision, commit_text(commit)), _writes(after, applied.touched)
        self._pause()
        self.driver.append(commit.revision - 1, entry, writes, answer)
        self._pause()
        self._move([Step(commit, after, applied.touched)])

    def _replayed(self, known: Answer, request: WriteRequest[T]) -> Written:
        """What was answered before to the same request (§5.5); the snapshot has come at least as far."""
        digest = request.digest.hex()
        if known.digest != digest and not (digest and known.digest.startswith(digest)):
            raise Refusal(
                Code.IDEMPOTENT_MISMATCH,
                f"the client token {quoted(known.token)} was used with another request; give each request its own",
                field="write_options.client_token",
            )
        now = self._snapshot.revision
        return Written(known.body, now, now, replayed=True)

    def _follow(self) -> list[Step]:
        if self._went_back:
            raise self._replaced()
        steps: list[Step] = []
        try:
            while entries := self.driver.entries(self._snapshot.revision, PAGE):
                page: list[Step] = []
                for entry in entries:
                    page.append(self._next(page[-1].snapshot if page else self._snapshot, self._commit(entry)))
                self._move(page)
                steps += page
        except TooOld:
            anew = read_snapshot(self.driver)
            steps.append(Step(None, anew, differing(self._snapshot, anew)))
            self._move(steps[-1:])
        except FutureRevision as error:
            # For good: once others have brought it as far again, its revisions would look like those known here.
            self._went_back = str(error)
            raise self._replaced() from error
        return steps

    def _replaced(self) -> StoreRefused:
        return StoreRefused(self._place(), self._went_back, "it was replaced by an older copy: start again to serve it")

    def _next(self, before: Snapshot, commit: Commit) -> Step:
        """The step of a commit that was accepted against this very snapshot, here or elsewhere."""
        try:
            applied = apply(before, commit.changes, commit.origin, commit.at)
            self._pause()
        except Refusal as error:
            raise self._damaged(commit.revision, f"is refused: {error}") from error
        if applied.snapshot.revision != commit.revision:
            raise self._damaged(commit.revision, "changes nothing")
        return Step(commit, applied.snapshot, applied.touched)

    def _commit(self, entry: Entry) -> Commit:
        try:
            commit = commit_from(entry.body)
        except ValueError as error:
            raise self._damaged(entry.revision, f"cannot be read: {error}") from error
        if commit.revision != entry.revision:
            raise self._damaged(entry.revision, f"says that it is revision {commit.revision}")
        return commit

    def _damaged(self, revision: int, what: str) -> StoreRefused:
        return StoreRefused(
            self._place(),
            f"the commit of revision {revision} {what}",
            "it is damaged, or was written by a newer version of this program: run that, or restore a copy",
        )

    def _place(self) -> str:
        return self.driver.facts().place

    def _move(self, steps: Sequence[Step]) -> None:
        self._snapshot = steps[-1].snapshot
        self._moved(steps)


def _check_revision(expected: int | None, present: Snapshot) -> None:
    if expected is not None and expected != present.revision:
        raise Refusal(
            Code.REVISION_MISMATCH,
            f"the policy is at revision {present.revision}, not at the expected {expected}; "
            "read it again and decide anew",
            field="write_options.expected_revision",
            resource=present.store,
        )


def _commit_of(request: WriteRequest[T], changes: tuple[Change, ...], revision: Revision) -> Commit:
    who = (request.caller, request.source, request.method, request.client_token)
    return Commit(revision, request.at, *who, request.origin, changes)


def _writes(after: Snapshot, touched: frozenset[tuple[Kind, str]]) -> list[Write]:
    """What becomes of each object that was touched."""
    writes = []
    for kind, key in touched:
        resource = stored(after, kind, key)
        writes.append(Write(kind.value, key, None if resource is None else resource_text(resource)))
    return writes

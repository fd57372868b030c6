"""Follows a store on a thread of its own: commits of other processes, old history, and whether writes work again.

What fails is noted and tried again; it must never end the thread, nor keep a check or a write waiting for long.
"""

from collections.abc import Callable
from threading import Event, Thread

import structlog

from pdp.model.instants import SECOND, Instant
from pdp.server.clock import CLOCK
from pdp.server.policies import StoredPolicy
from pdp.store.contract import StoreError

log = structlog.get_logger()

WAIT_S = 1.0
"""How long one wait for a commit is. A commit ends it at once; this is how often everything else is looked at."""
COMPACT_EVERY = 60 * SECOND
"""How often history is cut back; at once after trouble, which shows whether the store takes writes again."""


class Follower:
    """Follows until it is stopped. `history` is how many commits before the head are kept."""

    def __init__(self, policy: StoredPolicy, history: int, now: Callable[[], Instant] = CLOCK) -> None:
        self._policy = policy
        self._history = history
        self._now = now
        self._stopping = Event()
        self._compacted_at: Instant | None = None
        self._thread = Thread(target=self._run, name="follow", daemon=True)

    def start(self) -> None:
        """Begins to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread. The driver's `close` ends a wait that goes on."""
        self._stopping.set()
        self._policy.driver.close()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._once()
            except StoreError as error:
                if not self._stopping.is_set():
                    self._policy.state.failed(str(error))
            except Exception as error:
                self._policy.state.failed("an unexpected error; the server's log tells more")
                log.exception("unexpected error while following the store", exc_info=error)
            else:
                continue
            self._stopping.wait(WAIT_S)

    def _once(self) -> None:
        policy, state = self._policy, self._policy.state
        present = policy.snapshot.revision
        if policy.driver.wait(present, WAIT_S) != present:  # below it, the store was replaced by an older copy
            policy.journal.follow()
        state.facts = policy.driver.facts()
        now = self._now()
        if self._compacted_at is None or now - self._compacted_at >= COMPACT_EVERY or not state.available:
            if not state.available:
                policy.journal.check_room()
            policy.journal.compact(self._history, now)
            self._compacted_at = now
            state.worked()

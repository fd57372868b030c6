"""Whether the store takes writes, as this process last found out: for health, metrics and the log.

A store that is full, read-only or locked refuses writes while decisions go on; it says so here, and when it is well
again. Any thread may tell or ask.
"""

from collections.abc import Callable
from threading import Lock

import structlog

from pdp.store.contract import Facts

log = structlog.get_logger()


class StoreState:
    """The state, available until something fails. `changed` is called with whether it is, at each change and in order.

    It is called under a lock, and must not wait.
    """

    def __init__(self, changed: Callable[[bool], None]) -> None:
        self.trouble = ""
        """Why writes are refused; empty while they are taken."""
        self.commits = 0
        """Commits that this process has seen since it started, its own among them."""
        self.facts: Facts | None = None
        """What the store last told of itself."""
        self._changed = changed
        self._lock = Lock()

    @property
    def available(self) -> bool:
        """Whether writes are taken, as far as is known."""
        return not self.trouble

    def failed(self, why: str) -> None:
        """The store did not do what it was asked."""
        with self._lock:
            first, self.trouble = self.available, why
            if first:
                log.error("THE STORE TAKES NO WRITES: decisions go on, writes are refused", why=why)
                self._changed(False)

    def worked(self) -> None:
        """The store has written something."""
        with self._lock:
            first, self.trouble = not self.available, ""
            if first:
                log.info("the store takes writes again")
                self._changed(True)

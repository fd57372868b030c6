"""What a server administers: a store's policy, which every commit moves on, or a bundle's, which stays as it is.

From here each new snapshot gets to the checks: the checker for it is derived on the thread that wrote or followed, and
handed to the event loop whole. Checks never wait for any of it.
"""

from collections.abc import Callable, Sequence
from time import sleep
from typing import NoReturn, Protocol, TypeVar

from pdp.index.cache import IndexCache
from pdp.index.checker import Checker
from pdp.model.codes import Code
from pdp.model.errors import Refusal
from pdp.model.ids import EniId
from pdp.policy.changes import Kind
from pdp.policy.snapshot import Snapshot
from pdp.server.store_state import StoreState
from pdp.store.contract import Driver
from pdp.store.journal import Journal, Step, WriteRequest, Written

T = TypeVar("T")

PAUSE_S = 0.000_01
"""How long a thread that writes sleeps between the parts of a write. Where cores are few, a check that came meanwhile
runs then; else it would wait until the system takes the core from the writer by itself, which takes milliseconds."""


class Policies(Protocol):
    """What is administered."""

    @property
    def snapshot(self) -> Snapshot:
        """The present one."""

    def write(self, request: WriteRequest[T]) -> Written:
        """Does what is wanted, once for a token, and never in part. Raises Refusal, with everything as it was."""


class FixedPolicy:
    """A policy that is served as it was read, and refuses every write."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    def write(self, _request: WriteRequest[T]) -> NoReturn:
        """Raises Refusal with READ_ONLY."""
        raise Refusal(
            Code.READ_ONLY,
            "this server serves a bundle, which nobody can change through it; "
            "start it with --store sqlite:PATH to administer a policy",
        )


class StoredPolicy:
    """A store's policy. `publish` gets each new checker, in order, on whichever thread brought the commit.

    Building one reads the state and prepares its checker. Raises StoreRefused and StoreUnavailable.
    """

    def __init__(
        self, driver: Driver, cache: IndexCache, state: StoreState, publish: Callable[[Checker], None]
    ) -> None:
        self.driver = driver
        self.state = state
        self.journal = Journal(driver, self._moved, _give_way)
        self._publish = publish
        self.checker = Checker(self.journal.snapshot, cache)
        self.checker.prepare()

    @property
    def snapshot(self) -> Snapshot:
        """The newest that this process knows of."""
        return self.journal.snapshot

    def write(self, request: WriteRequest[T]) -> Written:
        """See `Journal.write`; what it says of the store is noted."""
        try:
            written = self.journal.write(request)
        except Refusal as error:
            if error.code is Code.STORE_UNAVAILABLE:
                self.state.failed(error.message)
            raise
        if written.after != written.before:
            self.state.worked()
        return written

    def _moved(self, steps: Sequence[Step]) -> None:
        """Under the journal's lock: the checkers come in order, and none is derived from an older one twice."""
        enis = {EniId(key) for step in steps for kind, key in step.touched if kind is Kind.ENI}
        self.checker = self.checker.after(steps[-1].snapshot, enis)
        self.state.commits += len(steps)
        self._publish(self.checker)


def _give_way() -> None:
    sleep(PAUSE_S)

"""The policy that is being served: what handlers read once per request, and whoever loads or follows it replaces."""

import asyncio
from contextlib import suppress

from pdp.index.checker import Checker
from pdp.model.errors import PdpError, Reason


class PolicySource:
    """Holds the present checker: None until a policy is loaded, then always one. Used on one event loop."""

    def __init__(self) -> None:
        self.checker: Checker | None = None
        self._published = asyncio.Event()
        self._ended = False

    def publish(self, checker: Checker) -> None:
        """Makes this the policy from now on, and wakes who waits for its revision."""
        self.checker = checker
        self._wake()

    def end(self) -> None:
        """Nobody waits any longer: no other policy comes."""
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        self._published.set()
        self._published = asyncio.Event()

    def loaded(self) -> Checker:
        """The present checker. Raises PdpError with NOT_READY when there is none yet."""
        if self.checker is None:
            raise PdpError(Reason.NOT_READY, "the policy is not loaded yet; try again in a moment")
        return self.checker

    async def at_least(self, revision: int, timeout_s: float) -> Checker:
        """The first checker at this revision or above. Raises PdpError with REVISION_NOT_REACHED or NOT_READY."""
        checker = self.loaded()
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while checker.snapshot.revision < revision and not self._ended:
                    await self._published.wait()
                    checker = self.loaded()
        if checker.snapshot.revision < revision and self._ended:
            raise PdpError(Reason.NOT_READY, f"the server is stopping before revision {revision}; ask another one")
        if checker.snapshot.revision < revision:
            raise PdpError(
                Reason.REVISION_NOT_REACHED,
                f"revision {revision} was not reached in time; the store is at {checker.snapshot.revision}",
            )
        return checker

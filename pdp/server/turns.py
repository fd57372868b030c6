"""Long work takes turns with everything else on the event loop, and with other long work.

A check that comes alone takes a few rounds of the loop. However many batches run at once, one slice of one of them is
all that happens between two rounds; so a lone caller waits for a few slices and never for a batch.
"""

import asyncio
from collections.abc import Iterator
from time import perf_counter

SLICE_S = 0.00025
"""A slice: long beside the cost of a round, short beside what a caller notices."""


class Turns:
    """One queue of long work, first come, first served, slice by slice. Used on one event loop."""

    def __init__(self, slice_s: float = SLICE_S) -> None:
        self._slice_s = slice_s
        self._lock = asyncio.Lock()

    async def run(self, work: Iterator[object]) -> None:
        """Drives work to its end. It yields wherever it may be interrupted; a cancelled request ends it there."""
        while True:
            async with self._lock:
                end = perf_counter() + self._slice_s
                for _ in work:
                    if perf_counter() >= end:
                        break
                else:
                    return
                # Inside the lock: whoever is next in the queue starts after the others on the loop had their round.
                await asyncio.sleep(0)

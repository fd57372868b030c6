"""Long work takes turns with everything else on the event loop, and with other long work.

A check that comes alone takes a few rounds of the loop. However many batches run at once, there are so many rounds
between a slice of one of them and the next slice of any; so a lone caller waits for about two slices and never for a
batch.
"""

import asyncio
from collections.abc import Iterator
from time import perf_counter

SLICE_S = 0.0005
"""A slice: long beside the cost of the rounds, short beside what a caller notices."""
ROUNDS = 4
"""Rounds of the loop between two slices: as many as a check takes from its arrival to its answer."""


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
                # Inside the lock: whoever is next in the queue starts after the others on the loop had their rounds.
                for _ in range(ROUNDS):
                    await asyncio.sleep(0)

"""What is read from files anew when they change, and kept as it last was while they cannot be read.

A broken file never takes away what works: it is reported once, loudly, and the last good value stays.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger()

T = TypeVar("T")

Signature = tuple[tuple[int, int, int], ...]
"""Time, size and inode of each file."""


class Reloaded(Generic[T]):
    """A value read from some files. `read` raises OSError or ValueError where they are unusable.

    Building one reads them, and raises what `read` raises. `what` names the value in the log. `trouble` says why the
    files as they are now could not be used, and is empty while they can. Any thread may ask.
    """

    def __init__(
        self,
        what: str,
        paths: Sequence[Path],
        read: Callable[[], T],
        interval_s: float = 1.0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.what = what
        self.trouble = ""
        self._paths = tuple(paths)
        self._read = read
        self._interval_s = interval_s
        self._clock = clock
        self._lock = Lock()
        self._looked_at = clock()
        # Taken before reading: a file that changes meanwhile looks changed at the next look, and is read again.
        self._signature = self._sign()
        self._value = read()

    @property
    def value(self) -> T:
        """The value, after a look at the files where the last look is longer ago than `interval_s` seconds."""
        with self._lock:
            now = self._clock()
            if now - self._looked_at >= self._interval_s:
                self._looked_at = now
                self._look()
            return self._value

    def _look(self) -> None:
        """Reads the files if they changed, and if they were in trouble: why may have gone without a trace on them."""
        try:
            signature = self._sign()
            if signature == self._signature and not self.trouble:
                return
            self._value = self._read()
        except (OSError, ValueError) as error:
            self._unusable(str(error))
            return
        self._signature = signature
        self.trouble = ""
        log.info("read anew", what=self.what)

    def _unusable(self, why: str) -> None:
        """Says so, once for each cause."""
        if why != self.trouble:
            self.trouble = why
            log.error("A CHANGED FILE IS UNUSABLE: what was read before stays in force", what=self.what, why=why)

    def _sign(self) -> Signature:
        found = [os.stat(path) for path in self._paths]  # noqa: PTH116 - follows links, as reading does
        return tuple((status.st_mtime_ns, status.st_size, status.st_ino) for status in found)

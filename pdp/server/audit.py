"""The audit log: one JSON line for each write, each refusal of one, and each call that its caller may not make.

It never stands in the way of what it tells about. Lines are handed to a thread that writes them, so that neither a full
nor a hanging disk holds up a decision; what cannot be written is counted and reported, and the file itself says where
lines are missing. Which commits there were, and whose, the store knows by itself.
"""

import fcntl
import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from io import TextIOWrapper
from logging import LogRecord, makeLogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path
from queue import Full, Queue
from threading import Lock, Thread

import structlog

from pdp.model.identity import Caller
from pdp.model.ids import Revision
from pdp.model.instants import Instant, format_instant

log = structlog.get_logger()

MOST_WAITING = 10_000
"""Lines that wait for the disk; further ones are lost."""
MOST_IDS = 100
MOST_CHARACTERS = 500
"""What a line repeats of a request, so that none can fill a disk by itself."""


class AuditDecision(Enum):
    """What became of a request."""

    COMMITTED = "committed"
    UNCHANGED = "unchanged"
    """It was done, and nothing had to change (§5.5)."""
    REPEATED = "repeated"
    """Its client token was known: the answer of the first time was given again."""
    VALIDATED = "validated"
    """It would have been done: it asked for validation only."""
    REFUSED = "refused"
    """By RAM, a clause or a limit."""
    FAILED = "failed"
    """By a fault of the store or the server."""


class AuditError(Exception):
    """An audit log that belongs to another process. The message names it, and says what to do."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line: who did what, from where, and what became of it.

    `method` is the RPC's short name, `resources` the ids and names that it is about and the ids that it made,
    `source_ip` the address it came from. Revisions are those of the head before and after, None where it was not looked
    at. `code` and `reason` say why it was refused.
    """

    at: Instant
    caller: Caller
    source_ip: str
    method: str
    decision: AuditDecision
    resources: tuple[str, ...] = ()
    client_token: str = ""
    revision_before: Revision | None = None
    revision_after: Revision | None = None
    code: str = ""
    reason: str = ""

    def line(self) -> str:
        """One line of JSON, ASCII only, without its end."""
        shown: dict[str, object] = {
            "at": format_instant(self.at),
            "caller": str(self.caller),
            "source_ip": _cut(self.source_ip),
            "method": self.method,
            "resources": [_cut(resource) for resource in self.resources[:MOST_IDS]],
            "client_token": _cut(self.client_token),
            "decision": self.decision.value,
            "code": self.code,
            "reason": _cut(self.reason),
            "revision_before": self.revision_before,
            "revision_after": self.revision_after,
        }
        if len(self.resources) > MOST_IDS:
            shown["resources_left_out"] = len(self.resources) - MOST_IDS
        return json.dumps(shown, separators=(",", ":"))


class AuditLog:
    """An audit log in a file of its own, `files` + 1 in all of `file_bytes` each. Any thread may record.

    Building one raises AuditError where another process writes to the same file, and nothing else: a path that cannot
    be written loses lines, and says so.
    """

    def __init__(
        self, path: Path, file_bytes: int = 100 << 20, files: int = 10, most_waiting: int = MOST_WAITING
    ) -> None:
        self._path = path
        self._lost = Losses(path)
        self._only = _only_writer(path)
        self._file = _RotatedFile(path, file_bytes, files, self._lost)
        self._waiting: Queue[str | None] = Queue(most_waiting)
        self._writer = Thread(target=self._write_all, name="audit", daemon=True)
        self._writer.start()

    @property
    def lost(self) -> int:
        """Lines lost since the start."""
        return self._lost.total

    def record(self, entry: AuditEntry) -> None:
        """Takes a line to be written. Never waits and never raises."""
        try:
            self._waiting.put_nowait(entry.line())
        except Full:
            self._lost.one(f"{self._waiting.maxsize} lines wait for the disk")

    def close(self, timeout_s: float = 5.0) -> None:
        """Writes what waits, and gives up after `timeout_s` seconds."""
        with suppress(Full):
            self._waiting.put(None, timeout=timeout_s)
            self._writer.join(timeout_s)
        if self._writer.is_alive():
            log.error("AUDIT LINES ARE LOST: the disk did not take them in time", waiting=self._waiting.qsize())
        elif self._only is not None:
            os.close(self._only)
            self._only = None

    def _write_all(self) -> None:
        self._file.open_early()
        while (line := self._waiting.get()) is not None:
            self._file.write(line)
            self._waiting.task_done()
        self._file.close_quietly()


class Losses:
    """Counts lines that were lost, and tells when losing begins and ends. Any thread may ask."""

    def __init__(self, path: Path) -> None:
        self.total = 0
        self.gap = 0
        """Lost since the last line that was written."""
        self._path = str(path)
        self._lock = Lock()

    def one(self, why: str) -> None:
        """One more line is lost."""
        with self._lock:
            self.total += 1
            self.gap += 1
            begins = self.gap == 1
        if begins:
            log.error("AUDIT LINES ARE BEING LOST", path=self._path, why=why)

    def told(self, count: int) -> None:
        """The file now says that so many lines are missing."""
        with self._lock:
            self.gap -= count
        log.warning("audit lines are written again", path=self._path, lost=count)


class _RotatedFile(RotatingFileHandler):
    """The library's rotation, with failures counted instead of printed. Used on the writer's thread alone."""

    def __init__(self, path: Path, file_bytes: int, files: int, losses: Losses) -> None:
        super().__init__(path, maxBytes=file_bytes, backupCount=files, encoding="ascii", delay=True)
        self._losses = losses
        self._failed = False
        self._stuck = False

    def open_early(self) -> None:
        """Opens the file, so that a path that cannot be written is seen at the start and not at the first line."""
        try:
            self.stream = self._open()
        except OSError as error:
            log.warning("THE AUDIT LOG CANNOT BE WRITTEN", path=self.baseFilename, why=str(error))

    def write(self, line: str) -> None:
        """Writes a line, after one that says how many are missing hereabouts."""
        if self.stream is not None and not os.path.exists(self.baseFilename):  # noqa: PTH110
            self.close_quietly()  # somebody moved it away; lines written there would be seen by nobody
        gap = self._losses.gap
        text = f"{json.dumps({'lines_lost': gap}, separators=(',', ':'))}\n{line}" if gap else line
        self._failed = False
        self.emit(makeLogRecord({"msg": text}))
        if gap and not self._failed:
            self._losses.told(gap)

    def handleError(self, record: LogRecord) -> None:  # noqa: ARG002, N802 - the library's
        """Counts the line, and lets the file go: what its buffer still holds was not written and must not be later."""
        self._failed = True
        self._losses.one(str(sys.exc_info()[1]))
        self.close_quietly()

    def doRollover(self) -> None:  # noqa: N802 - the library's
        """Rotates; where that fails, the file grows on, which loses nothing."""
        try:
            super().doRollover()
            self._stuck = False
        except OSError as error:
            if not self._stuck:
                self._stuck = True
                log.warning("the audit log cannot be rotated and grows on", path=self.baseFilename, why=str(error))

    def close_quietly(self) -> None:
        """Closes the file, whatever comes of it; the next line opens it again."""
        stream, self.stream = self.stream, None
        if stream is not None:
            try:
                stream.close()
            except OSError:
                self._failed = True

    def _open(self) -> TextIOWrapper:
        """Opens the file for its owner alone, and ends a line that a full disk or a kill has cut."""
        stream = open(self.baseFilename, "a", encoding="ascii", opener=_for_its_owner)  # noqa: SIM115
        try:
            if _is_cut(self.baseFilename):
                stream.write("\n")
        except OSError:
            stream.close()
            raise
        return stream


def _only_writer(path: Path) -> int | None:
    """A lock on the log for as long as this process lives: two that rotate one file would destroy each other's lines.

    None where no lock can be had for another reason than that: a full disk does not keep a server from starting.
    """
    lock = path.with_name(path.name + ".lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        log.warning("the audit log cannot be locked", path=str(path), why=str(error))
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AuditError(
            f"{path}: another process writes its audit log there; give each server a file of its own"
        ) from None
    except OSError as error:
        os.close(descriptor)
        log.warning("the audit log cannot be locked", path=str(path), why=str(error))
        return None
    return descriptor


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _is_cut(path: str) -> bool:
    """Whether an ordinary file ends within a line."""
    if not os.path.isfile(path) or not os.path.getsize(path):  # noqa: PTH113, PTH202 - the library's names are text
        return False
    with open(path, "rb") as file:  # noqa: PTH123
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"

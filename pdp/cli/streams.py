"""Stdin, stdout and stderr as a shell may leave them: closed, full, gone, or without a letter for most of the world."""

import errno
import os
import sys
from io import TextIOWrapper

UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}
"""Why a write to an open file fails. Files that a verb names are looked after where they are used."""


def prepare_streams() -> None:
    """Makes every stream one that is there. Called once, by the process's start.

    One that was closed fails when it is used, as it should; a file that is opened later never gets its number.
    """
    # In the order of their numbers, since each gets the lowest free one.
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_WRONLY))
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def drop_output() -> None:
    """Sends what is still in the buffer of stdout nowhere: it would fail again when Python flushes it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

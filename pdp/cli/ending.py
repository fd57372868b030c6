"""How a command line ends: with its exit code, and with one line on stderr when it could not go on (docs/cli.md)."""

import sys
from collections.abc import Callable
from typing import Any

import typer

from pdp.cli.exits import ExitCode, Fault
from pdp.cli.output import complain
from pdp.cli.streams import UNWRITABLE, drop_output

Code = int | str | None
"""As `sys.exit` takes it."""
USAGE_ERROR: type[Any] = typer.BadParameter.mro()[1]
"""What every usage error of typer is. It exports the one kind alone."""


def exit_code_of(run: Callable[[], Code]) -> Code:
    """Runs a command line, which gives its exit code or raises. What nobody foresaw is raised from here."""
    try:
        try:
            return run()
        finally:
            sys.stdout.flush()
    except Fault as fault:
        complain(str(fault))
        return fault.exit_code
    except USAGE_ERROR as error:
        return _misused(error.format_message(), error.ctx)
    except typer.Abort:
        complain("aborted")
        return ExitCode.INTERRUPTED
    except (SystemExit, OSError) as end:
        return _ended(end)


def _misused(message: str, context: typer.Context | None) -> ExitCode:
    """A command line that typer does not understand. The message is blank when it has shown the help instead."""
    if message:
        hint = f"; see `{context.command_path} --help`" if context else ""
        complain(f"{message.rstrip('.')}{hint}")
    return ExitCode.USAGE


def _ended(end: SystemExit | OSError) -> Code:
    """A stdout that cannot be written. rich and typer make a SystemExit with 1 of a closed pipe."""
    if BrokenPipeError in {type(end), type(end.__context__)}:
        drop_output()
        return ExitCode.CLOSED_PIPE
    if isinstance(end, SystemExit):
        return end.code
    if end.filename is not None or end.errno not in UNWRITABLE:
        raise end
    drop_output()
    complain(f"cannot write the output: {end.strerror}")
    return ExitCode.OUTPUT

"""The exit codes of `pdp`, and the one error by which a verb ends early. docs/cli.md lists them for users."""

from enum import IntEnum

from pdp.model.errors import PdpError


class ExitCode(IntEnum):
    """What a shell may conclude."""

    OK = 0
    """Answered, valid, or all scenarios hold."""
    NEGATIVE = 1
    """Answered in the negative: a drop under `--exit-code`, or a scenario that fails."""
    USAGE = 2
    """The command line, the question, or an input file cannot be used."""
    POLICY = 3
    """The policy cannot be read; no verdict was given."""
    SERVER = 4
    """The server cannot be reached, failed, or cannot listen where it was told to."""
    REFUSED = 5
    """The server refuses a request that is fine in itself: a limit, a state, a permission, another revision."""
    INTERNAL = 70
    """Something that nobody foresaw: a fault of this program, with a traceback to report."""
    OUTPUT = 74
    """The output cannot be written, as on a full disk."""
    INTERRUPTED = 130
    """Ctrl-C, as shells report it (128 + SIGINT)."""
    CLOSED_PIPE = 141
    """Whoever read the output has gone, as shells report it (128 + SIGPIPE)."""


class Fault(Exception):
    """Ends a verb: `str(fault)` goes to stderr as one line, and the process ends with `exit_code`.

    `reason` is the code that a server refused with; blank when none did.
    """

    def __init__(self, exit_code: ExitCode, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.exit_code = exit_code


def refused_question(error: PdpError) -> Fault:
    """A question that has no answer (§2.1): an unknown ENI, an address that is none."""
    return Fault(ExitCode.USAGE, f"{error.reason.name}: {error.message}")

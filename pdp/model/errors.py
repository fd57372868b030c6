"""What can be refused, and why.

A dropped flow is a verdict; an error says that no verdict can be given. Each error has one `Reason`, which programs
read, and `Violation`s, which name the field, show the value and state the rule that it breaks.
"""

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple


class Reason(Enum):
    """Machine-readable causes. The numbers are those of `ErrorReason` in the contract and never change."""

    UNKNOWN_ENI = 1
    MISSING_ENI = 2
    INVALID_DIRECTION = 3
    INVALID_PROTOCOL = 4
    INVALID_ADDRESS = 5
    MIXED_ADDRESS_FAMILIES = 6
    INVALID_PORT = 7
    MISSING_PORT = 8
    INVALID_FLOW = 9
    BATCH_TOO_LARGE = 10
    UNEQUAL_COLUMNS = 11
    INVALID_COLUMN = 12
    INVALID_PATH = 13
    UNKNOWN_RULE = 14
    REVISION_NOT_REACHED = 15
    NOT_READY = 16
    FLOW_NOT_LOGGED = 17
    INVALID_TIME = 18
    UNREADABLE_POLICY = 19
    TOO_MANY_REQUESTS = 20
    INVALID_REQUEST = 21


class Violation(NamedTuple):
    """One fault of one field: where (a path such as `flow.destination_port`), and which rule the value breaks."""

    field: str
    description: str


QUOTED_VALUE_LIMIT = 80
"""Characters of a caller's value that a message repeats."""


def quoted(value: object) -> str:
    """The value as a message shows it: quoted, and cut to `QUOTED_VALUE_LIMIT` characters."""
    text = repr(value)
    return text if len(text) <= QUOTED_VALUE_LIMIT else text[: QUOTED_VALUE_LIMIT - 1] + "…"


class PdpError(Exception):
    """A question or an input that is refused. `str(error)` is one line a person can act on."""

    def __init__(self, reason: Reason, message: str, violations: Iterable[Violation] = ()) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.violations = tuple(violations)


class FieldError(PdpError):
    """One field with a value that breaks a rule."""

    def __init__(self, reason: Reason, field: str, description: str) -> None:
        super().__init__(reason, f"{field}: {description}", (Violation(field, description),))
        self.field = field
        self.description = description

    def under(self, prefix: str) -> "FieldError":
        """The same error, with the field's path one level deeper."""
        return FieldError(self.reason, f"{prefix}.{self.field}", self.description)

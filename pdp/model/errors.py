"""What can be refused, and why.

A dropped flow is a verdict; an error says that no verdict can be given. Each error has one `Reason`, which programs
read, and `Violation`s, which name the field, show the value and state the rule that it breaks.
"""

import json
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from pdp.model.codes import Code


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
    """The value as a message shows it: quoted, JSON as JSON, and cut to `QUOTED_VALUE_LIMIT` characters."""
    is_json = value is None or isinstance(value, bool | list | dict)
    text = json.dumps(value, default=repr) if is_json else repr(value)
    return text if len(text) <= QUOTED_VALUE_LIMIT else text[: QUOTED_VALUE_LIMIT - 1] + "…"


class PdpError(Exception):
    """A question or an input that is refused. `str(error)` is one line a person can act on."""

    def __init__(self, reason: Reason | Code, message: str, violations: Iterable[Violation] = ()) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.violations = tuple(violations)


class FieldError(PdpError):
    """One field with a value that breaks a rule."""

    def __init__(self, reason: Reason | Code, field: str, description: str) -> None:
        super().__init__(reason, f"{field}: {description}", (Violation(field, description),))
        self.field = field
        self.description = description

    def under(self, prefix: str) -> "FieldError":
        """The same error, with the field's path one level deeper."""
        return FieldError(self.reason, f"{prefix}.{self.field}", self.description)


class QuotaUse(NamedTuple):
    """A limit that a change would exceed: what it limits, on which subject, its value, and the count there is now.

    `wanted` is the count that the change would lead to.
    """

    limit: str
    subject: str
    value: int
    present: int
    wanted: int


class Refusal(PdpError):
    """A change that a clause forbids (§4, §5, §7). `reason` is the product's code.

    `quota` is set where a limit stands in the way; `resource` is the id of what is missing or in the way; `field` is
    the request's field, where one is at fault.
    """

    def __init__(
        self, code: Code, message: str, *, field: str = "", resource: str = "", quota: QuotaUse | None = None
    ) -> None:
        super().__init__(code, message, [Violation(field, message)] if field else ())
        self.code = code
        self.field = field
        self.resource = resource
        self.quota = quota

    def at(self, field: str) -> "Refusal":
        """The same refusal, naming the request's field."""
        return Refusal(self.code, self.message, field=field, resource=self.resource, quota=self.quota)

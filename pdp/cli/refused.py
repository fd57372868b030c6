"""What a server said when it refused, as one line for people: the code, the reason, and what to do next.

Plain data and text; `remote` takes it out of a call that failed.
"""

from typing import NamedTuple

from pdp.cli.exits import ExitCode, Fault
from pdp.model.codes import Code

QUESTIONS_FAULT = {"INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION"}
"""Statuses by which a server says that the question has no answer."""
REFUSED = {
    "FAILED_PRECONDITION",
    "RESOURCE_EXHAUSTED",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "UNAUTHENTICATED",
    "ABORTED",
}
"""Statuses by which it says that a request which is fine in itself may not be, now or by this caller."""
CODES = {code.value for code in Code}

ADVICE = {
    Code.RULES_PER_GROUP: "`pdp group show` lists the rules there are, `pdp group revoke` takes some away",
    Code.RULES_PER_ENI: "`pdp eni show` names the groups that count, `pdp quota list` the limits",
    Code.GROUPS_PER_ENI: "leave a group with `pdp group leave`, or raise the limit: `pdp quota set groups_per_eni N`",
    Code.MEMBERS_PER_GROUP: "put the ENI into another group, or see `pdp quota list`",
    Code.GROUPS_PER_ACCOUNT: "delete a group with `pdp group delete`, or see `pdp quota list`",
    Code.QUOTA_FIXED: "`pdp quota list` tells which limits can be set",
    Code.GROUP_TYPE_FIXED: "`pdp group clone --type` makes a group of the other type with the same rules",
    Code.MULTI_GROUP_TYPE: "`pdp instance groups` and `pdp eni groups` replace all groups at once, type and all",
    Code.AT_LEAST_ONE_GROUP: "join another group first, or name the new groups with `pdp instance groups`",
    Code.DEPENDENCY_VIOLATION: "`pdp group references` and `pdp eni list --group` tell what still needs it",
    Code.LOCKED_FOR_SECURITY: "`pdp penalty list` tells why; `pdp penalty request-unblock` or `appeal` may follow",
    Code.PRIMARY_ENI: "its groups are its instance's: `pdp instance groups`",
    Code.REVISION_MISMATCH: "look at what changed, then ask again with the present revision",
    Code.IDEMPOTENT_MISMATCH: "use another --client-token for another request",
    Code.TOO_BUSY: "ask again",
    Code.FORBIDDEN: "`pdp whoami` tells who asks; the account's owner gives permission with `pdp ram user attach`",
    Code.OPERATOR_ONLY: "`pdp whoami` tells who asks",
    Code.UNAUTHENTICATED: "set the token with $PDP_TOKEN, --token or in the config file",
    Code.STORE_UNAVAILABLE: "nothing was written; ask again when the store is back",
}
"""What to do next, in this command's words, beside what the server itself says."""


class ServerError(NamedTuple):
    """A call that failed: the status by name, its message, and ErrorInfo's reason, which may be empty."""

    status: str
    message: str
    reason: str = ""


def fault_of(error: ServerError, server: str) -> Fault:
    """The fault that ends a verb."""
    if error.reason in CODES and error.status in REFUSED:
        return Fault(ExitCode.REFUSED, refusal_text(error), error.reason)
    if error.status in QUESTIONS_FAULT:
        return Fault(ExitCode.USAGE, refusal_text(error), error.reason)
    if error.status == "UNAVAILABLE" and not error.reason:
        hint = "start one with `pdp serve --bundle DIR`, or name another with --server HOST:PORT"
        return Fault(ExitCode.SERVER, f"no answer from a server at {server}: {error.message}; {hint}")
    return Fault(ExitCode.SERVER, f"the server at {server} says {refusal_text(error)}")


def refusal_text(error: ServerError) -> str:
    """One line: the code, what is wrong, and what to do next. For a limit the server's message has the numbers."""
    text = f"{error.reason or error.status}: {error.message}"
    advice = next((advice for code, advice in ADVICE.items() if code.value == error.reason), "")
    return f"{text}; {advice}" if advice else text

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
    Code.RULES_PER_GROUP: "`pdp group show` lists the rules, `pdp group revoke` takes them away",
    Code.RULES_PER_ENI: "`pdp eni show` names the groups that count, `pdp quota list` the limits",
    Code.GROUPS_PER_ENI: "`pdp group leave` does the one, `pdp quota set groups_per_eni N` the other",
    Code.MEMBERS_PER_GROUP: "`pdp quota list` shows the limits, `pdp quota set` raises them",
    Code.GROUPS_PER_ACCOUNT: "`pdp group delete` does the one, `pdp quota set groups_per_account N` the other",
    Code.LIST_ENTRIES: "`pdp prefix-list set` and `pdp port-list set` take --max-entries",
    Code.QUOTA_FIXED: "`pdp quota list` tells which limits can be set",
    Code.GROUP_TYPE_FIXED: "`pdp group clone --type` makes a group of the other type with the same rules",
    Code.MULTI_GROUP_TYPE: "`pdp instance groups` and `pdp eni groups` do",
    Code.AT_LEAST_ONE_GROUP: "`pdp group join` does, or `pdp instance groups` names all of them anew",
    Code.DEPENDENCY_VIOLATION: (
        "`pdp eni list --group`, `pdp group references` and `pdp prefix-list references` tell what still needs it"
    ),
    Code.LOCKED_FOR_SECURITY: "`pdp penalty list` tells why; `pdp penalty request-unblock` or `appeal` may follow",
    Code.PRIMARY_ENI: "`pdp instance groups` changes its groups, `pdp instance delete` takes it with its instance",
    Code.IDEMPOTENT_MISMATCH: "--client-token gives another one",
    Code.FORBIDDEN: (
        "`pdp whoami` tells who asks; to a user or role the account's owner gives permission with `pdp ram user "
        "attach`, to an agent the server's file of tokens gives its hosts"
    ),
    Code.OPERATOR_ONLY: "`pdp whoami` tells who asks",
    Code.UNAUTHENTICATED: "set the token with $PDP_TOKEN, --token or in the config file",
    Code.STORE_UNAVAILABLE: "nothing was written; ask again when the store is back",
}
"""The verbs that do what the server advises to do next, which stands before them, or what it leaves unsaid."""
START = (
    "start one with `pdp serve --store sqlite:PATH`, or `pdp serve --bundle DIR` for questions alone; "
    "or name another with --server HOST:PORT"
)
HUNG_UP = "somebody is there but hung up; a server with TLS is asked with --ca FILE, or --ca system"
UNREACHED = {
    "CERTIFICATE_VERIFY_FAILED": "the server's certificate is not of the CA that --ca names",
    "Hostname Verification": "the server's certificate is for another name than the one that --server has",
    "WRONG_VERSION_NUMBER": "the server has no TLS, which --ca asks for",
    "Socket closed": HUNG_UP,
    "Connection reset": HUNG_UP,
}
"""What helps when no connection came about, by what grpc says of it; for anything else START."""
FLAGS = {"account_id": "--account"}
"""The flag for a field that a server asks for although the verb can do without."""


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
        hint = next((hint for said, hint in UNREACHED.items() if said in error.message), START)
        return Fault(ExitCode.SERVER, f"no answer from a server at {server}: {error.message}; {hint}")
    return Fault(ExitCode.SERVER, f"the server at {server} says {refusal_text(error)}")


def refusal_text(error: ServerError) -> str:
    """One line: the code, what is wrong, and what to do next. For a limit the server's message has the numbers."""
    text = f"{error.reason or error.status}: {error.message}"
    advice = next((advice for code, advice in ADVICE.items() if code.value == error.reason), "")
    if error.reason == Code.MISSING_PARAMETER.value:
        flag = FLAGS.get(error.message.partition(":")[0])
        advice = f"{flag} names it" if flag else ""
    return f"{text}; {advice}" if advice else text

"""`pdp penalty …`: what the platform did against an instance or a domain, and how its owner objects (§7)."""

from typing import Annotated

from pdp.cli.administration.session import Session
from pdp.cli.administration.shown import Columns, Shown, details, table
from pdp.cli.administration.verbs import LIST, WRITE, things, verb
from pdp.cli.administration.words import argument, one_of, option
from pdp.cli.exits import ExitCode, Fault
from pdp.cli.options import Account
from pdp.model.instants import format_instant, parse_instant

app = things("penalty", "Penalties of the platform, and what owners say to them.")

COLUMNS: Columns = {
    "penalty": "penalty_id",
    "action": "action",
    "target": lambda penalty: penalty["instance_id"] or penalty["domain"] or penalty["url"],
    "state": "state",
    "since": "since",
    "until": "until",
    "class": "penalty_class",
    "reason": "reason",
    "statement": "statement",
}
ACTIONS = {"block-traffic": "BLOCK_TRAFFIC", "lock": "LOCK", "block-domain": "BLOCK_DOMAIN"}
CLASSES = {"malicious": "malicious_behaviour", "harmful": "harmful_information"}
CLASS_OF = {
    "BLOCK_TRAFFIC": "malicious_behaviour",
    "LOCK": "malicious_behaviour",
    "BLOCK_DOMAIN": "harmful_information",
}
"""What a penalty is for where that is not said (§7.1)."""
STATES = {
    "in-force": "in_force",
    "unblock-requested": "unblock_requested",
    "appeal-filed": "appeal_filed",
    "lifted": "lifted",
    "upheld": "upheld",
}

PenaltyId = Annotated[str, argument("PENALTY", "The penalty; `pdp penalty list` has them.")]
Statement = Annotated[str, argument("STATEMENT", "What you have to say, up to 4,000 characters.")]
Class = Annotated[str, option("malicious or harmful.", "--class", metavar="CLASS")]
Time = Annotated[str, option("RFC 3339, such as 2026-01-31T08:00:00Z.", metavar="TIME")]


def _time(name: str, word: str) -> str | None:
    """A time as the contract has it; None for a blank word. Raises Fault with USAGE."""
    try:
        return format_instant(parse_instant(word)) if word else None
    except ValueError as error:
        raise Fault(ExitCode.USAGE, f"{name} {error}") from None


@verb(app, "list", LIST)
def list_penalties(
    session: Session,
    *,
    instance: Annotated[str, option("Of this instance.", metavar="INSTANCE")] = "",
    state: Annotated[str, option("In this state, such as in-force or lifted.", metavar="STATE")] = "",
    class_word: Class = "",
    account: Account = "",
) -> Shown:
    """List penalties."""
    answer = session.every(
        "ListPenalties",
        "penalties",
        account_id=account,
        instance_id=instance,
        state=one_of("state", state, STATES),
        penalty_class=one_of("class", class_word, CLASSES),
    )
    return table(answer, "penalties", COLUMNS)


@verb(app, "impose", WRITE)
def impose(
    session: Session,
    action: Annotated[str, argument("ACTION", "block-traffic, lock or block-domain.")],
    target: Annotated[str, argument("TARGET", "An instance; for block-domain a domain, or a URL with its https://.")],
    *,
    reason: Annotated[str, option("Why, for its owner.", metavar="TEXT")] = "",
    class_word: Class = "",
    since: Time = "",
    until: Time = "",
) -> Shown:
    """Put an instance, a domain or a URL under a penalty; the operator alone may."""
    chosen = one_of("action", action, ACTIONS)
    if not chosen:
        raise Fault(ExitCode.USAGE, f"the action is one of {', '.join(ACTIONS)}")
    key = "instance_id" if chosen != "BLOCK_DOMAIN" else "url" if "://" in target else "domain"
    answer = session.write(
        "ImposePenalty",
        action=chosen,
        penalty_class=one_of("class", class_word, CLASSES) or CLASS_OF[chosen],
        reason=reason,
        since=_time("since", since),
        until=_time("until", until),
        **{key: target},
    )
    return details(answer, answer["penalty"], COLUMNS)


@verb(app, "request-unblock", WRITE)
def request_unblock(session: Session, penalty: PenaltyId, statement: Statement) -> Shown:
    """Ask the platform to lift a penalty, telling what was done; it keeps its effect meanwhile."""
    answer = session.write("RequestUnblock", penalty_id=penalty, statement=statement)
    return details(answer, answer["penalty"], COLUMNS)


@verb(app, "appeal", WRITE)
def appeal(session: Session, penalty: PenaltyId, statement: Statement) -> Shown:
    """Tell the platform why a penalty is wrong; it keeps its effect meanwhile."""
    answer = session.write("FileAppeal", penalty_id=penalty, statement=statement)
    return details(answer, answer["penalty"], COLUMNS)


@verb(app, "lift", WRITE)
def lift(session: Session, penalty: PenaltyId) -> Shown:
    """End a penalty; the operator alone may."""
    answer = session.write("LiftPenalty", penalty_id=penalty)
    return details(answer, answer["penalty"], COLUMNS)


@verb(app, "uphold", WRITE)
def uphold(session: Session, penalty: PenaltyId) -> Shown:
    """Refuse the owner's request or appeal; the operator alone may."""
    answer = session.write("UpholdPenalty", penalty_id=penalty)
    return details(answer, answer["penalty"], COLUMNS)

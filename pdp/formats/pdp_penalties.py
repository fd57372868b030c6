"""The penalties of `pdp.json` (§7)."""

from collections.abc import Container

from pdp.formats.pdp_values import Values
from pdp.model.errors import quoted
from pdp.model.ids import InstanceId, PenaltyId
from pdp.model.network import Penalty, PenaltyAction, PenaltyClass, PenaltyState

_KEYS = (
    "id",
    "instance",
    "class",
    "action",
    "domain",
    "url",
    "reason",
    "since",
    "until",
    "state",
    "statement",
)


def read_penalties(root: Values, punishable: Container[str] | None) -> tuple[Penalty, ...]:
    """The penalties, in an order of their own. `punishable` are the instances that they may name; None: any."""
    penalties: list[Penalty] = []
    ids: set[str] = set()
    for values in root.listed("penalties", _KEYS):
        penalty = _penalty(values, punishable)
        if penalty is None:
            continue
        if penalty.id in ids:
            values.fault("id", f"{quoted(penalty.id)} is the id of another penalty too")
        ids |= {penalty.id} - {""}
        penalties.append(penalty)
    return tuple(sorted(penalties, key=repr))


def _penalty(values: Values, punishable: Container[str] | None) -> Penalty | None:
    penalty_class = values.member("class", PenaltyClass)
    action = values.member("action", PenaltyAction)
    state = values.member("state", PenaltyState, PenaltyState.IN_FORCE)
    instance, domain, url = map(values.text, ("instance", "domain", "url"))
    if action is not None:
        # A lifted one stays on record when its instance is gone.
        _check_target(values, action, None if state is PenaltyState.LIFTED else punishable)
    since, until = values.instant("since"), values.instant("until")
    if since is not None and until is not None and until <= since:
        values.note("ends no later than it begins, so it never has effect")
    reason, penalty_id, statement = map(values.text, ("reason", "id", "statement"))
    if not (penalty_class and action and state):
        return None
    return Penalty(
        penalty_class,
        action,
        InstanceId(instance),
        domain,
        url,
        reason,
        since,
        until,
        PenaltyId(penalty_id),
        state,
        statement,
    )


def _check_target(values: Values, action: PenaltyAction, punishable: Container[str] | None) -> None:
    """An instance that is known, or for BLOCK_DOMAIN a domain or URL (§7.4)."""
    instance = values.text("instance")
    if action is PenaltyAction.BLOCK_DOMAIN:
        if not values.text("domain") and not values.text("url"):
            values.fault("domain", "BLOCK_DOMAIN needs a domain or a url")
    elif not instance:
        values.fault("instance", f"{action.value} needs an instance")
    elif punishable is not None and instance not in punishable:
        values.fault("instance", f"{quoted(instance)} is named by no ENI and not by DescribeInstances")

"""The way of a penalty (§7.1 to §7.4): who may take which step, and what a penalty needs."""

from dataclasses import replace

from pdp.model.codes import Code
from pdp.model.errors import Refusal, quoted
from pdp.model.network import Penalty, PenaltyAction, PenaltyState
from pdp.policy.changes import Kind
from pdp.policy.checking import Check, not_found, operator_only

STEPS = {
    PenaltyState.IN_FORCE: {PenaltyState.UNBLOCK_REQUESTED, PenaltyState.APPEAL_FILED, PenaltyState.LIFTED},
    PenaltyState.UNBLOCK_REQUESTED: {PenaltyState.LIFTED, PenaltyState.UPHELD},
    PenaltyState.APPEAL_FILED: {PenaltyState.LIFTED, PenaltyState.UPHELD},
    PenaltyState.UPHELD: {PenaltyState.LIFTED},
    PenaltyState.LIFTED: set[PenaltyState](),
}
"""From a state, the states that may follow (§7.2). A penalty that was upheld can still be lifted."""
OF_THE_OWNER = {PenaltyState.UNBLOCK_REQUESTED, PenaltyState.APPEAL_FILED}
"""Steps that the owner takes; all others are the operator's."""


def check_penalty(check: Check, before: Penalty | None, after: Penalty) -> None:
    """A penalty that was imposed or took a step."""
    if after.action is PenaltyAction.BLOCK_DOMAIN:
        if not after.domain and not after.url:
            raise Refusal(Code.MISSING_PARAMETER, f"{after.id}: BLOCK_DOMAIN needs a domain or a url")
    elif after.instance not in check.after.instances and not check.after.instance_enis.get(after.instance):
        raise not_found(Kind.INSTANCE, after.instance)
    if before is not None and not check.is_import:
        _check_step(check, before, after)
    elif not check.is_import:
        if check.is_request:
            raise operator_only("imposing a penalty")
        if after.state is not PenaltyState.IN_FORCE:
            raise Refusal(Code.PENALTY_STATE, f"{after.id}: a new penalty is in force", resource=after.id)


def _check_step(check: Check, before: Penalty, after: Penalty) -> None:
    if replace(before, state=after.state, statement=after.statement) != after:
        raise Refusal(Code.PENALTY_STATE, f"{after.id}: what a penalty says does not change", resource=after.id)
    if after.state not in STEPS[before.state]:
        message = f"{after.id} is {_words(before)}: it cannot become {_words(after)}"
        raise Refusal(Code.PENALTY_STATE, message, resource=after.id)
    if check.is_request and after.state not in OF_THE_OWNER:
        raise operator_only(f"{after.id}: whether it is {quoted(_words(after))}")


def _words(penalty: Penalty) -> str:
    return penalty.state.value.replace("_", " ")

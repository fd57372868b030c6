"""The way of a penalty (§7.1 to §7.4): who may take which step. No step of the owner's ends an effect."""

from dataclasses import replace

from pdp.model.codes import Code
from pdp.model.errors import Refusal, quoted
from pdp.model.network import Penalty, PenaltyState
from pdp.policy.checking import Check, operator_only

STEPS = {
    PenaltyState.IN_FORCE: {PenaltyState.UNBLOCK_REQUESTED, PenaltyState.APPEAL_FILED, PenaltyState.LIFTED},
    PenaltyState.UNBLOCK_REQUESTED: {PenaltyState.LIFTED, PenaltyState.UPHELD},
    PenaltyState.APPEAL_FILED: {PenaltyState.LIFTED, PenaltyState.UPHELD},
    PenaltyState.UPHELD: {PenaltyState.LIFTED},
    PenaltyState.LIFTED: set[PenaltyState](),
}
"""From a state, the states that may follow (§7.2). A penalty that was upheld can still be lifted."""
OF_THE_OWNER = {PenaltyState.UNBLOCK_REQUESTED, PenaltyState.APPEAL_FILED}
"""Steps that the owner takes, with a statement; all others are the operator's."""


def check_penalty(check: Check, before: Penalty | None, after: Penalty) -> None:
    """A penalty that was imposed or took a step."""
    if before is not None:
        _check_step(check, before, after)
        return
    if check.is_request:
        raise operator_only("imposing a penalty")
    if after.state is not PenaltyState.IN_FORCE:
        raise Refusal(Code.PENALTY_STATE, f"{after.id}: a new penalty is in force", resource=after.id)


def check_penalty_gone(_check: Check, gone: Penalty) -> None:
    """What was imposed stays on record."""
    message = f"{gone.id}: a penalty is lifted, never removed: it stays on record"
    raise Refusal(Code.PENALTY_STATE, message, resource=gone.id)


def _check_step(check: Check, before: Penalty, after: Penalty) -> None:
    statement = after.statement if after.state in OF_THE_OWNER else before.statement
    if replace(before, state=after.state, statement=statement) != after:
        message = f"{after.id}: what a penalty says does not change; lift it and impose another"
        raise Refusal(Code.PENALTY_STATE, message, resource=after.id)
    if after.state not in STEPS[before.state]:
        message = f"{after.id} is {_words(before)}: it cannot become {_words(after)}"
        raise Refusal(Code.PENALTY_STATE, message, resource=after.id)
    if check.is_request and after.state not in OF_THE_OWNER:
        raise operator_only(f"{after.id}: whether it is {quoted(_words(after))}")


def _words(penalty: Penalty) -> str:
    return penalty.state.value.replace("_", " ")

"""Penalties (§7): imposed, lifted and upheld by the operator; requests and appeals by the owner.

No step of the owner's ends an effect: he cannot unblock himself by appealing (§7.4).
"""

from dataclasses import replace
from enum import Enum
from typing import TypeVar

from pdp.model.codes import Code
from pdp.model.errors import Refusal, quoted
from pdp.model.ids import InstanceId, PenaltyId
from pdp.model.network import Penalty, PenaltyAction, PenaltyClass, PenaltyState
from pdp.policy.changes import Kind, Put
from pdp.policy.checking import not_found, operator_only
from pdp.policy.penalty_checks import STEPS
from pdp.policy.snapshot import Snapshot
from pdp.server.accounts.penalty_messages import instant, penalty_message
from pdp.server.asking import Ask, Planned, account_asked, is_visible, required
from pdp.server.list_pages import page
from pdp.server.network.fields import fault, filter_ids, line, missing, paragraph
from pdp.server.network.lookups import named_instance, penalty_account
from pdp.v1 import account_service_pb2 as pb

MOST_REASON = 1_000
MOST_STATEMENT = 4_000
MOST_DOMAIN = 253
MOST_URL = 2_048
"""Characters."""

E = TypeVar("E", bound=Enum)


def impose_penalty(snapshot: Snapshot, request: pb.ImposePenaltyRequest, ask: Ask) -> Planned:
    """A new penalty, in force from `since` or at once (§7.4)."""
    if not ask.by_operator:
        raise operator_only("imposing a penalty")
    penalty_class = _member(PenaltyClass, required(request.penalty_class, "penalty_class"), "penalty_class")
    action = _member(PenaltyAction, required(request.action, "action"), "action")
    instance, domain, url = _target(snapshot, request, action, ask)
    since = instant(request.since, "since") if request.HasField("since") else ask.at
    until = instant(request.until, "until") if request.HasField("until") else None
    if until is not None and until <= since:
        raise fault("until", "it is not after since, so that the penalty would never have effect")
    penalty = Penalty(
        penalty_class,
        action,
        instance,
        domain,
        url,
        paragraph(request.reason, "reason", MOST_REASON),
        since,
        until,
        PenaltyId(ask.new_id("pen-")),
    )
    return Planned((Put(penalty),), lambda after: pb.ImposePenaltyResponse(penalty=penalty_message(after, penalty)))


def request_unblock(snapshot: Snapshot, request: pb.RequestUnblockRequest, ask: Ask) -> Planned:
    """The owner asks to lift a penalty, which keeps its effect meanwhile (§7.4)."""
    after = _asked(snapshot, request, ask, PenaltyState.UNBLOCK_REQUESTED)
    return Planned((Put(after),), lambda now: pb.RequestUnblockResponse(penalty=penalty_message(now, after)))


def file_appeal(snapshot: Snapshot, request: pb.FileAppealRequest, ask: Ask) -> Planned:
    """The owner says that a penalty is wrong; it keeps its effect meanwhile (§7.4)."""
    after = _asked(snapshot, request, ask, PenaltyState.APPEAL_FILED)
    return Planned((Put(after),), lambda now: pb.FileAppealResponse(penalty=penalty_message(now, after)))


def lift_penalty(snapshot: Snapshot, request: pb.LiftPenaltyRequest, ask: Ask) -> Planned:
    """The operator ends a penalty."""
    after = _decided(snapshot, request.penalty_id, ask, PenaltyState.LIFTED)
    return Planned((Put(after),), lambda now: pb.LiftPenaltyResponse(penalty=penalty_message(now, after)))


def uphold_penalty(snapshot: Snapshot, request: pb.UpholdPenaltyRequest, ask: Ask) -> Planned:
    """The operator refuses the owner's request or appeal; the penalty keeps its effect."""
    after = _decided(snapshot, request.penalty_id, ask, PenaltyState.UPHELD)
    return Planned((Put(after),), lambda now: pb.UpholdPenaltyResponse(penalty=penalty_message(now, after)))


def list_penalties(snapshot: Snapshot, request: pb.ListPenaltiesRequest, ask: Ask) -> pb.ListPenaltiesResponse:
    """Penalties that meet all filters, by id. Only the operator sees those of domains and URLs, which nobody owns."""
    account = account_asked(ask, request.account_id)
    ids = filter_ids(request.penalty_ids, "penalty_ids")
    if request.penalty_class:
        _member(PenaltyClass, request.penalty_class, "penalty_class")
    if request.state:
        _member(PenaltyState, request.state, "state")
    found = [
        penalty
        for penalty in snapshot.penalties.values()
        if (not ids or penalty.id in ids)
        and request.instance_id in {"", penalty.instance}
        and request.penalty_class in {"", penalty.penalty_class.value}
        and request.state in {"", penalty.state.value}
        and (not account or penalty_account(snapshot, penalty) == account)
    ]
    found.sort(key=lambda penalty: penalty.id)
    shown, token = page(snapshot, request, found)
    messages = [penalty_message(snapshot, penalty) for penalty in shown]
    return pb.ListPenaltiesResponse(penalties=messages, next_token=token)


def _target(
    snapshot: Snapshot, request: pb.ImposePenaltyRequest, action: PenaltyAction, ask: Ask
) -> tuple[InstanceId, str, str]:
    """The instance, domain and URL, of which exactly the one that the action is about is set (§7.4)."""
    if action is not PenaltyAction.BLOCK_DOMAIN:
        for field in ("domain", "url"):
            if getattr(request, field):
                raise fault(field, f"{action.value} is about an instance; leave it out")
        return named_instance(snapshot, ask, request.instance_id).id, "", ""
    if request.instance_id:
        raise fault("instance_id", f"{action.value} is about a domain or a URL; leave it out")
    if request.domain and request.url:
        raise fault("url", "a penalty is about a domain or a URL; give one of the two")
    if not request.domain and not request.url:
        raise missing("domain", "the domain, or a url instead")
    return InstanceId(""), line(request.domain, "domain", MOST_DOMAIN), line(request.url, "url", MOST_URL)


def _asked(
    snapshot: Snapshot, request: pb.RequestUnblockRequest | pb.FileAppealRequest, ask: Ask, state: PenaltyState
) -> Penalty:
    """A penalty after the owner's step (§7.2)."""
    penalty = _named(snapshot, request.penalty_id, ask)
    statement = paragraph(required(request.statement, "statement"), "statement", MOST_STATEMENT)
    _check_step(penalty, state)
    return replace(penalty, state=state, statement=statement)


def _decided(snapshot: Snapshot, penalty_id: str, ask: Ask, state: PenaltyState) -> Penalty:
    """A penalty after the operator's step (§7.2)."""
    if not ask.by_operator:
        raise operator_only("lifting or upholding a penalty")
    penalty = _named(snapshot, penalty_id, ask)
    _check_step(penalty, state)
    return replace(penalty, state=state)


def _named(snapshot: Snapshot, penalty_id: str, ask: Ask) -> Penalty:
    penalty = snapshot.penalties.get(PenaltyId(required(penalty_id, "penalty_id")))
    if penalty is None:
        raise not_found(Kind.PENALTY, penalty_id).at("penalty_id")
    if not is_visible(ask, penalty_account(snapshot, penalty)):
        raise Refusal(Code.FORBIDDEN, "it is not about an instance of your account", field="penalty_id")
    return penalty


def _check_step(penalty: Penalty, state: PenaltyState) -> None:
    """Without this, repeating a step word for word would change nothing and so be answered as if it had been taken."""
    if state not in STEPS[penalty.state]:
        allowed = " or ".join(sorted(before.value for before, after in STEPS.items() if state in after))
        message = f"{penalty.id} is {penalty.state.value}; this is for a penalty that is {allowed}"
        raise Refusal(Code.PENALTY_STATE, message, field="penalty_id", resource=penalty.id)


def _member(kind: type[E], text: str, field: str) -> E:
    for member in kind:
        if member.value == text:
            return member
    raise fault(field, f"{quoted(text)} is not one of {', '.join(str(member.value) for member in kind)}")

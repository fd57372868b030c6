"""The stages of §2: what each answers, and in which box its answer or its silence holds.

`ORDER` is the only place that says who is asked before whom. The definition and the index run these same stages; they
differ in the `RuleFinder` of the context alone.
"""

from collections.abc import Callable
from typing import NamedTuple

from pdp.model.addresses import Family, Prefix, parse_cidr
from pdp.model.flow import Direction, Flow
from pdp.model.instants import Instant
from pdp.model.network import SameGroupPrecedence, Settings, SmtpScope
from pdp.model.protocols import TCP
from pdp.model.rules import ACCEPT, DROP
from pdp.model.verdict import Stage, Verdict
from pdp.policy.box import Box
from pdp.policy.context import Context
from pdp.policy.owners import Owners
from pdp.policy.penalties import is_blocked, next_change

SMTP_PORT = 25
PRIVATE_BLOCKS = tuple(
    parse_cidr(text).prefix for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
"""Private address space, nothing else (§2.0)."""
HEALTH_CHECK_BLOCK = parse_cidr("100.64.0.0/10").prefix
_HEALTH_CHECK_FIRST, _HEALTH_CHECK_LAST = HEALTH_CHECK_BLOCK.first, HEALTH_CHECK_BLOCK.last

_RULE = Stage.RULE
_PENALTY_DROP = Verdict(DROP, Stage.PENALTY)
_SMTP_DROP = Verdict(DROP, Stage.SMTP_BLOCKED)
_DEFAULT_DROP = Verdict(DROP, Stage.DEFAULT)


Answer = Callable[[Context, Flow, Owners, Instant, Box | None], Verdict | None]
"""A stage's verdict for a flow whose remote address has some owners, at a time, or None.

Given a box around the flow, it narrows that to where its answer, or its silence, stays the same at the same time.
"""


class StageRules(NamedTuple):
    """One stage as functions; `applies(context)` says whether it can ever answer there."""

    stage: Stage
    applies: Callable[[Context], bool]
    answer: Answer


def _accept(context: Context, stage: Stage, flow: Flow) -> Verdict:
    """An accept that no rule gave, with the session's idle timeout (§2.3)."""
    return Verdict(ACCEPT, stage, None, None, context.idle_timeouts_s.get(flow.protocol))


def _always(_context: Context) -> bool:
    return True


# Stage 1: traffic between two ENIs of one instance is forwarded by the guest and never reaches the groups.


def _same_instance_applies(context: Context) -> bool:
    return context.has_siblings


def _same_instance(context: Context, flow: Flow, owners: Owners, _at: Instant, box: Box | None) -> Verdict | None:
    if box is not None:
        box.asks_owners = True
    eni = context.eni
    for other in owners.enis:
        if other.instance == eni.instance and other.id != eni.id and not other.own_namespace:
            return _accept(context, Stage.SAME_INSTANCE, flow)
    return None


# Stage 2: an instance whose traffic is blocked by a penalty that has effect. It is the same for all its flows.


def _penalty_applies(context: Context) -> bool:
    return bool(context.blocks)


def _penalty(context: Context, _flow: Flow, _owners: Owners, at: Instant, _box: Box | None) -> Verdict | None:
    return _PENALTY_DROP if is_blocked(context.blocks, at) else None


# Stage 3: mail to the internet over TCP port 25, which no rule can open.


def _smtp_applies(context: Context) -> bool:
    return context.direction is Direction.EGRESS and not context.smtp_exempt


def smtp_exempt_blocks(context: Context) -> list[Prefix]:
    """Destinations that stay open: the VPC's own blocks and private space, none when the scope is `all`."""
    if context.settings.smtp_scope is SmtpScope.ALL:
        return []
    return [block for block in (*context.vpc_blocks, *PRIVATE_BLOCKS) if block.family is context.family]


def _smtp(context: Context, flow: Flow, _owners: Owners, _at: Instant, box: Box | None) -> Verdict | None:
    if flow.protocol != TCP:
        return None
    if flow.destination_port != SMTP_PORT:
        if box is not None:
            box.cut_destination_ports(flow.destination_port, SMTP_PORT)
        return None
    exempt = smtp_exempt_blocks(context)
    if box is not None:
        box.keep_destination_ports(SMTP_PORT, SMTP_PORT)
        for block in exempt:
            box.cut_remote(flow.remote, block.first, block.last)
    if any(block.first <= flow.remote <= block.last for block in exempt):
        return None
    return _SMTP_DROP


# Stage 4: members of one basic group whose inner access policy is Accept.


def _same_group_applies(context: Context) -> bool:
    return bool(context.sharing)


def _same_group(context: Context, flow: Flow, owners: Owners, _at: Instant, box: Box | None) -> Verdict | None:
    if box is not None:
        box.asks_owners = True
    if context.sharing.isdisjoint(owners.groups):
        return None
    group = min(context.sharing & owners.groups)
    return Verdict(ACCEPT, Stage.SAME_GROUP, None, group, context.idle_timeouts_s.get(flow.protocol))


# Stage 5: the groups' own rules (§3).


def _rules(context: Context, flow: Flow, owners: Owners, _at: Instant, box: Box | None) -> Verdict | None:
    winner = context.rules.winner(flow, owners, box)
    if winner is None:
        return None
    rule, group = winner
    if rule.action is DROP:
        return tuple.__new__(Verdict, (DROP, _RULE, rule, group, None, None, None))
    timeout = context.idle_timeouts_s.get(flow.protocol)
    return tuple.__new__(Verdict, (ACCEPT, _RULE, rule, group, timeout, None, None))


# Stage 6: health checks of load balancers.


def _health_check_applies(context: Context) -> bool:
    return context.direction is Direction.INGRESS and context.family is Family.IPV4


def _health_check(context: Context, flow: Flow, _owners: Owners, _at: Instant, box: Box | None) -> Verdict | None:
    if box is not None:
        box.cut_remote(flow.remote, _HEALTH_CHECK_FIRST, _HEALTH_CHECK_LAST)
    if _HEALTH_CHECK_FIRST <= flow.remote <= _HEALTH_CHECK_LAST:
        return _accept(context, Stage.HEALTH_CHECK, flow)
    return None


# Stage 7: the default of the groups' type. It is the same for all flows of an ENI and direction.


def _default(context: Context, flow: Flow, _owners: Owners, _at: Instant, _box: Box | None) -> Verdict:
    if context.default_action is ACCEPT:
        return _accept(context, Stage.DEFAULT, flow)
    return _DEFAULT_DROP


ORDER = (
    StageRules(Stage.SAME_INSTANCE, _same_instance_applies, _same_instance),
    StageRules(Stage.PENALTY, _penalty_applies, _penalty),
    StageRules(Stage.SMTP_BLOCKED, _smtp_applies, _smtp),
    StageRules(Stage.SAME_GROUP, _same_group_applies, _same_group),
    StageRules(Stage.RULE, _always, _rules),
    StageRules(Stage.HEALTH_CHECK, _health_check_applies, _health_check),
    StageRules(Stage.DEFAULT, _always, _default),
)
"""The stages, first asked first (§2)."""


def order_for(settings: Settings) -> tuple[StageRules, ...]:
    """The order under some settings: `below_rules` moves same group between rules and health checks."""
    if settings.same_group_precedence is SameGroupPrecedence.ABOVE_RULES:
        return ORDER
    same_group = next(stage for stage in ORDER if stage.stage is Stage.SAME_GROUP)
    others = [stage for stage in ORDER if stage is not same_group]
    after_rules = next(place for place, stage in enumerate(others) if stage.stage is Stage.RULE) + 1
    return (*others[:after_rules], same_group, *others[after_rules:])


def answers_for(context: Context) -> tuple[Answer, ...]:
    """The stages to ask for a context, in order, without those that can never answer there."""
    return tuple(stage.answer for stage in order_for(context.settings) if stage.applies(context))


def judge(
    answers: tuple[Answer, ...], context: Context, flow: Flow, owners: Owners, at: Instant, box: Box | None = None
) -> Verdict:
    """Asks the stages in turn; the first that answers, wins. DEFAULT always answers.

    A box is narrowed to where the verdict stays the same: by every stage asked, so it is sound by construction.
    """
    for answer in answers:
        verdict = answer(context, flow, owners, at, box)
        if verdict is not None:
            return _limited_by_penalties(context, verdict, at) if context.blocks else verdict
    raise AssertionError("the default stage always answers")


def _limited_by_penalties(context: Context, verdict: Verdict, at: Instant) -> Verdict:
    """The verdict with its `valid_until`. One by same instance stands above every penalty."""
    if verdict.reason is Stage.SAME_INSTANCE:
        return verdict
    return verdict._replace(valid_until=next_change(context.blocks, at))

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
from pdp.policy.owners import NOBODY, Owners
from pdp.policy.penalties import is_blocked, next_change

SMTP_PORT = 25
PRIVATE_BLOCKS = tuple(
    parse_cidr(text).prefix for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
"""Private address space, nothing else (§2.0)."""
HEALTH_CHECK_BLOCK = parse_cidr("100.64.0.0/10").prefix

_PENALTY_DROP = Verdict(DROP, Stage.PENALTY)
_SMTP_DROP = Verdict(DROP, Stage.SMTP_BLOCKED)
_DEFAULT_DROP = Verdict(DROP, Stage.DEFAULT)


Answer = Callable[[Flow, Owners, Instant, Box | None], Verdict]
"""The verdict for a flow whose remote address has some owners, at a time.

Given a box around the flow, it narrows that to where the verdict stays the same at the same time. Every stage that is
asked narrows it to where its own answer, or its silence, stays the same: so what is left is sound by construction.
"""


class StageRules(NamedTuple):
    """One stage. `answer_for(context, otherwise)` asks this stage first, and `otherwise` where it is silent.

    It gives `otherwise` itself where the stage can never answer.
    """

    stage: Stage
    answer_for: Callable[[Context, Answer], Answer]

    def applies(self, context: Context) -> bool:
        """Whether the stage can ever answer there."""
        return self.answer_for(context, _nothing) is not _nothing


def _nothing(_flow: Flow, _owners: Owners, _at: Instant, _box: Box | None) -> Verdict:
    """Behind the last stage, where no flow comes."""
    raise AssertionError("the default stage always answers")


def _same_instance(context: Context, otherwise: Answer) -> Answer:
    """Stage 1: traffic between two ENIs of one instance is forwarded by the guest and never reaches the groups."""
    if not context.has_siblings:
        return otherwise
    eni, timeouts = context.eni, context.idle_timeouts_s

    def answer(flow: Flow, owners: Owners, at: Instant, box: Box | None) -> Verdict:
        if box is not None:
            box.asks_owners = True
        for other in owners.enis:
            if other.instance == eni.instance and other.id != eni.id and not other.own_namespace:
                return Verdict(ACCEPT, Stage.SAME_INSTANCE, None, None, timeouts.get(flow.protocol))
        return otherwise(flow, owners, at, box)

    return answer


def _penalty(context: Context, otherwise: Answer) -> Answer:
    """Stage 2: an instance whose traffic is blocked by a penalty that has effect.

    It is the same for all flows of the instance; what it says, and what comes behind it, is valid until that changes.
    """
    blocks = context.blocks
    if not blocks:
        return otherwise

    def answer(flow: Flow, owners: Owners, at: Instant, box: Box | None) -> Verdict:
        verdict = _PENALTY_DROP if is_blocked(blocks, at) else otherwise(flow, owners, at, box)
        return verdict._replace(valid_until=next_change(blocks, at))

    return answer


def _smtp(context: Context, otherwise: Answer) -> Answer:
    """Stage 3: mail to the internet over TCP port 25, which no rule can open."""
    if context.direction is Direction.INGRESS or context.smtp_exempt:
        return otherwise
    exempt = smtp_exempt_blocks(context)

    def answer(flow: Flow, owners: Owners, at: Instant, box: Box | None) -> Verdict:
        if flow.protocol != TCP:
            return otherwise(flow, owners, at, box)
        if flow.destination_port != SMTP_PORT:
            if box is not None:
                box.cut_destination_ports(flow.destination_port, SMTP_PORT)
            return otherwise(flow, owners, at, box)
        if box is not None:
            box.keep_destination_ports(SMTP_PORT, SMTP_PORT)
            for block in exempt:
                box.cut_remote(flow.remote, block.first, block.last)
        if any(block.first <= flow.remote <= block.last for block in exempt):
            return otherwise(flow, owners, at, box)
        return _SMTP_DROP

    return answer


def smtp_exempt_blocks(context: Context) -> list[Prefix]:
    """Destinations that stay open: the VPC's own blocks and private space, none when the scope is `all`."""
    if context.settings.smtp_scope is SmtpScope.ALL:
        return []
    return [block for block in (*context.vpc_blocks, *PRIVATE_BLOCKS) if block.family is context.family]


def _same_group(context: Context, otherwise: Answer) -> Answer:
    """Stage 4: members of one basic group whose inner access policy is Accept."""
    sharing, timeouts = context.sharing, context.idle_timeouts_s
    if not sharing:
        return otherwise

    def answer(flow: Flow, owners: Owners, at: Instant, box: Box | None) -> Verdict:
        if box is not None:
            box.asks_owners = True
        if owners is NOBODY or sharing.isdisjoint(owners.groups):
            return otherwise(flow, owners, at, box)
        return Verdict(ACCEPT, Stage.SAME_GROUP, None, min(sharing & owners.groups), timeouts.get(flow.protocol))

    return answer


def _rules(context: Context, otherwise: Answer) -> Answer:
    """Stage 5: the groups' own rules (§3)."""
    find_winner, timeouts = context.rules.winner, context.idle_timeouts_s
    rule_stage, new_verdict = Stage.RULE, tuple.__new__

    def answer(flow: Flow, owners: Owners, at: Instant, box: Box | None) -> Verdict:
        winner = find_winner(flow, owners, box)
        if winner is None:
            return otherwise(flow, owners, at, box)
        rule, group = winner
        if rule.action is DROP:
            return new_verdict(Verdict, (DROP, rule_stage, rule, group, None, None, None))
        timeout = timeouts.get(flow.protocol)
        return new_verdict(Verdict, (ACCEPT, rule_stage, rule, group, timeout, None, None))

    return answer


def _health_check(context: Context, otherwise: Answer) -> Answer:
    """Stage 6: health checks of load balancers."""
    if context.direction is Direction.EGRESS or context.family is Family.IPV6:
        return otherwise
    first, last, timeouts = HEALTH_CHECK_BLOCK.first, HEALTH_CHECK_BLOCK.last, context.idle_timeouts_s

    def answer(flow: Flow, owners: Owners, at: Instant, box: Box | None) -> Verdict:
        if box is not None:
            box.cut_remote(flow.remote, first, last)
        if first <= flow.remote <= last:
            return Verdict(ACCEPT, Stage.HEALTH_CHECK, None, None, timeouts.get(flow.protocol))
        return otherwise(flow, owners, at, box)

    return answer


def _default(context: Context, _otherwise: Answer) -> Answer:
    """Stage 7: the default of the groups' type. It is the same for all flows of an ENI and direction."""
    accepts, timeouts = context.default_action is ACCEPT, context.idle_timeouts_s

    def answer(flow: Flow, _owners: Owners, _at: Instant, _box: Box | None) -> Verdict:
        if accepts:
            return Verdict(ACCEPT, Stage.DEFAULT, None, None, timeouts.get(flow.protocol))
        return _DEFAULT_DROP

    return answer


ORDER = (
    StageRules(Stage.SAME_INSTANCE, _same_instance),
    StageRules(Stage.PENALTY, _penalty),
    StageRules(Stage.SMTP_BLOCKED, _smtp),
    StageRules(Stage.SAME_GROUP, _same_group),
    StageRules(Stage.RULE, _rules),
    StageRules(Stage.HEALTH_CHECK, _health_check),
    StageRules(Stage.DEFAULT, _default),
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


def answer_for(context: Context) -> Answer:
    """How the stages together answer in a context: in order, and the first that is not silent wins."""
    answer: Answer = _nothing
    for stage in reversed(order_for(context.settings)):
        answer = stage.answer_for(context, answer)
    return answer

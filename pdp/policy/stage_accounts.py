"""What each stage of §2 said of one flow, in a sentence that names the facts it rests on.

The sentences follow the verdict they are given and never decide: which stage answered is known before they are written.
"""

from collections.abc import Callable
from typing import NamedTuple

from pdp.model.addresses import Address, Prefix
from pdp.model.flow import Direction, Flow
from pdp.model.groups import GroupType
from pdp.model.ids import AccountId
from pdp.model.instants import Instant, format_instant
from pdp.model.network import Eni, Penalty, SameGroupPrecedence, SmtpScope
from pdp.model.protocols import TCP
from pdp.model.rules import Action
from pdp.model.verdict import Stage, Verdict
from pdp.policy.context import Context, OwnedRule
from pdp.policy.explanation import StageAccount
from pdp.policy.owners import Owners
from pdp.policy.penalties import has_effect
from pdp.policy.rule_accounts import name_of, shown
from pdp.policy.snapshot import Snapshot
from pdp.policy.stages import HEALTH_CHECK_BLOCK, PRIVATE_BLOCKS, SMTP_PORT, order_for


class Facts(NamedTuple):
    """All that the sentences are made of. `considered` and `matching` are the rules of the flow's direction."""

    snapshot: Snapshot
    context: Context
    flow: Flow
    owners: Owners
    at: Instant
    verdict: Verdict
    considered: tuple[OwnedRule, ...]
    matching: tuple[OwnedRule, ...]

    @property
    def eni(self) -> Eni:
        """The ENI that was asked about."""
        return self.context.eni

    @property
    def remote(self) -> Address:
        """The remote address."""
        return Address(self.flow.family, self.flow.remote)

    @property
    def smtp_account(self) -> AccountId:
        """Whose exemption counts."""
        return self.snapshot.account_of(self.eni)


def stage_accounts(facts: Facts) -> tuple[StageAccount, ...]:
    """The account of every stage, in the order in which they are asked."""
    accounts = []
    asked = True
    for rules in order_for(facts.snapshot.settings):
        stage = rules.stage
        answered = stage is facts.verdict.reason
        if answered:
            sentence = ANSWERS[stage](facts)
        elif asked:
            sentence = SILENCES[stage](facts)
        else:
            sentence = f"Not asked, since {facts.verdict.reason.name} answered."
        accounts.append(StageAccount(stage, asked, answered, sentence))
        asked = asked and not answered
    return tuple(accounts)


def holds(block: Prefix, address: Address) -> bool:
    """Whether an address is in a block."""
    return block.family is address.family and block.first <= address.value <= block.last


def owner_ids(enis: list[Eni] | tuple[Eni, ...]) -> str:
    """Some ENIs by id."""
    return shown([eni.id for eni in enis])


def effect_of(penalty: Penalty) -> str:
    """A penalty's window, class and reason."""
    since = f" since {format_instant(penalty.since)}" if penalty.since is not None else ""
    until = f" until {format_instant(penalty.until)}" if penalty.until is not None else " with no end set"
    why = f": {penalty.reason}" if penalty.reason else ""
    return f"{since}{until} ({penalty.penalty_class.value.replace('_', ' ')}{why})"


# What a stage says that answered.


def _same_instance_answer(facts: Facts) -> str:
    eni = facts.eni
    siblings = [
        other
        for other in facts.owners.enis
        if other.instance == eni.instance and other.id != eni.id and not other.own_namespace
    ]
    return (
        f"{facts.remote} belongs to {owner_ids(siblings)} of the same instance {eni.instance} and VPC: the guest "
        "forwards it, and security groups never see it."
    )


def _penalty_answer(facts: Facts) -> str:
    effective = [penalty for penalty in facts.context.blocks if has_effect(penalty, facts.at)]
    more = f", and by {len(effective) - 1} more" if len(effective) > 1 else ""
    return f"All traffic of {facts.eni.instance} is blocked by a penalty{effect_of(effective[0])}{more}."


def _smtp_answer(facts: Facts) -> str:
    scope = "to any address (setting smtp_scope is all)"
    if facts.snapshot.settings.smtp_scope is SmtpScope.INTERNET:
        scope = f"to {facts.remote}, outside private address space and the blocks of {facts.eni.vpc},"
    return (
        f"TCP port {SMTP_PORT} {scope} is blocked: account {facts.smtp_account or '(unknown)'} has no SMTP exemption, "
        "and no rule can open it."
    )


def _same_group_answer(facts: Facts) -> str:
    group = facts.verdict.group
    members = [eni for eni in facts.owners.enis if group in eni.groups]
    others = [eni for eni in members if eni.id != facts.eni.id]
    whose = f"belongs to {owner_ids(others)}" if others else f"is {facts.eni.id}'s own"
    return (
        f"{facts.remote} {whose}, in {group} like {facts.eni.id}: a basic group whose inner access policy is Accept"
        f"{_same_group_place(facts)}."
    )


def _rule_answer(facts: Facts) -> str:
    rule, group = facts.verdict.rule, facts.verdict.group
    if rule is None or group is None:
        raise AssertionError("a verdict by rule names its rule and group")
    count = len(facts.matching)
    ahead = f"the only rule that matches of {len(facts.considered)}"
    if count > 1:
        ahead = f"the first by precedence of {count} that match"
    return f"{name_of(rule, group)} decides, {ahead}: {rule}."


def _health_check_answer(facts: Facts) -> str:
    return f"{facts.remote} is in {HEALTH_CHECK_BLOCK}, where load balancers check health from, and no rule matched."


def _default_answer(facts: Facts) -> str:
    kind = "basic" if facts.context.groups[0].type is GroupType.BASIC else "advanced"
    verb = "accept" if facts.context.default_action is Action.ACCEPT else "drop"
    return f"Nothing else answered: {kind} groups {verb} {facts.flow.direction.word} by default."


# What a stage says that was asked and had no answer.


def _same_instance_silence(facts: Facts) -> str:
    eni = facts.eni
    if not eni.instance:
        return f"{eni.id} is attached to no instance and so has no sibling ENIs."
    siblings = [other for other in facts.owners.enis if other.instance == eni.instance and other.id != eni.id]
    if not siblings:
        return f"{facts.remote} belongs to no other ENI of {eni.instance} in {eni.vpc}."
    isolated = eni if eni.own_namespace else siblings[0]
    return (
        f"{facts.remote} belongs to {owner_ids(siblings)} of the same instance, but {isolated.id} has a network "
        "namespace of its own, so that the traffic leaves the guest."
    )


def _penalty_silence(facts: Facts) -> str:
    eni, blocks = facts.eni, facts.context.blocks
    if not eni.instance:
        return f"{eni.id} is attached to no instance, and penalties block instances."
    if not blocks:
        return f"{eni.instance} is under no penalty that blocks traffic."
    return f"A penalty blocks {eni.instance}{effect_of(blocks[0])}, but not at {format_instant(facts.at)}."


def _smtp_silence(facts: Facts) -> str:
    flow = facts.flow
    if flow.direction is not Direction.EGRESS or flow.protocol != TCP or flow.destination_port != SMTP_PORT:
        return f"Only egress to TCP port {SMTP_PORT} is looked at here."
    if facts.context.smtp_exempt:
        return f"Account {facts.smtp_account} is exempt from the block of TCP port {SMTP_PORT}."
    block = next(block for block in (*facts.context.vpc_blocks, *PRIVATE_BLOCKS) if holds(block, facts.remote))
    return f"{facts.remote} is in {block}, and only mail to the internet is blocked (setting smtp_scope is internet)."


def _same_group_silence(facts: Facts) -> str:
    eni, owners, sharing = facts.eni, facts.owners, facts.context.sharing
    if not owners.enis:
        return f"{facts.remote} belongs to no ENI of {eni.vpc}."
    shared = sorted(owners.groups.intersection(eni.groups))
    whose = f"{facts.remote} belongs to {owner_ids(owners.enis)}"
    if shared:
        return f"{whose}, also in {shown(list(shared))}, but there members may not talk just for being members."
    if not sharing:
        return f"{whose}, and no group of {eni.id} lets its members talk: each is advanced or has inner access Drop."
    return f"{whose}, in none of {shown(sorted(sharing))}, where members may talk."


def _rule_silence(facts: Facts) -> str:
    count = len(facts.considered)
    groups = shown(list(facts.eni.groups))
    if not count:
        return f"{groups} has no {facts.flow.direction.word} rules."
    return f"None of the {count} {facts.flow.direction.word} rules of {groups} matches."


def _health_check_silence(facts: Facts) -> str:
    if facts.flow.direction is not Direction.INGRESS:
        return "Only ingress is looked at here."
    return f"{facts.remote} is outside {HEALTH_CHECK_BLOCK}, where load balancers check health from."


def _same_group_place(facts: Facts) -> str:
    """Where a setting has put the stage."""
    if facts.snapshot.settings.same_group_precedence is SameGroupPrecedence.BELOW_RULES:
        return " (setting same_group_precedence is below_rules, and no rule matched)"
    return "; that stands above every rule"


def _default_silence(_facts: Facts) -> str:
    raise AssertionError("the default stage always answers")


ANSWERS: dict[Stage, Callable[[Facts], str]] = {
    Stage.SAME_INSTANCE: _same_instance_answer,
    Stage.PENALTY: _penalty_answer,
    Stage.SMTP_BLOCKED: _smtp_answer,
    Stage.SAME_GROUP: _same_group_answer,
    Stage.RULE: _rule_answer,
    Stage.HEALTH_CHECK: _health_check_answer,
    Stage.DEFAULT: _default_answer,
}
SILENCES: dict[Stage, Callable[[Facts], str]] = {
    Stage.SAME_INSTANCE: _same_instance_silence,
    Stage.PENALTY: _penalty_silence,
    Stage.SMTP_BLOCKED: _smtp_silence,
    Stage.SAME_GROUP: _same_group_silence,
    Stage.RULE: _rule_silence,
    Stage.HEALTH_CHECK: _health_check_silence,
    Stage.DEFAULT: _default_silence,
}

"""The account of a verdict as a message of the contract."""

from pdp.model.rules import Rule
from pdp.policy.explanation import Explanation, RuleAccount, StageAccount
from pdp.policy.snapshot import Snapshot
from pdp.server.answers import position_of, verdict_to_proto
from pdp.v1 import decision_service_pb2 as messages


def explanation_to_proto(explanation: Explanation, snapshot: Snapshot) -> messages.ExplainFlowResponse:
    """The whole account, and the snapshot it is of."""
    asked = explanation.asked_rule
    return messages.ExplainFlowResponse(
        verdict=verdict_to_proto(explanation.verdict),
        stages=map(_stage, explanation.stages),
        matched=map(_rule, explanation.matched),
        near_misses=map(_rule, explanation.near_misses),
        rules_considered=explanation.rules_considered,
        asked_rule=_rule(asked) if asked else None,
        hints=explanation.hints,
        group_ids=explanation.groups,
        position=position_of(snapshot),
    )


def _stage(account: StageAccount) -> messages.StageAccount:
    return messages.StageAccount(
        stage=account.stage,  # type: ignore[arg-type]
        answered=account.answered,
        asked=account.asked,
        account=account.account,
    )


def _rule(account: RuleAccount) -> messages.RuleAccount:
    rule: Rule = account.rule
    return messages.RuleAccount(
        rule_id="" if rule.id_is_derived else rule.id,
        derived_rule_id=rule.id if rule.id_is_derived else "",
        group_id=account.group,
        text=str(rule),
        action=rule.action,  # type: ignore[arg-type]
        priority=rule.priority,
        conditions=[
            messages.Condition(name=test.name, wanted=test.wanted, found=test.found, met=test.met)
            for test in account.conditions
        ],
        matched=account.matched,
        won=account.won,
        lost_because=account.lost_because,
    )

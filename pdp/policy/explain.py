"""How the verdict of one flow comes about: every stage, the rules that matched or nearly did, and what to look at next.

It accounts for a verdict and never makes another: the one it is given is the one it shows. It reads every rule of the
ENI, and so is for people and not for the path of checks.
"""

from pdp.model.errors import FieldError, Reason
from pdp.model.flow import Flow
from pdp.model.instants import Instant
from pdp.model.verdict import Verdict
from pdp.policy.context import OwnedRule, context_of
from pdp.policy.decide import LinearRules, decide
from pdp.policy.explanation import Explanation
from pdp.policy.hints import hints_for
from pdp.policy.matching import Matcher
from pdp.policy.owners import Owners, find_owners
from pdp.policy.rule_accounts import RuleAccounts, find_rule
from pdp.policy.snapshot import Snapshot
from pdp.policy.stage_accounts import Facts, stage_accounts


def explain(
    snapshot: Snapshot,
    eni_id: str,
    flow: Flow,
    at: Instant,
    *,
    verdict: Verdict | None = None,
    owners: Owners | None = None,
    rule_id: str | None = None,
    group_id: str | None = None,
) -> Explanation:
    """The account of a flow's verdict at one snapshot and time.

    `verdict` and `owners` are those that the index gave for this flow; without them they are found by definition, which
    looks at every ENI. `rule_id` asks about one rule of the ENI's groups, in `group_id` when several have one of that
    id; a blank one is none. Raises PdpError with MISSING_ENI, UNKNOWN_ENI or UNKNOWN_RULE,
    and FieldError with INVALID_REQUEST for a group without a rule.
    """
    eni = snapshot.eni(eni_id)
    if owners is None:
        owners = find_owners(snapshot, eni, flow.family, flow.remote)
    if verdict is None:
        verdict = decide(snapshot, eni_id, flow, at)
    linear = LinearRules(snapshot, eni.groups)
    context = context_of(snapshot, eni, flow.direction, flow.family, linear)
    matcher = Matcher(flow, owners, snapshot.prefix_lists, snapshot.port_lists)
    accounts = RuleAccounts(matcher, verdict, tuple(linear.rules))
    asked: OwnedRule | None = None
    if rule_id:
        asked = find_rule(snapshot, accounts.rules, eni.id, rule_id, group_id or "")
    elif group_id:
        raise FieldError(Reason.INVALID_REQUEST, "rule_id", "the rule's id is missing; group_id only says whose it is")
    facts = Facts(snapshot, context, flow, owners, at, verdict, accounts.considered, accounts.matching)
    return Explanation(
        verdict=verdict,
        stages=stage_accounts(facts),
        matched=accounts.matched(),
        near_misses=accounts.near_misses(),
        rules_considered=len(accounts.considered),
        asked_rule=accounts.account(asked) if asked else None,
        hints=hints_for(facts, accounts),
        groups=eni.groups,
    )

"""An explanation frames the verdict it is given: stages in order, counts, and the rule that was asked about."""

import random
from dataclasses import replace

import pytest

from pdp.model.errors import FieldError, PdpError, Reason
from pdp.model.rules import Action
from pdp.model.verdict import Stage
from pdp.policy.decide import decide
from pdp.policy.explain import explain
from pdp.policy.explanation import Explanation
from pdp.policy.owners import owners_of
from pdp.policy.snapshot import Snapshot
from tests.builders import (
    BELOW_RULES,
    NOW,
    SMTP_ALL,
    at,
    eni,
    flow,
    group,
    penalty,
    policy,
)
from tests.policy.asking import SSH, one_group


def account_of(explanation: Explanation, stage: Stage) -> str:
    return next(item.account for item in explanation.stages if item.stage is stage)


def test_the_verdict_is_the_definitions_unless_one_is_given() -> None:
    snapshot = one_group("accept tcp/22 from 0.0.0.0/0")
    assert explain(snapshot, "eni-a", flow(SSH), NOW).verdict == decide(snapshot, "eni-a", flow(SSH), NOW)


def test_the_verdict_and_owners_that_are_given_are_the_ones_explained() -> None:
    """The index gave them; an explanation never makes another answer."""
    snapshot = one_group("accept tcp/22 from 0.0.0.0/0")
    given = decide(snapshot, "eni-a", flow(SSH), NOW)._replace(valid_until=at("2027-01-01T00:00:00Z"))
    owners = owners_of([snapshot.eni("eni-b")])
    explanation = explain(snapshot, "eni-a", flow(SSH), NOW, verdict=given, owners=owners)
    assert explanation.verdict is given
    assert "198.51.100.7 belongs to eni-b" in account_of(explanation, Stage.SAME_GROUP)


def test_stages_stand_in_the_order_asked_up_to_the_one_that_answered() -> None:
    """§2."""
    explanation = explain(one_group("accept tcp/22 from 0.0.0.0/0"), "eni-a", flow(SSH), NOW)
    assert [(item.stage, item.asked, item.answered) for item in explanation.stages] == [
        (Stage.SAME_INSTANCE, True, False),
        (Stage.PENALTY, True, False),
        (Stage.SMTP_BLOCKED, True, False),
        (Stage.SAME_GROUP, True, False),
        (Stage.RULE, True, True),
        (Stage.HEALTH_CHECK, False, False),
        (Stage.DEFAULT, False, False),
    ]
    assert account_of(explanation, Stage.DEFAULT) == "Not asked, since RULE answered."


def test_a_setting_reorders_the_stages() -> None:
    """§2 stage 4."""
    explanation = explain(replace(one_group(), settings=BELOW_RULES), "eni-a", flow(SSH), NOW)
    assert [item.stage for item in explanation.stages][3:5] == [Stage.RULE, Stage.SAME_GROUP]


def test_rules_of_the_flows_direction_are_counted() -> None:
    """§3.1."""
    explanation = explain(
        one_group("accept icmp from ::/0", "drop all from ::/0", "drop all to ::/0"), "eni-a", flow(SSH), NOW
    )
    assert (explanation.rules_considered, explanation.groups) == (2, ("sg-a",))


def test_an_unknown_eni_is_an_error() -> None:
    """§2.1."""
    with pytest.raises(PdpError) as caught:
        explain(one_group(), "eni-x", flow(SSH), NOW)
    assert caught.value.reason is Reason.UNKNOWN_ENI


def test_every_explanation_agrees_with_its_verdict() -> None:
    """Over random policies and flows: one stage answered, and a rule won just when the rules stage did."""
    chance = random.Random(3)
    reasons = set()
    for _ in range(400):
        snapshot, text = _random_policy(chance), _random_flow(chance)
        explanation = explain(snapshot, "eni-a", flow(text), NOW)
        verdict = explanation.verdict
        reasons.add(verdict.reason)
        assert verdict == decide(snapshot, "eni-a", flow(text), NOW)
        assert [item.stage for item in explanation.stages if item.answered] == [verdict.reason]
        won = [(item.rule, item.group) for item in explanation.matched if item.won]
        assert won == ([(verdict.rule, verdict.group)] if verdict.reason is Stage.RULE else [])
        assert all(item.lost_because for item in (*explanation.matched, *explanation.near_misses) if not item.won)
        assert all(len(item.failed) == 1 for item in explanation.near_misses)
        assert explanation.hints
    assert reasons == set(Stage)


def _random_policy(chance: random.Random) -> Snapshot:
    """eni-a beside a sibling and other members, with a few rules and settings."""
    rules = [
        f"{chance.choice(('accept', 'drop'))} {chance.choice(('all', 'tcp/22', 'tcp/1-65535', 'icmp'))} "
        f"{chance.choice(('from', 'to'))} {chance.choice(('0.0.0.0/0', '10.0.0.0/8', 'sg-b', '::/0'))} "
        f"@{chance.randint(1, 3)}"
        for _ in range(chance.randint(0, 4))
    ]
    inner = chance.choice((Action.ACCEPT, Action.DROP))
    return policy(
        [group("sg-a", *rules, inner=inner), group("sg-b")],
        [
            eni("eni-a", "10.0.0.5", groups=["sg-a"], instance="i-1"),
            eni("eni-b", "10.0.0.6", groups=["sg-b"], instance="i-1"),
            eni("eni-c", "10.0.0.7", groups=["sg-a", "sg-b"]),
            eni("eni-d", "10.0.0.8", groups=["sg-b"]),
        ],
        penalties=[penalty("i-1", since=chance.choice(("2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z")))]
        * chance.randint(0, 1),
        settings=chance.choice((BELOW_RULES, SMTP_ALL)),
    )


def _random_flow(chance: random.Random) -> str:
    remotes = ("10.0.0.5", "10.0.0.6", "10.0.0.7", "10.0.0.8", "10.0.0.9", "8.8.8.8", "100.64.0.1")
    remote, port = chance.choice(remotes), chance.choice((0, 22, 25, 50000))
    if chance.random() < 0.5:
        return f"in tcp {remote}:443 > 10.0.0.5:{port}"
    return f"out {chance.choice(('tcp', 'udp'))} 10.0.0.5:40000 > {remote}:{port}"


# The rule that was asked about.


def test_the_asked_rule_is_told_with_every_condition() -> None:
    """§3.2."""
    explanation = explain(one_group("accept udp/53 from sg-b"), "eni-a", flow(SSH), NOW, rule_id="sgr-1")
    asked = explanation.asked_rule
    assert asked is not None
    assert [(test.name, test.met) for test in asked.conditions] == [
        ("direction", True),
        ("protocol", False),
        ("destination port", False),
        ("peer", False),
        ("source port", True),
        ("own side", True),
    ]
    assert asked.lost_because.startswith(
        "protocol: wants UDP, found TCP; destination port: wants 53/53, found port 22; peer:"
    )


def test_the_asked_rule_may_be_the_winner() -> None:
    asked = explain(one_group("drop all from 0.0.0.0/0"), "eni-a", flow(SSH), NOW, rule_id="sgr-1").asked_rule
    assert asked is not None
    assert (asked.won, asked.matched, asked.lost_because) == (True, True, "")


def test_a_rule_of_the_other_direction_fails_by_direction() -> None:
    """§3.1."""
    asked = explain(one_group("accept tcp/22 to 0.0.0.0/0"), "eni-a", flow(SSH), NOW, rule_id="sgr-1").asked_rule
    assert asked is not None
    assert asked.lost_because == "direction: wants egress, found ingress"


def test_no_rule_is_told_unless_one_is_asked_about() -> None:
    assert explain(one_group("drop all from 0.0.0.0/0"), "eni-a", flow(SSH), NOW).asked_rule is None
    assert explain(one_group("drop all from 0.0.0.0/0"), "eni-a", flow(SSH), NOW, rule_id="").asked_rule is None


TWO_GROUPS = policy(
    [
        group("sg-a", "accept tcp/22 from 0.0.0.0/0"),
        group("sg-b", "drop udp/53 from 0.0.0.0/0"),
        group("sg-c", "drop all to ::/0 id sgr-9"),
    ],
    [eni("eni-a", "10.0.0.5", groups=["sg-a", "sg-b"])],
)


def test_a_group_tells_apart_rules_of_one_id() -> None:
    """§3.3: ids are unique within a group only."""
    asked = explain(TWO_GROUPS, "eni-a", flow(SSH), NOW, rule_id="sgr-1", group_id="sg-b").asked_rule
    assert asked is not None
    assert asked.group == "sg-b"


def test_nothing_is_said_of_rules_of_other_accounts() -> None:
    """§6.5: they are nobody's to know but theirs."""
    asked = policy(
        [group("sg-a"), group("sg-b", "drop all to ::/0 id sgr-9", account="2000")],
        [eni("eni-a", "10.0.0.5", groups=["sg-a"])],
    )
    with pytest.raises(FieldError, match="no group of its account has one"):
        explain(asked, "eni-a", flow(SSH), NOW, rule_id="sgr-9")


def test_a_group_alone_names_no_rule() -> None:
    with pytest.raises(FieldError, match="rule_id: the rule's id is missing") as caught:
        explain(TWO_GROUPS, "eni-a", flow(SSH), NOW, group_id="sg-a")
    assert (caught.value.reason, caught.value.field) == (Reason.INVALID_REQUEST, "rule_id")


@pytest.mark.parametrize(
    ("rule_id", "group_id", "field", "message"),
    [
        ("sgr-1", "", "group_id", "several groups of eni-a have a rule 'sgr-1'; name one of sg-a, sg-b"),
        ("sgr-1", "sg-c", "group_id", "eni-a is not in 'sg-c' but in sg-a, sg-b"),
        ("sgr-9", "", "rule_id", "no rule 'sgr-9' is in sg-a, sg-b of eni-a; one is in sg-c, and eni-a is not"),
        ("sgr-8", "", "rule_id", "no rule 'sgr-8' is in sg-a, sg-b of eni-a; no group of its account has one"),
        ("sgr-9", "sg-a", "rule_id", "no rule 'sgr-9' is in sg-a of eni-a; one is in sg-c, and eni-a is not"),
    ],
)
def test_a_rule_that_is_not_among_the_enis_is_an_error_that_says_where_it_is(
    rule_id: str, group_id: str, field: str, message: str
) -> None:
    with pytest.raises(FieldError) as caught:
        explain(TWO_GROUPS, "eni-a", flow(SSH), NOW, rule_id=rule_id, group_id=group_id)
    assert (caught.value.reason, caught.value.field, caught.value.description) == (Reason.UNKNOWN_RULE, field, message)

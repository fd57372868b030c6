"""Each stage tells why it answered or had no answer, by the facts of this flow."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pdp.model.groups import GroupType
from pdp.model.network import DEFAULT_SETTINGS, Settings
from pdp.model.rules import Action
from pdp.model.verdict import Stage
from pdp.policy.explain import explain
from pdp.policy.explanation import Explanation
from pdp.policy.snapshot import Snapshot
from tests.builders import (
    BELOW_RULES,
    NOW,
    SMTP_ALL,
    eni,
    flow,
    group,
    penalty,
    policy,
    vpc,
)
from tests.policy.asking import SSH, one_group


def account_of(explanation: Explanation, stage: Stage) -> str:
    return next(item.account for item in explanation.stages if item.stage is stage)


def siblings(*, own: bool = False, other_own: bool = False) -> Snapshot:
    return policy(
        [group("sg-a")],
        [
            eni("eni-a", "10.0.0.5", groups=["sg-a"], instance="i-1", own_namespace=own),
            eni("eni-b", "10.0.0.6", groups=["sg-a"], instance="i-1", own_namespace=other_own),
        ],
    )


@pytest.mark.parametrize(
    ("snapshot", "remote", "words"),
    [
        (siblings(), "10.0.0.6", "10.0.0.6 belongs to eni-b of the same instance i-1 and VPC"),
        (siblings(), "10.0.0.7", "10.0.0.7 belongs to no other ENI of i-1 in vpc-1"),
        (siblings(own=True), "10.0.0.6", "eni-b of the same instance, but eni-a has a network namespace of its own"),
        (
            siblings(other_own=True),
            "10.0.0.6",
            "eni-b of the same instance, but eni-b has a network namespace of its own",
        ),
        (policy([group("sg-a")], [eni("eni-a", groups=["sg-a"])]), "10.0.0.6", "eni-a is attached to no instance"),
    ],
)
def test_same_instance_names_the_sibling_or_why_there_is_none(snapshot: Snapshot, remote: str, words: str) -> None:
    """§2 stage 1."""
    explanation = explain(snapshot, "eni-a", flow(f"in tcp {remote}:1 > 10.0.0.5:22"), NOW)
    assert words in account_of(explanation, Stage.SAME_INSTANCE)


def test_only_siblings_are_named_as_such() -> None:
    """§2 stage 1, §3.8: an address may belong to others, too."""
    snapshot = policy(
        [group("sg-a")],
        [
            eni("eni-a", "10.0.0.0/28", groups=["sg-a"], instance="i-1"),
            eni("eni-b", "10.0.0.0/28", groups=["sg-a"], instance="i-2"),
            eni("eni-c", "10.0.0.6", groups=["sg-a"], instance="i-1"),
            eni("eni-d", "10.0.0.6", groups=["sg-a"], instance="i-1", own_namespace=True),
        ],
    )
    explanation = explain(snapshot, "eni-a", flow("in tcp 10.0.0.6:1 > 10.0.0.5:22"), NOW)
    assert account_of(explanation, Stage.SAME_INSTANCE).startswith("10.0.0.6 belongs to eni-c of the same instance")
    explanation = explain(snapshot, "eni-a", flow("in tcp 10.0.0.7:1 > 10.0.0.5:22"), NOW)
    assert account_of(explanation, Stage.SAME_INSTANCE) == "10.0.0.7 belongs to no other ENI of i-1 in vpc-1."


@pytest.mark.parametrize(
    ("windows", "words"),
    [
        ([], "i-1 is under no penalty that blocks traffic."),
        ([("", "")], "All traffic of i-1 is blocked by a penalty with no end set (malicious behaviour: mining)."),
        (
            [("2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z")],
            "blocked by a penalty since 2025-01-01T00:00:00Z until 2027-01-01T00:00:00Z (malicious behaviour: mining).",
        ),
        ([("", ""), ("2025-01-01T00:00:00Z", "")], "and by 1 more."),
        (
            [("2026-02-01T00:00:00Z", "")],
            "since 2026-02-01T00:00:00Z with no end set (malicious behaviour: mining), but not at",
        ),
        (
            [("", "2025-02-01T00:00:00Z")],
            "until 2025-02-01T00:00:00Z (malicious behaviour: mining), but not at 2026-01-01",
        ),
    ],
)
def test_a_penalty_is_told_with_its_window(windows: list[tuple[str, str]], words: str) -> None:
    """§2 stage 2, §7.4."""
    snapshot = policy(
        [group("sg-a")],
        [eni("eni-a", "10.0.0.5", groups=["sg-a"], instance="i-1")],
        penalties=[penalty("i-1", *window, reason="mining") for window in windows],
    )
    assert words in account_of(explain(snapshot, "eni-a", flow(SSH), NOW), Stage.PENALTY)


def test_a_penalty_tells_of_an_eni_without_an_instance() -> None:
    snapshot = policy([group("sg-a")], [eni("eni-a", groups=["sg-a"])])
    words = "eni-a is attached to no instance, and penalties block instances."
    assert account_of(explain(snapshot, "eni-a", flow(SSH), NOW), Stage.PENALTY) == words


def mail(smtp_exempt: Sequence[str] = (), settings: Settings = DEFAULT_SETTINGS) -> Snapshot:
    return policy(
        [group("sg-a")],
        [eni("eni-a", "10.0.0.5", groups=["sg-a"])],
        vpcs=[vpc("vpc-1", "30.0.0.0/8")],
        smtp_exempt=smtp_exempt,
        settings=settings,
    )


@pytest.mark.parametrize(
    ("snapshot", "text", "words"),
    [
        (mail(), SSH, "Only egress to TCP port 25"),
        (mail(), "out udp 10.0.0.5:1 > 8.8.8.8:25", "Only egress to TCP port 25"),
        (
            mail(),
            "out tcp 10.0.0.5:1 > 8.8.8.8:25",
            "to 8.8.8.8, outside private address space and the blocks of vpc-1, is",
        ),
        (mail(), "out tcp 10.0.0.5:1 > 8.8.8.8:25", "account 1000 has no SMTP exemption, and no rule can open it"),
        (mail(), "out tcp 10.0.0.5:1 > 30.1.1.1:25", "30.1.1.1 is in 30.0.0.0/8"),
        (mail(), "out tcp 10.0.0.5:1 > 172.16.0.1:25", "172.16.0.1 is in 172.16.0.0/12"),
        (mail(smtp_exempt=["1000"]), "out tcp 10.0.0.5:1 > 8.8.8.8:25", "Account 1000 is exempt"),
        (
            mail(settings=SMTP_ALL),
            "out tcp 10.0.0.5:1 > 10.0.0.9:25",
            "to any address (setting smtp_scope is all) is blocked",
        ),
    ],
)
def test_smtp_names_the_account_and_why(snapshot: Snapshot, text: str, words: str) -> None:
    """§2 stage 3."""
    assert words in account_of(explain(snapshot, "eni-a", flow(text), NOW), Stage.SMTP_BLOCKED)


@pytest.mark.parametrize(("owner", "named"), [("2000", "account 2000"), ("", "account 1000")])
def test_smtp_names_the_owner_of_the_eni_or_else_of_its_vpc(owner: str, named: str) -> None:
    """§2 stage 3: the VPC's account is 1000."""
    snapshot = policy([group("sg-a")], [eni("eni-a", "10.0.0.5", groups=["sg-a"], account=owner)])
    explanation = explain(snapshot, "eni-a", flow("out tcp 10.0.0.5:1 > 8.8.8.8:25"), NOW)
    assert named in account_of(explanation, Stage.SMTP_BLOCKED)


def talking(inner: Action = Action.ACCEPT, *, below: bool = False) -> Snapshot:
    snapshot = policy(
        [group("sg-a", inner=inner), group("sg-b", inner=inner)],
        [
            eni("eni-a", "10.0.0.5", groups=["sg-a"]),
            eni("eni-b", "10.0.0.6", groups=["sg-a"]),
            eni("eni-c", "10.0.0.7", groups=["sg-b"]),
        ],
    )
    return replace(snapshot, settings=BELOW_RULES) if below else snapshot


@pytest.mark.parametrize(
    ("snapshot", "remote", "words"),
    [
        (talking(), "10.0.0.6", "10.0.0.6 belongs to eni-b, in sg-a like eni-a"),
        (talking(), "10.0.0.6", "that stands above every rule"),
        (talking(below=True), "10.0.0.6", "(setting same_group_precedence is below_rules, and no rule matched)"),
        (talking(), "10.0.0.5", "10.0.0.5 is eni-a's own, in sg-a"),
        (talking(), "10.0.0.7", "10.0.0.7 belongs to eni-c, in none of sg-a"),
        (talking(), "10.0.0.8", "10.0.0.8 belongs to no ENI of vpc-1"),
        (talking(Action.DROP), "10.0.0.6", "10.0.0.6 belongs to eni-b, also in sg-a, but there members may not talk"),
        (talking(Action.DROP), "10.0.0.7", "no group of eni-a lets its members talk"),
    ],
)
def test_same_group_names_the_member_and_the_group(snapshot: Snapshot, remote: str, words: str) -> None:
    """§2 stage 4."""
    explanation = explain(snapshot, "eni-a", flow(f"in tcp {remote}:1 > 10.0.0.5:22"), NOW)
    assert words in account_of(explanation, Stage.SAME_GROUP)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ((), "sg-a has no ingress rules."),
        (("accept tcp/80 from 0.0.0.0/0", "accept tcp/81 from ::/0"), "None of the 2 ingress rules of sg-a matches."),
        (
            ("accept tcp/22 from 0.0.0.0/0", "accept tcp/81 from ::/0"),
            "sgr-1 of sg-a decides, the only rule that matches of 2: accept TCP 22/22 from 0.0.0.0/0 priority 1.",
        ),
        (
            ("accept tcp/22 from 0.0.0.0/0 @2", "drop all from 0.0.0.0/0"),
            "sgr-2 of sg-a decides, the first by precedence of 2",
        ),
        (("drop all from 0.0.0.0/0 id sgr-x derived",), "sgr-x of sg-a (its id is derived) decides"),
    ],
)
def test_the_rules_stage_names_the_winner(rules: tuple[str, ...], words: str) -> None:
    """§2 stage 5."""
    assert words in account_of(explain(one_group(*rules), "eni-a", flow(SSH), NOW), Stage.RULE)


@pytest.mark.parametrize(
    ("type_", "text", "health", "default"),
    [
        (GroupType.BASIC, SSH, "198.51.100.7 is outside 100.64.0.0/10", "basic groups drop ingress by default"),
        (GroupType.BASIC, "out icmp 10.0.0.5 > 8.8.8.8", "Only ingress", "basic groups accept egress by default"),
        (GroupType.ADVANCED, "out icmp 10.0.0.5 > 8.8.8.8", "Only ingress", "advanced groups drop egress by default"),
        (
            GroupType.BASIC,
            "in tcp 100.64.1.2:1 > 10.0.0.5:80",
            "100.64.1.2 is in 100.64.0.0/10",
            "HEALTH_CHECK answered",
        ),
    ],
)
def test_health_checks_and_defaults_are_told(type_: GroupType, text: str, health: str, default: str) -> None:
    """§2 stages 6 and 7."""
    snapshot = policy([group("sg-a", type=type_)], [eni("eni-a", "10.0.0.5", groups=["sg-a"])])
    explanation = explain(snapshot, "eni-a", flow(text), NOW)
    assert health in account_of(explanation, Stage.HEALTH_CHECK)
    assert default in account_of(explanation, Stage.DEFAULT)

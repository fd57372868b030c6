"""The stages of §2, one table for each."""

from dataclasses import replace

import pytest

from pdp.model.errors import PdpError, Reason
from pdp.model.groups import GroupType
from pdp.model.network import PenaltyAction
from pdp.model.rules import Action
from pdp.model.verdict import Stage
from pdp.policy.decide import decide
from pdp.policy.snapshot import Snapshot
from pdp.policy.stages import ORDER, order_for
from tests.builders import (
    BELOW_RULES,
    NOW,
    at,
    eni,
    flow,
    group,
    penalty,
    policy,
    vpc,
)
from tests.policy.asking import ask

ADVANCED = GroupType.ADVANCED
ACCEPT_ALL = ("accept all from 0.0.0.0/0", "accept all from ::/0", "accept all to 0.0.0.0/0", "accept all to ::/0")
DROP_ALL = ("drop all from 0.0.0.0/0", "drop all from ::/0", "drop all to 0.0.0.0/0", "drop all to ::/0")
FROM_SIBLING = "in tcp 10.0.0.6:40000 > 10.0.0.5:22"
TO_SIBLING = "out tcp 10.0.0.5:40000 > 10.0.0.6:22"
OUTSIDE = "in tcp 198.51.100.7:40000 > 10.0.0.5:22"


def test_stages_are_asked_in_the_order_of_the_clause() -> None:
    """§2."""
    assert [stage.stage for stage in ORDER] == list(Stage)


def test_below_rules_moves_same_group_between_rules_and_health_checks() -> None:
    """§2 stage 4."""
    order = [stage.stage.name for stage in order_for(BELOW_RULES)]
    assert order == ["SAME_INSTANCE", "PENALTY", "SMTP_BLOCKED", "RULE", "SAME_GROUP", "HEALTH_CHECK", "DEFAULT"]


# Stage 1: same instance.


def two_enis(
    *,
    instance: str = "i-1",
    other_instance: str = "i-1",
    own: bool = False,
    other_own: bool = False,
    other_vpc: str = "vpc-1",
) -> Snapshot:
    """eni-a (10.0.0.5) and eni-b (10.0.0.6), which nothing but stage 1 lets talk."""
    return policy(
        [group("sg-a", *DROP_ALL), group("sg-b", vpc=other_vpc)],
        [
            eni("eni-a", "10.0.0.5", "fd00::5", groups=["sg-a"], instance=instance, own_namespace=own),
            eni(
                "eni-b",
                "10.0.0.6",
                "fd00::6",
                "10.1.0.0/28",
                groups=["sg-b"],
                instance=other_instance,
                own_namespace=other_own,
                vpc=other_vpc,
            ),
        ],
        vpcs=[vpc("vpc-1", "10.0.0.0/8"), vpc("vpc-2", "10.0.0.0/8")],
    )


@pytest.mark.parametrize(
    "text",
    [
        FROM_SIBLING,
        TO_SIBLING,
        "in icmp 10.0.0.6 > 10.0.0.5",
        "out udp [fd00::5]:1 > [fd00::6]:53",
        "in 47 10.1.0.15 > 10.0.0.5",
    ],
)
def test_the_guest_forwards_between_enis_of_one_instance(text: str) -> None:
    """§2 stage 1: any protocol, both directions and families, assigned prefixes too."""
    assert ask(two_enis(), text) == "accept same_instance"


@pytest.mark.parametrize(
    "snapshot",
    [
        pytest.param(two_enis(other_instance="i-2"), id="another instance"),
        pytest.param(two_enis(instance="", other_instance=""), id="both without an instance"),
        pytest.param(two_enis(own=True), id="own namespace here"),
        pytest.param(two_enis(other_own=True), id="own namespace there"),
        pytest.param(two_enis(other_vpc="vpc-2"), id="another VPC"),
    ],
)
def test_no_siblings_no_same_instance(snapshot: Snapshot) -> None:
    """§2 stage 1: an ENI without an instance has no siblings; either side's own namespace counts; one VPC."""
    assert ask(snapshot, FROM_SIBLING) == "drop sg-a/sgr-1"
    assert ask(snapshot, TO_SIBLING) == "drop sg-a/sgr-3"


def test_an_eni_is_not_its_own_sibling() -> None:
    """§2 stage 1: *another* ENI of the same instance."""
    assert ask(two_enis(), "in tcp 10.0.0.5:40000 > 10.0.0.5:22") == "drop sg-a/sgr-1"


def test_one_sibling_without_own_namespace_is_enough() -> None:
    """§2 stage 1, §3.8: an address belongs to every ENI that has it."""
    snapshot = policy(
        [group("sg-a")],
        [
            eni("eni-a", "10.0.0.5", groups=["sg-a"], instance="i-1"),
            eni("eni-b", "10.0.0.6", groups=["sg-a"], instance="i-1", own_namespace=True),
            eni("eni-c", "10.0.0.0/28", groups=["sg-a"], instance="i-1"),
        ],
    )
    assert ask(snapshot, FROM_SIBLING) == "accept same_instance"


def test_same_instance_stands_above_a_penalty() -> None:
    """§2: the first stage that answers, wins; a penalty cannot change that answer, so it has no end."""
    snapshot = policy(
        [group("sg-a")],
        [eni(f"eni-{name}", f"10.0.0.{last}", groups=["sg-a"], instance="i-1") for name, last in (("a", 5), ("b", 6))],
        penalties=[penalty("i-1", until="2026-06-01T00:00:00Z")],
    )
    verdict = decide(snapshot, "eni-a", flow(FROM_SIBLING), NOW)
    assert (verdict.reason, verdict.valid_until) == (Stage.SAME_INSTANCE, None)


# Stage 2: penalties.


def penalised(action: PenaltyAction = PenaltyAction.BLOCK_TRAFFIC, instance: str = "i-1") -> Snapshot:
    return policy(
        [group("sg-a", *ACCEPT_ALL, inner=Action.ACCEPT)],
        [
            eni("eni-a", "10.0.0.5", groups=["sg-a"], instance="i-1"),
            eni("eni-b", "10.0.0.6", groups=["sg-a"], instance="i-2"),
            eni("eni-c", "10.0.0.7", groups=["sg-a"]),
        ],
        penalties=[penalty(instance, action=action)],
    )


@pytest.mark.parametrize(
    "text", [OUTSIDE, FROM_SIBLING, "out icmp 10.0.0.5 > 8.8.8.8", "in tcp 100.64.0.1:1 > 10.0.0.5:2"]
)
def test_a_penalty_blocks_all_traffic_of_its_instance(text: str) -> None:
    """§2 stage 2: above same group, rules and health checks, in both directions."""
    assert ask(penalised(), text) == "drop penalty"


def test_a_penalty_leaves_other_instances_alone() -> None:
    """§2 stage 2: traffic of eni-b toward the blocked instance is judged by eni-b's own groups."""
    assert ask(penalised(), "out tcp 10.0.0.6:1 > 10.0.0.5:2", "eni-b") == "accept same_group sg-a"


def test_an_eni_without_an_instance_is_under_no_penalty() -> None:
    """§2 stage 2: a penalty without an instance names nobody."""
    assert ask(penalised(instance=""), "in tcp 198.51.100.7:1 > 10.0.0.7:2", "eni-c") == "accept sg-a/sgr-1"


@pytest.mark.parametrize("action", [PenaltyAction.LOCK, PenaltyAction.BLOCK_DOMAIN])
def test_only_block_traffic_touches_verdicts(action: PenaltyAction) -> None:
    """§2 stage 2, §7.4: a lock blocks changes, a domain no flow can show."""
    verdict = decide(penalised(action), "eni-a", flow(OUTSIDE), NOW)
    assert (verdict.reason, verdict.valid_until) == (Stage.RULE, None)


# Stage 4: same group.


def members(*, below: bool = False, inner: Action = Action.ACCEPT, type_: GroupType = GroupType.BASIC) -> Snapshot:
    """eni-a and eni-b share sg-b and sg-c; eni-c has sg-c alone; eni-d is in sg-a like eni-a, where inner is Drop."""
    snapshot = policy(
        [
            group("sg-a", *DROP_ALL, type=type_),
            group("sg-b", inner=inner, type=type_),
            group("sg-c", inner=inner, type=type_),
        ],
        [
            eni("eni-a", "10.0.0.5", "fd00::5", groups=["sg-a", "sg-b", "sg-c"]),
            eni("eni-b", "10.0.0.6", "10.0.0.66", "fd00::6", "10.9.0.0/28", groups=["sg-b", "sg-c"]),
            eni("eni-c", "10.0.0.7", groups=["sg-c"]),
            eni("eni-d", "10.0.0.8", groups=["sg-a"]),
        ],
    )
    return replace(snapshot, settings=BELOW_RULES) if below else snapshot


@pytest.mark.parametrize("remote", ["10.0.0.6", "10.0.0.66", "10.9.0.0", "10.9.0.15"])
def test_members_of_a_basic_group_talk_above_every_rule(remote: str) -> None:
    """§2 stage 4, §2.0: every private address, in both directions; the smallest shared group is named."""
    assert ask(members(), f"in tcp {remote}:1 > 10.0.0.5:2") == "accept same_group sg-b"
    assert ask(members(), f"out 47 10.0.0.5 > {remote}") == "accept same_group sg-b"


def test_members_talk_over_ipv6_too() -> None:
    """§2 stage 4, §2.0."""
    assert ask(members(), "in tcp [fd00::6]:1 > [fd00::5]:2") == "accept same_group sg-b"


def test_the_group_named_is_one_that_this_remote_shares() -> None:
    """§2 stage 4: it differs per member."""
    assert ask(members(), "in tcp 10.0.0.7:1 > 10.0.0.5:2") == "accept same_group sg-c"


def test_an_eni_is_a_member_of_its_own_groups() -> None:
    """§2.0."""
    assert ask(members(), "in tcp 10.0.0.5:1 > 10.0.0.5:2") == "accept same_group sg-b"


def test_a_group_with_inner_access_drop_lets_its_members_not_talk() -> None:
    """§2 stage 4."""
    assert ask(members(), "in tcp 10.0.0.8:1 > 10.0.0.5:2") == "drop sg-a/sgr-1"
    assert ask(members(inner=Action.DROP), "in tcp 10.0.0.6:1 > 10.0.0.5:2") == "drop sg-a/sgr-1"


def test_an_advanced_group_never_lets_its_members_talk() -> None:
    """§2 stage 4, §4.4: not even one that an export says to accept."""
    assert ask(members(type_=ADVANCED), "in tcp 10.0.0.6:1 > 10.0.0.5:2") == "drop sg-a/sgr-1"


def test_an_eni_of_another_vpc_shares_nothing() -> None:
    """§2 stage 4, §3.8: of the same VPC."""
    snapshot = policy(
        [group("sg-a", inner=Action.ACCEPT)],
        [eni("eni-a", "10.0.0.5", groups=["sg-a"]), eni("eni-b", "10.0.0.6", groups=["sg-a"], vpc="vpc-2")],
    )
    assert ask(snapshot, "in tcp 10.0.0.6:1 > 10.0.0.5:2") == "drop default"


def test_below_rules_lets_a_rule_drop_members() -> None:
    """§2 stage 4: a setting."""
    snapshot = members(below=True)
    assert ask(snapshot, "in tcp 10.0.0.6:1 > 10.0.0.5:2") == "drop sg-a/sgr-1"
    assert ask(snapshot, "in tcp 10.0.0.5:1 > 10.0.0.7:2", "eni-c") == "accept same_group sg-c"


def test_below_rules_still_stands_above_health_checks_and_the_default() -> None:
    """§2 stage 4: between stages 5 and 6."""
    snapshot = policy(
        [group("sg-a", inner=Action.ACCEPT)],
        [eni("eni-a", "10.0.0.5", groups=["sg-a"]), eni("eni-b", "100.64.0.9", groups=["sg-a"])],
        settings=BELOW_RULES,
    )
    assert ask(snapshot, "in tcp 100.64.0.9:1 > 10.0.0.5:2") == "accept same_group sg-a"
    assert ask(snapshot, "in tcp 100.64.0.8:1 > 10.0.0.5:2") == "accept health_check"


# Stages 6 and 7: health checks and defaults.


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("in tcp 100.64.0.0:1 > 10.0.0.5:80", "accept health_check"),
        ("in icmp 100.127.255.255 > 10.0.0.5", "accept health_check"),
        ("in tcp [::ffff:100.64.0.1]:1 > [::ffff:10.0.0.5]:80", "accept health_check"),
        ("in tcp 100.63.255.255:1 > 10.0.0.5:80", "drop default"),
        ("in tcp 100.128.0.0:1 > 10.0.0.5:80", "drop default"),
        ("out tcp 10.0.0.5:1 > 100.64.0.1:80", "drop default"),
    ],
)
def test_health_checks_come_in_by_default(text: str, told: str) -> None:
    """§2 stage 6: ingress from 100.64.0.0/10 only."""
    snapshot = policy([group("sg-a", type=ADVANCED)], [eni("eni-a", "10.0.0.5", groups=["sg-a"])])
    assert ask(snapshot, text) == told


def test_a_rule_stands_above_health_checks() -> None:
    """§2 stage 6: accept, below custom rules."""
    snapshot = policy([group("sg-a", "drop tcp/80 from 100.64.0.0/10")], [eni("eni-a", "10.0.0.5", groups=["sg-a"])])
    assert ask(snapshot, "in tcp 100.64.0.1:1 > 10.0.0.5:80") == "drop sg-a/sgr-1"
    assert ask(snapshot, "in tcp 100.64.0.1:1 > 10.0.0.5:81") == "accept health_check"


@pytest.mark.parametrize(
    ("type_", "text", "told"),
    [
        (GroupType.BASIC, "in tcp 198.51.100.7:1 > 10.0.0.5:2", "drop default"),
        (GroupType.BASIC, "out tcp 10.0.0.5:1 > 198.51.100.7:2", "accept default"),
        (GroupType.ADVANCED, "in tcp 198.51.100.7:1 > 10.0.0.5:2", "drop default"),
        (GroupType.ADVANCED, "out tcp 10.0.0.5:1 > 198.51.100.7:2", "drop default"),
        (GroupType.BASIC, "in tcp [2001:db8::7]:1 > [fd00::5]:2", "drop default"),
        (GroupType.BASIC, "out icmpv6 fd00::5 > 2001:db8::7", "accept default"),
    ],
)
def test_the_default_is_the_types(type_: GroupType, text: str, told: str) -> None:
    """§2 stage 7."""
    assert ask(policy([group("sg-a", type=type_)], [eni("eni-a", "10.0.0.5", groups=["sg-a"])]), text) == told


# Around the stages.


def test_the_own_side_is_not_checked_against_the_eni() -> None:
    """§2.0: it may route for others."""
    snapshot = policy([group("sg-a", "accept tcp/22 from 0.0.0.0/0")], [eni("eni-a", "10.0.0.5", groups=["sg-a"])])
    assert ask(snapshot, "in tcp 198.51.100.7:1 > 192.0.2.99:22") == "accept sg-a/sgr-1"


@pytest.mark.parametrize(("eni_id", "reason"), [("eni-x", Reason.UNKNOWN_ENI), ("", Reason.MISSING_ENI)])
def test_an_eni_that_is_not_known_is_an_error_and_no_verdict(eni_id: str, reason: Reason) -> None:
    """§2.1."""
    with pytest.raises(PdpError) as caught:
        ask(two_enis(), OUTSIDE, eni_id)
    assert caught.value.reason is reason


def test_an_instances_id_is_answered_with_its_enis() -> None:
    """§2.1: still an error, and it says what to ask."""
    with pytest.raises(PdpError, match="eni-a, eni-b") as caught:
        ask(two_enis(), OUTSIDE, "i-1")
    assert caught.value.reason is Reason.UNKNOWN_ENI


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("in tcp 198.51.100.7:1 > 10.0.0.5:2", 300),
        ("in udp 198.51.100.7:1 > 10.0.0.5:2", 60),
        ("in icmp 198.51.100.7 > 10.0.0.5", None),
        ("out udp 10.0.0.5:1 > 198.51.100.7:2", 60),
        ("in tcp 203.0.113.1:1 > 10.0.0.5:2", None),
        ("in tcp 10.0.0.6:1 > 10.0.0.5:2", 300),
        ("in tcp 10.0.0.7:1 > 10.0.0.5:2", 300),
        ("in udp 100.64.0.1:1 > 10.0.0.5:2", 60),
    ],
)
def test_an_accept_carries_the_sessions_idle_timeout(text: str, seconds: int | None) -> None:
    """§2.3: that of this ENI, by every stage that accepts; nothing on drop or without sessions."""
    snapshot = policy(
        [
            group("sg-a", "accept all from 198.51.100.0/24", "drop all from 203.0.113.0/24"),
            group("sg-b", inner=Action.ACCEPT),
        ],
        [
            eni("eni-a", "10.0.0.5", groups=["sg-a", "sg-b"], instance="i-1", tcp_timeout_s=300, udp_timeout_s=60),
            eni("eni-b", "10.0.0.6", groups=["sg-a"], instance="i-1"),
            eni("eni-c", "10.0.0.7", groups=["sg-b"]),
        ],
    )
    assert decide(snapshot, "eni-a", flow(text), NOW).idle_timeout_s == seconds


def test_timeouts_are_910_and_30_seconds_unless_set() -> None:
    """§2.3."""
    snapshot = policy([group("sg-a", *ACCEPT_ALL)], [eni("eni-a", "10.0.0.5", groups=["sg-a"])])
    flows = (flow("in tcp 198.51.100.7:1 > 10.0.0.5:2"), flow("in udp 198.51.100.7:1 > 10.0.0.5:2"))
    assert [decide(snapshot, "eni-a", asked, NOW).idle_timeout_s for asked in flows] == [910, 30]


def test_the_time_changes_nothing_without_penalties() -> None:
    """§2: only penalties look at the time."""
    snapshot = members()
    times = [at("1970-01-01T00:00:00Z"), NOW, at("9999-12-31T23:59:59Z")]
    verdicts = [decide(snapshot, "eni-a", flow(OUTSIDE), when) for when in times]
    assert verdicts[0] == verdicts[1] == verdicts[2]
    assert verdicts[0].valid_until is None

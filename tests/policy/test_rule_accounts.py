"""Each rule tells which conditions it meets, and what it lost to."""

import pytest

from pdp.model.rules import Action
from pdp.policy.explain import explain
from pdp.policy.explanation import Explanation
from tests.builders import (
    NOW,
    eni,
    flow,
    group,
    policy,
    port_list,
    rule,
)
from tests.policy.asking import SSH, one_group


def ids(explanation: Explanation) -> list[str]:
    return [account.rule.id for account in explanation.matched]


# Rules that matched.


def test_matching_rules_stand_by_precedence_with_what_each_lost_to() -> None:
    """§3.3."""
    explanation = explain(
        one_group(
            "accept all from 0.0.0.0/0 @20 id sgr-5",
            "accept all from 0.0.0.0/0 @10 id sgr-4",
            "drop all from 0.0.0.0/0 @10 id sgr-3",
            "drop tcp/22 from 0.0.0.0/0 @10 id sgr-2",
            "accept udp/22 from 0.0.0.0/0 @1 id sgr-1",
        ),
        "eni-a",
        flow(SSH),
        NOW,
    )
    assert [(item.rule.id, item.won, item.lost_because) for item in explanation.matched] == [
        ("sgr-2", True, ""),
        ("sgr-3", False, "same priority and policy as sgr-2 of sg-a, which is named first by its rule id"),
        ("sgr-4", False, "same priority, but drop wins over accept: sgr-2 of sg-a drops"),
        ("sgr-5", False, "priority 20 is behind 10 of sgr-2 of sg-a"),
    ]
    assert all(item.matched and not item.failed for item in explanation.matched)


def test_a_rule_of_the_same_id_in_a_later_group_lost_by_its_group() -> None:
    """§3.3."""
    snapshot = policy(
        [group("sg-a", "drop all from 0.0.0.0/0"), group("sg-b", "drop all from 0.0.0.0/0")],
        [eni("eni-a", groups=["sg-a", "sg-b"])],
    )
    winner, loser = explain(snapshot, "eni-a", flow(SSH), NOW).matched
    assert (winner.group, winner.won, loser.group, loser.won) == ("sg-a", True, "sg-b", False)
    assert loser.lost_because == "same priority and policy as sgr-1 of sg-a, which is named first by its group id"


def test_rules_under_a_stage_that_answered_above_them_are_still_told() -> None:
    """§2."""
    snapshot = policy(
        [group("sg-a", "drop all from 0.0.0.0/0", "accept all from 0.0.0.0/0 @2", inner=Action.ACCEPT)],
        [eni("eni-a", "10.0.0.5", groups=["sg-a"]), eni("eni-b", "10.0.0.6", groups=["sg-a"])],
    )
    explanation = explain(snapshot, "eni-a", flow("in tcp 10.0.0.6:1 > 10.0.0.5:22"), NOW)
    assert ids(explanation) == ["sgr-1", "sgr-2"]
    assert {(item.won, item.lost_because) for item in explanation.matched} == {
        (False, "SAME_GROUP answered, a stage above the rules")
    }


def test_of_one_rule_that_is_there_twice_the_first_won() -> None:
    """§3.3: old exports have no ids, and a derived one is the same for the same rule."""
    twice = [rule("drop all from 0.0.0.0/0 id sgr-x derived")] * 2
    snapshot = policy([group("sg-a", *twice)], [eni("eni-a", groups=["sg-a"])])
    first, second = explain(snapshot, "eni-a", flow(SSH), NOW).matched
    assert (first.won, first.lost_because) == (True, "")
    assert (second.won, second.lost_because) == (False, "the same rule is there twice")


# Rules that nearly matched, and their conditions.


def test_near_misses_fail_by_exactly_one_test_and_stand_by_precedence() -> None:
    """§3.2."""
    snapshot = one_group(
        "accept tcp/80 from 0.0.0.0/0 @30",
        "accept udp/22 from 0.0.0.0/0 @20",
        "accept udp/80 from 0.0.0.0/0 @1",
        "accept tcp/22 from 10.0.0.0/8 @10",
        "accept tcp/22 from 0.0.0.0/0 @5 sport 1-2",
        "accept tcp/22 from 0.0.0.0/0 @6 own 10.0.1.0/24",
        "accept tcp/22 to 0.0.0.0/0 @1",
    )
    misses = explain(snapshot, "eni-a", flow(SSH), NOW).near_misses
    assert [(miss.rule.id, miss.lost_because) for miss in misses] == [
        ("sgr-5", "source port: wants 1/2, found port 40000"),
        ("sgr-6", "own side: wants 10.0.1.0/24, found 10.0.0.5"),
        ("sgr-4", "peer: wants 10.0.0.0/8, found 198.51.100.7"),
        ("sgr-2", "protocol: wants UDP, found TCP"),
        ("sgr-1", "destination port: wants 80/80, found port 22"),
    ]
    assert not any(miss.matched or miss.won for miss in misses)


def test_at_most_ten_near_misses_are_told() -> None:
    rules = [f"accept tcp/{port} from 0.0.0.0/0 @{port}" for port in range(100, 80, -1)]
    misses = explain(one_group(*rules), "eni-a", flow(SSH), NOW).near_misses
    assert [miss.rule.priority for miss in misses] == list(range(81, 91))


@pytest.mark.parametrize(
    ("rule_text", "text", "told"),
    [
        ("accept icmp from sg-b", "in icmp fd00::6 > fd00::5", "protocol: wants ICMP over IPv4, found ICMP over IPv6"),
        (
            "accept icmpv6 from sg-b",
            "in 58 10.0.0.6 > 10.0.0.5",
            "protocol: wants ICMPv6 over IPv6, found ICMPv6 over IPv4",
        ),
        ("accept tcp/prl-1 from 0.0.0.0/0", SSH, "destination port: wants 80/80, 8000/8080 of prl-1, found port 22"),
        ("accept tcp/prl-0 from 0.0.0.0/0", SSH, "destination port: wants prl-0, which has no entries, found port 22"),
        ("accept all from pl-1", SSH, "peer: wants 192.0.2.0/24, 203.0.113.0/24 of pl-1, found 198.51.100.7"),
        ("accept all from pl-0", SSH, "peer: wants pl-0, which has no entries, found 198.51.100.7"),
        ("accept all from 10.1.2.3/8", SSH, "peer: wants 10.1.2.3/8 (that is 10.0.0.0/8), found 198.51.100.7"),
        (
            "accept all from sg-c",
            "in icmp 10.0.0.6 > 10.0.0.5",
            "peer: wants a private address of an ENI in sg-c, found 10.0.0.6 of eni-b (sg-b)",
        ),
        (
            "accept all from sg-c",
            SSH,
            "peer: wants a private address of an ENI in sg-c, found 198.51.100.7, which no ENI of the VPC has",
        ),
        (
            "accept all from 0.0.0.0/0 sport 1-65535",
            "in icmp 198.51.100.7 > 10.0.0.5",
            "source port: wants 1/65535, found a protocol without ports",
        ),
        ("accept all from ::/0", SSH, "peer: wants ::/0, found 198.51.100.7"),
    ],
)
def test_a_condition_tells_what_is_wanted_and_what_is_found(rule_text: str, text: str, told: str) -> None:
    """§3.2 to §3.9."""
    (miss,) = explain(one_group(rule_text), "eni-a", flow(text), NOW).near_misses
    assert miss.lost_because == told


@pytest.mark.parametrize(
    ("protocol", "wanted"), [("all", "ALL"), ("icmp", "ICMP over IPv4"), ("0", "0"), ("47", "GRE")]
)
def test_a_protocol_is_told_by_name(protocol: str, wanted: str) -> None:
    """§3.5."""
    snapshot = one_group(f"drop {protocol} from 10.0.0.0/8")
    asked = explain(snapshot, "eni-a", flow(SSH), NOW, rule_id="sgr-1").asked_rule
    assert asked is not None
    assert asked.conditions[1].wanted == wanted


@pytest.mark.parametrize(("count", "words"), [(10, "108/108, 109/109 of prl-1"), (13, "109/109 and 3 more of prl-1")])
def test_a_long_list_is_told_by_its_first_entries(count: int, words: str) -> None:
    ports = port_list("prl-1", *(str(port) for port in range(100, 100 + count)))
    snapshot = policy(
        [group("sg-a", "drop tcp/prl-1 from 0.0.0.0/0")], [eni("eni-a", groups=["sg-a"])], port_lists=[ports]
    )
    (miss,) = explain(snapshot, "eni-a", flow(SSH), NOW).near_misses
    assert words in miss.lost_because

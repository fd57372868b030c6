"""Hints tell what to look at next, where their facts are seen and nowhere else."""

import pytest

from pdp.model.network import PenaltyAction
from pdp.model.rules import Action
from pdp.policy.explain import explain
from tests.builders import NOW, at, eni, flow, group, penalty, policy
from tests.policy.asking import SSH, one_group

REPLY = "in tcp 198.51.100.7:443 > 10.0.0.5:50000"


@pytest.mark.parametrize(
    ("rules", "text", "words"),
    [
        (("accept tcp/22 from 0.0.0.0/0",), SSH, "An accepted port is not an open port"),
        (("accept tcp/22 from 0.0.0.0/0",), SSH, "0.0.0.0:22"),
        (("accept tcp/22 from 0.0.0.0/0",), SSH, "iptables"),
        (("accept tcp/22 from ::/0",), "in tcp [2001:db8::1]:1 > [fd00::5]:22", "[::]:22"),
        (("accept all from 0.0.0.0/0",), "in icmp 198.51.100.7 > 10.0.0.5", "the guest's own firewall"),
        ((), "out tcp 10.0.0.5:1 > 198.51.100.7:443", "the receiver's own groups must let it in"),
        ((), "out tcp 10.0.0.5:1 > 198.51.100.7:25", "port 465 (SMTP over TLS) instead, or ask for account 1000"),
        ((), REPLY, "This looks like a reply from port 443. Groups are stateful"),
        (("drop all from 0.0.0.0/0",), REPLY, "This looks like a reply from port 443. Groups are stateful"),
        ((), "in tcp 198.51.100.7:1 > 10.0.0.5:32768", "This looks like a reply from port 1."),
        ((), "in udp 198.51.100.7:1023 > 10.0.0.5:65535", "This looks like a reply from port 1023."),
        (("drop all from 0.0.0.0/0 @9",), SSH, "give an accept rule a priority below 9"),
        (("drop all from 0.0.0.0/0 @2",), SSH, "give an accept rule a priority below 2"),
        (("drop all from 0.0.0.0/0",), SSH, "nothing stands before a drop of priority 1"),
        (
            ("drop all from 0.0.0.0/0", "accept tcp/22 from 198.51.100.0/24"),
            SSH,
            "sgr-1 of sg-a keeps sgr-2 of sg-a from accepting this flow.",
        ),
        (
            ("drop all from 0.0.0.0/0",),
            "in tcp 100.64.0.1:1 > 10.0.0.5:80",
            "Load balancers check health from 100.64.0.0/10",
        ),
        ((), SSH, "add an ingress rule to sg-a that accepts TCP port 22 from 198.51.100.7/32"),
        ((), "in icmpv6 2001:db8::1 > fd00::5", "add an ingress rule to sg-a that accepts ICMPv6 from 2001:db8::1/128"),
        ((), "in icmp 2001:db8::1 > fd00::5", "add an ingress rule to sg-a that accepts ALL from 2001:db8::1/128"),
        ((), "in tcp 198.51.100.7:1 > 10.0.0.5:0", "add an ingress rule to sg-a that accepts ALL from 198.51.100.7/32"),
        (
            ("accept tcp/22 from 0.0.0.0/0",),
            "in tcp [2001:db8::1]:1 > [fd00::5]:22",
            "sgr-1 of sg-a accepts 0.0.0.0/0, which covers no IPv6 address: add a rule for ::/0 if that is meant.",
        ),
        (("accept tcp/22 from ::/0",), SSH, "covers no IPv4 address: add a rule for 0.0.0.0/0"),
        (
            ("accept tcp/1-65535 from 0.0.0.0/0",),
            "in tcp 198.51.100.7:1 > 10.0.0.5:0",
            "Destination port 0 is in no port range",
        ),
        (
            ("accept tcp/22 from sg-c",),
            "in tcp 10.0.0.6:1 > 10.0.0.5:22",
            "sgr-1 of sg-a accepts members of sg-c, but 10.0.0.6 belongs to eni-b in sg-b.",
        ),
        (("accept tcp/22 from sg-c",), SSH, "A public address of a member does not count."),
        (
            ("accept tcp/22 to 0.0.0.0/0",),
            SSH,
            "sgr-1 of sg-a would match, but it is an egress rule and this flow is ingress.",
        ),
        (("accept all from 0.0.0.0/0",), "in tcp 198.51.100.7:1 > 192.0.2.9:22", "192.0.2.9 is no address of eni-a"),
        (
            (),
            "in tcp 10.0.0.5:1 > 198.51.100.7:22",
            "Source and destination look swapped: in ingress the ENI is the destination",
        ),
        (
            (),
            "out tcp 198.51.100.7:1 > 10.0.0.5:22",
            "Source and destination look swapped: in egress the ENI is the source",
        ),
    ],
)
def test_a_hint_is_given_where_its_facts_are_seen(rules: tuple[str, ...], text: str, words: str) -> None:
    """§2.6 and the usual causes."""
    hints = explain(one_group(*rules), "eni-a", flow(text), NOW).hints
    assert any(words in hint for hint in hints), hints


@pytest.mark.parametrize(
    ("rules", "text", "words"),
    [
        (("drop all from 0.0.0.0/0",), SSH, "An accepted port"),
        (("accept all from 0.0.0.0/0",), SSH, "To let it pass"),
        (("accept all from 0.0.0.0/0",), REPLY, "stateful"),
        ((), SSH, "stateful"),
        (("accept all to 0.0.0.0/0",), SSH, "would match, but"),
        (("accept tcp/22 from 0.0.0.0/0",), SSH, "covers no IPv6"),
        (("accept tcp/80 from 0.0.0.0/0",), "in tcp [2001:db8::1]:1 > [fd00::5]:22", "covers no IPv6"),
        (("drop tcp/22 from sg-c",), SSH, "public address"),
        (("accept tcp/22 from 10.0.0.0/8",), "in tcp 198.51.100.7:1 > 10.0.0.5:0", "Destination port 0"),
        ((), SSH, "no address of"),
        ((), SSH, "swapped"),
        ((), "in tcp 10.0.0.5:1 > 10.0.0.5:22", "swapped"),
        (("accept all from 0.0.0.0/0",), "in tcp 198.51.100.7:1 > 192.0.2.9:22", "swapped"),
        ((), "in tcp 198.51.100.7:443 > 10.0.0.5:22", "stateful"),
        ((), "in tcp 198.51.100.7:40000 > 10.0.0.5:50000", "stateful"),
        ((), "in tcp 198.51.100.7:0 > 10.0.0.5:50000", "stateful"),
        ((), "in tcp 198.51.100.7:1024 > 10.0.0.5:50000", "stateful"),
        ((), "in tcp 198.51.100.7:443 > 10.0.0.5:32767", "stateful"),
        ((), SSH, "holds until"),
    ],
)
def test_a_hint_is_not_given_without_its_facts(rules: tuple[str, ...], text: str, words: str) -> None:
    hints = explain(one_group(*rules), "eni-a", flow(text), NOW).hints
    assert not any(words in hint for hint in hints), hints


def test_members_that_talk_above_a_drop_rule_are_a_hint() -> None:
    """§2 stage 4."""
    snapshot = policy(
        [group("sg-a", "drop tcp/22 from 0.0.0.0/0", inner=Action.ACCEPT)],
        [eni("eni-a", "10.0.0.5", groups=["sg-a"]), eni("eni-b", "10.0.0.6", groups=["sg-a"])],
    )
    hints = explain(snapshot, "eni-a", flow("in tcp 10.0.0.6:1 > 10.0.0.5:22"), NOW).hints
    assert any("sgr-1 of sg-a would drop it, but members of sg-a may talk above every rule" in hint for hint in hints)
    others = explain(snapshot, "eni-a", flow("in tcp 10.0.0.6:1 > 10.0.0.5:23"), NOW).hints
    assert not any("would drop it" in hint for hint in others)


def test_a_sibling_is_the_guests_own_matter() -> None:
    """§2 stage 1."""
    snapshot = policy(
        [group("sg-a")],
        [
            eni("eni-a", "10.0.0.5", groups=["sg-a"], instance="i-1"),
            eni("eni-b", "10.0.0.6", groups=["sg-a"], instance="i-1"),
        ],
    )
    hints = explain(snapshot, "eni-a", flow("in tcp 10.0.0.6:1 > 10.0.0.5:22"), NOW).hints
    assert hints == (
        "The guest forwards this by itself: look at its routes, its own firewall, and what listens there.",
    )


def test_a_penalty_points_to_the_appeal_and_to_its_end() -> None:
    """§7.2, §7.4."""
    snapshot = policy(
        [group("sg-a")],
        [eni("eni-a", "10.0.0.5", groups=["sg-a"], instance="i-1")],
        penalties=[penalty("i-1", until="2026-06-01T00:00:00Z"), penalty("i-1", action=PenaltyAction.LOCK)],
    )
    # Not even a packet that looks like a reply passes, so that is no hint here.
    first, second = explain(snapshot, "eni-a", flow(REPLY), NOW).hints
    assert "or appeal; an appeal by itself changes nothing" in first
    assert second == "This verdict holds until 2026-06-01T00:00:00Z: a penalty changes it then."
    later = explain(snapshot, "eni-a", flow(SSH), at("2026-06-01T00:00:00Z")).hints
    assert not any("penalty" in hint for hint in later)

"""Mail over TCP port 25 (§2 stage 3)."""

from dataclasses import replace

import pytest

from pdp.policy.snapshot import Snapshot
from tests.builders import SMTP_ALL, eni, group, policy, vpc
from tests.policy.asking import ask

ACCEPT_ALL = ("accept all from 0.0.0.0/0", "accept all from ::/0", "accept all to 0.0.0.0/0", "accept all to ::/0")


def mail(
    *, settings_all: bool = False, exempt: str = "", account: str = "1000", blocks: tuple[str, ...] = ()
) -> Snapshot:
    snapshot = policy(
        [group("sg-a", *ACCEPT_ALL)],
        [eni("eni-a", "10.0.0.5", "fd00::5", groups=["sg-a"], account=account)],
        vpcs=[vpc("vpc-1", *(blocks or ("10.0.0.0/8",)), account="1000")],
        smtp_exempt=[exempt] if exempt else [],
    )
    return replace(snapshot, settings=SMTP_ALL) if settings_all else snapshot


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("out tcp 10.0.0.5:40000 > 203.0.113.9:25", "drop smtp_blocked"),
        ("out tcp [fd00::5]:40000 > [2001:db8::9]:25", "drop smtp_blocked"),
        ("out 6 10.0.0.5:40000 > 203.0.113.9:25", "drop smtp_blocked"),
        ("out tcp [::ffff:10.0.0.5]:40000 > [::ffff:203.0.113.9]:25", "drop smtp_blocked"),
        ("out tcp 10.0.0.5:40000 > 203.0.113.9:24", "accept sg-a/sgr-3"),
        ("out tcp 10.0.0.5:40000 > 203.0.113.9:26", "accept sg-a/sgr-3"),
        ("out tcp 10.0.0.5:40000 > 203.0.113.9:465", "accept sg-a/sgr-3"),
        ("out tcp 10.0.0.5:25 > 203.0.113.9:40000", "accept sg-a/sgr-3"),
        ("out udp 10.0.0.5:40000 > 203.0.113.9:25", "accept sg-a/sgr-3"),
        ("in tcp 203.0.113.9:40000 > 10.0.0.5:25", "accept sg-a/sgr-1"),
    ],
)
def test_mail_to_the_internet_is_blocked_whatever_the_rules_say(text: str, told: str) -> None:
    """§2 stage 3: egress, TCP, destination port 25."""
    assert ask(mail(), text) == told


@pytest.mark.parametrize(
    ("last_inside", "first_outside"),
    [
        ("10.255.255.255", "11.0.0.0"),
        ("172.31.255.255", "172.32.0.0"),
        ("192.168.255.255", "192.169.0.0"),
        ("172.16.0.0", "172.15.255.255"),
        ("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::"),
        ("fc00::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ],
)
def test_mail_within_private_space_passes(last_inside: str, first_outside: str) -> None:
    """§2 stage 3, §2.0: the three IPv4 blocks and fc00::/7, nothing else."""
    own = "[fd00::5]" if ":" in last_inside else "10.0.0.5"
    ends = [f"[{end}]" if ":" in end else end for end in (last_inside, first_outside)]
    told = [ask(mail(), f"out tcp {own}:40000 > {end}:25").split(" ")[0] for end in ends]
    assert told == ["accept", "drop"]


@pytest.mark.parametrize("address", ["100.64.0.1", "169.254.0.1", "127.0.0.1", "198.18.0.1", "[fe80::1]", "[::1]"])
def test_other_special_ranges_are_not_private(address: str) -> None:
    """§2.0."""
    own = "[fd00::5]" if address.startswith("[") else "10.0.0.5"
    assert ask(mail(), f"out tcp {own}:40000 > {address}:25") == "drop smtp_blocked"


def test_mail_within_the_blocks_of_the_vpc_passes() -> None:
    """§2 stage 3: of either family, public ones too."""
    snapshot = mail(blocks=("30.0.0.0/8", "2408::/32"))
    assert ask(snapshot, "out tcp 30.0.0.5:1 > 30.255.255.255:25") == "accept sg-a/sgr-3"
    assert ask(snapshot, "out tcp 30.0.0.5:1 > 31.0.0.0:25") == "drop smtp_blocked"
    assert ask(snapshot, "out tcp [2408::5]:1 > [2408::6]:25") == "accept sg-a/sgr-4"
    assert ask(snapshot, "out tcp [2408::5]:1 > [2409::6]:25") == "drop smtp_blocked"


def test_scope_all_blocks_mail_everywhere() -> None:
    """§2 stage 3: a setting."""
    assert ask(mail(settings_all=True), "out tcp 10.0.0.5:40000 > 10.0.0.9:25") == "drop smtp_blocked"
    assert ask(mail(settings_all=True, exempt="1000"), "out tcp 10.0.0.5:40000 > 10.0.0.9:25") == "accept sg-a/sgr-3"


@pytest.mark.parametrize(
    ("owner", "exempt", "told"),
    [
        ("1000", "1000", "accept sg-a/sgr-3"),
        ("2000", "2000", "accept sg-a/sgr-3"),
        ("2000", "1000", "drop smtp_blocked"),
        ("", "1000", "accept sg-a/sgr-3"),
    ],
)
def test_the_exemption_is_the_enis_owners_or_else_its_vpcs(owner: str, exempt: str, told: str) -> None:
    """§2 stage 3: the VPC's account is 1000."""
    assert ask(mail(account=owner, exempt=exempt), "out tcp 10.0.0.5:40000 > 203.0.113.9:25") == told


def test_mail_of_an_eni_whose_vpc_is_not_listed_is_judged_by_private_space_alone() -> None:
    """§2 stage 3: a VPC that no answer lists has no blocks."""
    snapshot = policy([group("sg-a")], [eni("eni-a", "10.0.0.5", groups=["sg-a"])], vpcs=[])
    assert ask(snapshot, "out tcp 10.0.0.5:1 > 10.0.0.9:25") == "accept default"
    assert ask(snapshot, "out tcp 10.0.0.5:1 > 203.0.113.9:25") == "drop smtp_blocked"

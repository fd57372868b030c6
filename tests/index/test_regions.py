"""Each way in which a region could reach too far, one test each; and that it reaches no less than it can."""

import pytest

from pdp.model.network import DEFAULT_SETTINGS, Settings
from pdp.model.protocols import EVERY_PORT, PortRange
from pdp.model.rules import Action
from pdp.model.verdict import Region, Stage
from tests.builders import BELOW_RULES, NOW, SMTP_ALL, at, eni, flow, group, penalty, policy, prefix_list, vpc
from tests.index.reach import check, own, ports, region, remote, source_ports

EVERYWHERE = "0.0.0.0/0"
MINE = "10.0.0.5"
SMTP_VPCS = (vpc("vpc-1", "8.0.0.0/8", "10.0.0.0/16", "2408::/32"),)

open_egress = policy([group("sg-a")], [eni("eni-a", MINE, groups=["sg-a"])], vpcs=SMTP_VPCS)


def test_without_rules_an_answer_reaches_everywhere_but_the_health_checks() -> None:
    bare = policy([group("sg-a")], [eni("eni-a", MINE, groups=["sg-a"])])
    found = region(bare, f"in udp 200.0.0.1:1 > {MINE}:9")
    assert (str(found.remote), str(found.own)) == ("128.0.0.0/1", EVERYWHERE)
    assert (found.source_ports, found.destination_ports) == (EVERY_PORT, EVERY_PORT)
    assert remote(bare, f"out udp {MINE}:1 > 200.0.0.1:9") == EVERYWHERE


# SMTP: egress TCP port 25 only.


@pytest.mark.parametrize(
    ("port", "expected"), [(0, (0, 24)), (24, (0, 24)), (25, (25, 25)), (26, (26, 65535)), (65535, (26, 65535))]
)
def test_egress_tcp_ports_are_cut_at_25(port: int, expected: tuple[int, int]) -> None:
    assert ports(open_egress, f"out tcp {MINE}:40000 > 200.0.0.1:{port}") == PortRange(*expected)


@pytest.mark.parametrize("port", [24, 26])
def test_beside_port_25_egress_tcp_reaches_every_address(port: int) -> None:
    assert remote(open_egress, f"out tcp {MINE}:40000 > 200.0.0.1:{port}") == EVERYWHERE


@pytest.mark.parametrize(
    ("address", "expected", "reason"),
    [
        ("8.1.2.3", "8.0.0.0/8", Stage.DEFAULT),
        ("7.255.255.255", "0.0.0.0/5", Stage.SMTP_BLOCKED),
        ("9.0.0.0", "9.0.0.0/8", Stage.SMTP_BLOCKED),
        ("10.0.9.9", "10.0.0.0/16", Stage.DEFAULT),
        ("10.1.0.0", "10.1.0.0/16", Stage.DEFAULT),
        ("11.0.0.0", "11.0.0.0/8", Stage.SMTP_BLOCKED),
        ("172.16.0.1", "172.16.0.0/12", Stage.DEFAULT),
        ("172.15.255.255", "172.0.0.0/12", Stage.SMTP_BLOCKED),
        ("172.32.0.0", "172.32.0.0/11", Stage.SMTP_BLOCKED),
        ("192.168.1.1", "192.168.0.0/16", Stage.DEFAULT),
        ("192.169.0.0", "192.169.0.0/16", Stage.SMTP_BLOCKED),
        ("200.0.0.1", "200.0.0.0/5", Stage.SMTP_BLOCKED),
    ],
)
def test_port_25_is_cut_at_the_vpc_and_at_private_ranges(address: str, expected: str, reason: Stage) -> None:
    verdict = check(open_egress, f"out tcp {MINE}:40000 > {address}:25")
    assert verdict.reason is reason
    assert verdict.region is not None
    assert str(verdict.region.remote) == expected


@pytest.mark.parametrize(
    ("address", "expected", "reason"),
    [
        ("2408::1", "2408::/32", Stage.DEFAULT),
        ("2408:1::", "2408:1::/32", Stage.SMTP_BLOCKED),
        ("fdff::1", "fc00::/7", Stage.DEFAULT),
        ("fe00::", "fe00::/7", Stage.SMTP_BLOCKED),
    ],
)
def test_port_25_over_ipv6_is_cut_likewise(address: str, expected: str, reason: Stage) -> None:
    verdict = check(open_egress, f"out tcp [fd00::5]:40000 > [{address}]:25")
    assert verdict.reason is reason
    assert verdict.region is not None
    assert str(verdict.region.remote) == expected


def test_with_scope_all_port_25_is_cut_at_no_address() -> None:
    strict = policy([group("sg-a")], [eni("eni-a", MINE, groups=["sg-a"])], vpcs=SMTP_VPCS, settings=SMTP_ALL)
    assert check(strict, f"out tcp {MINE}:1 > 10.0.0.9:25").reason is Stage.SMTP_BLOCKED
    assert remote(strict, f"out tcp {MINE}:1 > 10.0.0.9:25") == EVERYWHERE


def test_an_exempt_account_is_not_cut_at_25() -> None:
    exempt = policy([group("sg-a")], [eni("eni-a", MINE, groups=["sg-a"])], smtp_exempt=["1000"])
    found = region(exempt, f"out tcp {MINE}:1 > 200.0.0.1:25")
    assert (str(found.remote), found.destination_ports) == (EVERYWHERE, EVERY_PORT)


@pytest.mark.parametrize("text", [f"out udp {MINE}:1 > 200.0.0.1:25", f"in tcp 200.0.0.1:1 > {MINE}:25"])
def test_only_egress_tcp_is_cut_at_25(text: str) -> None:
    assert ports(open_egress, text) == EVERY_PORT


# Health checks: ingress only.


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("100.64.0.0", "100.64.0.0/10"),
        ("100.127.255.255", "100.64.0.0/10"),
        ("100.63.255.255", "100.0.0.0/10"),
        ("100.128.0.0", "100.128.0.0/9"),
    ],
)
def test_health_checks_cut_ingress(address: str, expected: str) -> None:
    assert remote(open_egress, f"in tcp {address}:1 > {MINE}:80") == expected


def test_health_checks_do_not_cut_egress() -> None:
    assert remote(open_egress, f"out tcp {MINE}:1 > 100.64.0.1:80") == EVERYWHERE


def test_a_rule_that_answers_first_is_not_cut_at_health_checks() -> None:
    wide = policy([group("sg-a", "drop tcp/80 from 0.0.0.0/0")], [eni("eni-a", MINE, groups=["sg-a"])])
    assert remote(wide, f"in tcp 100.64.0.1:1 > {MINE}:80") == EVERYWHERE


# Siblings: other ENIs of the same instance.


def instance_of_two(*, mine: bool = False, theirs: bool = False) -> tuple[Region, Region]:
    """The regions around a sibling's address and beside it, by who has a namespace of its own."""
    twins = policy(
        [group("sg-a", "drop all from 0.0.0.0/0"), group("sg-b")],
        [
            eni("eni-a", MINE, groups=["sg-a"], instance="i-1", own_namespace=mine),
            eni("eni-b", "10.0.0.8", groups=["sg-b"], instance="i-1", own_namespace=theirs),
        ],
    )
    on, beside = (region(twins, f"in tcp {address}:1 > {MINE}:80") for address in ("10.0.0.8", "10.0.0.9"))
    return on, beside


def test_a_siblings_address_cuts() -> None:
    on, beside = instance_of_two()
    assert (str(on.remote), str(beside.remote)) == ("10.0.0.8/32", "10.0.0.9/32")


def test_a_namespace_of_its_own_on_this_side_lifts_the_cut() -> None:
    on, beside = instance_of_two(mine=True)
    assert (str(on.remote), str(beside.remote)) == (EVERYWHERE, EVERYWHERE)


def test_a_namespace_of_its_own_on_the_other_side_changes_the_answer_and_stays_sound() -> None:
    twins = policy(
        [group("sg-a", "drop all from 0.0.0.0/0"), group("sg-b")],
        [
            eni("eni-a", MINE, groups=["sg-a"], instance="i-1"),
            eni("eni-b", "10.0.0.8", groups=["sg-b"], instance="i-1", own_namespace=True),
            eni("eni-c", "10.0.0.9", groups=["sg-b"], instance="i-1"),
        ],
    )
    assert check(twins, f"in tcp 10.0.0.8:1 > {MINE}:80").reason is Stage.RULE
    assert remote(twins, f"in tcp 10.0.0.8:1 > {MINE}:80") == "10.0.0.8/32"
    assert check(twins, f"in tcp 10.0.0.9:1 > {MINE}:80").reason is Stage.SAME_INSTANCE


def test_a_siblings_assigned_prefix_cuts() -> None:
    twins = policy(
        [group("sg-a"), group("sg-b")],
        [
            eni("eni-a", MINE, groups=["sg-a"], instance="i-1"),
            eni("eni-b", "10.0.0.32/28", groups=["sg-b"], instance="i-1"),
        ],
    )
    assert remote(twins, f"out tcp {MINE}:1 > 10.0.0.40:80") == "10.0.0.32/28"
    assert remote(twins, f"out tcp {MINE}:1 > 10.0.0.48:80") == "10.0.0.48/28"


# Members inside wider rules.


def around_member(*member_addresses: str) -> str:
    """The remote CIDR around the first address of a member that a rule names, inside what a wide rule accepts."""
    first = member_addresses[0].partition("/")[0]
    snapshot = policy(
        [group("sg-a", "accept tcp/22 from 0.0.0.0/0 @10", "drop tcp/22 from sg-b @1"), group("sg-b")],
        [eni("eni-a", MINE, groups=["sg-a"]), eni("eni-b", *member_addresses, groups=["sg-b"])],
    )
    return remote(snapshot, f"in tcp {first}:1 > {MINE}:22")


def test_a_members_address_cuts_a_wide_rule() -> None:
    assert around_member("10.0.0.40") == "10.0.0.40/32"


def test_a_members_assigned_prefix_cuts_a_wide_rule() -> None:
    assert around_member("10.0.0.32/28") == "10.0.0.32/28"


def test_a_members_address_outside_the_vpc_cuts_too() -> None:
    assert around_member("203.0.113.9") == "203.0.113.9/32"


def test_beside_a_member_the_wide_rule_is_cut_as_well() -> None:
    snapshot = policy(
        [group("sg-a", "accept tcp/22 from 0.0.0.0/0 @10", "drop tcp/22 from sg-b @1"), group("sg-b")],
        [eni("eni-a", MINE, groups=["sg-a"]), eni("eni-b", "10.0.0.40", "203.0.113.64/28", groups=["sg-b"])],
    )
    assert remote(snapshot, f"in tcp 10.0.0.41:1 > {MINE}:22") == "10.0.0.41/32"
    assert remote(snapshot, f"in tcp 10.0.0.44:1 > {MINE}:22") == "10.0.0.44/30"
    assert remote(snapshot, f"in tcp 203.0.113.80:1 > {MINE}:22") == "203.0.113.80/28"


def test_a_member_nested_in_anothers_prefix_cuts() -> None:
    snapshot = policy(
        [
            group("sg-a", "accept tcp/22 from sg-b @10", "drop tcp/22 from sg-c @1"),
            group("sg-b"),
            group("sg-c"),
        ],
        [
            eni("eni-a", MINE, groups=["sg-a"]),
            eni("eni-b", "10.0.0.32/28", groups=["sg-b"]),
            eni("eni-c", "10.0.0.40", groups=["sg-c"]),
        ],
    )
    assert check(snapshot, f"in tcp 10.0.0.40:1 > {MINE}:22").action is Action.DROP
    assert remote(snapshot, f"in tcp 10.0.0.40:1 > {MINE}:22") == "10.0.0.40/32"
    assert remote(snapshot, f"in tcp 10.0.0.32:1 > {MINE}:22") == "10.0.0.32/29"
    assert check(snapshot, f"in tcp 10.0.0.32:1 > {MINE}:22").action is Action.ACCEPT


def test_members_of_another_vpc_do_not_cut() -> None:
    snapshot = policy(
        [group("sg-a", "accept tcp/22 from 0.0.0.0/0 @10", "drop tcp/22 from sg-b @1"), group("sg-b", vpc="vpc-2")],
        [eni("eni-a", MINE, groups=["sg-a"]), eni("eni-b", "10.0.0.40", groups=["sg-b"], vpc="vpc-2")],
    )
    # Cut by the ENI's own address alone.
    assert remote(snapshot, f"in tcp 10.0.0.40:1 > {MINE}:22") == "10.0.0.32/27"


def test_members_do_not_cut_where_no_rule_and_no_stage_asks_for_them() -> None:
    snapshot = policy(
        [group("sg-a", "accept tcp/22 from 0.0.0.0/0 @10", "drop tcp/23 from sg-b @1"), group("sg-b")],
        [eni("eni-a", MINE, groups=["sg-a"]), eni("eni-b", "10.0.0.40", groups=["sg-b"])],
    )
    assert remote(snapshot, f"in tcp 10.0.0.40:1 > {MINE}:22") == EVERYWHERE
    assert remote(snapshot, f"in tcp 10.0.0.40:1 > {MINE}:23") == "10.0.0.40/32"


# Same group.


def friends(settings: Settings = DEFAULT_SETTINGS) -> dict[str, tuple[str | None, str]]:
    """The group named and the remote CIDR for each of four neighbours that share different groups."""
    shared = [group(name, inner=Action.ACCEPT) for name in ("sg-1", "sg-2")]
    snapshot = policy(
        [*shared, group("sg-3", "drop tcp/22 from 10.0.0.2")],
        [
            eni("eni-a", MINE, groups=["sg-1", "sg-2", "sg-3"]),
            eni("eni-b", "10.0.0.0", groups=["sg-1"]),
            eni("eni-c", "10.0.0.1", groups=["sg-2"]),
            eni("eni-d", "10.0.0.2", groups=["sg-1", "sg-2"]),
            eni("eni-e", "10.0.0.3", groups=["sg-3"]),
        ],
        settings=settings,
    )
    answers: dict[str, tuple[str | None, str]] = {}
    for last in range(4):
        verdict = check(snapshot, f"in tcp 10.0.0.{last}:1 > {MINE}:22")
        assert verdict.region is not None
        answers[f"10.0.0.{last}"] = (verdict.group, str(verdict.region.remote))
    return answers


def test_the_group_named_by_same_group_differs_per_member() -> None:
    assert friends() == {
        "10.0.0.0": ("sg-1", "10.0.0.0/32"),
        "10.0.0.1": ("sg-2", "10.0.0.1/32"),
        "10.0.0.2": ("sg-1", "10.0.0.2/32"),
        "10.0.0.3": (None, "10.0.0.3/32"),
    }


def test_below_rules_asks_the_rules_first() -> None:
    named = {address: name for address, (name, _) in friends(BELOW_RULES).items()}
    assert named == {"10.0.0.0": "sg-1", "10.0.0.1": "sg-2", "10.0.0.2": "sg-3", "10.0.0.3": None}


@pytest.mark.parametrize(("settings", "expected"), [(DEFAULT_SETTINGS, "10.0.0.9/32"), (BELOW_RULES, EVERYWHERE)])
def test_a_rule_that_stands_above_same_group_is_not_cut_by_members(settings: Settings, expected: str) -> None:
    snapshot = policy(
        [group("sg-a", "drop tcp/22 from 0.0.0.0/0", inner=Action.ACCEPT)],
        [eni("eni-a", MINE, groups=["sg-a"]), eni("eni-b", "10.0.0.8", groups=["sg-a"])],
        settings=settings,
    )
    assert remote(snapshot, f"in tcp 10.0.0.9:1 > {MINE}:22") == expected


# Ports.


def test_port_0_is_a_cell_of_its_own_beside_all_ports_of_a_range() -> None:
    snapshot = policy(
        [group("sg-a", "accept tcp/1-65535 from 0.0.0.0/0 @10", "drop tcp/all from 0.0.0.0/0 @20")],
        [eni("eni-a", MINE, groups=["sg-a"])],
    )
    assert ports(snapshot, f"in tcp 200.0.0.1:1 > {MINE}:0") == PortRange(0, 0)
    assert check(snapshot, f"in tcp 200.0.0.1:1 > {MINE}:0").action is Action.DROP
    assert ports(snapshot, f"in tcp 200.0.0.1:1 > {MINE}:1") == PortRange(1, 65535)
    assert check(snapshot, f"in tcp 200.0.0.1:1 > {MINE}:1").action is Action.ACCEPT


@pytest.mark.parametrize(("port", "expected"), [(0, (0, 0)), (1, (1, 65535)), (65535, (1, 65535))])
def test_source_port_0_is_a_cell_of_its_own(port: int, expected: tuple[int, int]) -> None:
    snapshot = policy(
        [group("sg-a", "accept tcp/22 from 0.0.0.0/0 sport 1-65535")], [eni("eni-a", MINE, groups=["sg-a"])]
    )
    assert source_ports(snapshot, f"in tcp 200.0.0.1:{port} > {MINE}:22") == PortRange(*expected)


@pytest.mark.parametrize(
    ("port", "expected"), [(21, (0, 21)), (22, (22, 22)), (23, (23, 79)), (80, (80, 90)), (91, (91, 65535))]
)
def test_ports_are_cut_at_every_range(port: int, expected: tuple[int, int]) -> None:
    snapshot = policy(
        [
            group(
                "sg-a", "accept tcp/22 from 0.0.0.0/0", "accept tcp/80-90 from 0.0.0.0/0", "drop udp/53 from 0.0.0.0/0"
            )
        ],
        [eni("eni-a", MINE, groups=["sg-a"])],
    )
    assert ports(snapshot, f"in tcp 200.0.0.1:1 > {MINE}:{port}") == PortRange(*expected)


def test_a_protocol_without_ports_reaches_all_ports() -> None:
    snapshot = policy(
        [
            group(
                "sg-a", "accept icmp from 0.0.0.0/0", "drop all from 0.0.0.0/0 sport 5 @1", "drop tcp/22 from 0.0.0.0/0"
            )
        ],
        [eni("eni-a", MINE, groups=["sg-a"])],
    )
    found = region(snapshot, f"in icmp 200.0.0.1 > {MINE}")
    assert (found.protocol, found.source_ports, found.destination_ports) == (1, EVERY_PORT, EVERY_PORT)


# Own side, prefix lists, families.


def test_an_own_side_cidr_cuts_the_own_side() -> None:
    snapshot = policy(
        [group("sg-a", "drop tcp/22 from 0.0.0.0/0 own 10.0.0.4/31 @1", "accept tcp/22 from 0.0.0.0/0 @2")],
        [eni("eni-a", MINE, groups=["sg-a"])],
    )
    assert own(snapshot, "in tcp 200.0.0.1:1 > 10.0.0.5:22") == "10.0.0.4/31"
    assert own(snapshot, "in tcp 200.0.0.1:1 > 10.0.0.6:22") == "10.0.0.6/31"
    assert own(snapshot, "in tcp 200.0.0.1:1 > 10.0.0.5:23") == EVERYWHERE


def test_the_entries_of_a_prefix_list_cut() -> None:
    snapshot = policy(
        [group("sg-a", "accept tcp/22 from pl-1")],
        [eni("eni-a", MINE, groups=["sg-a"])],
        prefix_lists=[prefix_list("pl-1", "203.0.113.0/24", "203.0.113.128/25", "203.0.114.0/24")],
    )
    assert remote(snapshot, f"in tcp 203.0.113.200:1 > {MINE}:22") == "203.0.113.0/24"
    assert remote(snapshot, f"in tcp 203.0.115.0:1 > {MINE}:22") == "203.0.115.0/24"


def test_a_region_of_one_family_is_not_cut_by_the_other() -> None:
    snapshot = policy(
        [group("sg-a", "accept tcp/22 from 0.0.0.0/0", "accept tcp/22 from 2001:db8::/32")],
        [eni("eni-a", MINE, "fd00::5", groups=["sg-a"])],
    )
    assert remote(snapshot, f"in tcp 200.0.0.1:1 > {MINE}:22") == EVERYWHERE
    assert remote(snapshot, "in tcp [2001:db8::1]:1 > [fd00::5]:22") == "2001:db8::/32"


def test_a_region_says_whose_it_is() -> None:
    found = region(open_egress, f"out udp {MINE}:1 > 200.0.0.1:9")
    asked = flow(f"out udp {MINE}:1 > 200.0.0.1:9")
    assert (found.eni, found.direction, found.protocol) == ("eni-a", asked.direction, asked.protocol)


# Penalties.


def test_a_penalty_ends_a_region() -> None:
    starts, ends = "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"
    snapshot = policy(
        [group("sg-a")], [eni("eni-a", MINE, groups=["sg-a"], instance="i-1")], penalties=[penalty("i-1", starts, ends)]
    )
    text = f"out udp {MINE}:1 > 200.0.0.1:9"
    before, during, after = (check(snapshot, text, when=when) for when in (NOW, at(starts), at(ends)))
    assert (before.reason, before.valid_until) == (Stage.DEFAULT, at(starts))
    assert (during.reason, during.valid_until) == (Stage.PENALTY, at(ends))
    assert (after.reason, after.valid_until) == (Stage.DEFAULT, None)


def test_a_penalty_reaches_every_flow_of_the_eni_but_siblings() -> None:
    snapshot = policy(
        [group("sg-a", "accept tcp/22 from 10.0.0.0/8")],
        [
            eni("eni-a", MINE, groups=["sg-a"], instance="i-1"),
            eni("eni-b", "10.0.0.8", groups=["sg-a"], instance="i-1"),
        ],
        penalties=[penalty("i-1")],
    )
    assert check(snapshot, f"in tcp 10.0.0.8:1 > {MINE}:22").reason is Stage.SAME_INSTANCE
    found = region(snapshot, f"in tcp 200.0.0.1:1 > {MINE}:22")
    assert (str(found.remote), found.destination_ports) == ("128.0.0.0/1", EVERY_PORT)

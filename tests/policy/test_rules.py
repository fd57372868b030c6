"""Which rule matches and which one wins (§3), asked of the definition."""

from itertools import permutations

import pytest

from pdp.model.groups import SecurityGroup
from pdp.model.rules import PortList, PrefixList
from tests.builders import eni, group, policy, port_list, prefix_list, rule
from tests.policy.asking import ask

HTTPS = "in tcp 198.51.100.7:40000 > 10.0.0.5:443"


def asked(
    text: str, *rules: str, prefix_lists: tuple[PrefixList, ...] = (), port_lists: tuple[PortList, ...] = ()
) -> str:
    """The answer of one group sg-a with some rules, whose eni-a has 10.0.0.5 and fd00::5."""
    return ask_groups(text, group("sg-a", *rules), prefix_lists=prefix_lists, port_lists=port_lists)


def ask_groups(
    text: str,
    *groups: SecurityGroup,
    prefix_lists: tuple[PrefixList, ...] = (),
    port_lists: tuple[PortList, ...] = (),
) -> str:
    interface = eni("eni-a", "10.0.0.5", "fd00::5", groups=[item.id for item in groups])
    return ask(policy(groups, [interface], prefix_lists=prefix_lists, port_lists=port_lists), text)


def matches(text: str, rule_text: str) -> bool:
    """Whether a rule that reverses the default decides the flow."""
    told = asked(text, rule_text)
    assert told in {"accept sg-a/sgr-1", "drop sg-a/sgr-1", "drop default", "accept default"}
    return told.endswith("sgr-1")


# §3.1, §3.3: who wins.


def test_rules_of_all_groups_count_without_order_among_groups() -> None:
    """§3.1."""
    groups = [
        group("sg-a", "accept tcp/443 from 0.0.0.0/0 @20"),
        group("sg-b", "drop tcp/443 from 0.0.0.0/0 @10"),
        group("sg-c", "accept tcp/443 from 0.0.0.0/0 @5"),
    ]
    assert {ask_groups(HTTPS, *order) for order in permutations(groups)} == {"accept sg-c/sgr-1"}


def test_only_rules_of_the_flows_direction_count() -> None:
    """§3.1."""
    rules = ("drop all from 0.0.0.0/0", "accept all to 0.0.0.0/0")
    assert asked(HTTPS, *rules) == "drop sg-a/sgr-1"
    assert asked("out tcp 10.0.0.5:1 > 198.51.100.7:443", *rules) == "accept sg-a/sgr-2"


def test_the_lowest_priority_number_wins() -> None:
    """§3.3: as a number, not as text."""
    assert asked(HTTPS, "drop all from 0.0.0.0/0 @10", "accept all from 0.0.0.0/0 @9") == "accept sg-a/sgr-2"
    assert asked(HTTPS, "accept all from 0.0.0.0/0 @10", "drop all from 0.0.0.0/0 @9") == "drop sg-a/sgr-2"


def test_drop_wins_at_equal_priority() -> None:
    """§3.3: within a group and across groups."""
    assert asked(HTTPS, "accept all from 0.0.0.0/0 @7", "drop all from 0.0.0.0/0 @7") == "drop sg-a/sgr-2"
    across = [group("sg-a", "accept all from 0.0.0.0/0 @7"), group("sg-b", "drop all from 0.0.0.0/0 @7")]
    assert ask_groups(HTTPS, *across) == "drop sg-b/sgr-1"


def test_width_and_specificity_never_matter() -> None:
    """§3.3: a wide drop beats a narrow accept of equal priority, a wide accept a narrow drop behind it."""
    narrow, wide = "tcp/443 from 198.51.100.7/32", "all from 0.0.0.0/0"
    assert asked(HTTPS, f"accept {narrow} @7", f"drop {wide} @7") == "drop sg-a/sgr-2"
    assert asked(HTTPS, f"drop {narrow} @8", f"accept {wide} @7") == "accept sg-a/sgr-2"


def test_insertion_order_never_matters() -> None:
    """§3.3."""
    rules = (
        rule("accept tcp/443 from 0.0.0.0/0 @5 id sgr-x"),
        rule("accept all from 198.51.100.0/24 @5 id sgr-y"),
        rule("drop all from 0.0.0.0/0 @6 id sgr-z"),
    )
    assert {ask_groups(HTTPS, group("sg-a", *order)) for order in permutations(rules)} == {"accept sg-a/sgr-x"}


@pytest.mark.parametrize(("first", "second"), [("sgr-10", "sgr-9"), ("sgr-B", "sgr-a"), ("sgr-", "sgr-0")])
def test_among_equals_the_smallest_rule_id_is_named(first: str, second: str) -> None:
    """§3.3: ids compare as text, by code point, so sgr-10 comes before sgr-9 and capitals before small letters."""
    wide, narrow = "accept all from 0.0.0.0/0 id ", "accept all from 198.51.100.7 id "
    assert asked(HTTPS, wide + first, narrow + second) == f"accept sg-a/{first}"
    assert asked(HTTPS, wide + second, narrow + first) == f"accept sg-a/{first}"


def test_the_rule_id_counts_before_the_group_id() -> None:
    """§3.3."""
    groups = [group("sg-a", "drop all from 0.0.0.0/0 id sgr-2"), group("sg-b", "drop all from 0.0.0.0/0 id sgr-1")]
    assert ask_groups(HTTPS, *groups) == "drop sg-b/sgr-1"


def test_one_rule_id_in_two_groups_names_the_smaller_group() -> None:
    """§3.3: rule ids are unique within their group only."""
    groups = [group(name, "drop all from 0.0.0.0/0 id sgr-1") for name in ("sg-b", "sg-a", "sg-10")]
    assert ask_groups(HTTPS, *groups) == "drop sg-10/sgr-1"


def test_a_derived_id_compares_as_blank() -> None:
    """§3.3: so it comes before every given one, and then the group decides."""
    derived = group("sg-b", "accept all from 0.0.0.0/0 id sgr-zzz derived")
    given = group("sg-a", "accept all from 0.0.0.0/0 id sgr-aaa")
    assert ask_groups(HTTPS, given, derived) == "accept sg-b/sgr-zzz"
    two = [
        group("sg-b", "accept all from 0.0.0.0/0 id sgr-1 derived"),
        group("sg-a", "accept all from 0.0.0.0/0 id sgr-2 derived"),
    ]
    assert ask_groups(HTTPS, *two) == "accept sg-a/sgr-2"


def test_old_priorities_up_to_110_count_behind_100() -> None:
    """§3.4."""
    rules = ("drop all from 0.0.0.0/0 @110", "accept tcp/443 from 0.0.0.0/0 @100")
    assert asked(HTTPS, *rules) == "accept sg-a/sgr-2"
    assert asked("in tcp 198.51.100.7:1 > 10.0.0.5:444", *rules) == "drop sg-a/sgr-1"


def test_the_default_priority_is_1() -> None:
    """§3.4."""
    assert rule("accept all from 0.0.0.0/0").priority == 1


# §3.2: all conditions hold.


@pytest.mark.parametrize(
    ("text", "matched"),
    [
        ("in tcp 10.1.2.3:1500 > 10.0.0.5:22", True),
        ("in tcp 10.1.2.3:1000 > 10.0.0.5:22", True),
        ("in tcp 10.1.2.3:2000 > 10.0.0.5:22", True),
        ("in udp 10.1.2.3:1500 > 10.0.0.5:22", False),
        ("in tcp 10.1.2.3:1500 > 10.0.0.5:23", False),
        ("in tcp 11.1.2.3:1500 > 10.0.0.5:22", False),
        ("in tcp 10.1.2.3:999 > 10.0.0.5:22", False),
        ("in tcp 10.1.2.3:2001 > 10.0.0.5:22", False),
        ("in tcp 10.1.2.3:1500 > 10.0.1.5:22", False),
        ("out tcp 10.0.0.5:1500 > 10.1.2.3:22", False),
    ],
)
def test_every_condition_must_hold(text: str, matched: bool) -> None:
    """§3.2."""
    assert matches(text, "accept tcp/22 from 10.0.0.0/8 sport 1000-2000 own 10.0.0.0/24") is matched


def test_the_own_side_is_the_source_on_egress() -> None:
    """§3.2: and the source port range is still the packet's source port."""
    narrowed = "drop tcp/22 to 10.0.0.0/8 sport 1000-2000 own 10.0.0.5"
    assert matches("out tcp 10.0.0.5:1500 > 10.1.2.3:22", narrowed)
    assert not matches("out tcp 10.0.0.6:1500 > 10.1.2.3:22", narrowed)
    assert not matches("out tcp 10.0.0.5:22 > 10.1.2.3:22", narrowed)


def test_an_own_side_of_the_other_family_matches_nothing() -> None:
    """§3.2, §3.7."""
    assert not matches("in tcp 10.1.2.3:1 > 10.0.0.5:22", "accept all from 10.0.0.0/8 own ::/0")
    assert not matches("in tcp [fd00::1]:1 > [fd00::5]:22", "accept all from fd00::/8 own 0.0.0.0/0")


@pytest.mark.parametrize(("protocol", "matched"), [("tcp", True), ("udp", True), ("icmp", False), ("47", False)])
def test_a_source_port_range_matches_tcp_and_udp_flows_only(protocol: str, matched: bool) -> None:
    """§3.2, §3.6: even 1/65535."""
    ports = (":1000", ":2000") if matched else ("", "")
    text = f"in {protocol} 10.1.2.3{ports[0]} > 10.0.0.5{ports[1]}"
    assert matches(text, "accept all from 0.0.0.0/0 sport 1-65535") is matched
    assert not matches("in icmp 10.1.2.3 > 10.0.0.5", "accept icmp from 0.0.0.0/0 sport 1-65535")


# §3.5: protocols.


@pytest.mark.parametrize(
    ("rule_protocol", "text", "matched"),
    [
        ("tcp/all", "in tcp 10.1.2.3:1 > 10.0.0.5:2", True),
        ("6/all", "in tcp 10.1.2.3:1 > 10.0.0.5:2", True),
        ("udp/all", "in tcp 10.1.2.3:1 > 10.0.0.5:2", False),
        ("17/2", "in udp 10.1.2.3:1 > 10.0.0.5:2", True),
        ("icmp", "in 1 10.1.2.3 > 10.0.0.5", True),
        ("1", "in icmp 10.1.2.3 > 10.0.0.5", True),
        ("gre", "in 47 10.1.2.3 > 10.0.0.5", True),
        ("47", "in 50 10.1.2.3 > 10.0.0.5", False),
        ("0", "in 0 10.1.2.3 > 10.0.0.5", True),
        ("0", "in 255 10.1.2.3 > 10.0.0.5", False),
        ("TcP/all", "in tcp 10.1.2.3:1 > 10.0.0.5:2", True),
    ],
)
def test_a_rules_protocol_is_a_name_in_any_case_or_a_number(rule_protocol: str, text: str, matched: bool) -> None:
    """§3.5: 0 is a protocol like any other."""
    assert matches(text, f"accept {rule_protocol} from 0.0.0.0/0") is matched


@pytest.mark.parametrize("protocol", [0, 1, 2, 47, 58, 132, 255])
def test_all_matches_every_protocol_number(protocol: int) -> None:
    """§3.5: also 58 over IPv4 and 1 over IPv6."""
    assert matches(f"in {protocol} 10.1.2.3 > 10.0.0.5", "accept all from 0.0.0.0/0")
    assert matches(f"in {protocol} fd00::1 > fd00::5", "accept all from ::/0")


@pytest.mark.parametrize(
    ("protocol", "text", "matched"),
    [
        ("icmp", "in icmp 10.1.2.3 > 10.0.0.5", True),
        ("icmp", "in icmp fd00::1 > fd00::5", False),
        ("icmpv6", "in icmpv6 fd00::1 > fd00::5", True),
        ("icmpv6", "in icmpv6 10.1.2.3 > 10.0.0.5", False),
        ("icmp", "in icmpv6 fd00::1 > fd00::5", False),
        ("icmpv6", "in icmp 10.1.2.3 > 10.0.0.5", False),
        ("1", "in icmp fd00::1 > fd00::5", False),
        ("58", "in 58 10.1.2.3 > 10.0.0.5", False),
    ],
)
def test_icmp_is_ipv4s_and_icmpv6_is_ipv6s(protocol: str, text: str, matched: bool) -> None:
    """§3.5: with a group peer, which has members of both families, the protocol alone decides."""
    snapshot = policy(
        [group("sg-a", f"accept {protocol} from sg-b"), group("sg-b")],
        [eni("eni-a", "10.0.0.5", "fd00::5", groups=["sg-a"]), eni("eni-b", "10.1.2.3", "fd00::1", groups=["sg-b"])],
    )
    assert ask(snapshot, text) == ("accept sg-a/sgr-1" if matched else "drop default")


# §3.6, §3.9: ports.


@pytest.mark.parametrize(
    ("ports", "port", "matched"),
    [
        ("22", 22, True),
        ("22", 21, False),
        ("22", 23, False),
        ("1-1024", 1, True),
        ("1-1024", 1024, True),
        ("1-1024", 1025, False),
        ("65535", 65535, True),
        ("1-65535", 0, False),
        ("1-65535", 65535, True),
        ("all", 0, True),
        ("all", 65535, True),
    ],
)
def test_port_ranges_are_inclusive_and_hold_no_port_0(ports: str, port: int, matched: bool) -> None:
    """§3.6: -1/-1 tests no port and so covers port 0; 1/65535 does not."""
    assert matches(f"in tcp 10.1.2.3:1 > 10.0.0.5:{port}", f"accept tcp/{ports} from 0.0.0.0/0") is matched
    assert matches(f"in udp 10.1.2.3:1 > 10.0.0.5:{port}", f"accept udp/{ports} from 0.0.0.0/0") is matched


def test_all_covers_port_0() -> None:
    """§3.6."""
    assert matches("in tcp 10.1.2.3:0 > 10.0.0.5:0", "accept all from 0.0.0.0/0")


def test_source_port_0_is_a_port_outside_every_range() -> None:
    """§3.6."""
    assert not matches("in tcp 10.1.2.3:0 > 10.0.0.5:22", "accept all from 0.0.0.0/0 sport 1-65535")
    assert matches("in tcp 10.1.2.3:1 > 10.0.0.5:22", "accept all from 0.0.0.0/0 sport 1-65535")


@pytest.mark.parametrize(
    ("port", "matched"), [(22, True), (80, True), (90, True), (91, False), (79, False), (0, False)]
)
def test_a_port_list_means_its_present_entries(port: int, matched: bool) -> None:
    """§3.9."""
    ports = port_list("prl-web", "22", "80-90", max_entries=50)
    told = asked(f"in udp 10.1.2.3:1 > 10.0.0.5:{port}", "accept udp/prl-web from 0.0.0.0/0", port_lists=(ports,))
    assert told == ("accept sg-a/sgr-1" if matched else "drop default")


def test_a_port_list_without_entries_matches_nothing() -> None:
    """§3.9: not even port 0, and it is not read as all ports."""
    empty = port_list("prl-none")
    for port in (0, 22):
        text = f"in tcp 10.1.2.3:1 > 10.0.0.5:{port}"
        assert asked(text, "accept tcp/prl-none from 0.0.0.0/0", port_lists=(empty,)) == "drop default"


# §3.7: CIDRs.


@pytest.mark.parametrize(
    ("cidr", "remote", "matched"),
    [
        ("10.0.0.0/8", "10.255.255.255", True),
        ("10.0.0.0/8", "11.0.0.0", False),
        ("10.1.2.3/8", "10.200.0.1", True),
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("0.0.0.0/0", "255.255.255.255", True),
        ("FD00:0:0:0::/16", "fd00:ffff::1", True),
        ("fd00::1", "fd00::1", True),
        ("fd00::1", "fd00::2", False),
        ("0.0.0.0/0", "fd00::1", False),
        ("::/0", "10.1.2.3", False),
        ("::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", True),
        ("::ffff:10.0.0.0/104", "10.200.0.1", True),
        ("::ffff:0:0/96", "203.0.113.1", True),
        ("::ffff:0:0/95", "203.0.113.1", False),
    ],
)
def test_a_cidr_peer_is_masked_and_keeps_to_its_family(cidr: str, remote: str, matched: bool) -> None:
    """§3.7, §2.2."""
    text = f"in 47 {remote} > {'fd00::5' if ':' in remote else '10.0.0.5'}"
    assert matches(text, f"accept all from {cidr}") is matched


def test_a_cidr_is_kept_as_written() -> None:
    """§3.7: for display."""
    assert str(rule("accept all from 10.1.2.3/8").peer) == "10.1.2.3/8"


@pytest.mark.parametrize("remote", ["198.51.100.7", "::ffff:198.51.100.7", "::FFFF:c633:6407"])
def test_a_mapped_address_is_the_ipv4_address(remote: str) -> None:
    """§2.2."""
    own = "::ffff:10.0.0.5" if ":" in remote else "10.0.0.5"
    assert asked(f"in 47 {remote} > {own}", "accept all from 198.51.100.0/24") == "accept sg-a/sgr-1"
    assert asked(f"in 47 {remote} > {own}", "accept all from ::/0") == "drop default"


# §3.8: group peers.

MEMBERS = [
    eni("eni-b", "10.0.0.6", "10.0.0.66", "fd00::6", "10.9.0.0/28", "fd00:9::/80", groups=["sg-b", "sg-x"]),
    eni("eni-c", "10.0.0.7", groups=["sg-c"]),
    eni("eni-n", "10.9.0.3", groups=["sg-c"]),
    eni("eni-v", "10.0.0.8", groups=["sg-b"], vpc="vpc-2"),
]


@pytest.mark.parametrize(
    ("remote", "told"),
    [
        ("10.0.0.6", "accept sg-a/sgr-1"),
        ("10.0.0.66", "accept sg-a/sgr-1"),
        ("10.9.0.0", "accept sg-a/sgr-1"),
        ("10.9.0.15", "accept sg-a/sgr-1"),
        ("10.9.0.16", "drop default"),
        ("fd00::6", "accept sg-a/sgr-1"),
        ("fd00:9::ffff", "accept sg-a/sgr-1"),
        ("fd00:9:0:0:1::", "drop default"),
        ("10.0.0.7", "drop default"),
        ("10.0.0.8", "drop default"),
        ("10.0.0.9", "drop default"),
    ],
)
def test_a_group_peer_matches_private_addresses_of_its_members_in_the_vpc(remote: str, told: str) -> None:
    """§3.8: primary, secondary, IPv6, assigned prefixes, and an address inside a prefix of another (10.9.0.3)."""
    snapshot = policy(
        [group("sg-a", "accept all from sg-b"), *map(group, ("sg-b", "sg-c", "sg-x"))],
        [eni("eni-a", "10.0.0.5", "fd00::5", groups=["sg-a"]), *MEMBERS],
    )
    assert ask(snapshot, f"in 47 {remote} > {'fd00::5' if ':' in remote else '10.0.0.5'}") == told


@pytest.mark.parametrize("peer", ["sg-b", "sg-c"])
def test_an_address_belongs_to_every_eni_that_has_it_or_a_prefix_around_it(peer: str) -> None:
    """§3.8: the union, not the longest match."""
    snapshot = policy(
        [group("sg-a", f"accept all from {peer}"), *map(group, ("sg-b", "sg-c", "sg-x"))],
        [eni("eni-a", "10.0.0.5", groups=["sg-a"]), *MEMBERS],
    )
    assert ask(snapshot, "in 47 10.9.0.3 > 10.0.0.5") == "accept sg-a/sgr-1"


def test_a_group_peer_may_be_a_group_without_members_or_one_of_another_account() -> None:
    """§1.4, §3.8: a peer group that is not known here has no members here."""
    assert asked(HTTPS, "accept all from sg-far@2000", "accept tcp/443 from 0.0.0.0/0 @2") == "accept sg-a/sgr-2"


def test_a_group_peer_works_on_egress() -> None:
    """§3.8: the remote side is the destination."""
    snapshot = policy(
        [group("sg-a", "drop tcp/5432 to sg-b"), group("sg-b")],
        [eni("eni-a", "10.0.0.5", groups=["sg-a"]), eni("eni-b", "10.0.0.6", groups=["sg-b"])],
    )
    assert ask(snapshot, "out tcp 10.0.0.5:1 > 10.0.0.6:5432") == "drop sg-a/sgr-1"
    assert ask(snapshot, "out tcp 10.0.0.5:1 > 10.0.0.7:5432") == "accept default"


# §3.9: prefix lists.


@pytest.mark.parametrize(
    ("remote", "told"),
    [("192.0.2.77", "accept sg-a/sgr-1"), ("203.0.113.1", "accept sg-a/sgr-1"), ("203.0.113.2", "drop default")],
)
def test_a_prefix_list_peer_matches_its_present_entries(remote: str, told: str) -> None:
    """§3.9."""
    entries = prefix_list("pl-office", "192.0.2.0/24", "203.0.113.1/32", max_entries=100)
    assert asked(f"in icmp {remote} > 10.0.0.5", "accept all from pl-office", prefix_lists=(entries,)) == told


def test_a_prefix_list_keeps_to_its_family_and_an_empty_one_matches_nothing() -> None:
    """§3.9, §3.7."""
    every = prefix_list("pl-6", "::/0")
    assert asked(HTTPS, "accept all from pl-6", prefix_lists=(every,)) == "drop default"
    assert asked("in 47 fd00::1 > fd00::5", "accept all from pl-6", prefix_lists=(every,)) == "accept sg-a/sgr-1"
    assert asked(HTTPS, "accept all from pl-0", prefix_lists=(prefix_list("pl-0"),)) == "drop default"

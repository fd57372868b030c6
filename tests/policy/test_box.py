"""The box around a flow: what each narrowing keeps, and the region that is left."""

import pytest

from pdp.model.addresses import Address, Prefix, parse_address, parse_cidr
from pdp.model.ids import EniId
from pdp.model.protocols import EVERY_PORT, PortRange
from pdp.model.verdict import Region, Verdict
from pdp.policy.box import Box
from pdp.policy.context import context_of
from pdp.policy.decide import LinearRules
from pdp.policy.owners import find_owners
from pdp.policy.snapshot import Snapshot
from pdp.policy.stages import answer_for
from tests.builders import NOW, SMTP_ALL, eni, flow, group, policy, vpc
from tests.policy.asking import told

IN = flow("in tcp 10.0.0.6:40000 > 10.0.0.5:22")


def number(text: str) -> int:
    return parse_address(text).value


def block(text: str) -> Prefix:
    return parse_cidr(text).prefix


def whole(text: str = "in tcp 10.0.0.6:40000 > 10.0.0.5:22") -> Box:
    """A box that is not narrowed yet."""
    return Box(flow(text).family.last)


def region(box: Box, text: str = "in tcp 10.0.0.6:40000 > 10.0.0.5:22") -> Region:
    return box.region(EniId("eni-a"), flow(text))


def test_a_box_that_nothing_narrowed_is_everything_of_one_protocol_and_family() -> None:
    """§2: one ENI, direction, protocol number and family."""
    left = region(whole())
    assert (left.eni, left.direction, left.protocol) == ("eni-a", IN.direction, 6)
    assert (str(left.remote), str(left.own)) == ("0.0.0.0/0", "0.0.0.0/0")
    assert (left.source_ports, left.destination_ports) == (EVERY_PORT, EVERY_PORT)
    six = "out udp [fd00::5]:1 > [fd00::6]:53"
    assert str(region(whole(six), six).remote) == "::/0"


def test_narrowing_twice_leaves_what_both_keep() -> None:
    """In either order."""
    for first, second in (((20, 30), (22, 60000)), ((22, 60000), (20, 30))):
        box = whole()
        box.keep_destination_ports(*first)
        box.keep_destination_ports(*second)
        assert region(box).destination_ports == PortRange(22, 30)


def test_each_axis_is_narrowed_by_itself() -> None:
    box = whole()
    box.keep_remote(number("10.0.0.0"), number("10.0.0.255"))
    box.keep_own(number("10.0.0.4"), number("10.0.0.7"))
    box.keep_source_ports(32768, 60999)
    box.keep_destination_ports(22, 22)
    left = region(box)
    assert (str(left.remote), str(left.own)) == ("10.0.0.0/24", "10.0.0.4/30")
    assert (left.source_ports, left.destination_ports) == (PortRange(32768, 60999), PortRange(22, 22))


def test_an_axis_narrowed_at_one_end_alone_is_narrowed() -> None:
    """Own side and source ports are mostly whole, and so have a short cut."""
    low, high = whole(), whole()
    low.keep_own(0, number("127.255.255.255"))
    low.keep_source_ports(0, 40000)
    high.keep_own(number("8.0.0.0"), number("255.255.255.255"))
    high.keep_source_ports(40000, 65535)
    assert (str(region(low).own), region(low).source_ports) == ("0.0.0.0/1", PortRange(0, 40000))
    assert (str(region(high).own), region(high).source_ports) == ("8.0.0.0/5", PortRange(40000, 65535))


def test_addresses_become_the_largest_block_around_the_flows_own() -> None:
    """A range of addresses need not be one block: what is left over is only a question more."""
    box = whole()
    box.keep_remote(number("10.0.0.1"), number("10.0.1.7"))
    assert region(box).remote == block("10.0.0.4/30")


def test_a_box_cut_to_the_flow_holds_nothing_else() -> None:
    box = whole()
    box.keep_only(IN)
    left = region(box)
    assert (str(left.remote), str(left.own)) == ("10.0.0.6/32", "10.0.0.5/32")
    assert (left.source_ports, left.destination_ports) == (PortRange(40000, 40000), PortRange(22, 22))


@pytest.mark.parametrize(("port", "left"), [(0, (0, 24)), (24, (0, 24)), (26, (26, 65535)), (65535, (26, 65535))])
def test_ports_are_cut_at_an_edge(port: int, left: tuple[int, int]) -> None:
    """§2 stage 3."""
    box = whole()
    box.cut_destination_ports(port, 25)
    assert (box.destination_port_first, box.destination_port_last) == left


@pytest.mark.parametrize(
    ("remote", "left"),
    [
        ("100.63.255.255", ("0.0.0.0", "100.63.255.255")),
        ("100.64.0.0", ("100.64.0.0", "100.127.255.255")),
        ("100.127.255.255", ("100.64.0.0", "100.127.255.255")),
        ("100.128.0.0", ("100.128.0.0", "255.255.255.255")),
    ],
)
def test_addresses_are_cut_to_the_side_of_a_block(remote: str, left: tuple[str, str]) -> None:
    """§2 stage 6."""
    box, around = whole(), block("100.64.0.0/10")
    box.cut_remote(number(remote), around.first, around.last)
    assert (box.remote_first, box.remote_last) == tuple(map(number, left))


# What the stages above the rules leave of it. The definition's rules stage leaves the flow alone.


def judged(snapshot: Snapshot, text: str) -> tuple[Verdict, Region]:
    """The verdict of eni-a and its region, the owners being looked up for this one address."""
    asked, interface = flow(text), snapshot.eni("eni-a")
    rules = LinearRules(snapshot, interface.groups)
    context = context_of(snapshot, interface, asked.direction, asked.family, rules)
    owners = find_owners(snapshot, interface, asked.family, asked.remote)
    box = Box(asked.family.last)
    verdict = answer_for(context)(asked, owners, NOW, box)
    if box.asks_owners:
        box.keep_remote(asked.remote, asked.remote)
    return verdict, box.region(interface.id, asked)


PLAIN = policy([group("sg-a")], [eni("eni-a", "30.0.0.5", groups=["sg-a"])], vpcs=[vpc("vpc-1", "30.0.0.0/8")])
MAIL_ALL = policy([group("sg-a")], [eni("eni-a", "30.0.0.5", groups=["sg-a"])], settings=SMTP_ALL)


@pytest.mark.parametrize(
    ("snapshot", "remote", "left"),
    [
        (PLAIN, "31.0.0.1", "31.0.0.0/8"),
        (PLAIN, "29.255.255.255", "28.0.0.0/7"),
        (PLAIN, "11.0.0.0", "11.0.0.0/8"),
        (PLAIN, "9.255.255.255", "8.0.0.0/7"),
        (PLAIN, "172.32.0.0", "172.32.0.0/11"),
        (PLAIN, "192.169.0.0", "192.169.0.0/16"),
        (PLAIN, "8.8.8.8", "8.0.0.0/7"),
        (MAIL_ALL, "8.8.8.8", "0.0.0.0/0"),
    ],
)
def test_blocked_mail_reaches_up_to_the_vpcs_blocks_and_private_space(
    snapshot: Snapshot, remote: str, left: str
) -> None:
    """§2 stage 3: at port 25 alone, and for every source."""
    verdict, found = judged(snapshot, f"out tcp 30.0.0.5:40000 > {remote}:25")
    assert told(verdict) == "drop smtp_blocked"
    assert (str(found.remote), found.destination_ports) == (left, PortRange(25, 25))
    assert (str(found.own), found.source_ports) == ("0.0.0.0/0", EVERY_PORT)


def test_a_sibling_ends_where_its_owners_change_and_takes_all_ports() -> None:
    """§2 stage 1."""
    snapshot = policy(
        [group("sg-a")],
        [
            eni("eni-a", "10.0.0.5", groups=["sg-a"], instance="i-1"),
            eni("eni-b", "10.0.0.6", groups=["sg-a"], instance="i-1"),
        ],
    )
    verdict, found = judged(snapshot, "out tcp 10.0.0.5:40000 > 10.0.0.6:25")
    assert told(verdict) == "accept same_instance"
    assert (str(found.remote), found.destination_ports) == ("10.0.0.6/32", EVERY_PORT)


def test_an_own_namespace_needs_no_look_at_the_owners() -> None:
    """§2 stage 1: such an ENI has no siblings, so mail is blocked around the sibling's address too."""
    snapshot = policy(
        [group("sg-a")],
        [
            eni("eni-a", "8.0.0.5", groups=["sg-a"], instance="i-1", own_namespace=True),
            eni("eni-b", "8.0.0.6", groups=["sg-a"], instance="i-1"),
        ],
        vpcs=[],
    )
    verdict, found = judged(snapshot, "out tcp 8.0.0.5:40000 > 8.0.0.6:25")
    assert (told(verdict), str(found.remote)) == ("drop smtp_blocked", "8.0.0.0/7")


def test_the_flow_lies_in_its_region() -> None:
    """Whatever the stage that answered."""
    for text in (
        "out tcp 30.0.0.5:1 > 8.8.8.8:25",
        "out tcp 30.0.0.5:1 > 30.0.0.9:25",
        "in icmp 100.64.0.1 > 30.0.0.5",
    ):
        asked = flow(text)
        _, found = judged(PLAIN, text)
        for prefix, value in ((found.remote, asked.remote), (found.own, asked.own)):
            assert prefix.first <= Address(asked.family, value).value <= prefix.last
        assert found.source_ports.first <= asked.source_port <= found.source_ports.last
        assert found.destination_ports.first <= asked.destination_port <= found.destination_ports.last

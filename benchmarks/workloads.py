"""Policies and flows to measure with: seeded, realistic in nesting, and contested so that priorities matter.

One ENI `eni-bench` has five basic groups; its VPC has thousands of members in other groups. Prefixes nest as they do in
practice: a few wide blocks, many /16 to /24 inside them, and single hosts inside those.
"""

from random import Random
from typing import NamedTuple

import numpy as np

from pdp.model.addresses import Address, Cidr, Family, Prefix, prefix_around
from pdp.model.flow import Direction, Flow, make_flow
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import AccountId, EniId, GroupId, InstanceId, RuleId, VpcId
from pdp.model.network import Eni, Vpc
from pdp.model.protocols import ICMP, ICMPV6, TCP, UDP, PortRange
from pdp.model.resources import Resources
from pdp.model.rules import Action, GroupPeer, Peer, Rule

BENCH_ENI = EniId("eni-bench")
VPC = VpcId("vpc-bench")
ACCOUNT = AccountId("1000000000000001")
OWN_GROUPS = tuple(GroupId(f"sg-own-{number}") for number in range(5))
MEMBER_GROUPS = tuple(GroupId(f"sg-member-{number:02d}") for number in range(60))
ROLES = 90
"""Different sets of groups among the members: machines of one role have the same groups."""
VPC_BLOCKS = {
    Family.IPV4: Prefix(Family.IPV4, 10 << 24, 8),
    Family.IPV6: Prefix(Family.IPV6, 0x2408_4001_AA00 << 80, 56),
}


def policy(
    rules: int, members: int, family: Family, seed: int = 1, peers: int = 60, own_side: int = 50, enis: int = 1
) -> Resources:
    """A VPC whose ENI `eni-bench` has `rules` ingress rules of a family and which has `members` member addresses.

    With `enis` above 1, `eni-bench-1` and so on follow, each with five groups and rules of its own.
    """
    rng = Random(seed)
    groups = [_group(name, ()) for name in MEMBER_GROUPS]
    others = _members(rng, members, family)
    owners = []
    for number in range(enis):
        suffix = f"-{number}" if number else ""
        names = tuple(GroupId(f"{name}{suffix}") for name in OWN_GROUPS)
        made = _rules(rng, rules, family, peers, own_side)
        groups += [_group(name, tuple(made[place :: len(names)])) for place, name in enumerate(names)]
        address = _inside(rng, VPC_BLOCKS[family])
        owners.append(
            Eni(EniId(BENCH_ENI + suffix), VPC, ACCOUNT, names, InstanceId(f"i-bench{suffix}"), True, (address,))
        )
    vpc = Vpc(VPC, ACCOUNT, tuple(VPC_BLOCKS.values()))
    return Resources(groups=tuple(groups), enis=(*owners, *others), vpcs=(vpc,))


def flows(resources: Resources, count: int, family: Family, seed: int = 2) -> list[Flow]:
    """Ingress flows, most of them inside some rule's peer and ports, some from members, some from anywhere."""
    rng = Random(seed)
    rules = [rule for group in resources.groups for rule in group.rules]
    members = [address for eni in resources.enis for address in eni.addresses if address.family is family]
    return [_flow(rng, rng.choice(rules), rng.choice(members), family) for _ in range(count)]


class PackedColumns(NamedTuple):
    """A request's columns as bytes, in network byte order."""

    eni_index: bytes
    directions: bytes
    protocols: bytes
    sources: bytes
    destinations: bytes
    source_ports: bytes
    destination_ports: bytes


def packed_columns(flows: list[Flow], enis: int, width: int) -> PackedColumns:
    """The flows as columns, their ENIs by turns the first `enis` of a table; addresses are `width` bytes each."""
    return PackedColumns(
        (np.arange(len(flows), dtype=np.uint32) % enis).astype(">u4").tobytes(),
        bytes(flow.direction for flow in flows),
        bytes(flow.protocol for flow in flows),
        b"".join(flow.source.value.to_bytes(width) for flow in flows),
        b"".join(flow.destination.value.to_bytes(width) for flow in flows),
        np.array([flow.source_port for flow in flows], ">u2").tobytes(),
        np.array([flow.destination_port for flow in flows], ">u2").tobytes(),
    )


def _flow(rng: Random, rule: Rule, member: Address, family: Family) -> Flow:
    chance = rng.random()
    if isinstance(rule.peer, Cidr) and chance < 0.7:
        source = _inside(rng, rule.peer.prefix)
    else:
        source = member if chance < 0.9 else Address(family, rng.getrandbits(family.bits))
    own = rule.own_cidr.prefix if rule.own_cidr and rng.random() < 0.5 else VPC_BLOCKS[family]
    ports = rule.ports or PortRange(0, 65535)
    protocol = rule.protocol if rule.protocol is not None else rng.choice((TCP, UDP))
    return make_flow(
        Direction.INGRESS, protocol, source, _inside(rng, own), rng.randrange(1024, 65536), rng.randint(*ports)
    )


def _group(name: GroupId, rules: tuple[Rule, ...]) -> SecurityGroup:
    return SecurityGroup(name, ACCOUNT, VPC, GroupType.BASIC, Action.ACCEPT, rules)


def _members(rng: Random, count: int, family: Family) -> list[Eni]:
    """Member ENIs with an address each, and one in fifty with an assigned /28 or /80 prefix as well."""
    roles = [tuple(sorted(rng.sample(MEMBER_GROUPS, rng.randint(1, 3)))) for _ in range(ROLES)]
    enis = []
    for number in range(count):
        address = _inside(rng, VPC_BLOCKS[family])
        length = 28 if family is Family.IPV4 else 80
        prefixes = (prefix_around(family, _inside(rng, VPC_BLOCKS[family]).value, length),) if number % 50 == 0 else ()
        names = rng.choice(roles)
        enis.append(
            Eni(
                EniId(f"eni-{number:06d}"),
                VPC,
                ACCOUNT,
                names,
                InstanceId(f"i-{number:06d}"),
                True,
                (address,),
                prefixes,
            )
        )
    return enis


def _rules(rng: Random, count: int, family: Family, peers: int, own_side: int) -> list[Rule]:
    ranges = _port_ranges(rng, min(300, max(1, count)))
    prefixes = _nested_prefixes(rng, family, max(1, count * 7 // 10))
    rules = []
    for number in range(count):
        peer: Peer = (
            GroupPeer(rng.choice(MEMBER_GROUPS), ACCOUNT) if number < peers * count // 1000 else _cidr(rng, prefixes)
        )
        own = None
        if peers * count // 1000 <= number < (peers + own_side) * count // 1000:
            length = rng.choice((12, 16, 24)) if family is Family.IPV4 else rng.choice((60, 64, 80))
            prefix = prefix_around(family, _inside(rng, VPC_BLOCKS[family]).value, length)
            own = Cidr(prefix, str(prefix))
        protocol = rng.choices((TCP, UDP, None, ICMP if family is Family.IPV4 else ICMPV6), (70, 24, 3, 3))[0]
        rules.append(
            Rule(
                RuleId(f"sgr-{number:04d}"),
                Direction.INGRESS,
                rng.choice((Action.ACCEPT, Action.ACCEPT, Action.DROP)),
                rng.randint(1, 100),
                protocol,
                peer,
                ports=ranges[number % len(ranges)] if protocol in (TCP, UDP) else None,
                own_cidr=own,
            )
        )
    rng.shuffle(rules)
    return rules


def _port_ranges(rng: Random, count: int) -> list[PortRange]:
    """Distinct ranges: two thirds single ports, the rest up to 2,000 wide."""
    ranges: dict[PortRange, None] = {}
    while len(ranges) < count:
        first = rng.randint(1, 60_000)
        ranges[PortRange(first, first + (0 if rng.random() < 0.66 else rng.randint(1, 2000)))] = None
    return list(ranges)


def _nested_prefixes(rng: Random, family: Family, count: int) -> list[Prefix]:
    """Distinct prefixes, each new one inside an earlier one about three times in four."""
    steps = (8, 12, 16, 20, 24, 28, 32) if family is Family.IPV4 else (32, 40, 48, 56, 64, 96, 128)
    prefixes = [Prefix(family, 0, 0)]
    known = set(prefixes)
    while len(prefixes) < count:
        around = rng.choice(prefixes) if rng.random() < 0.75 else prefixes[0]
        longer = [length for length in steps if length > around.length]
        if not longer:
            continue
        prefix = prefix_around(
            family, _inside(rng, around).value, longer[0] if rng.random() < 0.6 else rng.choice(longer)
        )
        if prefix not in known:
            known.add(prefix)
            prefixes.append(prefix)
    return prefixes


def _cidr(rng: Random, prefixes: list[Prefix]) -> Cidr:
    prefix = rng.choice(prefixes)
    return Cidr(prefix, str(prefix))


def _inside(rng: Random, prefix: Prefix) -> Address:
    return Address(prefix.family, prefix.first + rng.getrandbits(prefix.family.bits - prefix.length))

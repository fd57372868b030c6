"""Random policies with every kind of rule and every feature, small enough that all of it meets.

Addresses crowd around a few anchors, ports and priorities come from a handful, and ids repeat: so that rules contest
the same flows, members lie inside each other's prefixes, and ties are common. The `random.Random` that is given
decides everything: a seed repeats a policy.
"""

from random import Random
from typing import TypeVar

from pdp.model.addresses import (
    Address,
    Cidr,
    Family,
    Prefix,
    format_address,
    normalise,
    parse_address,
    parse_cidr,
    prefix_around,
)
from pdp.model.flow import Direction
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import (
    NO_ACCOUNT,
    NO_INSTANCE,
    AccountId,
    EniId,
    GroupId,
    InstanceId,
    PortListId,
    PrefixListId,
    RuleId,
    VpcId,
)
from pdp.model.instants import SECOND, Instant
from pdp.model.network import (
    TCP_ESTABLISHED_TIMEOUTS_S,
    UDP_TIMEOUTS_S,
    Account,
    Eni,
    Instance,
    Penalty,
    PenaltyAction,
    PenaltyClass,
    SameGroupPrecedence,
    Settings,
    SmtpScope,
    Vpc,
)
from pdp.model.protocols import GRE, ICMP, ICMPV6, LAST_PORT, TCP, UDP, PortRange, has_ports
from pdp.model.resources import Resources
from pdp.model.rules import Action, GroupPeer, Peer, PortList, PrefixList, PrefixListPeer, Rule

T = TypeVar("T")

NOW = Instant(1_767_225_600 * SECOND)
"""2026-01-01T00:00:00Z. Penalties begin and end within an hour of it."""

ACCOUNTS = tuple(map(AccountId, ("1000", "2000", "3000")))
INSTANCES = tuple(InstanceId(f"i-{n}") for n in range(1, 6))
PREFIX_LISTS = {Family.IPV4: ("pl-1", "pl-2", "pl-3"), Family.IPV6: ("pl-4", "pl-5", "pl-6")}
PORT_LISTS = ("prl-1", "prl-2", "prl-3", "prl-4")

FIRST_BLOCKS = ("10.0.0.0/16", "10.0.0.0/8", "172.16.0.0/20", "192.168.0.0/24")
FURTHER_BLOCKS = ("8.0.0.0/24", "100.64.0.0/16", "203.0.113.0/25", "::ffff:9.0.0.0/120", "10.128.0.0/9")
IPV6_BLOCKS = ("2408:4000::/56", "fd00:1::/48", "2001:db8::/64")

ANCHORS = tuple(
    map(
        parse_address,
        (
            *("10.0.0.16", "10.0.0.16", "10.0.1.200", "172.16.3.4", "192.168.0.10", "8.0.0.77", "198.51.100.7"),
            *(
                "100.64.0.9",
                "100.64.0.0",
                "100.127.255.255",
                "9.255.255.255",
                "172.32.0.0",
                "0.0.0.0",
                "255.255.255.255",
            ),
            *("fd00:1::10", "fd00:1::10", "2408:4000::1:20", "2001:db8::7", "fc00::", "fdff:ffff::", "::"),
            *("::1:0:0:0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ),
    )
)
LENGTHS = {
    Family.IPV4: (0, 1, 8, 10, 12, 16, 20, 24, 24, 26, 27, 28, 28, 29, 30, 31, 32, 32, 32, 32, 32),
    Family.IPV6: (0, 3, 7, 10, 32, 48, 56, 64, 64, 80, 80, 95, 112, 120, 124, 124, 126, 127, 128, 128, 128, 128),
}
ASSIGNED_LENGTH = {Family.IPV4: 28, Family.IPV6: 80}

PRIORITIES = (1, 1, 1, 2, 5, 10, 10, 50, 100, 100, 110)
RULE_PROTOCOLS = (*[TCP] * 8, *[UDP] * 4, *[None] * 3, ICMP, ICMPV6, GRE, 0, 50, 255)
PORTS = (1, 2, 22, 24, 25, 26, 53, 80, 81, 443, 1024, 32768, LAST_PORT - 1, LAST_PORT)
GROUP_SIZES = (0, 1, 3, 6, 9, 14, 20, 25)
LARGE_GROUP, LARGE_SHARE = 300, 0.02
"""A few groups have more rules than a machine word has bits, in each direction and family."""


class PolicyMaker:
    """Makes the parts of one policy; later parts refer to earlier ones."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.vpcs = [VpcId(f"vpc-{n}") for n in range(1, rng.choice((2, 2, 3, 4)))]
        self.taken: list[Address] = []
        self.shared: list[Rule] = []

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def some(self, items: tuple[T, ...], most: int) -> tuple[T, ...]:
        """None to `most` of the items, each at most once."""
        return tuple(self.rng.sample(items, self.rng.randint(0, min(most, len(items)))))

    def address(self, family: Family) -> Address:
        """An address near an anchor."""
        anchor = self.rng.choice([anchor for anchor in ANCHORS if anchor.family is family])
        address = normalise(family, min(family.last, max(0, anchor.value + self.rng.randint(-3, 40))))
        return address if address.family is family else anchor

    def prefix(self, family: Family) -> Prefix:
        return prefix_around(family, self.address(family).value, self.rng.choice(LENGTHS[family]))

    def cidr(self, family: Family, shortest: int = 0) -> Cidr:
        """A CIDR as users write them: with host bits, as a bare address, or IPv4 in its mapped form."""
        text = format_address(*self.address(family))
        length = max(self.rng.choice(LENGTHS[family]), shortest)
        if family is Family.IPV4 and self.chance(0.1):
            return parse_cidr(f"::ffff:{text}/{96 + length}")
        return parse_cidr(text if length == family.bits and self.chance(0.5) else f"{text}/{length}")

    def ports(self) -> PortRange:
        """One port, a range between two of the usual ones, or all but 0."""
        if self.chance(0.1):
            return PortRange(1, LAST_PORT)
        first, last = sorted((self.rng.choice(PORTS), self.rng.choice(PORTS)))
        return PortRange(first, first if self.chance(0.4) else last)

    def peer(self, family: Family, groups: list[GroupId], shortest: int) -> Peer:
        kind = self.rng.random()
        if kind < 0.55:
            return self.cidr(family, shortest)
        if kind < 0.8:
            return GroupPeer(
                self.rng.choice([*groups, GroupId("sg-unknown")]), self.rng.choice((NO_ACCOUNT, *ACCOUNTS))
            )
        return PrefixListPeer(PrefixListId(self.rng.choice(PREFIX_LISTS[family])))

    def rule(self, rule_id: int, groups: list[GroupId], shortest: int) -> Rule:
        family = self.rng.choice((Family.IPV4, Family.IPV4, Family.IPV6))
        protocol = self.rng.choice(RULE_PROTOCOLS)
        if protocol is not None and self.chance(0.02):
            protocol = self.rng.randint(0, 255)
        by_port = protocol is not None and has_ports(protocol) and self.chance(0.85)
        by_list = by_port and self.chance(0.2)
        derived = self.chance(0.2)
        own_family = self.rng.choice((family, family, family, Family.IPV4, Family.IPV6))
        return Rule(
            id=RuleId(f"sgr-{'d' * derived}{rule_id}"),
            direction=self.rng.choice(tuple(Direction)),
            action=self.rng.choice(tuple(Action)),
            priority=self.rng.choice(PRIORITIES) if self.chance(0.8) else self.rng.randint(1, 110),
            protocol=protocol,
            peer=self.peer(family, groups, shortest),
            ports=self.ports() if by_port and not by_list else None,
            port_list=PortListId(self.rng.choice(PORT_LISTS)) if by_list else None,
            source_ports=self.ports() if self.chance(0.12) else None,
            own_cidr=self.cidr(own_family) if self.chance(0.15) else None,
            id_is_derived=derived,
        )

    def group(self, group_id: GroupId, vpc: VpcId, groups: list[GroupId]) -> SecurityGroup:
        """A group; its rule ids repeat in other groups, and half of the groups have no very wide CIDR."""
        basic = self.chance(0.7)
        size = LARGE_GROUP if self.chance(LARGE_SHARE) else self.rng.choice(GROUP_SIZES)
        shortest = self.rng.choice((0, 9))
        return SecurityGroup(
            id=group_id,
            account=self.rng.choice(ACCOUNTS),
            vpc=vpc,
            type=GroupType.BASIC if basic else GroupType.ADVANCED,
            inner_access=Action.ACCEPT if basic and self.chance(0.4) else Action.DROP,
            rules=self.rules(size, groups, shortest),
        )

    def rules(self, size: int, groups: list[GroupId], shortest: int) -> tuple[Rule, ...]:
        """Rules with ids of their own. Some are, to the letter, also another group's."""
        ids = self.rng.sample(range(LARGE_GROUP + 20), size)
        own = [self.rule(rule_id, groups, shortest) for rule_id in ids]
        shared = [rule for rule in self.some(tuple(self.shared), 3) if rule.id not in {other.id for other in own}]
        self.shared += self.some(tuple(own), 2)
        return (*own, *shared[: max(0, size - 1)])

    def eni(self, eni_id: EniId, groups: list[SecurityGroup]) -> Eni:
        """An ENI in one to four of the groups of one VPC and type, some of its addresses also another's."""
        first = self.rng.choice(groups)
        alike = [group.id for group in groups if group.vpc == first.vpc and group.type is first.type]
        families = [Family.IPV4] * self.rng.randint(1, 3) + [Family.IPV6] * self.rng.randint(0, 2)
        addresses = [self.member_address(family) for family in families]
        assigned = [self.rng.choice(tuple(Family)) for _ in range(self.rng.choice((0, 0, 1, 2)))]
        return Eni(
            id=eni_id,
            vpc=first.vpc,
            account=self.rng.choice((NO_ACCOUNT, *ACCOUNTS)),
            groups=tuple(sorted(self.rng.sample(alike, min(len(alike), self.rng.randint(1, 4))))),
            instance=self.rng.choice((NO_INSTANCE, *INSTANCES)),
            addresses=tuple(dict.fromkeys(addresses)),
            prefixes=tuple(
                prefix_around(family, self.member_address(family).value, ASSIGNED_LENGTH[family]) for family in assigned
            ),
            own_namespace=self.chance(0.2),
            tcp_established_timeout_s=self.rng.choice(TCP_ESTABLISHED_TIMEOUTS_S),
            udp_timeout_s=self.rng.choice(UDP_TIMEOUTS_S),
        )

    def member_address(self, family: Family) -> Address:
        """A fresh address, or one that another ENI has too."""
        shared = [address for address in self.taken if address.family is family]
        address = self.rng.choice(shared) if shared and self.chance(0.15) else self.address(family)
        self.taken.append(address)
        return address

    def vpc(self, vpc_id: VpcId) -> Vpc:
        texts = (self.rng.choice(FIRST_BLOCKS), *self.some(FURTHER_BLOCKS, 2), *self.some(IPV6_BLOCKS, 2))
        return Vpc(vpc_id, self.rng.choice(ACCOUNTS), tuple(parse_cidr(text).prefix for text in texts))

    def penalty(self, instance: InstanceId) -> Penalty:
        """Past, present or future, open at either end or not; half an hour is coarse enough for shared bounds."""
        since, until = sorted(self.rng.sample(range(-4, 5), 2))
        return Penalty(
            penalty_class=self.rng.choice(tuple(PenaltyClass)),
            action=self.rng.choice((*[PenaltyAction.BLOCK_TRAFFIC] * 4, *PenaltyAction)),
            instance=instance,
            since=None if self.chance(0.15) else Instant(NOW + since * 1800 * SECOND),
            until=None if self.chance(0.15) else Instant(NOW + until * 1800 * SECOND),
        )


def random_resources(rng: Random) -> Resources:
    """A policy of one to three VPCs and 3 to 12 ENIs, most of whose groups have up to 25 rules."""
    maker = PolicyMaker(rng)
    ids = [GroupId(f"sg-{n}") for n in range(1, len(maker.vpcs) + rng.randint(1, 6))]
    groups = [maker.group(group_id, rng.choice(maker.vpcs), ids) for group_id in ids]
    enis = [maker.eni(EniId(f"eni-{n}"), groups) for n in range(1, rng.randint(4, 13))]
    punished = [instance for instance in INSTANCES if maker.chance(0.25)]
    return Resources(
        groups=tuple(groups),
        enis=tuple(enis),
        # One that no answer lists has no blocks.
        vpcs=tuple(maker.vpc(vpc) for vpc in maker.vpcs if maker.chance(0.9)),
        instances=tuple(Instance(instance, locks=maker.some(("financial", "security"), 1)) for instance in INSTANCES),
        prefix_lists=tuple(
            PrefixList(PrefixListId(name), family, 10, tuple(maker.prefix(family) for _ in range(rng.randint(0, 5))))
            for family, names in PREFIX_LISTS.items()
            for name in names
        ),
        port_lists=tuple(
            PortList(PortListId(name), 10, tuple(maker.ports() for _ in range(rng.randint(0, 5))))
            for name in PORT_LISTS
        ),
        accounts=tuple(Account(account, smtp_exempt=maker.chance(0.25)) for account in ACCOUNTS),
        penalties=tuple(maker.penalty(instance) for instance in punished for _ in range(rng.randint(1, 3))),
        settings=Settings(rng.choice(tuple(SameGroupPrecedence)), rng.choice(tuple(SmtpScope))),
    )

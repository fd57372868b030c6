"""Policies of any number of ENIs for a store, and a flow whose verdict shows whether one rule is there.

The group `sg-bench` has the same rules and the same members however many ENIs there are. Where a large group is asked
for, most of the others are members of `sg-large`, an advanced group, together with up to two more of their kind.
"""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from pdp.model.addresses import Address, Cidr, Family, Prefix, parse_address, parse_cidr
from pdp.model.flow import Direction, Flow, make_flow
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import AccountId, EniId, GroupId, InstanceId, RuleId, VpcId
from pdp.model.network import Eni, Instance, Vpc
from pdp.model.protocols import TCP, PortRange
from pdp.model.resources import Resources
from pdp.model.rules import Action, Rule
from pdp.policy.snapshot import Snapshot, resources_of

ACCOUNT = AccountId("1000000000000001")
VPC = VpcId("vpc-bench")
BLOCK = Prefix(Family.IPV4, 10 << 24, 8)
GROUP = GroupId("sg-bench")
LARGE_GROUP = GroupId("sg-large")
ENI = EniId("eni-bench-00")
LARGE_ENI = EniId("eni-000000")
"""A member of the large group."""
MEMBERS = 50
"""Of the group `sg-bench`."""
RULES = 100
"""Of each of the groups that change, beside the one that comes and goes."""
OTHER_GROUPS = 30
OTHER_RULES = 20
ROLES = 90
"""Different sets of groups among the ENIs of one type: machines of one role have the same groups."""
STRANGER = parse_address("198.51.100.7")
"""Somebody whom no rule lets in but the one that comes and goes."""


class Size(NamedTuple):
    """How large a policy is. `large_group` of the ENIs are members of `sg-large`, when there are any."""

    enis: int
    large_group: int = 0


def policy(size: Size) -> Resources:
    """The policy of a size. The same for the same size."""
    rng = Random(7)
    groups = [_group(GROUP, GroupType.BASIC, RULES)]
    groups += [_group(name, GroupType.BASIC, OTHER_RULES) for name in _names("basic")]
    if size.large_group:
        groups.append(_group(LARGE_GROUP, GroupType.ADVANCED, RULES))
        groups += [_group(name, GroupType.ADVANCED, OTHER_RULES) for name in _names("advanced")]
    large = [(LARGE_GROUP, *rng.sample(_names("advanced"), rng.randrange(3))) for _ in range(ROLES)]
    basic = [tuple(rng.sample(_names("basic"), rng.randint(1, 3))) for _ in range(ROLES)]
    enis = [_eni(f"bench-{number:02d}", (GROUP,), number) for number in range(MEMBERS)]
    for number in range(size.enis - MEMBERS):
        roles = large if number < size.large_group else basic
        enis.append(_eni(f"{number:06d}", roles[number % ROLES], number + MEMBERS))
    return Resources(
        groups=tuple(groups),
        enis=tuple(enis),
        vpcs=(Vpc(VPC, ACCOUNT, (BLOCK,)),),
        instances=tuple(Instance(eni.instance, ACCOUNT, "Running") for eni in enis),
    )


def coming_rule(number: int) -> Rule:
    """A rule that lets the stranger in, unlike those of other numbers only in its id."""
    return Rule(
        RuleId(f"sgr-coming-{number}"),
        Direction.INGRESS,
        Action.ACCEPT,
        1,
        TCP,
        parse_cidr("198.51.100.0/24"),
        PortRange(443, 443),
    )


def question(eni: EniId) -> Flow:
    """The stranger calls an ENI on the port of the rule that comes and goes."""
    number = 0 if eni == ENI else MEMBERS
    return make_flow(Direction.INGRESS, TCP, STRANGER, _address(number), 40_000, 443)


def _names(kind: str) -> list[GroupId]:
    return [GroupId(f"sg-{kind}-{number:02d}") for number in range(OTHER_GROUPS)]


def _group(name: GroupId, type_: GroupType, rules: int) -> SecurityGroup:
    return SecurityGroup(name, ACCOUNT, VPC, type_, Action.DROP, tuple(_rules(name, rules)))


def _rules(name: GroupId, count: int) -> Iterator[Rule]:
    """Rules that let some subnets in on some ports."""
    for number in range(count):
        prefix = Prefix(Family.IPV4, (10 << 24) + (number << 16), 16)
        ports = PortRange(1_000 + number, 1_000 + number)
        peer = Cidr(prefix, str(prefix))
        yield Rule(RuleId(f"sgr-{name}-{number}"), Direction.INGRESS, Action.ACCEPT, 1, TCP, peer, ports)


def _eni(name: str, groups: tuple[GroupId, ...], number: int) -> Eni:
    instance, address = InstanceId(f"i-{name}"), _address(number)
    return Eni(EniId(f"eni-{name}"), VPC, ACCOUNT, tuple(sorted(groups)), instance, True, (address,))


def _address(number: int) -> Address:
    return Address(Family.IPV4, (10 << 24) + 256 + number)


def questions(rng: Random, snapshot: Snapshot, count: int) -> list[tuple[EniId, Flow]]:
    """Flows to ENIs that are not in `sg-bench`, half of them let in by some rule."""
    enis = [eni for eni in resources_of(snapshot).enis if GROUP not in eni.groups]
    asked = rng.choices(enis, k=count)
    return [(eni.id, _flow_to(rng, eni)) for eni in asked]


def _flow_to(rng: Random, eni: Eni) -> Flow:
    number = rng.randrange(OTHER_RULES)
    source = Address(Family.IPV4, (10 << 24) + (number << 16) + rng.randrange(1 << 16))
    port = 1_000 + number + rng.randrange(2)
    return make_flow(Direction.INGRESS, TCP, source, eni.addresses[0], rng.randrange(1_024, 65_536), port)

"""Tiny builders, so that a case of a test is one line: `group("sg-a", "accept tcp/22 from 10.0.0.0/8 @10")`.

They build the model's own values through the model's own parsers and hold no meaning: what a rule does is for
`pdp.policy` alone to say. A text that they cannot read is a ValueError, so that a typo never tests nothing.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pdp.model.addresses import Family, parse_address, parse_cidr
from pdp.model.flow import Direction, Flow, make_flow
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import AccountId, EniId, GroupId, InstanceId, PortListId, PrefixListId, RuleId, VpcId
from pdp.model.instants import Instant, parse_instant
from pdp.model.network import (
    DEFAULT_SETTINGS,
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
from pdp.model.protocols import PortRange, parse_port_range, parse_protocol
from pdp.model.resources import Resources
from pdp.model.rules import Action, GroupPeer, Peer, PortList, PrefixList, PrefixListPeer, Rule
from pdp.policy.draft import snapshot_of
from pdp.policy.snapshot import Snapshot

ACCOUNT = AccountId("1000")
VPC = VpcId("vpc-1")

FLOW = re.compile(r"(?P<way>in|out) (?P<protocol>[^ ]+) (?P<source>[^ ]+) > (?P<destination>[^ ]+)")
END = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<v4>[0-9.]+)):(?P<port>[0-9]+)")


def at(text: str) -> Instant:
    """The instant of an RFC 3339 text."""
    return parse_instant(text)


NOW = at("2026-01-01T00:00:00Z")


def rule(text: str) -> Rule:
    """`accept tcp/22 from 10.0.0.0/8 @10 sport 1000-2000 own 10.0.0.5 id sgr-7 derived`.

    All after the peer is optional, in any order. `from` is ingress, `to` egress. Protocol and ports: `tcp/22`,
    `tcp/1-1024`, `tcp/all`, `tcp/prl-1`, `icmp`, `all`, `47`. Priority is 1 unless given. `derived` marks a derived id.
    """
    action, service, side, whom, *options = text.split(" ")
    protocol, slash, ports = service.partition("/")
    priority, source_ports, own, rule_id, derived = 1, None, None, "", False
    words = iter(options)
    for word in words:
        if word.startswith("@"):
            priority = int(word[1:])
        elif word == "sport":
            source_ports = port_range(next(words))
        elif word == "own":
            own = parse_cidr(next(words))
        elif word == "id":
            rule_id = next(words)
        elif word == "derived":
            derived = True
        else:
            raise ValueError(f"{word!r} in {text!r} is no part of a rule")
    return Rule(
        id=RuleId(rule_id),
        direction={"from": Direction.INGRESS, "to": Direction.EGRESS}[side],
        action=Action[action.upper()],
        priority=priority,
        protocol=parse_protocol(protocol),
        peer=peer(whom),
        ports=None if not slash or ports == "all" or ports.startswith("prl-") else port_range(ports),
        port_list=PortListId(ports) if ports.startswith("prl-") else None,
        source_ports=source_ports,
        own_cidr=own,
        id_is_derived=derived,
    )


def peer(text: str) -> Peer:
    """A CIDR, a group (`sg-b`, or `sg-b@2000` of another account), or a prefix list (`pl-1`)."""
    if text.startswith("sg-"):
        name, _, account = text.partition("@")
        return GroupPeer(GroupId(name), AccountId(account))
    if text.startswith("pl-"):
        return PrefixListPeer(PrefixListId(text))
    return parse_cidr(text)


def port_range(text: str) -> PortRange:
    """`22` or `1-1024`, within 1..65535."""
    first, dash, last = text.partition("-")
    ports = parse_port_range(f"{first}/{last if dash else first}")
    if ports is None:
        raise ValueError(f"{text!r} is not a port nor a range of ports")
    return ports


def group(
    group_id: str,
    *rules: str | Rule,
    type: GroupType = GroupType.BASIC,  # noqa: A002 - the field's own name
    inner: Action | None = None,
    vpc: str = VPC,
    account: str = ACCOUNT,
) -> SecurityGroup:
    """A group. Rules without an id become sgr-1, sgr-2, … by their place. Inner access is Drop unless given."""
    made = [rule(item) if isinstance(item, str) else item for item in rules]
    named = tuple(item if item.id else replace(item, id=RuleId(f"sgr-{n}")) for n, item in enumerate(made, start=1))
    given = [item.id for item in named if not item.id_is_derived]
    if len(set(given)) < len(given):
        raise ValueError(f"rule ids of {group_id} are not unique: {given}")
    return SecurityGroup(GroupId(group_id), AccountId(account), VpcId(vpc), type, inner or Action.DROP, named)


def eni(
    eni_id: str,
    *addresses: str,
    groups: Sequence[str],
    instance: str = "",
    vpc: str = VPC,
    account: str = ACCOUNT,
    primary: bool = False,
    own_namespace: bool = False,
    host: str = "",
    tcp_timeout_s: int = 910,
    udp_timeout_s: int = 30,
) -> Eni:
    """An ENI. Addresses with a length are assigned prefixes; IPv4 ones come first, whatever the order."""
    plain = [parse_address(text) for text in addresses if "/" not in text]
    return Eni(
        id=EniId(eni_id),
        vpc=VpcId(vpc),
        account=AccountId(account),
        groups=tuple(sorted(map(GroupId, groups))),
        instance=InstanceId(instance),
        primary=primary,
        addresses=tuple(sorted(plain, key=lambda address: address.family)),
        prefixes=tuple(parse_cidr(text).prefix for text in addresses if "/" in text),
        own_namespace=own_namespace,
        host=host,
        tcp_established_timeout_s=tcp_timeout_s,
        udp_timeout_s=udp_timeout_s,
    )


def vpc(vpc_id: str = VPC, *blocks: str, account: str = ACCOUNT) -> Vpc:
    """A VPC with its blocks, none unless given."""
    return Vpc(VpcId(vpc_id), AccountId(account), tuple(parse_cidr(text).prefix for text in blocks))


def prefix_list(list_id: str, *entries: str, family: Family = Family.IPV4, max_entries: int = 10) -> PrefixList:
    """A prefix list; the family is the first entry's, or as given when there is none."""
    prefixes = tuple(parse_cidr(text).prefix for text in entries)
    return PrefixList(PrefixListId(list_id), prefixes[0].family if prefixes else family, max_entries, prefixes)


def port_list(list_id: str, *entries: str, max_entries: int = 10) -> PortList:
    """A port list of `22` and `1-1024`."""
    return PortList(PortListId(list_id), max_entries, tuple(map(port_range, entries)))


def penalty(
    instance: str,
    since: str = "",
    until: str = "",
    action: PenaltyAction = PenaltyAction.BLOCK_TRAFFIC,
    reason: str = "",
) -> Penalty:
    """A penalty of an instance; blank times are no bounds."""
    return Penalty(
        PenaltyClass.MALICIOUS_BEHAVIOUR,
        action,
        InstanceId(instance),
        reason=reason,
        since=at(since) if since else None,
        until=at(until) if until else None,
    )


BELOW_RULES = Settings(same_group_precedence=SameGroupPrecedence.BELOW_RULES)
SMTP_ALL = Settings(smtp_scope=SmtpScope.ALL)
DEFAULT_VPCS = (vpc(VPC, "10.0.0.0/8", "fd00::/16"),)


def resources(
    groups: Iterable[SecurityGroup] = (),
    enis: Iterable[Eni] = (),
    *,
    vpcs: Iterable[Vpc] = DEFAULT_VPCS,
    instances: Iterable[Instance] = (),
    prefix_lists: Iterable[PrefixList] = (),
    port_lists: Iterable[PortList] = (),
    smtp_exempt: Iterable[str] = (),
    penalties: Iterable[Penalty] = (),
    settings: Settings = DEFAULT_SETTINGS,
) -> Resources:
    """The resources, in the order given. `smtp_exempt` names accounts."""
    return Resources(
        groups=tuple(groups),
        enis=tuple(enis),
        vpcs=tuple(vpcs),
        instances=tuple(instances),
        prefix_lists=tuple(prefix_lists),
        port_lists=tuple(port_lists),
        accounts=tuple(Account(AccountId(account), smtp_exempt=True) for account in smtp_exempt),
        penalties=tuple(penalties),
        settings=settings,
    )


def policy(
    groups: Iterable[SecurityGroup] = (),
    enis: Iterable[Eni] = (),
    *,
    vpcs: Iterable[Vpc] = DEFAULT_VPCS,
    instances: Iterable[Instance] = (),
    prefix_lists: Iterable[PrefixList] = (),
    port_lists: Iterable[PortList] = (),
    smtp_exempt: Iterable[str] = (),
    penalties: Iterable[Penalty] = (),
    settings: Settings = DEFAULT_SETTINGS,
) -> Snapshot:
    """The snapshot of `resources` with the same arguments."""
    return snapshot_of(
        resources(
            groups,
            enis,
            vpcs=vpcs,
            instances=instances,
            prefix_lists=prefix_lists,
            port_lists=port_lists,
            smtp_exempt=smtp_exempt,
            penalties=penalties,
            settings=settings,
        )
    )


def flow(text: str) -> Flow:
    """`in tcp 198.51.100.7:40000 > 10.0.0.5:22`, `out udp [fd00::1]:9 > [fd00::2]:53`, `in icmp 10.0.0.1 > 10.0.0.2`.

    `in` is ingress, `out` egress, always with the packet's source on the left. Raises what `make_flow` raises.
    """
    match = FLOW.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a flow")
    protocol = parse_protocol(match["protocol"])
    if protocol is None:
        raise ValueError("a flow has one protocol, not ALL")
    source, source_port = _end(match["source"])
    destination, destination_port = _end(match["destination"])
    direction = Direction.INGRESS if match["way"] == "in" else Direction.EGRESS
    return make_flow(
        direction, protocol, parse_address(source), parse_address(destination), source_port, destination_port
    )


def _end(text: str) -> tuple[str, int | None]:
    match = END.fullmatch(text)
    return (match["v6"] or match["v4"], int(match["port"])) if match else (text, None)

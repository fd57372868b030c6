"""One `Permission` of a group's attribute answer as a rule (§1.4, §3.4 to §3.7, §8.1).

Only what counts is read: the peer that beats the others and the ports that beat the others. What is beaten cannot
refuse a rule, and a rule never falls back to a wider peer.
"""

from collections.abc import Container
from dataclasses import replace
from functools import lru_cache, partial
from hashlib import sha256
from typing import NamedTuple

from pdp.formats.bundle_files import PORT_LIST_ENTRIES, PREFIX_LISTS, AnswerName
from pdp.formats.fields import Fields, cidr_in
from pdp.model.addresses import Cidr, Family
from pdp.model.errors import quoted
from pdp.model.flow import Direction
from pdp.model.ids import GroupId, PortListId, PrefixListId, RuleId
from pdp.model.limits import LAST_PRIORITY
from pdp.model.protocols import PortRange, has_ports, parse_digits, parse_port_range, parse_protocol, protocol_name
from pdp.model.rules import Action, GroupPeer, Peer, PrefixListPeer, Rule

DIRECTIONS = {"ingress": Direction.INGRESS, "egress": Direction.EGRESS}
ACTIONS = {"accept": Action.ACCEPT, "drop": Action.DROP}

_NIC_TYPES = {"intranet": True, "internet": False}
_ALL_PORTS = "-1/-1"

# Exports repeat the same few texts in very many rules, which so share their values.
_PARSED_TEXTS = 1 << 16
_IPV4_CIDR = lru_cache(_PARSED_TEXTS)(partial(cidr_in, Family.IPV4))
_IPV6_CIDR = lru_cache(_PARSED_TEXTS)(partial(cidr_in, Family.IPV6))
_PORT_RANGE = lru_cache(_PARSED_TEXTS)(parse_port_range)
_PROTOCOL = lru_cache(_PARSED_TEXTS)(lambda text: _Traffic(parse_protocol(text)))


class Known(NamedTuple):
    """The ids that a rule may name. None: an answer is broken, so that no id can be said to be unknown."""

    groups: Container[str] | None
    prefix_lists: Container[str]
    port_lists: Container[str]


class _Side(NamedTuple):
    """The keys of one side of a permission."""

    ipv4: str
    ipv6: str
    group: str
    account: str
    prefix_list: str


_SOURCE = _Side("SourceCidrIp", "Ipv6SourceCidrIp", "SourceGroupId", "SourceGroupOwnerAccount", "SourcePrefixListId")
_DESTINATION = _Side("DestCidrIp", "Ipv6DestCidrIp", "DestGroupId", "DestGroupOwnerAccount", "DestPrefixListId")


class _Traffic(NamedTuple):
    """Protocol (None: ALL) and destination ports: a range, a list, or with neither all of them."""

    protocol: int | None
    ports: PortRange | None = None
    port_list: PortListId | None = None


def read_rule(fields: Fields, group: GroupId, known: Known) -> Rule | None:
    """The rule of a permission, or None after complaints."""
    direction = fields.word("Direction", DIRECTIONS)
    action = fields.word("Policy", ACTIONS)
    priority = _read_priority(fields)
    traffic = _read_traffic(fields, known)
    source_ports = fields.parsed("SourcePortRange", _PORT_RANGE)
    if fields.word("NicType", _NIC_TYPES, required=False) is False:
        fields.complain("NicType internet marks a rule of the classic network, which no VPC has; remove the rule")
    peer = own_cidr = None
    if direction:
        remote, own = _sides(direction)
        peer, own_cidr = _read_peer(fields, remote, known), _read_cidr(fields, own)
    rule_id, description, created = map(fields.text, ("SecurityGroupRuleId", "Description", "CreateTime"))
    if fields.faulty or not (direction and action and priority and traffic and peer):
        return None
    rule = Rule(
        id=RuleId(rule_id),
        direction=direction,
        action=action,
        priority=priority,
        protocol=traffic.protocol,
        peer=peer,
        ports=traffic.ports,
        port_list=traffic.port_list,
        source_ports=source_ports,
        own_cidr=own_cidr,
        description=description,
        created=created,
    )
    return rule if rule_id else replace(rule, id=derived_id(group, rule), id_is_derived=True)


def derived_id(group: GroupId, rule: Rule) -> RuleId:
    """An id for a rule that has none, from its group's id and what it says, CIDRs as written; equal in every export."""
    traffic = (protocol_name(rule.protocol), rule.ports, rule.port_list, rule.source_ports)
    identity = (rule.direction.word, rule.action.name, rule.priority, *traffic, *_peer_identity(rule.peer))
    text = "\n".join((group, *map(str, (*identity, rule.own_cidr))))
    return RuleId(f"sgr-derived-{sha256(text.encode('utf-8', 'backslashreplace')).hexdigest()[:20]}")


def permission_of(rule: Rule) -> dict[str, str]:
    """The Permission of a rule, without blank fields: what `read_rule` reads back, all but its origin.

    The id is there also when it is derived. CIDRs are as they were written (§3.7).
    """
    remote, own = _sides(rule.direction)
    ports = "" if rule.port_list else str(rule.ports or _ALL_PORTS)
    values = {
        "SecurityGroupRuleId": rule.id,
        "Direction": rule.direction.word,
        "Policy": rule.action.name.capitalize(),
        "Priority": str(rule.priority),
        "IpProtocol": protocol_name(rule.protocol),
        "PortRange": ports,
        "PortRangeListId": rule.port_list or "",
        **_peer_fields(remote, rule.peer),
        **(_cidr_field(own, rule.own_cidr) if rule.own_cidr else {}),
        "SourcePortRange": str(rule.source_ports or ""),
        "Description": rule.description,
        "CreateTime": rule.created,
    }
    return {key: value for key, value in values.items() if value}


def ignored_keys(fields: Fields, direction: Direction) -> list[str]:
    """The keys of a permission that restrict nothing: a group or prefix list on the ENI's own side (§3.2)."""
    own = _sides(direction)[1]
    return [key for key in (own.group, own.prefix_list) if fields.has(key)]


def _sides(direction: Direction) -> tuple[_Side, _Side]:
    """The remote side and the ENI's own."""
    return (_SOURCE, _DESTINATION) if direction is Direction.INGRESS else (_DESTINATION, _SOURCE)


def _read_priority(fields: Fields) -> int | None:
    text = fields.text_or_number("Priority") or "1"
    priority = parse_digits(text)
    if priority is not None and 1 <= priority <= LAST_PRIORITY:
        return priority
    fields.complain(f"Priority {quoted(text)} is not a whole number from 1 to {LAST_PRIORITY}")
    return None


def _read_traffic(fields: Fields, known: Known) -> _Traffic | None:
    """Protocol and ports (§3.5, §3.6): a range beats a list, a list beats `-1/-1`."""
    text = fields.text_or_number("IpProtocol")
    if not text:
        if not fields.has("IpProtocol"):
            fields.complain("IpProtocol is missing or blank")
        return None
    traffic = fields.parse_as("IpProtocol", text, _PROTOCOL)
    if traffic is None:
        return None
    named = protocol_name(traffic.protocol)
    ports_text = fields.text("PortRange")
    port_list = fields.text("PortRangeListId") if ports_text in {"", _ALL_PORTS} else ""
    if traffic.protocol is None or not has_ports(traffic.protocol):
        if port_list or ports_text not in {"", _ALL_PORTS}:
            fields.complain(f"{named} has no ports, so PortRange must be -1/-1, not {quoted(port_list or ports_text)}")
        return traffic
    if port_list:
        if port_list not in known.port_lists:
            fields.complain(_no_file("PortRangeListId", AnswerName(PORT_LIST_ENTRIES, port_list)))
        return _Traffic(traffic.protocol, port_list=PortListId(port_list))
    if not ports_text:
        if not fields.has("PortRange") and not fields.has("PortRangeListId"):
            fields.complain(f"PortRange and PortRangeListId are both missing, but {named} has ports")
        return traffic
    return _Traffic(traffic.protocol, fields.parse_as("PortRange", ports_text, _PORT_RANGE))


def _read_cidr(fields: Fields, side: _Side) -> Cidr | None:
    """The CIDR of one side; None when it has none, or after a complaint."""
    if not fields.has(side.ipv4):
        return fields.parsed(side.ipv6, _IPV6_CIDR)
    if fields.has(side.ipv6):
        fields.complain(f"{side.ipv4} and {side.ipv6} are both set; a rule has one family: make two rules of it")
        return None
    return fields.parsed(side.ipv4, _IPV4_CIDR)


def _read_peer(fields: Fields, side: _Side, known: Known) -> Peer | None:
    """The peer that counts: CIDR before group before prefix list (§1.4)."""
    if fields.has(side.ipv4) or fields.has(side.ipv6):
        return _read_cidr(fields, side)
    if fields.has(side.group):
        group = fields.text(side.group)
        account = fields.account(side.account)
        if known.groups is not None and group not in known.groups and not account:
            message = f"{side.group} {quoted(group)} is not in DescribeSecurityGroups and has no {side.account}"
            fields.complain(f"{message}; export that group too, or the account that owns it")
        return GroupPeer(GroupId(group), account)
    if fields.has(side.prefix_list):
        prefix_list = fields.text(side.prefix_list)
        if prefix_list not in known.prefix_lists:
            fields.complain(_no_file(side.prefix_list, AnswerName(PREFIX_LISTS, prefix_list)))
        return PrefixListPeer(PrefixListId(prefix_list))
    keys = ", ".join(key for key in side if key != side.account)
    fields.complain(f"no peer: none of {keys} is set")
    return None


def _no_file(key: str, name: AnswerName) -> str:
    return f"{key} {quoted(name.subject)} has no file {name.file(1)}; export it with `{name.call}`"


def _peer_identity(peer: Peer) -> tuple[str, ...]:
    if isinstance(peer, Cidr):
        return ("cidr", peer.text)
    if isinstance(peer, GroupPeer):
        return ("group", peer.group, peer.account)
    return ("prefix list", peer.prefix_list)


def _peer_fields(side: _Side, peer: Peer) -> dict[str, str]:
    if isinstance(peer, Cidr):
        return _cidr_field(side, peer)
    if isinstance(peer, GroupPeer):
        return {side.group: peer.group, side.account: peer.account}
    return {side.prefix_list: peer.prefix_list}


def _cidr_field(side: _Side, cidr: Cidr) -> dict[str, str]:
    """The CIDR under the key for its notation: an IPv4-mapped one is written as IPv6 and means IPv4 (§2.2)."""
    return {side.ipv6 if ":" in cidr.text else side.ipv4: cidr.text}

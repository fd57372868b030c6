"""The rules of one group set in one direction and family, as bit masks on frozen axes (§3).

Each rule is one bit, the highest for the one that wins over all others. A look-up intersects the masks of the rules
that accept each part of the flow and takes the highest bit. Group peers are tested by the groups of the remote address;
no member is ever expanded into a rule, so that a join or leave rebuilds nothing here.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from sys import getsizeof

from pdp.index.axis import Axis
from pdp.index.port_axis import freeze_ports, port_tree
from pdp.index.prefix_trie import PrefixTrie
from pdp.model.addresses import Cidr, Family, Prefix
from pdp.model.flow import Direction, Flow
from pdp.model.groups import SecurityGroup
from pdp.model.ids import GroupId, PortListId, PrefixListId
from pdp.model.protocols import TCP, UDP, PortRange, exists_in
from pdp.model.rules import GroupPeer, PortList, PrefixList, Rule
from pdp.policy.box import Box
from pdp.policy.context import OwnedRule
from pdp.policy.owners import Owners

PrefixLists = Mapping[PrefixListId, PrefixList]
PortLists = Mapping[PortListId, PortList]


class PolicyIndex:
    """A `RuleFinder` over frozen axes.

    `ordered[n]` is the rule of bit n. `ports` holds an axis for TCP and one for UDP; for any other protocol,
    `by_protocol` or else `any_protocol` is the mask. `remote`, `own` and `source` are the axes of the remote CIDRs, the
    own-side CIDRs and the source ports. `peers` is the mask per group peer. `peer_rules`, `own_rules` and
    `source_rules` are the rules that have a group peer, an own-side CIDR or source ports.
    """

    __slots__ = (
        "any_protocol",
        "by_protocol",
        "ordered",
        "own",
        "own_rules",
        "peer_rules",
        "peers",
        "ports",
        "remote",
        "source",
        "source_rules",
    )

    def __init__(
        self,
        groups: Iterable[SecurityGroup],
        direction: Direction,
        family: Family,
        prefix_lists: PrefixLists,
        port_lists: PortLists,
    ) -> None:
        self.ordered = sorted(
            (
                OwnedRule(rule, group.id)
                for group in groups
                for rule in group.rules
                if rule.direction is direction and _can_match(rule, family, prefix_lists)
            ),
            key=lambda owned: owned.rule.precedence(owned.group),
            reverse=True,
        )
        bits = [(1 << place, owned.rule) for place, owned in enumerate(self.ordered)]
        self.ports = {protocol: _port_axis(bits, protocol, port_lists) for protocol in (TCP, UDP)}
        self.any_protocol, self.by_protocol = _protocol_masks(bits)
        self.remote = _remote_axis(bits, family, prefix_lists)
        self.peers = _peer_masks(bits)
        self.peer_rules = _mask(self.peers.values())
        self.own = _own_axis(bits, family)
        self.own_rules = _mask(bit for bit, rule in bits if rule.own_cidr is not None)
        self.source = _source_axis(bits)
        self.source_rules = _mask(bit for bit, rule in bits if rule.source_ports is not None)

    def winner(self, flow: Flow, owners: Owners, box: Box | None) -> OwnedRule | None:
        """The winning rule (§3.3), or None when none matches; narrows the box to where that stays the same.

        An axis is asked, and cuts the box, only while rules are left that it could tell apart.
        """
        _, protocol, _, remote, own, source_port, destination_port = flow
        axis = self.ports.get(protocol)
        if axis is None:
            mask = self.by_protocol.get(protocol, self.any_protocol)
        else:
            place = bisect_right(axis.bounds, destination_port)
            mask = axis.values[place]
            if box is not None:
                box.keep_destination_ports(axis.bounds[place - 1], axis.bounds[place] - 1)
        if not mask:
            return None
        axis = self.remote
        place = bisect_right(axis.bounds, remote)
        accepting = axis.values[place]
        if mask & self.peer_rules:
            for group in owners.groups:
                accepting |= self.peers.get(group, 0)
            if box is not None:
                box.keep_owners()
        mask &= accepting
        if box is not None:
            box.keep_remote(axis.bounds[place - 1], axis.bounds[place] - 1)
        if mask & self.source_rules:
            place = bisect_right(self.source.bounds, source_port)
            mask &= self.source.values[place]
            if box is not None:
                box.keep_source_ports(self.source.bounds[place - 1], self.source.bounds[place] - 1)
        if mask & self.own_rules:
            place = bisect_right(self.own.bounds, own)
            mask &= self.own.values[place]
            if box is not None:
                box.keep_own(self.own.bounds[place - 1], self.own.bounds[place] - 1)
        return self.ordered[mask.bit_length() - 1] if mask else None

    def nbytes(self) -> int:
        """Bytes that this index keeps alive beyond the snapshot's rules, to bound the cache."""
        axes = [*self.ports.values(), self.remote, self.own, self.source]
        masks = [*self.by_protocol.values(), *self.peers.values()]
        return sum(axis.nbytes() for axis in axes) + sum(map(getsizeof, [self.ordered, *self.ordered, *masks]))


Bits = list[tuple[int, Rule]]


def _mask(masks: Iterable[int]) -> int:
    """All bits of some masks."""
    return reduce(or_, masks, 0)


def _can_match(rule: Rule, family: Family, prefix_lists: PrefixLists) -> bool:
    """Whether a rule can match any flow of the family: the families never mix (§3.5, §3.7)."""
    if rule.protocol is not None and not exists_in(rule.protocol, family):
        return False
    if rule.own_cidr is not None and rule.own_cidr.prefix.family is not family:
        return False
    if isinstance(rule.peer, GroupPeer):
        return True
    return any(prefix.family is family for prefix in _peer_prefixes(rule, prefix_lists))


def _peer_prefixes(rule: Rule, prefix_lists: PrefixLists) -> tuple[Prefix, ...]:
    """The blocks of a CIDR or prefix-list peer; none for a group peer."""
    if isinstance(rule.peer, Cidr):
        return (rule.peer.prefix,)
    return () if isinstance(rule.peer, GroupPeer) else prefix_lists[rule.peer.prefix_list].entries


def _port_axis(bits: Bits, protocol: int, port_lists: PortLists) -> Axis[int]:
    """Which rules take a destination port of TCP or UDP (§3.6, §3.9)."""
    everywhere = 0
    ranges: dict[PortRange, int] = defaultdict(int)
    for bit, rule in bits:
        if rule.protocol not in (None, protocol):
            continue
        if rule.port_list is not None:
            for ports in _disjoint(port_lists[rule.port_list].entries):
                ranges[ports] |= bit
        elif rule.ports is not None:
            ranges[rule.ports] |= bit
        else:
            everywhere |= bit
    return freeze_ports(port_tree(ranges), everywhere)


def _disjoint(entries: Iterable[PortRange]) -> list[PortRange]:
    """The same ports as ranges that do not overlap."""
    merged: list[PortRange] = []
    for ports in sorted(entries):
        if merged and ports.first <= merged[-1].last:
            merged[-1] = PortRange(merged[-1].first, max(merged[-1].last, ports.last))
        else:
            merged.append(ports)
    return merged


def _protocol_masks(bits: Bits) -> tuple[int, dict[int, int]]:
    """The mask of ALL, and of each protocol without ports that some rule names. A source port range matches none."""
    any_protocol = 0
    named: dict[int, int] = defaultdict(int)
    for bit, rule in bits:
        if rule.source_ports is not None:
            continue
        if rule.protocol is None:
            any_protocol |= bit
        elif rule.protocol not in (TCP, UDP):
            named[rule.protocol] |= bit
    return any_protocol, {protocol: mask | any_protocol for protocol, mask in named.items()}


def _remote_axis(bits: Bits, family: Family, prefix_lists: PrefixLists) -> Axis[int]:
    """Which rules have the remote address in a CIDR or prefix-list peer."""
    masks: dict[Prefix, int] = defaultdict(int)
    for bit, rule in bits:
        for prefix in _peer_prefixes(rule, prefix_lists):
            if prefix.family is family:
                masks[prefix] |= bit
    return PrefixTrie(family, masks, 0, or_).freeze()


def _peer_masks(bits: Bits) -> dict[GroupId, int]:
    masks: dict[GroupId, int] = defaultdict(int)
    for bit, rule in bits:
        if isinstance(rule.peer, GroupPeer):
            masks[rule.peer.group] |= bit
    return dict(masks)


def _own_axis(bits: Bits, family: Family) -> Axis[int]:
    """Which rules accept the own side's address."""
    unnarrowed = 0
    masks: dict[Prefix, int] = defaultdict(int)
    for bit, rule in bits:
        if rule.own_cidr is None:
            unnarrowed |= bit
        else:
            masks[rule.own_cidr.prefix] |= bit
    return PrefixTrie(family, masks, unnarrowed, or_).freeze()


def _source_axis(bits: Bits) -> Axis[int]:
    """Which rules accept a source port of TCP or UDP."""
    unnarrowed = 0
    ranges: dict[PortRange, int] = defaultdict(int)
    for bit, rule in bits:
        if rule.source_ports is None:
            unnarrowed |= bit
        else:
            ranges[rule.source_ports] |= bit
    return freeze_ports(port_tree(ranges), unnarrowed)

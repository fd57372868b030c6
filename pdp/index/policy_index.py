"""The rules of one group set in one direction and family, as bit masks on frozen axes (§3).

Each rule is one bit, the highest for the one that wins over all others. A look-up intersects the masks of the rules
that accept each part of the flow and takes the highest bit. Group peers are tested by the groups of the remote address;
no member is ever expanded into a rule, so that a join or leave rebuilds nothing here.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import itemgetter, or_
from sys import getsizeof

from pdp.index.axis import Axis
from pdp.index.port_axis import PortAxis, port_segments, port_tree
from pdp.index.prefix_trie import PrefixTrie
from pdp.model.addresses import Cidr, Family, Prefix
from pdp.model.flow import Direction, Flow
from pdp.model.groups import SecurityGroup
from pdp.model.ids import GroupId, PortListId, PrefixListId
from pdp.model.protocols import LAST_PORT, TCP, UDP, PortRange, exists_in, has_ports
from pdp.model.rules import GroupPeer, PortList, PrefixList, PrefixListPeer, Rule
from pdp.policy.box import Box
from pdp.policy.context import OwnedRule
from pdp.policy.owners import NOBODY, Owners

PrefixLists = Mapping[PrefixListId, PrefixList]
PortLists = Mapping[PortListId, PortList]


class PolicyIndex:
    """A `RuleFinder` over frozen axes.

    `ordered[n]` is the rule of bit n. `ports` holds an axis for TCP and one for UDP; for any other protocol,
    `by_protocol` or else `any_protocol` is the mask. `remote`, `own` and `source` are the axes of the remote CIDRs, the
    own-side CIDRs and the source ports. `peers` is the mask per group peer, `peer_rules` all of them together.
    `narrowed[n]` tells whether the rule of bit n has an own-side CIDR or source ports.
    """

    __slots__ = (
        "any_protocol",
        "by_protocol",
        "narrowed",
        "ordered",
        "own",
        "peer_rules",
        "peers",
        "ports",
        "remote",
        "source",
    )

    def __init__(
        self,
        groups: Iterable[SecurityGroup],
        direction: Direction,
        family: Family,
        prefix_lists: PrefixLists,
        port_lists: PortLists,
    ) -> None:
        ranked = [
            (rule.precedence(group.id), rule, group.id)
            for group in groups
            for rule in group.rules
            if rule.direction is direction and _can_match(rule, family, prefix_lists)
        ]
        ranked.sort(key=itemgetter(0), reverse=True)
        self.ordered = [OwnedRule(rule, group) for _, rule, group in ranked]
        bits = [(1 << place, owned.rule) for place, owned in enumerate(self.ordered)]
        self.ports = _port_axes(bits, port_lists)
        self.any_protocol, self.by_protocol = _protocol_masks(bits)
        self.remote = _remote_axis(bits, family, prefix_lists)
        self.peers = _peer_masks(bits)
        self.peer_rules = reduce(or_, self.peers.values(), 0)
        self.own = _own_axis(bits, family)
        self.source = _source_axis(bits)
        self.narrowed = bytes(rule.own_cidr is not None or rule.source_ports is not None for _, rule in bits)

    def winner(self, flow: Flow, owners: Owners, box: Box | None) -> OwnedRule | None:
        """The winning rule (§3.3), or None when none matches; narrows the box to where that stays the same."""
        _, protocol, _, remote, _, _, port = flow
        axis = self.ports.get(protocol)
        if axis is None:
            mask = self.by_protocol.get(protocol, self.any_protocol)
        else:
            bounds, starts, page = axis.bounds, axis.starts, port >> 8
            place = bisect_right(bounds, port, starts[page], starts[page + 1])
            mask = axis.values[place]
            if box is not None:
                box.keep_destination_ports(bounds[place - 1], bounds[place] - 1)
        if not mask:
            return None
        bounds = self.remote.bounds
        place = bisect_right(bounds, remote)
        accepting = self.remote.values[place]
        if box is not None:
            box.keep_remote(bounds[place - 1], bounds[place] - 1)
            if not box.asks_owners and mask & self.peer_rules:
                box.asks_owners = True
        if owners is not NOBODY:
            for group in owners.groups:
                accepting |= self.peers.get(group, 0)
        mask &= accepting
        if not mask:
            return None
        best = mask.bit_length() - 1
        return self._winner_of(mask, flow, box) if self.narrowed[best] else self.ordered[best]

    def _winner_of(self, mask: int, flow: Flow, box: Box | None) -> OwnedRule | None:
        """The winner among rules that accept the remote side, when the best of them narrows.

        Only then do the source port and the own side matter.
        """
        if has_ports(flow.protocol):
            first, last, accepting = self.source.segment(flow.source_port)
            mask &= accepting
            if box is not None:
                box.keep_source_ports(first, last)
        first, last, accepting = self.own.segment(flow.own)
        mask &= accepting
        if box is not None:
            box.keep_own(first, last)
        return self.ordered[mask.bit_length() - 1] if mask else None

    def nbytes(self) -> int:
        """Bytes that this index keeps alive beyond the snapshot's rules, to bound the cache."""
        axes = [*self.ports.values(), self.remote, self.own, self.source]
        masks = [*self.by_protocol.values(), *self.peers.values()]
        return sum(axis.nbytes() for axis in axes) + sum(map(getsizeof, [self.ordered, *self.ordered, *masks]))


Bits = list[tuple[int, Rule]]


def _can_match(rule: Rule, family: Family, prefix_lists: PrefixLists) -> bool:
    """Whether a rule can match any flow of the family: the families never mix (§3.5, §3.7)."""
    peer = rule.peer
    if isinstance(peer, Cidr):
        if peer.prefix.family is not family:
            return False
    elif isinstance(peer, PrefixListPeer) and not _has_family(prefix_lists[peer.prefix_list], family):
        return False
    if rule.own_cidr is not None and rule.own_cidr.prefix.family is not family:
        return False
    return rule.protocol is None or exists_in(rule.protocol, family)


def _has_family(prefix_list: PrefixList, family: Family) -> bool:
    """Whether any entry is of the family; a mapped entry of an IPv6 list is IPv4's (§2.2)."""
    return any(entry.family is family for entry in prefix_list.entries)


def _port_axes(bits: Bits, port_lists: PortLists) -> dict[int, PortAxis]:
    """Which rules take a destination port, for TCP and for UDP (§3.6, §3.9). One tree serves both."""
    everywhere = 0
    ranges: dict[PortRange, int] = defaultdict(int)
    takers = {TCP: 0, UDP: 0, None: 0}
    for bit, rule in bits:
        if rule.protocol in takers:
            takers[rule.protocol] |= bit
        if rule.port_list is not None:
            for ports in _disjoint(port_lists[rule.port_list].entries):
                ranges[ports] |= bit
        elif rule.ports is not None:
            ranges[rule.ports] |= bit
        else:
            everywhere |= bit
    segments = port_segments(port_tree(ranges), everywhere)
    among = {protocol: takers[protocol] | takers[None] for protocol in (TCP, UDP)}
    return {
        protocol: PortAxis((first, mask & taking) for first, mask in segments) for protocol, taking in among.items()
    }


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
        if isinstance(rule.peer, Cidr):
            masks[rule.peer.prefix] |= bit
        elif isinstance(rule.peer, PrefixListPeer):
            for entry in prefix_lists[rule.peer.prefix_list].entries:
                if entry.family is family:
                    masks[entry] |= bit
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
    return Axis(port_segments(port_tree(ranges), unnarrowed), LAST_PORT)

"""Whether one rule matches one flow: the conditions of §3.2, each a function of its own."""

from collections.abc import Mapping
from dataclasses import dataclass

from pdp.model.addresses import Cidr
from pdp.model.flow import Flow
from pdp.model.ids import PortListId, PrefixListId
from pdp.model.protocols import exists_in, has_ports
from pdp.model.rules import GroupPeer, PortList, PrefixList, Rule
from pdp.policy.owners import Owners


@dataclass(frozen=True, slots=True)
class Matcher:
    """Tests rules against one flow, whose remote address has `owners`."""

    flow: Flow
    owners: Owners
    prefix_lists: Mapping[PrefixListId, PrefixList]
    port_lists: Mapping[PortListId, PortList]

    def matches(self, rule: Rule) -> bool:
        """All conditions hold."""
        return (
            self.direction(rule)
            and self.protocol(rule)
            and self.destination_port(rule)
            and self.peer(rule)
            and self.source_port(rule)
            and self.own_side(rule)
        )

    def direction(self, rule: Rule) -> bool:
        """Only rules of the flow's direction are considered (§3.1)."""
        return rule.direction is self.flow.direction

    def protocol(self, rule: Rule) -> bool:
        """ALL matches every number; ICMP is IPv4's and ICMPv6 is IPv6's (§3.5)."""
        if rule.protocol is None:
            return True
        return rule.protocol == self.flow.protocol and exists_in(rule.protocol, self.flow.family)

    def destination_port(self, rule: Rule) -> bool:
        """Tested for TCP and UDP rules only; a port list means its present entries (§3.6, §3.9)."""
        if rule.port_list is not None:
            return any(self.flow.destination_port in ports for ports in self.port_lists[rule.port_list].entries)
        return rule.ports is None or self.flow.destination_port in rule.ports

    def peer(self, rule: Rule) -> bool:
        """The remote address is in the peer (§3.7, §3.8, §3.9)."""
        flow, peer = self.flow, rule.peer
        if isinstance(peer, Cidr):
            return peer.prefix.family is flow.family and peer.prefix.first <= flow.remote <= peer.prefix.last
        if isinstance(peer, GroupPeer):
            return peer.group in self.owners.groups
        return any(
            entry.family is flow.family and entry.first <= flow.remote <= entry.last
            for entry in self.prefix_lists[peer.prefix_list].entries
        )

    def source_port(self, rule: Rule) -> bool:
        """A source port range matches TCP and UDP flows only (§3.2, §3.6)."""
        if rule.source_ports is None:
            return True
        return has_ports(self.flow.protocol) and self.flow.source_port in rule.source_ports

    def own_side(self, rule: Rule) -> bool:
        """The own-side CIDR is tested against the packet, not against the ENI (§2.0, §3.2)."""
        if rule.own_cidr is None:
            return True
        prefix = rule.own_cidr.prefix
        return prefix.family is self.flow.family and prefix.first <= self.flow.own <= prefix.last

"""What a policy holds beyond its limits and beyond the rules for new requests (§4): a report, one sentence each.

What runs in the cloud today must load, so nothing here refuses. Counts are those of §4.11: a rule counts 1, or the
`max_entries` of the list that it names, or the product of both.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import NO_ACCOUNT, AccountId, GroupId, PortListId, PrefixListId, VpcId
from pdp.model.limits import LAST_NEW_PRIORITY, Limits, limits_under
from pdp.model.network import Eni
from pdp.model.resources import Resources
from pdp.model.rules import Action, GroupPeer, PortList, PrefixList, PrefixListPeer, Rule

MOST_NAMED = 5
"""Rules that a finding names; the rest is counted."""


def rule_count(
    rule: Rule, prefix_lists: Mapping[PrefixListId, PrefixList], port_lists: Mapping[PortListId, PortList]
) -> int:
    """What a rule counts toward a limit (§4.11)."""
    count = 1
    if isinstance(rule.peer, PrefixListPeer):
        count *= prefix_lists[rule.peer.prefix_list].max_entries
    if rule.port_list is not None:
        count *= port_lists[rule.port_list].max_entries
    return count


def count_of(
    rules: Iterable[Rule], prefix_lists: Mapping[PrefixListId, PrefixList], port_lists: Mapping[PortListId, PortList]
) -> int:
    """What some rules count together (§4.11)."""
    return sum(rule_count(rule, prefix_lists, port_lists) for rule in rules)


def findings(resources: Resources) -> list[str]:
    """Every finding, by id within each kind. Each sentence names the limit, its value and the present count."""
    counts = _Counts(resources)
    groups = sorted(resources.groups, key=lambda group: group.id)
    found = [sentence for group in groups for sentence in counts.of_group(group)]
    found += [sentence for eni in sorted(resources.enis, key=lambda eni: eni.id) for sentence in counts.of_eni(eni)]
    found += counts.of_accounts()
    return found


@dataclass(frozen=True)
class _Counts:
    """The resources, counted once."""

    resources: Resources

    @cached_property
    def quotas(self) -> dict[AccountId, tuple[tuple[str, int], ...]]:
        """The adjusted limits of accounts."""
        return {account.id: account.quotas for account in self.resources.accounts}

    @cached_property
    def vpc_accounts(self) -> dict[VpcId, AccountId]:
        """Who owns each VPC, and so its ENIs that name no owner."""
        return {vpc.id: vpc.account for vpc in self.resources.vpcs}

    def limits_of(self, account: AccountId) -> Limits:
        """The limits of an account (§4.10)."""
        return limits_under(self.resources.settings.limits, self.quotas.get(account, ()))

    @cached_property
    def groups(self) -> dict[GroupId, SecurityGroup]:
        return {group.id: group for group in self.resources.groups}

    @cached_property
    def rules(self) -> dict[GroupId, int]:
        """Rules of each group, as they count."""
        prefix_lists = {item.id: item for item in self.resources.prefix_lists}
        port_lists = {item.id: item for item in self.resources.port_lists}
        return {group.id: count_of(group.rules, prefix_lists, port_lists) for group in self.resources.groups}

    @cached_property
    def members(self) -> dict[GroupId, list[Eni]]:
        """ENIs of each group."""
        members = defaultdict(list)
        for eni in self.resources.enis:
            for group in eni.groups:
                members[group].append(eni)
        return members

    def of_group(self, group: SecurityGroup) -> Iterator[str]:
        """Findings of one group."""
        limits, members = self.limits_of(group.account), self.members.get(group.id, [])
        yield from self._over(group.id, "rules per group", limits.rules_per_group, self.rules[group.id])
        if group.type is GroupType.BASIC:
            addresses = sum(len(eni.addresses) + len(eni.prefixes) for eni in members)
            yield from self._over(
                group.id, "private addresses per basic group", limits.addresses_per_basic_group, addresses
            )
        else:
            yield from self._over(group.id, "ENIs per advanced group", limits.enis_per_advanced_group, len(members))
        yield from self._group_peers(group, limits)
        if group.type is GroupType.ADVANCED and group.inner_access is Action.ACCEPT:
            yield f"{group.id}: inner access Accept of an advanced group, whose members it lets do nothing"
        late = [rule for rule in group.rules if rule.priority > LAST_NEW_PRIORITY]
        what = f"rules of a priority above {LAST_NEW_PRIORITY}, the last that a new rule may have"
        yield from _never(group.id, what, late)
        portless = [rule for rule in group.rules if rule.lacks_ports]
        yield from _never(group.id, "rules of TCP or UDP for all ports as -1/-1", portless)

    def of_eni(self, eni: Eni) -> Iterator[str]:
        """Findings of one ENI."""
        total = sum(self.rules[group] for group in eni.groups)
        limits = self.limits_of(eni.account or self.vpc_accounts.get(eni.vpc, NO_ACCOUNT))
        yield from self._over(eni.id, "groups per ENI", limits.groups_per_eni, len(eni.groups))
        yield from self._over(eni.id, "rules per ENI over its groups", limits.rules_per_eni, total)

    def of_accounts(self) -> Iterator[str]:
        """Findings of accounts."""
        groups = Counter(group.account for group in self.resources.groups)
        for account, count in sorted(groups.items()):
            limit = self.limits_of(account).groups_per_account
            yield from self._over(f"account {account}", "groups per account", limit, count)

    def _group_peers(self, group: SecurityGroup, limits: Limits) -> Iterator[str]:
        """Group peers stand between two basic groups, and not too many in one (§4.5)."""
        peers = [(rule, rule.peer.group) for rule in group.rules if isinstance(rule.peer, GroupPeer)]
        yield from self._over(group.id, "rules with a group peer per group", limits.group_peers_per_group, len(peers))
        own = [rule for rule, peer in peers if peer == group.id]
        yield from _never(group.id, "rules that name the group itself as peer", own)
        if group.type is GroupType.ADVANCED:
            rules = [rule for rule, _ in peers]
            yield from _never(group.id, "rules of an advanced group that have a group peer", rules)
        others = [(rule, self.groups.get(peer)) for rule, peer in peers if peer != group.id]
        toward = [rule for rule, peer in others if peer is not None and peer.type is GroupType.ADVANCED]
        yield from _never(group.id, "rules with an advanced group as peer", toward)
        elsewhere = [rule for rule, peer in others if peer is not None and peer.vpc != group.vpc]
        yield from _never(group.id, "rules with a group of another VPC as peer", elsewhere)

    def _over(self, what: str, limit: str, value: int, count: int) -> Iterator[str]:
        """A count beyond a limit."""
        if count > value:
            yield f"{what}: {count} is above the limit of {value} {limit} (limits of {self.resources.settings.limits})"


def _never(group: GroupId, what: str, rules: list[Rule]) -> Iterator[str]:
    """Rules that no new request could make; the first few are named."""
    if rules:
        ids = sorted(rule.id for rule in rules)
        more = f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else ""
        yield f"{group}: {what}: {len(rules)}, where 0 are allowed: {', '.join(ids[:MOST_NAMED])}{more}"

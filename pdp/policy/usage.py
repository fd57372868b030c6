"""Who uses what, counted as resources come and go, so that no limit has to look at every ENI (§4.8, §4.10 to §4.12).

A group's members are counted by the sets of groups that they are in: a rule that is added concerns every member's
total, and 60,000 members have but a few different sets. All maps are persistent, like the snapshot's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from immutables import Map, MapMutation

from pdp.model.groups import SecurityGroup
from pdp.model.ids import AccountId, GroupId, PortListId, PrefixListId, VpcId
from pdp.model.network import Eni
from pdp.model.rules import GroupPeer, PrefixListPeer

ListId = PrefixListId | PortListId
K = TypeVar("K")


class GroupSet(NamedTuple):
    """The groups of some ENIs of one account: what their total of rules is made of."""

    account: AccountId
    groups: tuple[GroupId, ...]


@dataclass(frozen=True, slots=True)
class Members:
    """The members of one group: how many ENIs, how many private addresses and prefixes, and in which sets."""

    enis: int = 0
    addresses: int = 0
    sets: Map[GroupSet, int] = Map()

    def plus(self, eni: Eni, sign: int) -> "Members":
        """With one ENI more (1) or less (-1)."""
        group_set = GroupSet(eni.account, eni.groups)
        count = self.sets.get(group_set, 0) + sign
        sets = self.sets.set(group_set, count) if count else self.sets.delete(group_set)
        addresses = len(eni.addresses) + len(eni.prefixes)
        return Members(self.enis + sign, self.addresses + sign * addresses, sets)


NO_MEMBERS = Members()


@dataclass(frozen=True, slots=True)
class Usage:
    """Counts of one snapshot.

    `peers` tells for a group which others name it as peer, and in how many rules; `lists` the same for prefix and port
    lists; `vpcs` how many groups and ENIs a VPC has; `accounts` how many groups; `defaults` the groups of a VPC that
    are marked as its default one: one at most, once changes were checked (§4.1).
    """

    members: Map[GroupId, Members] = Map()
    peers: Map[GroupId, Map[GroupId, int]] = Map()
    lists: Map[ListId, Map[GroupId, int]] = Map()
    vpcs: Map[VpcId, int] = Map()
    accounts: Map[AccountId, int] = Map()
    defaults: Map[VpcId, tuple[GroupId, ...]] = Map()

    def members_of(self, group: GroupId) -> Members:
        """The members of a group."""
        return self.members.get(group, NO_MEMBERS)

    def default_of(self, vpc: VpcId) -> GroupId | None:
        """The default group of a VPC, or None (§4.1)."""
        return next(iter(self.defaults.get(vpc, ())), None)

    def users_of(self, group: GroupId) -> list[GroupId]:
        """Other groups that name this one as peer, sorted."""
        return sorted(user for user in self.peers.get(group, ()) if user != group)

    def users_of_list(self, list_id: ListId) -> list[GroupId]:
        """Groups whose rules name a list, sorted."""
        return sorted(self.lists.get(list_id, ()))


class UsageDraft:
    """The usage of a snapshot to be. `group` and `eni` tell it what comes (1) and goes (-1)."""

    def __init__(self, usage: Usage) -> None:
        self._members = usage.members.mutate()
        self._peers = usage.peers.mutate()
        self._lists = usage.lists.mutate()
        self._vpcs = usage.vpcs.mutate()
        self._accounts = usage.accounts.mutate()
        self._defaults = usage.defaults.mutate()

    def group(self, group: SecurityGroup, sign: int) -> None:
        """A group comes or goes."""
        _count(self._vpcs, group.vpc, sign)
        _count(self._accounts, group.account, sign)
        if group.is_default:
            self._default(group, sign)
        for peer in _peers(group):
            _count_in(self._peers, peer, group.id, sign)
        for list_id in _lists(group):
            _count_in(self._lists, list_id, group.id, sign)

    def eni(self, eni: Eni, sign: int) -> None:
        """An ENI comes or goes."""
        _count(self._vpcs, eni.vpc, sign)
        for group in eni.groups:
            members = self._members.get(group, NO_MEMBERS).plus(eni, sign)
            if members.enis:
                self._members[group] = members
            else:
                del self._members[group]

    def finish(self) -> Usage:
        """The usage, which no longer changes."""
        return Usage(
            self._members.finish(),
            self._peers.finish(),
            self._lists.finish(),
            self._vpcs.finish(),
            self._accounts.finish(),
            self._defaults.finish(),
        )

    def _default(self, group: SecurityGroup, sign: int) -> None:
        others = set(self._defaults.get(group.vpc, ())) - {group.id}
        defaults = others | {group.id} if sign > 0 else others
        if defaults:
            self._defaults[group.vpc] = tuple(sorted(defaults))
        else:
            del self._defaults[group.vpc]


def _peers(group: SecurityGroup) -> Iterable[GroupId]:
    return (rule.peer.group for rule in group.rules if isinstance(rule.peer, GroupPeer))


def _lists(group: SecurityGroup) -> Iterable[ListId]:
    for rule in group.rules:
        if isinstance(rule.peer, PrefixListPeer):
            yield rule.peer.prefix_list
        if rule.port_list is not None:
            yield rule.port_list


def _count(counts: MapMutation[K, int], key: K, sign: int) -> None:
    """One more or less under a key; nothing is kept of what there is none of."""
    count = counts.get(key, 0) + sign
    if count:
        counts[key] = count
    else:
        del counts[key]


def _count_in(maps: MapMutation[K, Map[GroupId, int]], key: K, inner: GroupId, sign: int) -> None:
    """One more or less under a key of the map under a key."""
    counts: Map[GroupId, int] = maps.get(key, Map())
    count = counts.get(inner, 0) + sign
    counts = counts.set(inner, count) if count else counts.delete(inner)
    if counts:
        maps[key] = counts
    else:
        del maps[key]

"""Who uses most of each limit of an account (§4.10 to §4.12), from what a snapshot has counted already.

ENIs are counted by the sets of groups that they are in, of which there are few; only the id of the one to be named is
looked for among all of them, once.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import AccountId
from pdp.model.rules import GroupPeer
from pdp.policy.quotas import count_of
from pdp.policy.snapshot import Snapshot
from pdp.policy.usage import GroupSet


class Use(NamedTuple):
    """The group, ENI or account that uses most of a limit, the smallest id among equals. Blank when nothing does."""

    resource: str = ""
    present: int = 0


def most_used(snapshot: Snapshot, account: AccountId, limit: str) -> Use:
    """Who uses most of a limit, one of those in USES."""
    return USES[limit](snapshot, account)


def _most(uses: Iterable[Use]) -> Use:
    """The largest use; the smallest id among equals."""
    return min((use for use in uses if use.present), key=lambda use: (-use.present, use.resource), default=Use())


def _groups(snapshot: Snapshot, account: AccountId) -> Iterable[SecurityGroup]:
    return (group for group in snapshot.groups.values() if group.account == account)


def _rules(snapshot: Snapshot, group: SecurityGroup) -> int:
    """What a group's rules count (§4.11)."""
    return count_of(group.rules, snapshot.prefix_lists, snapshot.port_lists)


def _groups_per_eni(snapshot: Snapshot, account: AccountId) -> Use:
    return _most_of_enis(snapshot, account, lambda group_set: len(group_set.groups))


def _rules_per_eni(snapshot: Snapshot, account: AccountId) -> Use:
    counts: dict[str, int] = {}

    def total(group_set: GroupSet) -> int:
        for group in group_set.groups:
            if group not in counts:
                counts[group] = _rules(snapshot, snapshot.groups[group])
        return sum(counts[group] for group in group_set.groups)

    return _most_of_enis(snapshot, account, total)


def _most_of_enis(snapshot: Snapshot, account: AccountId, count: Callable[[GroupSet], int]) -> Use:
    """The ENI with the largest count, which all ENIs of one set of groups have in common."""

    def owner(group_set: GroupSet) -> AccountId:
        return snapshot.owner_in(snapshot.groups[group_set.groups[0]].vpc, group_set.account)

    group_sets = {group_set for members in snapshot.usage.members.values() for group_set in members.sets}
    counts = {group_set: count(group_set) for group_set in group_sets if owner(group_set) == account}
    most = max(counts.values(), default=0)
    if not most:
        return Use()
    largest = {group_set for group_set, present in counts.items() if present == most}
    # Compared as plain pairs: making a GroupSet of each of 100,000 ENIs would cost more than all the rest.
    named = min(eni.id for eni in snapshot.enis.values() if (eni.account, eni.groups) in largest)
    return Use(named, most)


def _rules_per_group(snapshot: Snapshot, account: AccountId) -> Use:
    return _most(Use(group.id, _rules(snapshot, group)) for group in _groups(snapshot, account))


def _addresses_per_basic_group(snapshot: Snapshot, account: AccountId) -> Use:
    members = snapshot.usage.members_of
    basic = (group for group in _groups(snapshot, account) if group.type is GroupType.BASIC)
    return _most(Use(group.id, members(group.id).addresses) for group in basic)


def _enis_per_advanced_group(snapshot: Snapshot, account: AccountId) -> Use:
    members = snapshot.usage.members_of
    advanced = (group for group in _groups(snapshot, account) if group.type is GroupType.ADVANCED)
    return _most(Use(group.id, members(group.id).enis) for group in advanced)


def _groups_per_account(snapshot: Snapshot, account: AccountId) -> Use:
    return _most([Use(account, snapshot.usage.accounts.get(account, 0))])


def _group_peers_per_group(snapshot: Snapshot, account: AccountId) -> Use:
    return _most(
        Use(group.id, sum(isinstance(rule.peer, GroupPeer) for rule in group.rules))
        for group in _groups(snapshot, account)
    )


USES: Mapping[str, Callable[[Snapshot, AccountId], Use]] = {
    "groups_per_eni": _groups_per_eni,
    "rules_per_group": _rules_per_group,
    "rules_per_eni": _rules_per_eni,
    "addresses_per_basic_group": _addresses_per_basic_group,
    "enis_per_advanced_group": _enis_per_advanced_group,
    "groups_per_account": _groups_per_account,
    "group_peers_per_group": _group_peers_per_group,
}
"""By limit, in the order in which they are listed."""

"""What a policy must be, wherever its changes come from: what no bundle may break either (§1, §2.3, §3, §4.3).

A policy that breaks it cannot be judged for certain. It must hold before anything is counted: counts follow references.
"""

from collections import Counter
from collections.abc import Iterable

from pdp.model.addresses import Family
from pdp.model.codes import Code
from pdp.model.errors import Refusal, quoted
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import NO_INSTANCE, GroupId, InstanceId
from pdp.model.network import (
    TCP_ESTABLISHED_TIMEOUTS_S,
    UDP_TIMEOUTS_S,
    Eni,
    Penalty,
    PenaltyAction,
    PenaltyState,
    Vpc,
)
from pdp.model.rules import GroupPeer, PortList, PrefixList, PrefixListPeer, Rule
from pdp.policy.changes import Kind
from pdp.policy.checking import Check, counted, in_use, invalid, named, not_found
from pdp.policy.rule_checks import check_readable
from pdp.policy.snapshot import Snapshot


def check_group(check: Check, group: SecurityGroup) -> None:
    """VPC and lists exist, rules are readable and told apart by ids (§3.3), a VPC has one default group (§4.1)."""
    if group.vpc not in check.after.vpcs:
        raise not_found(Kind.VPC, group.vpc)
    times = Counter(rule.id for rule in group.rules)
    twice = next((rule_id for rule_id in times if times[rule_id] > 1), None)
    if twice is not None:
        message = f"{group.id}: two rules have the id {quoted(twice)}; give each its own"
        raise Refusal(Code.ALREADY_EXISTS, message, resource=group.id)
    for rule in group.rules:
        check_readable(group, rule)
        _check_references(check.after, rule)
    defaults = check.after.usage.defaults.get(group.vpc, ())
    if group.is_default and len(defaults) > 1:
        raise invalid(group.id, f"{group.vpc} has one default group, not several: {named(defaults)}")


def check_group_gone(check: Check, group: SecurityGroup) -> None:
    """A group with members stays, and so does one that a rule names without the account that owns it (§4.8)."""
    members = check.after.usage.members_of(group.id).enis
    if members:
        has = counted(members, "member ENI", "member ENIs")
        raise in_use(group.id, f"has {has}; let its members leave the group, or delete them, first")
    users = check.after.usage.users_of(group.id)
    needed = [user for user in users if not check.is_import or _needs(check.after.groups[user], group.id)]
    if needed:
        raise in_use(group.id, f"is a peer in rules of {named(needed)}; revoke those rules first")


def check_moved_groups(check: Check, groups: Iterable[SecurityGroup]) -> None:
    """Members of groups that changed their type or VPC, all at once: members are not listed by group."""
    moved = {group.id for group in groups if check.after.usage.members_of(group.id).enis}
    if not moved:
        return
    for eni in check.after.enis.values():
        if not moved.isdisjoint(eni.groups):
            check_eni(check, eni)


def check_eni(check: Check, eni: Eni) -> None:
    """At least one group (§4.1), all of them known, of the ENI's VPC and of one type (§4.3); timeouts as in §2.3."""
    if eni.vpc not in check.after.vpcs:
        raise not_found(Kind.VPC, eni.vpc)
    _check_timeouts(eni)
    if not eni.groups:
        message = f"{eni.id}: an ENI is always in at least one security group; join another group first"
        raise Refusal(Code.AT_LEAST_ONE_GROUP, message, resource=eni.id)
    by_type: dict[GroupType, GroupId] = {}
    for group_id in eni.groups:
        group = check.after.groups.get(group_id)
        if group is None:
            raise not_found(Kind.GROUP, group_id)
        if group.vpc != eni.vpc:
            message = f"{eni.id} is in {eni.vpc}, but {group.id} is in {group.vpc}"
            raise Refusal(Code.DIFFERENT_VPC, message, resource=group.id)
        by_type.setdefault(group.type, group.id)
    if len(by_type) > 1:
        message = (
            f"{eni.id} cannot be in basic groups ({by_type[GroupType.BASIC]}) and advanced ones "
            f"({by_type[GroupType.ADVANCED]}) at once; replace all its groups in one call"
        )
        raise Refusal(Code.MULTI_GROUP_TYPE, message, resource=eni.id)


def check_vpc_gone(check: Check, vpc: Vpc) -> None:
    """A VPC stays while anything is in it."""
    uses = check.after.usage.vpcs.get(vpc.id, 0)
    if uses:
        held = counted(uses, "security group or ENI", "security groups and ENIs")
        raise in_use(vpc.id, f"still has {held}; delete what it has first")


def check_list(_check: Check, after: PrefixList | PortList) -> None:
    """A list may hold something, and a prefix list holds blocks of its own family (§1.5).

    An IPv6 list may hold IPv4 blocks as well: a block that maps one is that one (§2.2).
    """
    if after.max_entries < 0:
        raise invalid(after.id, f"max_entries is {after.max_entries}, below 0")
    if isinstance(after, PrefixList) and after.family is Family.IPV4:
        strange = [entry for entry in after.entries if entry.family is not Family.IPV4]
        if strange:
            raise invalid(after.id, f"{strange[0]} is no IPv4 block, as every entry of this list must be")


def check_list_gone(check: Check, gone: PrefixList | PortList) -> None:
    """A list that rules name stays."""
    users = check.after.usage.users_of_list(gone.id)
    if users:
        raise in_use(gone.id, f"is named by rules of {named(users)}; revoke those rules first")


def check_penalty(check: Check, penalty: Penalty) -> None:
    """A penalty has a target that is there (§7.4); one that was lifted stays on record when its instance is gone."""
    if penalty.action is PenaltyAction.BLOCK_DOMAIN:
        if not penalty.domain and not penalty.url:
            raise Refusal(Code.MISSING_PARAMETER, f"{penalty.id}: BLOCK_DOMAIN needs a domain or a url")
    elif penalty.state is not PenaltyState.LIFTED and not _is_known(check.after, penalty.instance):
        raise not_found(Kind.INSTANCE, penalty.instance)


def check_no_penalty(check: Check, instances: set[InstanceId]) -> None:
    """An instance under a penalty stays: made anew, it would be rid of what blocks it (§7.4)."""
    gone = {instance for instance in instances - {NO_INSTANCE} if not _is_known(check.after, instance)}
    if not gone:
        return
    for penalty in check.after.penalties.values():
        in_force = penalty.state is not PenaltyState.LIFTED and penalty.action is not PenaltyAction.BLOCK_DOMAIN
        if penalty.instance in gone and in_force:
            raise in_use(penalty.instance, f"is under the penalty {penalty.id}; it can go once that is lifted")


def _is_known(snapshot: Snapshot, instance: InstanceId) -> bool:
    """Whether an instance is listed or has ENIs."""
    return instance in snapshot.instances or instance in snapshot.instance_enis


def _check_references(snapshot: Snapshot, rule: Rule) -> None:
    """Lists exist; so does a group that is named as peer without the account that owns it."""
    peer = rule.peer
    if isinstance(peer, PrefixListPeer) and peer.prefix_list not in snapshot.prefix_lists:
        raise not_found(Kind.PREFIX_LIST, peer.prefix_list)
    if rule.port_list is not None and rule.port_list not in snapshot.port_lists:
        raise not_found(Kind.PORT_LIST, rule.port_list)
    if isinstance(peer, GroupPeer) and not peer.account and peer.group not in snapshot.groups:
        raise not_found(Kind.GROUP, peer.group)


def _needs(user: SecurityGroup, group: GroupId) -> bool:
    """Whether a group names another as peer without its account, which so has to exist."""
    return any(
        isinstance(rule.peer, GroupPeer) and rule.peer.group == group and not rule.peer.account for rule in user.rules
    )


def _check_timeouts(eni: Eni) -> None:
    for name, value, choices in (
        ("TCP established timeout", eni.tcp_established_timeout_s, TCP_ESTABLISHED_TIMEOUTS_S),
        ("UDP timeout", eni.udp_timeout_s, UDP_TIMEOUTS_S),
    ):
        if value not in choices:
            raise invalid(eni.id, f"{name} of {value} s is not one of {', '.join(map(str, choices))}")

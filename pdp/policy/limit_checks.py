"""Limits (§4.5, §4.10 to §4.12): a count that grows may not be above its limit. One that does not grow stays as it is.

Nothing here looks at every ENI: members are counted as they come and go.
"""

from pdp.model.codes import Code
from pdp.model.errors import QuotaUse, Refusal
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import GroupId
from pdp.model.limits import Limits
from pdp.model.network import Eni
from pdp.model.rules import GroupPeer, PortList, PrefixList
from pdp.policy.checking import Check, counted

FEWER_RULES = "delete rules that are no longer needed, or spread rules over several groups"
FEWER_RULES_OF_ENI = "delete rules that are no longer needed"


def check_group_limits(check: Check, before: SecurityGroup | None, after: SecurityGroup) -> None:
    """A group that was made or changed."""
    _check_group_peers(check, before, after)
    _check_rules_per_group(check, after)
    _check_totals(check, after)
    if before is None:
        _check_groups_per_account(check, after)


def check_eni_limits(check: Check, before: Eni | None, after: Eni) -> None:
    """Groups per ENI, rules over all of them, and how many members each of them then has."""
    limits = check.limits_of(check.after.account_of(after))
    groups_before = before.groups if before is not None else ()
    use = QuotaUse("groups per ENI", after.id, limits.groups_per_eni, len(groups_before), len(after.groups))
    check.refuse_growth(Code.GROUPS_PER_ENI, use, "leave a group first, or raise groups per ENI")
    present, wanted = check.rules_before(groups_before), check.rules_after(after.groups)
    use = QuotaUse("rules per ENI over its groups", after.id, limits.rules_per_eni, present, wanted)
    check.refuse_growth(Code.RULES_PER_ENI, use, _fewer_rules(limits))
    for group in after.groups:
        _check_members(check, check.after.groups[group])


def check_list_limits(check: Check, before: PrefixList | PortList | None, after: PrefixList | PortList) -> None:
    """A list holds no more than it says, since that is what counts; growing it concerns its users (§1.5, §4.11)."""
    present = len(before.entries) if before is not None else 0
    use = QuotaUse("entries of the list", after.id, after.max_entries, present, len(after.entries))
    if before is not None and after.max_entries < min(before.max_entries, len(after.entries)):
        held = counted(len(after.entries), "entry", "entries")
        message = f"{after.id} holds {held}; max_entries cannot be lowered to {after.max_entries}"
        raise Refusal(Code.LIST_ENTRIES, message, resource=after.id, quota=use)
    check.refuse_growth(Code.LIST_ENTRIES, use, "raise max_entries, or use a second list")
    for user in check.after.usage.users_of_list(after.id):
        group = check.after.groups[user]
        _check_rules_per_group(check, group)
        _check_totals(check, group)


def _check_group_peers(check: Check, before: SecurityGroup | None, after: SecurityGroup) -> None:
    """Not too many rules with a group peer in one group (§4.5)."""
    present, wanted = (_group_peers(group) for group in (before, after))
    limit = check.limits_of(after.account).group_peers_per_group
    use = QuotaUse("rules with a group peer per group", after.id, limit, present, wanted)
    check.refuse_growth(
        Code.GROUP_PEERS, use, "use a CIDR or a prefix list instead, or delete rules that are no longer needed"
    )


def _group_peers(group: SecurityGroup | None) -> int:
    return sum(isinstance(rule.peer, GroupPeer) for rule in group.rules) if group is not None else 0


def _check_rules_per_group(check: Check, group: SecurityGroup) -> None:
    """Both directions together (§4.10, §4.12)."""
    groups = (group.id,)
    limit = check.limits_of(group.account).rules_per_group
    use = QuotaUse("rules per group", group.id, limit, check.rules_before(groups), check.rules_after(groups))
    check.refuse_growth(Code.RULES_PER_GROUP, use, FEWER_RULES)


def _check_totals(check: Check, group: SecurityGroup) -> None:
    """The total of each member ENI over its groups (§4.12), by the sets of groups that members are in."""
    if check.rules_after((group.id,)) <= check.rules_before((group.id,)):
        return
    for account, groups in sorted(check.after.usage.members_of(group.id).sets):
        limits = check.limits_of(check.after.owner_in(group.vpc, account))
        subject = _members_in(groups)
        present, wanted = check.rules_before(groups), check.rules_after(groups)
        use = QuotaUse("rules per ENI over its groups", subject, limits.rules_per_eni, present, wanted)
        check.refuse_growth(Code.RULES_PER_ENI, use, _fewer_rules(limits))


def _members_in(groups: tuple[GroupId, ...]) -> str:
    return f"ENIs in {', '.join(groups)}"


def _fewer_rules(limits: Limits) -> str:
    """What helps an ENI with too many rules: where the total is flat, neither more groups nor a higher number do."""
    if limits.flat_rules_per_eni is not None:
        return f"{FEWER_RULES_OF_ENI}, or leave a group"
    return f"{FEWER_RULES_OF_ENI}, leave a group, or raise groups per ENI"


def _check_groups_per_account(check: Check, group: SecurityGroup) -> None:
    limit = check.limits_of(group.account).groups_per_account
    present, wanted = (snapshot.usage.accounts.get(group.account, 0) for snapshot in (check.before, check.after))
    use = QuotaUse("security groups per account", f"account {group.account}", limit, present, wanted)
    check.refuse_growth(Code.GROUPS_PER_ACCOUNT, use, "delete groups that are no longer needed, or raise the quota")


def _check_members(check: Check, group: SecurityGroup) -> None:
    """Private addresses of a basic group, ENIs of an advanced one."""
    limits = check.limits_of(group.account)
    before, after = (snapshot.usage.members_of(group.id) for snapshot in (check.before, check.after))
    if group.type is GroupType.BASIC:
        what, limit = "private addresses per basic group", limits.addresses_per_basic_group
        use = QuotaUse(what, group.id, limit, before.addresses, after.addresses)
    else:
        use = QuotaUse("ENIs per advanced group", group.id, limits.enis_per_advanced_group, before.enis, after.enis)
    check.refuse_growth(Code.MEMBERS_PER_GROUP, use, "use another group, or raise the quota")

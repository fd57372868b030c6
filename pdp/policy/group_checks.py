"""What a group must be after a change (§4.4 to §4.12)."""

from pdp.model.codes import Code
from pdp.model.errors import QuotaUse, Refusal
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import GroupId
from pdp.model.rules import Action, GroupPeer, PrefixListPeer, Rule
from pdp.policy.changes import Kind
from pdp.policy.checking import Check, managed, not_found, operator_only
from pdp.policy.rule_checks import check_group_peers, check_new_rule

FEWER_RULES = "delete rules that are no longer needed, or spread rules over several groups"


def check_group(check: Check, before: SecurityGroup | None, after: SecurityGroup) -> None:
    """A group that was made or changed."""
    if after.vpc not in check.after.vpcs:
        raise not_found(Kind.VPC, after.vpc)
    for rule in after.rules:
        _check_references(check, rule)
    if len({rule.id for rule in after.rules}) < len(after.rules):
        raise Refusal(Code.ALREADY_EXISTS, f"{after.id}: two rules have one id", resource=after.id)
    if check.is_import:
        return
    _check_kept(check, before, after)
    present = {rule.id: rule.identity for rule in before.rules} if before is not None else {}
    for rule in after.rules:
        if present.get(rule.id) != rule.identity:
            check_new_rule(check, after, rule)
    check_group_peers(check, before, after)
    check_rules_per_group(check, after)
    check_totals(check, after.id)
    if before is None:
        _check_groups_per_account(check, after)


def check_deleted_group(check: Check, group: SecurityGroup) -> None:
    """A group in use stays (§4.8)."""
    if check.is_request and group.service_managed:
        raise managed(group)
    members = check.after.usage.members_of(group.id).enis
    if members:
        message = f"{group.id} has {members} member ENIs; let them leave the group, or delete them, first"
        raise Refusal(Code.DEPENDENCY_VIOLATION, message, resource=group.id)
    users = check.after.usage.users_of(group.id)
    if check.is_import:
        users = [user for user in users if _needs(check.after.groups[user], group.id)]
    if users:
        message = f"{group.id} is a peer in rules of {', '.join(users[:20])}; revoke those rules first"
        raise Refusal(Code.DEPENDENCY_VIOLATION, message, resource=group.id)


def check_rules_per_group(check: Check, group: SecurityGroup) -> None:
    """Both directions together (§4.10, §4.12)."""
    groups = (group.id,)
    limit = check.after.limits_of(group.account).rules_per_group
    present, wanted = check.rules_before(groups), check.rules_after(groups)
    use = QuotaUse("rules per group", group.id, limit, present, wanted)
    check.refuse_growth(Code.RULES_PER_GROUP, use, FEWER_RULES)


def check_totals(check: Check, group: GroupId) -> None:
    """The total of each member ENI over its groups (§4.12), by the sets of groups that members are in."""
    if check.rules_after((group,)) <= check.rules_before((group,)):
        return
    for account, groups in sorted(check.after.usage.members_of(group).sets):
        limit = check.after.limits_of(account).rules_per_eni
        subject = f"ENIs in {', '.join(groups)}"
        present, wanted = check.rules_before(groups), check.rules_after(groups)
        use = QuotaUse("rules per ENI over its groups", subject, limit, present, wanted)
        check.refuse_growth(Code.RULES_PER_ENI, use, f"{FEWER_RULES}, or raise groups per ENI")


def _check_kept(check: Check, before: SecurityGroup | None, after: SecurityGroup) -> None:
    """What a request may not change, or not so."""
    if check.is_request:
        if before is not None and before.service_managed:
            raise managed(before)
        if after.service_managed:
            raise operator_only(f"{after.id}: whether a cloud service manages a group")
    if after.type is GroupType.ADVANCED and after.inner_access is not Action.DROP:
        message = f"{after.id}: the inner access policy of an advanced group is always Drop (§4.4)"
        raise Refusal(Code.INNER_ACCESS_POLICY, message, resource=after.id)
    if before is None:
        return
    if before.type is not after.type:
        message = f"{after.id}: a group keeps its type; clone its rules into a new group of the other type (§4.6)"
        raise Refusal(Code.GROUP_TYPE_FIXED, message, resource=after.id)
    if (before.vpc, before.account) != (after.vpc, after.account):
        raise Refusal(Code.DIFFERENT_VPC, f"{after.id}: a group keeps its VPC and account", resource=after.id)


def _check_groups_per_account(check: Check, group: SecurityGroup) -> None:
    limit = check.after.limits_of(group.account).groups_per_account
    present, wanted = (snapshot.usage.accounts.get(group.account, 0) for snapshot in (check.before, check.after))
    use = QuotaUse("security groups per account", f"account {group.account}", limit, present, wanted)
    check.refuse_growth(Code.GROUPS_PER_ACCOUNT, use, "delete groups that are no longer needed, or raise the quota")


def _check_references(check: Check, rule: Rule) -> None:
    """Lists exist; so does a group that is named as peer without the account that owns it."""
    if isinstance(rule.peer, PrefixListPeer) and rule.peer.prefix_list not in check.after.prefix_lists:
        raise not_found(Kind.PREFIX_LIST, rule.peer.prefix_list)
    if rule.port_list is not None and rule.port_list not in check.after.port_lists:
        raise not_found(Kind.PORT_LIST, rule.port_list)
    if isinstance(rule.peer, GroupPeer) and not rule.peer.account and rule.peer.group not in check.after.groups:
        raise not_found(Kind.GROUP, rule.peer.group)


def _needs(user: SecurityGroup, group: GroupId) -> bool:
    """Whether a group names another as peer without its account, which so has to exist."""
    return any(
        isinstance(rule.peer, GroupPeer) and rule.peer.group == group and not rule.peer.account for rule in user.rules
    )

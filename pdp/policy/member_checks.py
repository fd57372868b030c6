"""What an ENI must be after a change (§1.6, §2.3, §4.1, §4.3, §4.10, §4.12, §7.3)."""

from pdp.model.codes import Code
from pdp.model.errors import QuotaUse, Refusal
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import GroupId
from pdp.model.network import TCP_ESTABLISHED_TIMEOUTS_S, UDP_TIMEOUTS_S, Eni
from pdp.policy.changes import Kind
from pdp.policy.checking import Check, managed, not_found
from pdp.policy.group_checks import FEWER_RULES


def check_eni(check: Check, before: Eni | None, after: Eni) -> None:
    """An ENI that was made or changed."""
    if after.vpc not in check.after.vpcs:
        raise not_found(Kind.VPC, after.vpc)
    _check_timeouts(after)
    groups = _groups(check, after)
    if check.is_import:
        return
    if before is not None and before.vpc != after.vpc:
        raise Refusal(Code.DIFFERENT_VPC, f"{after.id}: an ENI keeps its VPC", resource=after.id)
    _check_instance(check, before, after)
    joined = set(after.groups) - set(before.groups if before is not None else ())
    left = set(before.groups if before is not None else ()) - set(after.groups)
    if joined or left:
        _check_may_change(check, before, joined | left)
    _check_limits(check, before, after)
    for group in groups:
        _check_group_size(check, group)


def check_deleted_eni(check: Check, eni: Eni) -> None:
    """A primary ENI goes with its instance."""
    if not check.is_import and eni.primary and eni.instance in check.after.instances:
        message = f"{eni.id} is the primary ENI of {eni.instance}; delete the instance instead"
        raise Refusal(Code.PRIMARY_ENI, message, resource=eni.id)


def check_members(check: Check, group: SecurityGroup) -> None:
    """The members of a group that has changed its type or VPC, which only an import does."""
    for eni in check.after.enis.values():
        if group.id in eni.groups:
            _groups(check, eni)


def _groups(check: Check, eni: Eni) -> list[SecurityGroup]:
    """The ENI's groups: at least one, all there, of its VPC, and of one type."""
    if not eni.groups:
        message = f"{eni.id}: an ENI is always in at least one security group; join another group first"
        raise Refusal(Code.AT_LEAST_ONE_GROUP, message, resource=eni.id)
    groups = []
    for group_id in eni.groups:
        group = check.after.groups.get(group_id)
        if group is None:
            raise not_found(Kind.GROUP, group_id)
        if group.vpc != eni.vpc:
            message = f"{eni.id} is in {eni.vpc}, but {group.id} is in {group.vpc}"
            raise Refusal(Code.DIFFERENT_VPC, message, resource=group.id)
        groups.append(group)
    basic = [group.id for group in groups if group.type is GroupType.BASIC]
    if basic and len(basic) < len(groups):
        advanced = next(group.id for group in groups if group.type is GroupType.ADVANCED)
        message = (
            f"{eni.id} cannot be in basic groups ({basic[0]}) and advanced ones ({advanced}) at once; replace all its "
            "groups in one call"
        )
        raise Refusal(Code.MULTI_GROUP_TYPE, message, resource=eni.id)
    return groups


def _check_timeouts(eni: Eni) -> None:
    for name, value, choices in (
        ("TCP established timeout", eni.tcp_established_timeout_s, TCP_ESTABLISHED_TIMEOUTS_S),
        ("UDP timeout", eni.udp_timeout_s, UDP_TIMEOUTS_S),
    ):
        if value not in choices:
            message = f"{eni.id}: {name} of {value} s is not one of {', '.join(map(str, choices))}"
            raise Refusal(Code.INVALID_PARAMETER, message, resource=eni.id)


def _check_instance(check: Check, before: Eni | None, after: Eni) -> None:
    """The instance exists, and has one primary ENI."""
    if after.instance and after.instance not in check.after.instances:
        known = before is not None and before.instance == after.instance
        if not known:
            raise not_found(Kind.INSTANCE, after.instance)
    if after.primary and after.instance:
        siblings = check.after.instance_enis.get(after.instance, ())
        primaries = [eni for eni in siblings if check.after.enis[eni].primary]
        if len(primaries) > 1:
            message = f"{after.instance} has a primary ENI already: {', '.join(primaries)}"
            raise Refusal(Code.PRIMARY_ENI, message, resource=after.instance)
    if before is not None and before.instance != after.instance:
        _refuse_locked(check, before)


def _check_may_change(check: Check, before: Eni | None, groups: set[GroupId]) -> None:
    """Groups of a locked instance stay (§7.3); a service-managed group's members are the service's (§4.9)."""
    if before is not None:
        _refuse_locked(check, before)
    for group_id in sorted(groups):
        group = check.after.groups.get(group_id) or check.before.groups[group_id]
        if check.is_request and group.service_managed:
            raise managed(group)


def _refuse_locked(check: Check, eni: Eni) -> None:
    if eni.instance and check.is_locked(eni.instance):
        message = f"{eni.instance} is locked for security: its groups cannot change until the penalty is lifted"
        raise Refusal(Code.LOCKED_FOR_SECURITY, message, resource=eni.instance)


def _check_limits(check: Check, before: Eni | None, after: Eni) -> None:
    """Groups per ENI, and rules over all of them (§4.10, §4.12)."""
    limits = check.after.limits_of(check.after.account_of(after))
    groups_before = before.groups if before is not None else ()
    use = QuotaUse("groups per ENI", after.id, limits.groups_per_eni, len(groups_before), len(after.groups))
    check.refuse_growth(Code.GROUPS_PER_ENI, use, "leave a group first, or raise groups per ENI")
    present, wanted = check.rules_before(groups_before), check.rules_after(after.groups)
    use = QuotaUse("rules per ENI over its groups", after.id, limits.rules_per_eni, present, wanted)
    check.refuse_growth(Code.RULES_PER_ENI, use, f"{FEWER_RULES}, or raise groups per ENI")


def _check_group_size(check: Check, group: SecurityGroup) -> None:
    """Private addresses of a basic group, ENIs of an advanced one (§4.10)."""
    limits = check.after.limits_of(group.account)
    before, after = (snapshot.usage.members_of(group.id) for snapshot in (check.before, check.after))
    if group.type is GroupType.BASIC:
        what, limit, present, wanted = (
            "private addresses per basic group",
            limits.addresses_per_basic_group,
            before.addresses,
            after.addresses,
        )
    else:
        what, limit, present, wanted = (
            "ENIs per advanced group",
            limits.enis_per_advanced_group,
            before.enis,
            after.enis,
        )
    use = QuotaUse(what, group.id, limit, present, wanted)
    check.refuse_growth(Code.MEMBERS_PER_GROUP, use, "use another group, or raise the quota")

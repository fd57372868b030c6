"""Every rule that a change must obey, by kind of resource (§4, §5, §7). Nothing else decides what may be stored."""

from collections.abc import Iterable
from typing import Any

from pdp.model.codes import Code
from pdp.model.errors import QuotaUse, Refusal
from pdp.model.ids import GroupId
from pdp.model.limits import ADJUSTABLE, FIXED, LARGEST_QUOTA, LIMITS_BY_VERSION
from pdp.model.network import Account, Instance, Settings, Vpc
from pdp.model.ram import RamPolicy, RamUser, policy_key
from pdp.model.rules import PortList, PrefixList
from pdp.policy.changes import Kind
from pdp.policy.checking import SECURITY_LOCK, Check, not_found, operator_only
from pdp.policy.draft import stored
from pdp.policy.group_checks import check_deleted_group, check_group, check_rules_per_group, check_totals
from pdp.policy.member_checks import check_deleted_eni, check_eni, check_members
from pdp.policy.penalty_checks import check_penalty
from pdp.policy.ram import parse_policy


def check_touched(check: Check, touched: Iterable[tuple[Kind, str]]) -> None:
    """Holds all that was touched against the rules. Raises the first Refusal, in a stable order."""
    for kind, key in sorted(touched, key=lambda entry: (entry[0].value, entry[1])):
        before, after = stored(check.before, kind, key), stored(check.after, kind, key)
        if after is None:
            _GONE.get(kind, _nothing)(check, before)
        else:
            _KEPT[kind](check, before, after)


def _nothing(_check: Check, *_: object) -> None:
    """Nothing to hold against."""


def _group(check: Check, before: Any, after: Any) -> None:  # noqa: ANN401 - the table says which
    check_group(check, before, after)
    if before is not None and (before.type, before.vpc) != (after.type, after.vpc):
        check_members(check, after)


def _vpc(check: Check, before: Vpc | None, after: Vpc) -> None:
    if before is not None and before.account != after.account and not check.is_import:
        raise Refusal(Code.INVALID_PARAMETER, f"{after.id}: a VPC keeps its account", resource=after.id)


def _vpc_gone(check: Check, vpc: Vpc) -> None:
    uses = check.after.usage.vpcs.get(vpc.id, 0)
    if uses:
        message = f"{vpc.id} still has {uses} security groups and ENIs; delete them first"
        raise Refusal(Code.DEPENDENCY_VIOLATION, message, resource=vpc.id)


def _instance(check: Check, before: Instance | None, after: Instance) -> None:
    """Only the operator locks an instance for security, and unlocks it."""
    was_locked = before is not None and SECURITY_LOCK in before.locks
    if check.is_request and was_locked is not (SECURITY_LOCK in after.locks):
        raise operator_only(f"{after.id}: the security lock")


def _instance_gone(check: Check, instance: Instance) -> None:
    enis = check.after.instance_enis.get(instance.id, ())
    if enis and not check.is_import:
        message = f"{instance.id} still has ENIs: {', '.join(enis[:20])}; detach or delete them first"
        raise Refusal(Code.DEPENDENCY_VIOLATION, message, resource=instance.id)


def _list(check: Check, before: PrefixList | PortList | None, after: PrefixList | PortList) -> None:
    """A list holds what it says, and growing it may not take the groups that use it beyond their limits (§4.11)."""
    if isinstance(after, PrefixList):
        if isinstance(before, PrefixList) and before.family is not after.family and not check.is_import:
            raise Refusal(Code.INVALID_PARAMETER, f"{after.id}: a list keeps its address family", resource=after.id)
        if any(entry.family is not after.family for entry in after.entries):
            message = f"{after.id}: an entry is not of the list's address family"
            raise Refusal(Code.INVALID_PARAMETER, message, resource=after.id)
    if check.is_import:
        return
    present = len(before.entries) if before is not None else 0
    use = QuotaUse("entries of the list", after.id, after.max_entries, present, len(after.entries))
    check.refuse_growth(Code.LIST_ENTRIES, use, "raise max_entries, or use a second list")
    for group in check.after.usage.users_of_list(after.id):
        check_rules_per_group(check, check.after.groups[group])
        check_totals(check, group)


def _list_gone(check: Check, gone: PrefixList | PortList) -> None:
    users: list[GroupId] = check.after.usage.users_of_list(gone.id)
    if users:
        message = f"{gone.id} is named by rules of {', '.join(users[:20])}; revoke those rules first"
        raise Refusal(Code.DEPENDENCY_VIOLATION, message, resource=gone.id)


def _account(check: Check, before: Account | None, after: Account) -> None:
    """Limits that may be adjusted, within reason (§4.10)."""
    for name, value in after.quotas:
        if name in FIXED:
            raise Refusal(Code.QUOTA_FIXED, FIXED[name], resource=name)
        if name not in ADJUSTABLE:
            message = f"{name} is no quota; the quotas are {', '.join((*ADJUSTABLE, *FIXED))}"
            raise Refusal(Code.INVALID_PARAMETER, message, resource=name)
        if not 1 <= value <= LARGEST_QUOTA:
            message = f"{name}: {value} is not from 1 to {LARGEST_QUOTA}"
            raise Refusal(Code.INVALID_PARAMETER, message, resource=name)
    was_exempt = before is not None and before.smtp_exempt
    if check.is_request and was_exempt is not after.smtp_exempt:
        raise operator_only(f"account {after.id}: the SMTP exemption")


def _settings(check: Check, _before: object, after: Settings) -> None:
    if check.is_request:
        raise operator_only("the settings of the whole service")
    if after.limits not in LIMITS_BY_VERSION:
        message = f"{after.limits} is no version of the limits; the versions are {', '.join(LIMITS_BY_VERSION)}"
        raise Refusal(Code.INVALID_PARAMETER, message, resource=after.limits)


def _penalty_gone(check: Check, _penalty: object) -> None:
    if not check.is_import:
        raise Refusal(Code.PENALTY_STATE, "a penalty is lifted, never removed: it stays on record")


def _user(check: Check, _before: object, after: RamUser) -> None:
    for name in after.policies:
        if policy_key(after.account, name) not in check.after.policies:
            raise not_found(Kind.POLICY, policy_key(after.account, name))


def _policy(_check: Check, _before: object, after: RamPolicy) -> None:
    try:
        parse_policy(after.document)
    except ValueError as error:
        message = f"policy {after.name}: {error}"
        raise Refusal(Code.MALFORMED_POLICY_DOCUMENT, message, resource=after.name) from None


def _policy_gone(check: Check, gone: RamPolicy) -> None:
    users = [
        user.name for user in check.after.users.values() if user.account == gone.account and gone.name in user.policies
    ]
    if users:
        message = f"policy {gone.name} is attached to {', '.join(sorted(users)[:20])}; detach it first"
        raise Refusal(Code.DEPENDENCY_VIOLATION, message, resource=gone.name)


_KEPT: dict[Kind, Any] = {
    Kind.GROUP: _group,
    Kind.ENI: check_eni,
    Kind.VPC: _vpc,
    Kind.INSTANCE: _instance,
    Kind.PREFIX_LIST: _list,
    Kind.PORT_LIST: _list,
    Kind.ACCOUNT: _account,
    Kind.PENALTY: check_penalty,
    Kind.USER: _user,
    Kind.POLICY: _policy,
    Kind.SETTINGS: _settings,
}
_GONE: dict[Kind, Any] = {
    Kind.GROUP: check_deleted_group,
    Kind.ENI: check_deleted_eni,
    Kind.VPC: _vpc_gone,
    Kind.INSTANCE: _instance_gone,
    Kind.PREFIX_LIST: _list_gone,
    Kind.PORT_LIST: _list_gone,
    Kind.PENALTY: _penalty_gone,
    Kind.POLICY: _policy_gone,
}

"""Every rule that changes must obey (§4, §5, §7), by kind of resource. Nothing else decides what may be stored.

First what any policy must be, for all that was touched: only then can anything be counted. An import ends there. Then
what a request may do, then limits.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from pdp.model.groups import SecurityGroup
from pdp.model.ids import InstanceId
from pdp.model.network import Eni, Instance
from pdp.model.rules import PrefixList
from pdp.policy import (
    account_checks,
    address_checks,
    group_checks,
    limit_checks,
    member_checks,
    penalty_checks,
    structure,
)
from pdp.policy.changes import Kind, Resource
from pdp.policy.checking import Check, invalid
from pdp.policy.draft import stored

# Any: the table that a check stands in says which kind of resource it takes.
Kept = Callable[[Check, Any], None]
Changed = Callable[[Check, Any, Any], None]


class Touched(NamedTuple):
    """A resource that came, went or was replaced: as it was and as it is."""

    kind: Kind
    key: str
    before: Resource | None
    after: Resource | None


def check_touched(check: Check, keys: Iterable[tuple[Kind, str]]) -> None:
    """Holds all that was touched against the rules. Raises the first Refusal, in a stable order."""
    ordered = sorted(keys, key=lambda entry: (entry[0].value, entry[1]))
    touched = [Touched(*entry, stored(check.before, *entry), stored(check.after, *entry)) for entry in ordered]
    _check_structure(check, touched)
    if check.is_import:
        return
    for one in touched:
        if one.after is None:
            _run(_MAY_GO, one.kind, check, one.before)
        else:
            _check_account_kept(one)
            _run(_MAY_BE, one.kind, check, one.before, one.after)
    for one in touched:
        if one.after is not None:
            _run(_LIMITS, one.kind, check, one.before, one.after)


def _run(table: dict[Kind, Callable[..., None]], kind: Kind, *arguments: object) -> None:
    rule = table.get(kind)
    if rule is not None:
        rule(*arguments)


def _check_structure(check: Check, touched: list[Touched]) -> None:
    for one in touched:
        if not one.key and one.kind is not Kind.SETTINGS:
            raise invalid(one.kind.value.replace("_", " "), "it has no id")
        if one.after is None:
            _run(_STAYS, one.kind, check, one.before)
        else:
            _run(_STRUCTURE, one.kind, check, one.after)
    structure.check_moved_groups(check, _moved_groups(touched))
    structure.check_no_penalty(check, _instances_before(touched))


def _moved_groups(touched: list[Touched]) -> list[SecurityGroup]:
    """Groups that are of another type or in another VPC than they were."""
    return [
        one.after
        for one in touched
        if isinstance(one.before, SecurityGroup)
        and isinstance(one.after, SecurityGroup)
        and (one.before.type, one.before.vpc) != (one.after.type, one.after.vpc)
    ]


def _instances_before(touched: list[Touched]) -> set[InstanceId]:
    """Instances that may be gone."""
    befores = [one.before for one in touched]
    return {one.id for one in befores if isinstance(one, Instance)} | {
        one.instance for one in befores if isinstance(one, Eni)
    }


def _check_account_kept(one: Touched) -> None:
    """Nothing goes over to another account; what had none may get one (§6.5)."""
    account = getattr(one.before, "account", "")
    if account and getattr(one.after, "account", "") != account:
        raise invalid(one.key, f"it belongs to account {account} and stays there")


def _check_list(_check: Check, before: Any, after: Any) -> None:  # noqa: ANN401 - either kind of list
    if after.max_entries < 1:
        raise invalid(after.id, f"max_entries is {after.max_entries}; a list holds at least 1")
    if isinstance(after, PrefixList) and before is not None and before.family is not after.family:
        raise invalid(after.id, "a list keeps its address family")


_STRUCTURE: dict[Kind, Kept] = {
    Kind.GROUP: structure.check_group,
    Kind.ENI: structure.check_eni,
    Kind.PREFIX_LIST: structure.check_list,
    Kind.PORT_LIST: structure.check_list,
    Kind.ACCOUNT: account_checks.check_quotas,
    Kind.PENALTY: structure.check_penalty,
    Kind.USER: account_checks.check_user,
    Kind.POLICY: account_checks.check_policy,
    Kind.SETTINGS: account_checks.check_limits_version,
}
"""What is there is so, whatever the origin."""
_STAYS: dict[Kind, Kept] = {
    Kind.GROUP: structure.check_group_gone,
    Kind.VPC: structure.check_vpc_gone,
    Kind.PREFIX_LIST: structure.check_list_gone,
    Kind.PORT_LIST: structure.check_list_gone,
    Kind.POLICY: account_checks.check_policy_gone,
}
"""What went may be missing, whatever the origin."""
_MAY_BE: dict[Kind, Changed] = {
    Kind.GROUP: group_checks.check_group,
    Kind.ENI: member_checks.check_eni,
    Kind.VPC: address_checks.check_vpc,
    Kind.INSTANCE: member_checks.check_instance,
    Kind.PREFIX_LIST: _check_list,
    Kind.PORT_LIST: _check_list,
    Kind.ACCOUNT: account_checks.check_account,
    Kind.PENALTY: penalty_checks.check_penalty,
    Kind.SETTINGS: account_checks.check_settings,
}
"""A request or the operator may change it so."""
_MAY_GO: dict[Kind, Kept] = {
    Kind.GROUP: group_checks.check_group_gone,
    Kind.ENI: member_checks.check_eni_gone,
    Kind.INSTANCE: member_checks.check_instance_gone,
    Kind.ACCOUNT: account_checks.check_account_gone,
    Kind.PENALTY: penalty_checks.check_penalty_gone,
}
"""A request or the operator may delete it."""
_LIMITS: dict[Kind, Changed] = {
    Kind.GROUP: limit_checks.check_group_limits,
    Kind.ENI: limit_checks.check_eni_limits,
    Kind.PREFIX_LIST: limit_checks.check_list_limits,
    Kind.PORT_LIST: limit_checks.check_list_limits,
}

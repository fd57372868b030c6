"""What a request may do with a group (§4.4, §4.6, §4.8, §4.9). Limits are not counted here."""

from pdp.model.codes import Code
from pdp.model.errors import Refusal
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.rules import Action
from pdp.policy.checking import Check, managed, operator_only
from pdp.policy.rule_checks import check_rules


def check_group(check: Check, before: SecurityGroup | None, after: SecurityGroup) -> None:
    """A group that was made or changed."""
    if check.is_request:
        if before is not None and before.service_managed:
            raise managed(before)
        if after.service_managed:
            raise operator_only(f"{after.id}: whether a cloud service manages a group")
    _check_inner_access(before, after)
    if before is not None:
        _check_kept(before, after)
    check_rules(check, before, after)


def check_group_gone(check: Check, gone: SecurityGroup) -> None:
    """A group that a cloud service manages is the service's to delete (§4.9)."""
    if check.is_request and gone.service_managed:
        raise managed(gone)


def _check_inner_access(before: SecurityGroup | None, after: SecurityGroup) -> None:
    """Drop in advanced groups, but for one that was brought in otherwise and stays as it was (§4.4)."""
    if after.type is GroupType.BASIC or after.inner_access is Action.DROP:
        return
    if before is None or before.inner_access is not after.inner_access:
        message = f"{after.id}: the inner access policy of an advanced group is always Drop"
        raise Refusal(Code.INNER_ACCESS_POLICY, message, resource=after.id)


def _check_kept(before: SecurityGroup, after: SecurityGroup) -> None:
    """Type and VPC stay (§4.6)."""
    if before.type is not after.type:
        message = f"{after.id}: a group keeps its type; clone its rules into a new group of the other type"
        raise Refusal(Code.GROUP_TYPE_FIXED, message, resource=after.id)
    if before.vpc != after.vpc:
        raise Refusal(Code.DIFFERENT_VPC, f"{after.id}: a group keeps its VPC", resource=after.id)

"""What a request may do with an ENI and its instance (§4.7, §4.9, §7.3). Limits are not counted here."""

from pdp.model.codes import Code
from pdp.model.errors import Refusal
from pdp.model.network import Eni, Instance
from pdp.policy.address_checks import check_addresses
from pdp.policy.changes import Kind
from pdp.policy.checking import SECURITY_LOCK, Check, in_use, managed, named, not_found, operator_only

GROUPS_STAY = "its groups cannot change"
ENIS_STAY = "its ENIs stay"


def check_eni(check: Check, before: Eni | None, after: Eni) -> None:
    """An ENI that was made or changed."""
    if before is not None and before.vpc != after.vpc:
        raise Refusal(Code.DIFFERENT_VPC, f"{after.id}: an ENI keeps its VPC", resource=after.id)
    _check_instance(check, before, after)
    _check_primary(check, before, after)
    check_addresses(check, before, after)
    changed = set(after.groups) ^ set(before.groups if before is not None else ())
    if before is not None and changed:
        check.refuse_locked(before.instance, GROUPS_STAY)
    for group_id in sorted(changed):
        group = check.after.groups.get(group_id) or check.before.groups[group_id]
        if check.is_request and group.service_managed:
            raise managed(group)


def check_eni_gone(check: Check, gone: Eni) -> None:
    """A primary ENI goes with its instance; of a locked one, no ENI goes and comes back in other groups (§7.3)."""
    instance_goes = gone.instance in check.before.instances and gone.instance not in check.after.instances
    if instance_goes:
        return
    if gone.primary and gone.instance in check.after.instances:
        message = f"{gone.id} is the primary ENI of {gone.instance}; delete the instance instead"
        raise Refusal(Code.PRIMARY_ENI, message, resource=gone.id)
    check.refuse_locked(gone.instance, ENIS_STAY)


def check_instance(check: Check, before: Instance | None, after: Instance) -> None:
    """Only the operator locks an instance for security, and unlocks it."""
    was_locked = before is not None and SECURITY_LOCK in before.locks
    if check.is_request and was_locked is not (SECURITY_LOCK in after.locks):
        raise operator_only(f"{after.id}: the security lock")


def check_instance_gone(check: Check, gone: Instance) -> None:
    """An instance with ENIs stays; so does a locked one, which made anew would be unlocked."""
    enis = check.after.instance_enis.get(gone.id, ())
    if enis:
        raise in_use(gone.id, f"still has ENIs: {named(enis)}; detach or delete them first")
    if check.is_request:
        check.refuse_locked(gone.id, "it stays")


def _check_instance(check: Check, before: Eni | None, after: Eni) -> None:
    """An instance that it is attached to is there; none leaves or comes to a locked one, with other groups (§7.3)."""
    known = after.instance in check.after.instances or after.instance in check.before.instance_enis
    if after.instance and not known:
        raise not_found(Kind.INSTANCE, after.instance)
    if before is not None and before.instance != after.instance:
        check.refuse_locked(before.instance, ENIS_STAY)
        check.refuse_locked(after.instance, ENIS_STAY)


def _check_primary(check: Check, before: Eni | None, after: Eni) -> None:
    """An instance has one primary ENI, whose groups are its own (§4.7)."""
    was_primary = before is not None and before.primary and before.instance in check.after.instances
    if before is not None and was_primary and (after.instance, after.primary) != (before.instance, True):
        message = f"{after.id} is the primary ENI of {before.instance} and stays so"
        raise Refusal(Code.PRIMARY_ENI, message, resource=after.id)
    if after.primary and after.instance:
        siblings = check.after.instance_enis.get(after.instance, ())
        primaries = [eni for eni in siblings if check.after.enis[eni].primary]
        if len(primaries) > 1:
            message = f"{after.instance} has one primary ENI, not several: {named(primaries)}"
            raise Refusal(Code.PRIMARY_ENI, message, resource=after.instance)

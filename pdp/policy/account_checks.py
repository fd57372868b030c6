"""What an account has: quotas (§4.10), users and policies (§6.1); and the settings of the whole service."""

from pdp.model.codes import Code
from pdp.model.errors import Refusal
from pdp.model.limits import ADJUSTABLE, FIXED, LARGEST_QUOTA, LIMITS_BY_VERSION
from pdp.model.network import Account, Settings
from pdp.model.ram import KINDS, RamPolicy, RamUser, checked_account, checked_name, policy_key
from pdp.policy.changes import Kind
from pdp.policy.checking import Check, in_use, invalid, named, not_found, operator_only
from pdp.policy.ram import parse_policy


def check_quotas(_check: Check, account: Account) -> None:
    """Each is named once, may be adjusted, and is within reason; what nobody may adjust says what to do instead."""
    names = [name for name, _ in account.quotas]
    for name, value in account.quotas:
        if name in FIXED:
            raise Refusal(Code.QUOTA_FIXED, FIXED[name], resource=name)
        if name not in ADJUSTABLE:
            raise invalid(name, f"this is no quota; the quotas are {', '.join((*ADJUSTABLE, *FIXED))}")
        if type(value) is not int or not 1 <= value <= LARGEST_QUOTA:
            raise invalid(name, f"{value} is not a whole number from 1 to {LARGEST_QUOTA}")
        if names.count(name) > 1:
            raise invalid(name, f"account {account.id} has this quota twice")


def check_user(check: Check, user: RamUser) -> None:
    """A user's or role's names are such that its key is its own, and its policies are there."""
    _check_names(user.account, user.name)
    if user.kind not in KINDS:
        raise invalid(user.key, f"{user.kind} is none of {', '.join(KINDS)}")
    for name in user.policies:
        key = policy_key(user.account, name)
        if key not in check.after.policies:
            raise not_found(Kind.POLICY, key)


def check_policy(_check: Check, policy: RamPolicy) -> None:
    """A policy's document is one that is understood to the last word (§6.1)."""
    _check_names(policy.account, policy.name)
    try:
        parse_policy(policy.document)
    except ValueError as error:
        message = f"policy {policy.name}: {error}"
        raise Refusal(Code.MALFORMED_POLICY_DOCUMENT, message, resource=policy.name) from None


def check_policy_gone(check: Check, gone: RamPolicy) -> None:
    """A policy that is attached stays: a user would lose what it denies."""
    users = [
        user.name for user in check.after.users.values() if user.account == gone.account and gone.name in user.policies
    ]
    if users:
        raise in_use(gone.name, f"is attached to {named(users)}; detach it first")


def check_limits_version(_check: Check, settings: Settings) -> None:
    """The limits are of a version that is known (§4.10)."""
    if settings.limits not in LIMITS_BY_VERSION:
        raise invalid(settings.limits, f"this is no version of the limits; they are {', '.join(LIMITS_BY_VERSION)}")


def check_settings(check: Check, _before: Settings, _after: Settings) -> None:
    """Settings are the operator's (§6.5)."""
    if check.is_request:
        raise operator_only("the settings of the whole service")


def check_account(check: Check, before: Account | None, after: Account) -> None:
    """The SMTP exemption is the operator's to give and to take."""
    was_exempt = before is not None and before.smtp_exempt
    if check.is_request and was_exempt is not after.smtp_exempt:
        raise operator_only(f"account {after.id}: the SMTP exemption")


def check_account_gone(check: Check, gone: Account) -> None:
    """What an account was given goes with it, and so is not its own to delete."""
    if check.is_request and gone.smtp_exempt:
        raise operator_only(f"account {gone.id}: the SMTP exemption")


def _check_names(account: str, name: str) -> None:
    try:
        checked_account(account)
        checked_name(name)
    except ValueError as error:
        raise invalid(name, str(error)) from None

"""Limits of an account, how much of each is used, and their change (§4.10). Lowering one removes nothing."""

from dataclasses import replace

from pdp.model.codes import Code
from pdp.model.errors import FieldError, Refusal, quoted
from pdp.model.ids import AccountId
from pdp.model.limits import FIXED, LARGEST_QUOTA, LIMITS_BY_VERSION
from pdp.model.network import Account
from pdp.policy.changes import Put
from pdp.policy.checking import operator_only
from pdp.policy.snapshot import Snapshot
from pdp.server.accounts.quota_use import USES, most_used
from pdp.server.asking import Ask, Planned, required
from pdp.server.list_pages import page
from pdp.server.network.fields import fault, missing, new_owner, number_within
from pdp.v1 import account_service_pb2 as pb
from pdp.v1 import resources_pb2

DESCRIPTIONS = {
    "groups_per_eni": "Security groups that one ENI is in.",
    "rules_per_group": "Rules of one group, both directions together; one with a list counts the list's max_entries.",
    "rules_per_eni": "Rules over all groups of one ENI, both directions together.",
    "addresses_per_basic_group": "Private addresses and prefixes of all members of one basic group.",
    "enis_per_advanced_group": "ENIs that are members of one advanced group.",
    "groups_per_account": "Security groups of the account.",
    "group_peers_per_group": "Rules of one group that have a group as their peer.",
}


def describe_quotas(snapshot: Snapshot, request: pb.DescribeQuotasRequest, ask: Ask) -> pb.DescribeQuotasResponse:
    """The limits of an account and who uses most of each, and the versions there are."""
    account = new_owner(ask, request.account_id)
    wanted = {_known(code, f"quota_codes[{n}]") for n, code in enumerate(request.quota_codes)}
    shown, token = page(snapshot, request, [code for code in USES if not wanted or code in wanted])
    return pb.DescribeQuotasResponse(
        quotas=[quota_message(snapshot, account, code) for code in shown],
        limits_versions=[
            resources_pb2.LimitsVersion(version=version, in_force=version == snapshot.settings.limits)
            for version in LIMITS_BY_VERSION
        ],
        account_id=account,
        next_token=token,
    )


def modify_quota(snapshot: Snapshot, request: pb.ModifyQuotaRequest, ask: Ask) -> Planned:
    """Another value of a limit. One that cannot be adjusted is refused, with what to do instead."""
    account_id = new_owner(ask, request.account_id)
    code = _known(required(request.quota_code, "quota_code"), "quota_code")
    if code in FIXED:
        raise Refusal(Code.QUOTA_FIXED, FIXED[code], field="quota_code", resource=code)
    if not request.HasField("value"):
        raise missing("value", f"the limit as a number from 1 to {LARGEST_QUOTA}")
    value = number_within(request.value, 1, LARGEST_QUOTA, "value")
    account = snapshot.accounts.get(account_id, Account(account_id))
    quotas = dict(account.quotas) | {code: value}
    return Planned(
        (Put(replace(account, quotas=tuple(sorted(quotas.items())))),),
        lambda after: pb.ModifyQuotaResponse(quota=quota_message(after, account_id, code)),
    )


def set_limits_version(snapshot: Snapshot, request: pb.SetLimitsVersionRequest, ask: Ask) -> Planned:
    """Another version of the limits, for all accounts. What an account has set itself stays."""
    if not ask.by_operator:
        raise operator_only("the version of the limits")
    version = required(request.version, "version")
    if version not in LIMITS_BY_VERSION:
        raise fault("version", f"{quoted(version)} is not one of {', '.join(LIMITS_BY_VERSION)}")
    return Planned((Put(replace(snapshot.settings, limits=version)),), lambda _after: pb.SetLimitsVersionResponse())


def quota_message(snapshot: Snapshot, account: AccountId, code: str) -> resources_pb2.Quota:
    """One limit of an account with its use."""
    use = most_used(snapshot, account, code)
    return resources_pb2.Quota(
        quota_code=code,
        description=DESCRIPTIONS[code],
        value=getattr(snapshot.limits_of(account), code),
        default_value=getattr(LIMITS_BY_VERSION[snapshot.settings.limits], code),
        usage=resources_pb2.QuotaUsage(resource_id=use.resource, count=use.present),
        adjustable=code not in FIXED,
        reason=FIXED.get(code, ""),
    )


def _known(code: str, field: str) -> str:
    if code not in USES:
        raise FieldError(Code.INVALID_PARAMETER, field, f"{quoted(code)} is not one of {', '.join(USES)}")
    return code

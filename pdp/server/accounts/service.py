"""The tables of AccountService: every write and every read by the RPC's name."""

from collections.abc import Mapping

from pdp.server.accounts.identity import caller_identity
from pdp.server.accounts.penalties import (
    file_appeal,
    impose_penalty,
    lift_penalty,
    list_penalties,
    request_unblock,
    uphold_penalty,
)
from pdp.server.accounts.quotas import describe_quotas, modify_quota, set_limits_version
from pdp.server.accounts.ram_policies import create_policy, delete_policy, get_policy, list_policies
from pdp.server.accounts.smtp import describe_smtp_exemptions, set_smtp_exemption
from pdp.server.accounts.users import attach_policy, create_user, delete_user, detach_policy, list_users
from pdp.server.asking import PlanFunction, ReadFunction, ServiceMethods

WRITES: Mapping[str, PlanFunction] = {
    "ModifyQuota": modify_quota,
    "SetLimitsVersion": set_limits_version,
    "SetSmtpExemption": set_smtp_exemption,
    "CreateUser": create_user,
    "DeleteUser": delete_user,
    "CreatePolicy": create_policy,
    "DeletePolicy": delete_policy,
    "AttachPolicyToUser": attach_policy,
    "DetachPolicyFromUser": detach_policy,
    "ImposePenalty": impose_penalty,
    "RequestUnblock": request_unblock,
    "FileAppeal": file_appeal,
    "LiftPenalty": lift_penalty,
    "UpholdPenalty": uphold_penalty,
}
READS: Mapping[str, ReadFunction] = {
    "GetCallerIdentity": caller_identity,
    "DescribeQuotas": describe_quotas,
    "DescribeSmtpExemptions": describe_smtp_exemptions,
    "ListUsers": list_users,
    "GetPolicy": get_policy,
    "ListPolicies": list_policies,
    "ListPenalties": list_penalties,
}

ACCOUNT_SERVICE = ServiceMethods("pdp.v1.AccountService", WRITES, READS)

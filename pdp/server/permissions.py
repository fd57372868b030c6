"""Who may call what (§6): one table with every RPC of every service of ours, its action and what it is about.

An RPC that is not in the table cannot be called.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from itertools import chain
from typing import Any, NamedTuple

from pdp.model.addresses import parse_address
from pdp.model.codes import Code
from pdp.model.errors import Refusal
from pdp.model.identity import IN_AN_ACCOUNT, Caller, CallerKind
from pdp.model.instants import format_instant
from pdp.model.ram import policy_key
from pdp.policy.ram import EVERYTHING, AccessRequest, Denied, Policy, may, parse_policy
from pdp.policy.ram_conditions import CURRENT_TIME, SECURE_TRANSPORT, SOURCE_IP
from pdp.policy.snapshot import Snapshot
from pdp.server import asked_resources as about
from pdp.server import owned
from pdp.server.asking import Ask
from pdp.server.owned import OwnedResource


class Who(Enum):
    """Who may call an RPC at all. Nobody is never among them."""

    ANYBODY = "anybody"
    """Whoever said who they are."""
    CHECK = "check"
    """As READ, and agents, about ENIs that they may ask about (§6.5)."""
    READ = "read"
    WRITE = "write"
    """The account's owner, and its users and roles as their policies say; the operator too."""
    OPERATOR = "operator"
    """The platform's operator alone."""


class Access(NamedTuple):
    """What one RPC asks for. `resources` is not asked where none but the caller's kind counts."""

    action: str
    who: Who
    resources: about.Resources


def permit(method: str, snapshot: Snapshot, request: Any, ask: Ask) -> None:  # noqa: ANN401 - a request of any method
    """Raises Refusal unless the caller may do this. `method` is `Service/Method`, without the package."""
    access, caller = TABLE[method], ask.caller
    if caller.kind is CallerKind.NOBODY:
        raise Refusal(Code.UNAUTHENTICATED, "it is not known who asks; send credentials")
    if access.who is Who.ANYBODY or caller.kind is CallerKind.OPERATOR:
        return
    if access.who is Who.OPERATOR:
        raise Refusal(Code.OPERATOR_ONLY, f"{access.action} is for the platform's operator alone, not for {caller}")
    if access.who is Who.CHECK and caller.kind is CallerKind.AGENT:
        return  # whose ENI it is, is asked of each
    policies = policies_of(snapshot, caller)
    # One by one: who may not act on the first is refused before more is read of a large request. What is about nothing
    # in particular is about the caller's own account.
    said = _context(ask)
    about_these = iter(access.resources(snapshot, request, ask))
    first = next(about_these, OwnedResource(caller.account, EVERYTHING))
    for resource in chain((first,), about_these):
        context = {**said, **resource.context}
        asked = AccessRequest(resource.action or access.action, resource.name, resource.account, context)
        decision = may(caller, policies, asked)
        if isinstance(decision, Denied):
            raise Refusal(Code.FORBIDDEN, f"{caller} may not do this: {decision.why}")


def policies_of(snapshot: Snapshot, caller: Caller) -> Sequence[Policy]:
    """The policies of a user or role; none for all others, who need none. Raises Refusal for one that is not readable.

    A user that does not exist has no policies, and so may do nothing.
    """
    user = snapshot.users.get(caller.ram_key) if caller.kind in IN_AN_ACCOUNT else None
    if user is None:
        return ()
    documents = [(name, snapshot.policies.get(policy_key(caller.account, name))) for name in user.policies]
    try:
        return [parse_policy(policy.document if policy is not None else "", name) for name, policy in documents]
    except ValueError as error:
        raise Refusal(
            Code.FORBIDDEN, f"{caller} may do nothing while one of its policies is unreadable: {error}"
        ) from None


def _context(ask: Ask) -> dict[str, tuple[str | None, ...]]:
    """What every request says of itself (§6.4)."""
    said: dict[str, tuple[str | None, ...]] = {
        CURRENT_TIME: (format_instant(ask.at),),
        SECURE_TRANSPORT: ("true" if ask.secure else "false",),
    }
    try:
        said[SOURCE_IP] = (str(parse_address(ask.source_ip)),)
    except ValueError:
        said[SOURCE_IP] = (None,)  # a socket of this machine
    return said


Rows = Mapping[str, tuple[Who, about.Resources]]


def _rows(service: str, product: str, rows: Rows) -> dict[str, Access]:
    """Rows of the table: each action bears the name of its RPC, as the product's own do (§6.2)."""
    return {f"{service}/{name}": Access(f"{product}:{name}", *row) for name, row in rows.items()}


TABLE: Mapping[str, Access] = {
    **_rows(
        "SecurityGroupService",
        "ecs",
        {
            "CreateSecurityGroup": (Who.WRITE, about.created_group),
            "DeleteSecurityGroup": (Who.WRITE, about.group_in()),
            "DescribeSecurityGroups": (
                Who.READ,
                about.listed("security_group_ids", owned.group, "securitygroup"),
            ),
            "DescribeSecurityGroupAttribute": (Who.READ, about.group_in()),
            "DescribeSecurityGroupReferences": (Who.READ, about.each_group),
            "AuthorizeSecurityGroup": (Who.WRITE, about.authorized),
            "AuthorizeSecurityGroupEgress": (Who.WRITE, about.authorized),
            "RevokeSecurityGroup": (Who.WRITE, about.group_in()),
            "RevokeSecurityGroupEgress": (Who.WRITE, about.group_in()),
            "ModifySecurityGroupRule": (Who.WRITE, about.modified_rule),
            "ModifySecurityGroupEgressRule": (Who.WRITE, about.modified_rule),
            "ModifySecurityGroupPolicy": (Who.WRITE, about.group_in()),
            "ModifySecurityGroupAttribute": (Who.WRITE, about.group_in()),
            "ConfigureSecurityGroupPermissions": (Who.WRITE, about.configured),
            "JoinSecurityGroup": (Who.WRITE, about.membership),
            "LeaveSecurityGroup": (Who.WRITE, about.membership),
            "CloneSecurityGroup": (Who.WRITE, about.cloned),
            "ImportSecurityGroupRules": (Who.WRITE, about.imported_rules),
            "ExportSecurityGroupRules": (Who.READ, about.group_in()),
        },
    ),
    **_rows(
        "NetworkService",
        "vpc",
        {
            "CreateVpc": (Who.WRITE, about.of_account("vpc:vpc", "vpc_id")),
            "DeleteVpc": (Who.WRITE, about.vpc),
            "DescribeVpcs": (Who.READ, about.listed("vpc_ids", owned.vpc, "vpc:vpc")),
            "ModifyVpcAttribute": (Who.WRITE, about.vpc),
        },
    ),
    **_rows(
        "NetworkService",
        "ecs",
        {
            "CreateInstance": (Who.WRITE, about.created_member("instance", "instance_id")),
            "DeleteInstance": (Who.WRITE, about.instance),
            "DescribeInstances": (Who.READ, about.listed("instance_ids", owned.instance, "instance")),
            "ModifyInstanceAttribute": (Who.WRITE, about.instance_and_groups),
            "CreateNetworkInterface": (Who.WRITE, about.created_member("eni", "network_interface_id")),
            "DeleteNetworkInterface": (Who.WRITE, about.eni),
            "DescribeNetworkInterfaces": (Who.READ, about.listed("network_interface_ids", owned.eni, "eni")),
            "ModifyNetworkInterfaceAttribute": (Who.WRITE, about.eni_and_groups),
            "AttachNetworkInterface": (Who.WRITE, about.eni_and_instance),
            "DetachNetworkInterface": (Who.WRITE, about.eni_and_instance),
            "AssignPrivateIpAddresses": (Who.WRITE, about.eni),
            "UnassignPrivateIpAddresses": (Who.WRITE, about.eni),
            "AssignIpv6Addresses": (Who.WRITE, about.eni),
            "UnassignIpv6Addresses": (Who.WRITE, about.eni),
            "CreatePrefixList": (Who.WRITE, about.of_account("prefixlist")),
            "ModifyPrefixList": (Who.WRITE, about.prefix_list),
            "DeletePrefixList": (Who.WRITE, about.prefix_list),
            "DescribePrefixLists": (Who.READ, about.listed("prefix_list_ids", owned.prefix_list, "prefixlist")),
            "DescribePrefixListAttributes": (Who.READ, about.prefix_list),
            "DescribePrefixListAssociations": (Who.READ, about.prefix_list),
            "CreatePortRangeList": (Who.WRITE, about.of_account("portrangelist")),
            "ModifyPortRangeList": (Who.WRITE, about.port_list),
            "DeletePortRangeList": (Who.WRITE, about.port_list),
            "DescribePortRangeLists": (
                Who.READ,
                about.listed("port_range_list_ids", owned.port_list, "portrangelist"),
            ),
            "DescribePortRangeListEntries": (Who.READ, about.port_list),
        },
    ),
    **_rows("AccountService", "sts", {"GetCallerIdentity": (Who.ANYBODY, about.nothing)}),
    **_rows(
        "AccountService",
        "quotas",
        {
            "DescribeQuotas": (Who.READ, about.of_account("quotas:quota")),
            "ModifyQuota": (Who.WRITE, about.of_account("quotas:quota", "quota_code")),
            "SetLimitsVersion": (Who.OPERATOR, about.nothing),
        },
    ),
    **_rows(
        "AccountService",
        "ram",
        {
            "CreateUser": (Who.WRITE, about.user),
            "DeleteUser": (Who.WRITE, about.user),
            "ListUsers": (Who.READ, about.of_account("ram:user", "user_name")),
            "CreatePolicy": (Who.WRITE, about.of_account("ram:policy", "policy_name")),
            "DeletePolicy": (Who.WRITE, about.of_account("ram:policy", "policy_name")),
            "GetPolicy": (Who.READ, about.of_account("ram:policy", "policy_name")),
            "ListPolicies": (Who.READ, about.of_account("ram:policy")),
            "AttachPolicyToUser": (Who.WRITE, about.user_and_policy),
            "DetachPolicyFromUser": (Who.WRITE, about.user_and_policy),
        },
    ),
    **_rows(
        "AccountService",
        "ecs",
        {
            "DescribeSmtpExemptions": (Who.READ, about.of_account("smtpexemption")),
            "SetSmtpExemption": (Who.OPERATOR, about.nothing),
            "ListPenalties": (Who.READ, about.listed("penalty_ids", owned.penalty, "penalty")),
            "ImposePenalty": (Who.OPERATOR, about.nothing),
            "RequestUnblock": (Who.WRITE, about.penalty),
            "FileAppeal": (Who.WRITE, about.penalty),
            "LiftPenalty": (Who.OPERATOR, about.nothing),
            "UpholdPenalty": (Who.OPERATOR, about.nothing),
        },
    ),
    **_rows(
        "ImportService",
        "pdp",
        {
            "StageBundlePart": (Who.OPERATOR, about.nothing),
            "PlanImport": (Who.OPERATOR, about.nothing),
            "CommitImport": (Who.OPERATOR, about.nothing),
            "AbortImport": (Who.OPERATOR, about.nothing),
            "ExportBundle": (Who.OPERATOR, about.nothing),
        },
    ),
    **_rows(
        "DecisionService",
        "pdp",
        {
            "CheckFlow": (Who.CHECK, about.enis_asked),
            "BatchCheckFlows": (Who.CHECK, about.enis_asked),
            "CheckFlowColumns": (Who.CHECK, about.enis_asked),
            "ExplainFlow": (Who.CHECK, about.enis_asked),
            "CheckPath": (Who.CHECK, about.enis_asked),
        },
    ),
}
"""Every RPC, as `Service/Method` without the package."""

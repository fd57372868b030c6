"""Every error code of §5.6, raised by a request over a socket and read back as a client reads it, with its details."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from pdp.v1.account_service_pb2 import ImposePenaltyRequest, ModifyQuotaRequest
from pdp.v1.network_service_pb2 import (
    ModifyInstanceAttributeRequest,
    ModifyNetworkInterfaceAttributeRequest,
)
from pdp.v1.resources_pb2 import Permission, WriteOptions
from pdp.v1.security_group_service_pb2 import (
    AuthorizeSecurityGroupRequest,
    DeleteSecurityGroupRequest,
    DescribeSecurityGroupAttributeRequest,
    JoinSecurityGroupRequest,
    LeaveSecurityGroupRequest,
    ModifySecurityGroupPolicyRequest,
    ModifySecurityGroupRuleRequest,
    RevokeSecurityGroupRequest,
)
from tests.architecture.sources import ROOT
from tests.end_to_end.administered import Administered, Client, administered, permission, permissions
from tests.end_to_end.refusals import (
    EXHAUSTED,
    FIELD,
    INVALID,
    LIMIT,
    NOT_FOUND,
    PRECONDITION,
    RESOURCE,
    STATE,
    Asked,
    Case,
    assert_raised,
)

FIRST = "permissions[0]"
SSH = permission(22)
ONCE = {"client_token": "once"}


def authorizing(group: str, *rules: Permission, by: Client, **options: Any) -> Awaitable[Any]:
    return by.groups.AuthorizeSecurityGroup(
        AuthorizeSecurityGroupRequest(security_group_id=group, permissions=rules, write_options=WriteOptions(**options))
    )


def malformed(field: str, value: str) -> Callable[[Administered], Awaitable[Asked]]:
    """A rule with one field that is not well formed."""

    async def ask(served: Administered) -> Asked:
        group = await served.owner.group(await served.owner.vpc())
        rule = Permission()
        rule.CopyFrom(SSH)
        setattr(rule, field, value)
        return Asked(authorizing(group, rule, by=served.owner), f"{FIRST}.{field}")

    return ask


async def the_201st_rule(served: Administered) -> Asked:
    group = await served.owner.group(await served.owner.vpc())
    await served.owner.authorize(group, *permissions(200))
    return Asked(authorizing(group, SSH, by=served.owner), group, (200, 200, 201))


async def one_rule_too_many_for_an_eni(served: Administered) -> Asked:
    """Of the other account, whose limits are lowered: with one group per ENI its limit is that of one group."""
    vpc = await served.other.vpc()
    full, empty = await served.other.group(vpc), await served.other.group(vpc)
    await served.other.authorize(full, *permissions(200))
    await served.other.eni(vpc, full, empty)
    await served.other.accounts.ModifyQuota(ModifyQuotaRequest(quota_code="groups_per_eni", value=1))
    subject = f"ENIs in {', '.join(sorted((full, empty)))}"
    return Asked(authorizing(empty, SSH, by=served.other), subject, (200, 200, 201))


async def an_unknown_group(served: Administered) -> Asked:
    request = DescribeSecurityGroupAttributeRequest(security_group_id="sg-nowhere")
    return Asked(served.owner.groups.DescribeSecurityGroupAttribute(request), "sg-nowhere")


async def an_advanced_group_beside_a_basic_one(served: Administered) -> Asked:
    vpc = await served.owner.vpc()
    eni = await served.owner.eni(vpc, await served.owner.group(vpc))
    advanced = await served.owner.group(vpc, "enterprise")
    request = JoinSecurityGroupRequest(security_group_id=advanced, network_interface_id=eni)
    return Asked(served.owner.groups.JoinSecurityGroup(request), eni)


async def leaving_the_last_group(served: Administered) -> Asked:
    vpc = await served.owner.vpc()
    group = await served.owner.group(vpc)
    eni = await served.owner.eni(vpc, group)
    request = LeaveSecurityGroupRequest(security_group_id=group, network_interface_id=eni)
    return Asked(served.owner.groups.LeaveSecurityGroup(request), eni)


def naming(group: str, port: int = 22) -> Permission:
    """A rule with a group as its peer."""
    return Permission(ip_protocol="TCP", port_range=f"{port}/{port}", source_group_id=group)


async def a_group_that_names_itself(served: Administered) -> Asked:
    group = await served.owner.group(await served.owner.vpc())
    return Asked(authorizing(group, naming(group), by=served.owner), group)


async def the_21st_group_peer(served: Administered) -> Asked:
    vpc = await served.owner.vpc()
    group, peer = await served.owner.group(vpc), await served.owner.group(vpc)
    await served.owner.authorize(group, *(naming(peer, port) for port in range(1, 21)))
    return Asked(authorizing(group, naming(peer, 21), by=served.owner), group, (20, 20, 21))


async def two_equal_rules(served: Administered) -> Asked:
    group = await served.owner.group(await served.owner.vpc())
    return Asked(authorizing(group, SSH, SSH, by=served.owner), "permissions[1]")


async def a_rule_like_another(served: Administered) -> Asked:
    group = await served.owner.group(await served.owner.vpc())
    await served.owner.authorize(group, SSH, permission(23))
    shown = await served.owner.groups.DescribeSecurityGroupAttribute(
        DescribeSecurityGroupAttributeRequest(security_group_id=group)
    )
    telnet = next(rule.security_group_rule_id for rule in shown.permissions if rule.port_range == "23/23")
    request = ModifySecurityGroupRuleRequest(
        security_group_id=group, security_group_rule_id=telnet, permission=Permission(port_range="22/22")
    )
    return Asked(served.owner.groups.ModifySecurityGroupRule(request), telnet)


async def revoking_an_unknown_rule(served: Administered) -> Asked:
    group = await served.owner.group(await served.owner.vpc())
    request = RevokeSecurityGroupRequest(security_group_id=group, security_group_rule_ids=["sgr-nowhere"])
    return Asked(served.owner.groups.RevokeSecurityGroup(request), "sgr-nowhere")


async def deleting_a_group_with_members(served: Administered) -> Asked:
    vpc = await served.owner.vpc()
    group = await served.owner.group(vpc)
    await served.owner.eni(vpc, group)
    request = DeleteSecurityGroupRequest(security_group_id=group)
    return Asked(served.owner.groups.DeleteSecurityGroup(request), group)


async def writing_to_a_managed_group(served: Administered) -> Asked:
    group = await served.operator.group(await served.owner.vpc(), service_managed=True)
    return Asked(authorizing(group, SSH, by=served.owner), group)


async def another_group_for_a_locked_instance(served: Administered) -> Asked:
    vpc = await served.owner.vpc()
    instance, _ = await served.owner.instance(vpc, await served.owner.group(vpc))
    await served.operator.accounts.ImposePenalty(
        ImposePenaltyRequest(penalty_class="malicious_behaviour", action="LOCK", instance_id=instance)
    )
    request = ModifyInstanceAttributeRequest(instance_id=instance, security_group_ids=[await served.owner.group(vpc)])
    return Asked(served.owner.network.ModifyInstanceAttribute(request), instance)


async def one_token_for_two_requests(served: Administered) -> Asked:
    group = await served.owner.group(await served.owner.vpc())
    await authorizing(group, SSH, by=served.owner, **ONCE)
    call = authorizing(group, permission(23), by=served.owner, **ONCE)
    return Asked(call, "write_options.client_token")


async def the_sixth_group(served: Administered) -> Asked:
    vpc = await served.owner.vpc()
    groups = [await served.owner.group(vpc) for _ in range(6)]
    eni = await served.owner.eni(vpc, *groups[:5])
    request = ModifyNetworkInterfaceAttributeRequest(network_interface_id=eni, security_group_ids=groups)
    return Asked(served.owner.network.ModifyNetworkInterfaceAttribute(request), eni, (5, 5, 6))


async def an_advanced_group_that_accepts_within(served: Administered) -> Asked:
    group = await served.owner.group(await served.owner.vpc(), "enterprise")
    request = ModifySecurityGroupPolicyRequest(security_group_id=group, inner_access_policy="Accept")
    return Asked(served.owner.groups.ModifySecurityGroupPolicy(request), group)


CASES = {
    "AuthorizationLimitExceed": Case(the_201st_rule, EXHAUSTED, (LIMIT,)),
    "AclLimitExceed": Case(one_rule_too_many_for_an_eni, EXHAUSTED, (LIMIT,)),
    "InvalidPriority.ValueNotSupported": Case(malformed("priority", "101"), INVALID, (FIELD,)),
    "InvalidIpProtocol.ValueNotSupported": Case(malformed("ip_protocol", "TPC"), INVALID, (FIELD,)),
    "InvalidPortRange.Malformed": Case(malformed("port_range", "22"), INVALID, (FIELD,)),
    "InvalidSourceCidrIp.Malformed": Case(malformed("source_cidr_ip", "10.0.0.0/33"), INVALID, (FIELD,)),
    "InvalidSecurityGroupId.NotFound": Case(an_unknown_group, NOT_FOUND, (FIELD, RESOURCE)),
    "InvalidOperation.MultiGroupType": Case(an_advanced_group_beside_a_basic_one, PRECONDITION, (STATE,)),
    "InvalidOperation.AtLeastInOneGroup": Case(leaving_the_last_group, PRECONDITION, (STATE,)),
    "InvalidGroupAuthParameter.OperationDenied": Case(a_group_that_names_itself, PRECONDITION, (STATE,)),
    "InvalidParam.DuplicatePermissions": Case(two_equal_rules, INVALID, (FIELD,)),
    "InvalidOperation.RuleDuplicate": Case(a_rule_like_another, PRECONDITION, (STATE,)),
    "InvalidSecurityGroupRule.RuleNotExist": Case(revoking_an_unknown_rule, NOT_FOUND, (FIELD, RESOURCE)),
    "DependencyViolation": Case(deleting_a_group_with_members, PRECONDITION, (STATE,)),
    "InvalidOperation.ResourceManagedByCloudProduct": Case(writing_to_a_managed_group, PRECONDITION, (FIELD, STATE)),
    "InstanceLockedForSecurity": Case(another_group_for_a_locked_instance, PRECONDITION, (STATE,)),
    "IdempotentParameterMismatch": Case(one_token_for_two_requests, INVALID, (FIELD,)),
    "InstanceSecurityGroupLimitExceeded": Case(the_sixth_group, EXHAUSTED, (LIMIT,)),
    "AuthorizedGroupRule.LimitExceed": Case(the_21st_group_peer, EXHAUSTED, (LIMIT,)),
    "InvalidParameter.InnerAccessPolicy": Case(an_advanced_group_that_accepts_within, PRECONDITION, (STATE,)),
}


@pytest.fixture(scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Administered]:
    async with administered(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.mark.parametrize("code", CASES)
async def test_a_code_is_raised_and_read_back_with_its_details(code: str, served: Administered) -> None:
    await assert_raised(code, CASES[code], served)


def test_the_table_has_every_code_of_the_clause() -> None:
    """§5.6."""
    page = (ROOT / "docs" / "semantics.md").read_text(encoding="utf-8")
    clause = re.search(r"^- 5\.6 (.*?)(?=^- |^#)", page, re.MULTILINE | re.DOTALL)
    assert clause is not None
    assert sorted(re.findall(r"`([^`]+)`", clause[1])) == sorted(CASES)

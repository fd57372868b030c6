"""Limits (§4.3, §4.10 to §4.12) as clients meet them: refused with the product's code and the numbers, and raised."""

from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import StatusCode

from pdp.v1 import flow_pb2
from pdp.v1.account_service_pb2 import (
    DescribeQuotasRequest,
    ModifyQuotaRequest,
    ModifyQuotaResponse,
    SetLimitsVersionRequest,
)
from pdp.v1.network_service_pb2 import DescribeNetworkInterfacesRequest, ModifyInstanceAttributeRequest
from pdp.v1.resources_pb2 import Quota
from pdp.v1.security_group_service_pb2 import (
    AuthorizeSecurityGroupRequest,
    ConfigureSecurityGroupPermissionsRequest,
    JoinSecurityGroupRequest,
    LeaveSecurityGroupRequest,
)
from tests.builders import group, resources
from tests.end_to_end.administered import (
    Administered,
    Client,
    administered,
    permission,
    permissions,
)
from tests.end_to_end.refusals import Refused, refused_by

SSH = permission(22)
ACCEPT, DROP = flow_pb2.ACTION_ACCEPT, flow_pb2.ACTION_DROP
RULES_PER_GROUP, RULES_PER_ENI = "AuthorizationLimitExceed", "AclLimitExceed"
GROUPS_PER_ENI, MULTI_GROUP_TYPE = "InstanceSecurityGroupLimitExceeded", "InvalidOperation.MultiGroupType"


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Administered]:
    async with administered(tmp_path) as running:
        yield running


@pytest.fixture
def owner(served: Administered) -> Client:
    return served.owner


async def refusal_of(call: Awaitable[Any]) -> Refused:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return refused_by(caught.value)


def authorize(client: Client, group_id: str, port: int) -> Awaitable[Any]:
    return client.groups.AuthorizeSecurityGroup(
        AuthorizeSecurityGroupRequest(security_group_id=group_id, permissions=[permission(port)])
    )


def join(client: Client, group_id: str, eni: str) -> Awaitable[Any]:
    return client.groups.JoinSecurityGroup(
        JoinSecurityGroupRequest(security_group_id=group_id, network_interface_id=eni)
    )


def leave(client: Client, group_id: str, eni: str) -> Awaitable[Any]:
    return client.groups.LeaveSecurityGroup(
        LeaveSecurityGroupRequest(security_group_id=group_id, network_interface_id=eni)
    )


def give(client: Client, instance: str, *groups: str) -> Awaitable[Any]:
    """Replaces all groups of an instance."""
    return client.network.ModifyInstanceAttribute(
        ModifyInstanceAttributeRequest(instance_id=instance, security_group_ids=groups)
    )


def set_quota(client: Client, code: str, value: int) -> Awaitable[ModifyQuotaResponse]:
    return client.accounts.ModifyQuota(ModifyQuotaRequest(quota_code=code, value=value))


async def quota(client: Client, code: str) -> Quota:
    [found] = (await client.accounts.DescribeQuotas(DescribeQuotasRequest(quota_codes=[code]))).quotas
    return found


async def groups_of(client: Client, eni: str) -> list[str]:
    request = DescribeNetworkInterfacesRequest(network_interface_ids=[eni])
    [found] = (await client.network.DescribeNetworkInterfaces(request)).network_interfaces
    return list(found.security_group_ids)


async def full_group(client: Client, vpc: str) -> str:
    made = await client.group(vpc)
    await client.authorize(made, *permissions(200))
    return made


async def test_the_201st_rule_is_refused_and_the_refusal_says_what_to_do(owner: Client) -> None:
    """§4.10, §4.12."""
    full = await full_group(owner, await owner.vpc())
    refused = await refusal_of(authorize(owner, full, 22))
    assert (refused.info.reason, refused.status) == (RULES_PER_GROUP, StatusCode.RESOURCE_EXHAUSTED)
    assert refused.info.metadata["limit"] == "rules per group"
    assert refused.numbers == (200, 200, 201)
    [violation] = refused.details["QuotaFailure"].violations
    assert violation.subject == full
    assert violation.description == refused.message
    assert "the limit is 200, there are 200 now, and this would make 201" in refused.message
    assert "delete rules that are no longer needed, or spread rules over several groups" in refused.message


async def test_a_full_group_still_takes_one_rule_for_another(owner: Client) -> None:
    """§5.4: those that go are counted out first."""
    full = await full_group(owner, await owner.vpc())
    gone = permissions(1)[0]
    gone.direction = "ingress"
    new = permission(22)
    new.direction = "ingress"
    await owner.groups.ConfigureSecurityGroupPermissions(
        ConfigureSecurityGroupPermissionsRequest(
            security_group_id=full, authorize_permissions=[new], revoke_permissions=[gone]
        )
    )
    assert (await quota(owner, "rules_per_group")).usage.count == 200


async def test_a_sixth_group_is_refused_by_join_and_by_replacement(owner: Client) -> None:
    """§4.10."""
    vpc = await owner.vpc()
    groups = [await owner.group(vpc) for _ in range(6)]
    instance, eni = await owner.instance(vpc, *groups[:5])
    for call in (join(owner, groups[5], eni), give(owner, instance, *groups)):
        refused = await refusal_of(call)
        assert (refused.info.reason, refused.status) == (GROUPS_PER_ENI, StatusCode.RESOURCE_EXHAUSTED)
        assert refused.numbers == (5, 5, 6)
        assert refused.details["QuotaFailure"].violations[0].subject == eni
        assert "leave a group first, or raise groups per ENI" in refused.message
    assert await groups_of(owner, eni) == sorted(groups[:5])


async def test_an_advanced_group_is_refused_beside_a_basic_one_and_not_in_its_place(owner: Client) -> None:
    """§4.3."""
    vpc = await owner.vpc()
    basic, advanced = await owner.group(vpc), await owner.group(vpc, "enterprise")
    instance, eni = await owner.instance(vpc, basic)
    for call in (join(owner, advanced, eni), give(owner, instance, basic, advanced)):
        refused = await refusal_of(call)
        assert (refused.info.reason, refused.status) == (MULTI_GROUP_TYPE, StatusCode.FAILED_PRECONDITION)
        [violation] = refused.details["PreconditionFailure"].violations
        assert (violation.type, violation.subject) == (MULTI_GROUP_TYPE, eni)
        assert basic in violation.description
        assert advanced in violation.description
    await give(owner, instance, advanced)
    assert await groups_of(owner, eni) == [advanced]


async def test_raising_groups_per_eni_lets_the_sixth_group_and_the_1001st_rule_through(owner: Client) -> None:
    """§4.10: the rules of an ENI follow groups per ENI."""
    vpc = await owner.vpc()
    full = [await full_group(owner, vpc) for _ in range(5)]
    sixth = await owner.group(vpc)
    await owner.authorize(sixth, SSH)
    eni = await owner.eni(vpc, *full)
    assert (await quota(owner, "rules_per_eni")).usage.count == 1_000
    assert (await refusal_of(join(owner, sixth, eni))).info.reason == GROUPS_PER_ENI
    assert (await owner.check(eni)).verdict.action == DROP
    raised = await set_quota(owner, "groups_per_eni", 6)
    assert (raised.quota.value, raised.quota.default_value) == (6, 5)
    assert (await quota(owner, "rules_per_eni")).value == 1_200
    await join(owner, sixth, eni)
    assert (await quota(owner, "rules_per_eni")).usage.count == 1_001
    assert (await owner.check(eni)).verdict.group_id == sixth


async def test_the_1001st_rule_of_an_eni_through_a_group_change_waits_for_the_quota(served: Administered) -> None:
    """§4.12: a group that was imported may hold more than a request could put there."""
    owner, vpc = served.owner, await served.owner.vpc()
    await served.bring_in(
        resources([group("sg-large", *(f"accept tcp/{port} from 10.0.0.0/8" for port in range(1, 202)), vpc=vpc)])
    )
    full = [await full_group(owner, vpc) for _ in range(4)]
    instance, eni = await owner.instance(vpc, *full)
    wanted = (*full, "sg-large")
    for call in (join(owner, "sg-large", eni), give(owner, instance, *wanted)):
        refused = await refusal_of(call)
        assert (refused.info.reason, refused.status) == (RULES_PER_ENI, StatusCode.RESOURCE_EXHAUSTED)
        assert refused.numbers == (1_000, 800, 1_001)
        assert refused.details["QuotaFailure"].violations[0].subject == eni
        assert "raise groups per ENI" in refused.message
    await set_quota(owner, "groups_per_eni", 6)
    await give(owner, instance, *wanted)
    assert await groups_of(owner, eni) == sorted(wanted)


async def test_under_the_limits_of_2026_more_groups_are_free_and_more_rules_are_not(served: Administered) -> None:
    """§4.10: 10 groups, and 1,000 rules whatever the groups."""
    owner, vpc = served.owner, await served.owner.vpc()
    full = [await full_group(owner, vpc) for _ in range(5)]
    empty, one = await owner.group(vpc), await owner.group(vpc)
    await owner.authorize(one, SSH)
    eni = await owner.eni(vpc, *full)
    await served.operator.accounts.SetLimitsVersion(SetLimitsVersionRequest(version="2026"))
    await join(owner, empty, eni)
    refused = await refusal_of(join(owner, one, eni))
    assert (refused.info.reason, refused.numbers) == (RULES_PER_ENI, (1_000, 1_000, 1_001))
    assert "raise groups per ENI" not in refused.message
    refused = await refusal_of(authorize(owner, empty, 22))
    assert (refused.info.reason, refused.numbers) == (RULES_PER_ENI, (1_000, 1_000, 1_001))


async def test_lowering_a_limit_removes_nothing_and_refuses_growth_alone(owner: Client) -> None:
    """§4.10: it applies at once to all that exists."""
    vpc = await owner.vpc()
    groups = [await owner.group(vpc) for _ in range(5)]
    await owner.authorize(groups[0], *permissions(200))
    await owner.authorize(groups[1], SSH)
    eni = await owner.eni(vpc, *groups[:4])
    before = (await owner.check(eni)).verdict
    assert before.action == ACCEPT
    lowered = await set_quota(owner, "groups_per_eni", 1)
    assert (lowered.quota.value, lowered.quota.usage.count) == (1, 4)
    after = await owner.check(eni, lowered.position.revision)
    assert after.position.revision == lowered.position.revision
    assert after.verdict == before
    assert await groups_of(owner, eni) == sorted(groups[:4])
    refused = await refusal_of(join(owner, groups[4], eni))
    assert (refused.info.reason, refused.numbers) == (GROUPS_PER_ENI, (1, 4, 5))
    refused = await refusal_of(authorize(owner, groups[2], 23))
    assert (refused.info.reason, refused.numbers) == (RULES_PER_ENI, (200, 201, 202))
    await leave(owner, groups[3], eni)
    assert await groups_of(owner, eni) == sorted(groups[:3])


async def test_rules_per_group_stays_and_the_refusal_says_what_to_do_instead(owner: Client) -> None:
    """§4.10."""
    shown = await quota(owner, "rules_per_group")
    assert (shown.value, shown.adjustable) == (200, False)
    refused = await refusal_of(set_quota(owner, "rules_per_group", 300))
    assert (refused.info.reason, refused.status) == (
        "InvalidOperation.QuotaNotAdjustable",
        StatusCode.FAILED_PRECONDITION,
    )
    assert refused.message == shown.reason
    assert "cannot be adjusted; delete rules that are no longer needed, or spread rules" in refused.message
    [violation] = refused.details["PreconditionFailure"].violations
    assert (violation.subject, violation.description) == ("rules_per_group", shown.reason)
    assert [fault.field for fault in refused.details["BadRequest"].field_violations] == ["quota_code"]
    assert await quota(owner, "rules_per_group") == shown

"""The error codes beside those of §5.6: each raised over a socket and read back with its details."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from grpc import StatusCode

from pdp.model.codes import Code
from pdp.server.staging import MOST_IMPORTS, STAGING_AREA
from pdp.store import journal
from pdp.v1.account_service_pb2 import (
    AttachPolicyToUserRequest,
    CreatePolicyRequest,
    CreateUserRequest,
    DeleteUserRequest,
    FileAppealRequest,
    ImposePenaltyRequest,
    ModifyQuotaRequest,
)
from pdp.v1.import_service_pb2 import BundleFile, CommitImportRequest, PlanImportRequest, StageBundlePartRequest
from pdp.v1.network_service_pb2 import (
    CreateNetworkInterfaceRequest,
    CreatePrefixListRequest,
    CreateVpcRequest,
    DeleteNetworkInterfaceRequest,
    DeleteVpcRequest,
    DescribePortRangeListEntriesRequest,
    DescribePrefixListAttributesRequest,
    DescribeVpcsRequest,
    ModifyInstanceAttributeRequest,
    ModifyNetworkInterfaceAttributeRequest,
    ModifyPrefixListRequest,
)
from pdp.v1.resources_pb2 import Permission, PrefixListEntry, WriteOptions
from pdp.v1.security_group_service_pb2 import (
    CreateSecurityGroupRequest,
    DescribeSecurityGroupAttributeRequest,
    JoinSecurityGroupRequest,
    LeaveSecurityGroupRequest,
    ModifySecurityGroupRuleRequest,
)
from tests.end_to_end import test_error_codes
from tests.end_to_end.administered import Administered, Client, administered, permission
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
    refused_by,
)
from tests.end_to_end.test_error_codes import malformed

NOWHERE = "x-nowhere"
FIRST_FILE = "DescribeSecurityGroups.json"
RETRY = "RetryInfo"
ELSEWHERE = {Code.STORE_UNAVAILABLE, Code.READ_ONLY}
"""Raised by a store that is locked and by a server of a bundle: see test_store_server."""
NO_REQUEST = {Code.GROUP_TYPE_FIXED}
"""No request can ask for it; what keeps a group's type is tested where changes are applied."""

Method = Callable[[Client], Callable[..., Awaitable[Any]]]
Ask = Callable[[Administered], Awaitable[Asked]]


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Administered]:
    async with administered(tmp_path) as running:
        yield running


def by_owner(call: Method, request: Message, subject: str) -> Ask:
    """One request of the owner that needs nothing to be there."""

    async def ask(served: Administered) -> Asked:
        return Asked(call(served.owner)(request), subject)

    return ask


def unknown(call: Method, request: Message) -> Case:
    """One request of the owner about x-nowhere."""
    return Case(by_owner(call, request, NOWHERE), NOT_FOUND, (FIELD, RESOURCE))


async def a_rule_of_another_kind(served: Administered) -> Asked:
    group = await served.owner.group(await served.owner.vpc())
    await served.owner.authorize(group, permission(22))
    shown = await served.owner.groups.DescribeSecurityGroupAttribute(
        DescribeSecurityGroupAttributeRequest(security_group_id=group)
    )
    rule = shown.permissions[0].security_group_rule_id
    request = ModifySecurityGroupRuleRequest(
        security_group_id=group,
        security_group_rule_id=rule,
        permission=Permission(source_prefix_list_id="pl-1"),
    )
    return Asked(served.owner.groups.ModifySecurityGroupRule(request), rule)


async def one_address_too_many(served: Administered) -> Asked:
    vpc = await served.owner.vpc()
    group = await served.owner.group(vpc)
    await served.owner.accounts.ModifyQuota(ModifyQuotaRequest(quota_code="addresses_per_basic_group", value=1))
    first, second = (
        CreateNetworkInterfaceRequest(vpc_id=vpc, security_group_ids=[group], primary_ip_address=address)
        for address in ("10.0.0.1", "10.0.0.2")
    )
    await served.owner.network.CreateNetworkInterface(first)
    return Asked(served.owner.network.CreateNetworkInterface(second), group, (1, 1, 2))


async def one_group_too_many(served: Administered) -> Asked:
    vpc = await served.owner.vpc()
    await served.owner.group(vpc)
    await served.owner.accounts.ModifyQuota(ModifyQuotaRequest(quota_code="groups_per_account", value=1))
    call = served.owner.groups.CreateSecurityGroup(CreateSecurityGroupRequest(vpc_id=vpc))
    return Asked(call, "account 1000", (1, 1, 2))


async def one_entry_too_many(served: Administered) -> Asked:
    entries = [PrefixListEntry(cidr=cidr) for cidr in ("10.0.0.0/8", "192.168.0.0/16")]
    request = CreatePrefixListRequest(address_family="IPv4", max_entries=1, entries=entries[:1])
    made = (await served.owner.network.CreatePrefixList(request)).prefix_list_id
    more = ModifyPrefixListRequest(prefix_list_id=made, add_entries=entries[1:])
    return Asked(served.owner.network.ModifyPrefixList(more), made, (1, 1, 2))


async def leaving_a_group_of_others(served: Administered) -> Asked:
    vpc = await served.owner.vpc()
    eni, group = await served.owner.eni(vpc, await served.owner.group(vpc)), await served.owner.group(vpc)
    request = LeaveSecurityGroupRequest(security_group_id=group, network_interface_id=eni)
    return Asked(served.owner.groups.LeaveSecurityGroup(request), group)


async def a_group_of_another_vpc(served: Administered) -> Asked:
    vpc, elsewhere = await served.owner.vpc(), await served.owner.vpc()
    eni, group = await served.owner.eni(vpc, await served.owner.group(vpc)), await served.owner.group(elsewhere)
    request = JoinSecurityGroupRequest(security_group_id=group, network_interface_id=eni)
    return Asked(served.owner.groups.JoinSecurityGroup(request), group)


async def a_primary_eni_that_goes_alone(served: Administered) -> Asked:
    vpc = await served.owner.vpc()
    _, eni = await served.owner.instance(vpc, await served.owner.group(vpc))
    request = DeleteNetworkInterfaceRequest(network_interface_id=eni)
    return Asked(served.owner.network.DeleteNetworkInterface(request), eni)


async def an_id_that_is_taken(served: Administered) -> Asked:
    request = CreateVpcRequest(vpc_id=await served.owner.vpc(), cidr_block="10.0.0.0/8")
    return Asked(served.owner.network.CreateVpc(request), request.vpc_id)


async def a_second_appeal(served: Administered) -> Asked:
    vpc = await served.owner.vpc()
    instance, _ = await served.owner.instance(vpc, await served.owner.group(vpc))
    imposed = await served.operator.accounts.ImposePenalty(
        ImposePenaltyRequest(penalty_class="malicious_behaviour", action="BLOCK_TRAFFIC", instance_id=instance)
    )
    request = FileAppealRequest(penalty_id=imposed.penalty.penalty_id, statement="no")
    await served.owner.accounts.FileAppeal(request)
    return Asked(served.owner.accounts.FileAppeal(request), request.penalty_id)


async def a_policy_nobody_has(served: Administered) -> Asked:
    await served.owner.accounts.CreateUser(CreateUserRequest(user_name="alice"))
    request = AttachPolicyToUserRequest(user_name="alice", policy_name="x-nowhere")
    return Asked(served.owner.accounts.AttachPolicyToUser(request), NOWHERE)


async def a_token_of_another_list(served: Administered) -> Asked:
    await served.owner.vpc()
    await served.owner.vpc()
    token = (await served.owner.network.DescribeVpcs(DescribeVpcsRequest(max_results=1))).next_token
    request = DescribeVpcsRequest(max_results=1, vpc_name="another", next_token=token)
    return Asked(served.owner.network.DescribeVpcs(request), "next_token")


async def another_revision_than_expected(served: Administered) -> Asked:
    await served.owner.vpc()
    options = WriteOptions(expected_revision=7)
    request = CreateVpcRequest(cidr_block="10.0.0.0/8", write_options=options)
    return Asked(served.owner.network.CreateVpc(request), served.snapshot.store)


async def a_group_of_another_account(served: Administered) -> Asked:
    group = await served.owner.group(await served.owner.vpc())
    request = DescribeSecurityGroupAttributeRequest(security_group_id=group)
    return Asked(served.other.groups.DescribeSecurityGroupAttribute(request))


async def an_unknown_import(served: Administered) -> Asked:
    request = PlanImportRequest(import_id="x-nowhere", part_count=1)
    return Asked(served.operator.imports.PlanImport(request), NOWHERE)


def staging(served: Administered, name: str) -> Awaitable[Any]:
    """Stages a bundle that has no answers at all."""
    files = [BundleFile(name="pdp.json", content=b"{}")]
    return served.operator.imports.StageBundlePart(StageBundlePartRequest(import_id=name, part_number=1, files=files))


async def a_bundle_with_faults(served: Administered) -> Asked:
    await staging(served, "faulty")
    return Asked(
        served.operator.imports.CommitImport(CommitImportRequest(import_id="faulty", part_count=1)), FIRST_FILE
    )


async def too_many_imports(served: Administered) -> Asked:
    for number in range(MOST_IMPORTS):
        await staging(served, f"import-{number}")
    return Asked(staging(served, "one-more"), STAGING_AREA, (MOST_IMPORTS, MOST_IMPORTS, MOST_IMPORTS + 1))


async def one_more_write(served: Administered) -> Asked:
    return Asked(served.owner.network.CreateVpc(CreateVpcRequest(cidr_block="10.0.0.0/8")), served.snapshot.store)


IMPOSE = ImposePenaltyRequest(penalty_class="malicious_behaviour", action="LOCK", instance_id="i-1")
ENI = ModifyNetworkInterfaceAttributeRequest(network_interface_id="x-nowhere")
CASES = {
    Code.INVALID_POLICY: Case(malformed("policy", "allow"), INVALID, (FIELD,)),
    Code.INVALID_SOURCE_PORT_RANGE: Case(malformed("source_port_range", "1"), INVALID, (FIELD,)),
    Code.INVALID_DEST_CIDR: Case(malformed("dest_cidr_ip", "10.0.0.0/33"), INVALID, (FIELD,)),
    Code.RULE_KIND_FIXED: Case(a_rule_of_another_kind, PRECONDITION, (FIELD, STATE)),
    Code.MEMBERS_PER_GROUP: Case(one_address_too_many, EXHAUSTED, (LIMIT,)),
    Code.GROUPS_PER_ACCOUNT: Case(one_group_too_many, EXHAUSTED, (LIMIT,)),
    Code.LIST_ENTRIES: Case(one_entry_too_many, EXHAUSTED, (LIMIT,)),
    Code.QUOTA_FIXED: Case(
        by_owner(
            lambda client: client.accounts.ModifyQuota,
            ModifyQuotaRequest(quota_code="rules_per_group", value=300),
            "rules_per_group",
        ),
        PRECONDITION,
        (FIELD, STATE),
    ),
    Code.NOT_A_MEMBER: Case(leaving_a_group_of_others, PRECONDITION, (STATE,)),
    Code.DIFFERENT_VPC: Case(a_group_of_another_vpc, PRECONDITION, (STATE,)),
    Code.PRIMARY_ENI: Case(a_primary_eni_that_goes_alone, PRECONDITION, (FIELD, STATE)),
    Code.VPC_NOT_FOUND: unknown(lambda client: client.network.DeleteVpc, DeleteVpcRequest(vpc_id="x-nowhere")),
    Code.ENI_NOT_FOUND: unknown(lambda client: client.network.ModifyNetworkInterfaceAttribute, ENI),
    Code.INSTANCE_NOT_FOUND: unknown(
        lambda client: client.network.ModifyInstanceAttribute, ModifyInstanceAttributeRequest(instance_id="x-nowhere")
    ),
    Code.PREFIX_LIST_NOT_FOUND: unknown(
        lambda client: client.network.DescribePrefixListAttributes,
        DescribePrefixListAttributesRequest(prefix_list_id="x-nowhere"),
    ),
    Code.PORT_LIST_NOT_FOUND: unknown(
        lambda client: client.network.DescribePortRangeListEntries,
        DescribePortRangeListEntriesRequest(port_range_list_id="x-nowhere"),
    ),
    Code.PENALTY_NOT_FOUND: unknown(
        lambda client: client.accounts.FileAppeal, FileAppealRequest(penalty_id="x-nowhere", statement="no")
    ),
    Code.USER_NOT_FOUND: unknown(lambda client: client.accounts.DeleteUser, DeleteUserRequest(user_name="x-nowhere")),
    Code.POLICY_NOT_FOUND: Case(a_policy_nobody_has, NOT_FOUND, (FIELD, RESOURCE)),
    Code.IMPORT_NOT_FOUND: Case(an_unknown_import, NOT_FOUND, (FIELD, RESOURCE)),
    Code.ALREADY_EXISTS: Case(an_id_that_is_taken, StatusCode.ALREADY_EXISTS, (FIELD, RESOURCE)),
    Code.PENALTY_STATE: Case(a_second_appeal, PRECONDITION, (FIELD, STATE)),
    Code.OPERATOR_ONLY: Case(
        by_owner(lambda client: client.accounts.ImposePenalty, IMPOSE, ""), StatusCode.PERMISSION_DENIED, ()
    ),
    Code.MISSING_PARAMETER: Case(
        by_owner(lambda client: client.network.CreateVpc, CreateVpcRequest(), "cidr_block"), INVALID, (FIELD,)
    ),
    Code.INVALID_PARAMETER: Case(
        by_owner(lambda client: client.network.CreateVpc, CreateVpcRequest(cidr_block="10.0.0.0/33"), "cidr_block"),
        INVALID,
        (FIELD,),
    ),
    Code.MALFORMED_POLICY_DOCUMENT: Case(
        by_owner(
            lambda client: client.accounts.CreatePolicy,
            CreatePolicyRequest(policy_name="p", policy_document="{}"),
            "policy_document",
        ),
        INVALID,
        (FIELD,),
    ),
    Code.INVALID_NEXT_TOKEN: Case(a_token_of_another_list, INVALID, (FIELD,)),
    Code.REVISION_MISMATCH: Case(another_revision_than_expected, StatusCode.ABORTED, (FIELD, STATE)),
    Code.STAGED_IMPORTS: Case(too_many_imports, EXHAUSTED, (LIMIT,)),
    Code.FORBIDDEN: Case(a_group_of_another_account, StatusCode.PERMISSION_DENIED, ()),
    Code.BUNDLE_REFUSED: Case(a_bundle_with_faults, INVALID, (FIELD,)),
}


async def test_who_shows_no_token_is_not_known(served: Administered) -> None:
    async with grpc.aio.insecure_channel(served.server.address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await Client(channel).vpc()
    refused = refused_by(caught.value)
    assert (refused.info.reason, refused.status) == (Code.UNAUTHENTICATED.value, StatusCode.UNAUTHENTICATED)


async def test_a_write_that_others_overtake_every_time_may_be_sent_again(
    served: Administered, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server gives up before its first attempt here, as it does after the last."""
    monkeypatch.setattr(journal, "ATTEMPTS", 0)
    case = Case(one_more_write, StatusCode.ABORTED, (STATE, RETRY))
    await assert_raised(Code.TOO_BUSY.value, case, served)


def test_every_code_is_raised_somewhere() -> None:
    here = {*CASES, Code.UNAUTHENTICATED, Code.TOO_BUSY}
    of_the_clause = {Code(code) for code in test_error_codes.CASES}
    assert here.isdisjoint(of_the_clause)
    assert here | of_the_clause | ELSEWHERE | NO_REQUEST == set(Code)


@pytest.mark.parametrize("code", CASES, ids=lambda code: code.value)
async def test_a_code_is_raised_and_read_back_with_its_details(code: Code, served: Administered) -> None:
    await assert_raised(code.value, CASES[code], served)

"""The FAQ's deny policy (§6.2), attached to a user through the API: what it refuses over a socket, and what it lets."""

from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest
from grpc import StatusCode

from pdp.model.rules import Action
from pdp.v1 import security_group_service_pb2 as pb
from pdp.v1.account_service_pb2 import (
    AttachPolicyToUserRequest,
    CreatePolicyRequest,
    CreateUserRequest,
    DetachPolicyFromUserRequest,
)
from pdp.v1.resources_pb2 import Permission
from tests.architecture.sources import ROOT
from tests.end_to_end.administered import Administered, administered, permission
from tests.end_to_end.refusals import refused_by

FAQ = (ROOT / "tests" / "policy" / "data" / "ram-deny-policy.json").read_text(encoding="utf-8")
ALLOW_ALL = '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
SSH = permission(22)
OUT, MORE_OUT = (
    Permission(ip_protocol="TCP", port_range=ports, dest_cidr_ip="0.0.0.0/0") for ports in ("443/443", "8443/8443")
)
BOTH_WAYS = Permission(direction="ingress", ip_protocol="TCP", port_range="23/23", source_cidr_ip="0.0.0.0/0")


class Guarded(NamedTuple):
    """A group with a rule of each direction, and its user alice, who has both policies."""

    served: Administered
    vpc: str
    group: str
    ingress: str
    egress: str


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Guarded]:
    async with administered(tmp_path) as served:
        owner, accounts = served.owner, served.owner.accounts
        await accounts.CreateUser(CreateUserRequest(user_name="alice"))
        for name, document in (("all", ALLOW_ALL), ("faq", FAQ)):
            await accounts.CreatePolicy(CreatePolicyRequest(policy_name=name, policy_document=document))
            await accounts.AttachPolicyToUser(AttachPolicyToUserRequest(user_name="alice", policy_name=name))
        vpc = await owner.vpc()
        group = await owner.group(vpc)
        ingress = await owner.groups.AuthorizeSecurityGroup(
            pb.AuthorizeSecurityGroupRequest(security_group_id=group, permissions=[SSH])
        )
        egress = await owner.groups.AuthorizeSecurityGroupEgress(
            pb.AuthorizeSecurityGroupEgressRequest(security_group_id=group, permissions=[OUT])
        )
        ids = [answer.permissions[0].security_group_rule_id for answer in (ingress, egress)]
        yield Guarded(served, vpc, group, *ids)


def the_nine(guarded: Guarded) -> list[Any]:
    """A request of each action that the policy denies; the owner could make every one of them, in this order."""
    group = guarded.group
    more = Permission(port_range="80/80")
    return [
        pb.AuthorizeSecurityGroupRequest(security_group_id=group, permissions=[permission(3389)]),
        pb.AuthorizeSecurityGroupEgressRequest(security_group_id=group, permissions=[MORE_OUT]),
        pb.ModifySecurityGroupRuleRequest(
            security_group_id=group, security_group_rule_id=guarded.ingress, permission=more
        ),
        pb.ModifySecurityGroupEgressRuleRequest(
            security_group_id=group, security_group_rule_id=guarded.egress, permission=more
        ),
        pb.ModifySecurityGroupPolicyRequest(security_group_id=group, inner_access_policy="Drop"),
        pb.ModifySecurityGroupAttributeRequest(security_group_id=group, description="changed"),
        pb.ConfigureSecurityGroupPermissionsRequest(security_group_id=group, authorize_permissions=[BOTH_WAYS]),
        pb.RevokeSecurityGroupRequest(security_group_id=group, security_group_rule_ids=[guarded.ingress]),
        pb.RevokeSecurityGroupEgressRequest(security_group_id=group, security_group_rule_ids=[guarded.egress]),
    ]


def call(stub: Any, request: Any) -> Awaitable[Any]:
    """The call that a request is for."""
    method = getattr(stub, type(request).__name__.removesuffix("Request"))
    answer: Awaitable[Any] = method(request)
    return answer


async def test_the_faqs_policy_denies_its_nine_actions_whatever_else_allows_them(guarded: Guarded) -> None:
    """§6.2."""
    before = guarded.served.snapshot
    for request in the_nine(guarded):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(guarded.served.alice.groups, request)
        refused = refused_by(caught.value)
        assert (refused.info.reason, refused.status) == ("Forbidden.RAM", StatusCode.PERMISSION_DENIED)
        assert f"denies ecs:{type(request).__name__.removesuffix('Request')}" in refused.message
        assert "policy faq" in refused.message
    assert guarded.served.snapshot is before


async def test_the_faqs_policy_leaves_all_else_to_others(guarded: Guarded) -> None:
    """§6.2."""
    alice = guarded.served.alice
    made = await alice.group(guarded.vpc)
    eni = await alice.eni(guarded.vpc, made)
    joined = await alice.groups.JoinSecurityGroup(
        pb.JoinSecurityGroupRequest(security_group_id=guarded.group, network_interface_id=eni)
    )
    assert sorted(joined.security_group_ids) == sorted((made, guarded.group))
    assert (await alice.check(eni)).verdict.group_id == guarded.group


async def test_a_policy_that_is_detached_denies_no_longer(guarded: Guarded) -> None:
    """§6.1."""
    detach = DetachPolicyFromUserRequest(user_name="alice", policy_name="faq")
    await guarded.served.owner.accounts.DetachPolicyFromUser(detach)
    for request in the_nine(guarded):
        await call(guarded.served.alice.groups, request)
    [group] = guarded.served.snapshot.groups.values()
    assert {str(rule.ports) for rule in group.rules} == {"3389/3389", "8443/8443", "23/23"}
    assert (group.inner_access, group.description) == (Action.DROP, "changed")

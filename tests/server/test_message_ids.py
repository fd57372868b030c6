import pytest
from google.protobuf.message import Message

from pdp.server.message_ids import blank_ids, named_ids, new_id
from pdp.v1.account_service_pb2 import (
    AttachPolicyToUserRequest,
    CreatePolicyRequest,
    ModifyQuotaRequest,
    SetLimitsVersionRequest,
)
from pdp.v1.resources_pb2 import Permission, SecurityGroup
from pdp.v1.security_group_service_pb2 import (
    AuthorizeSecurityGroupRequest,
    CloneSecurityGroupResponse,
    ConfigureSecurityGroupPermissionsRequest,
    DescribeSecurityGroupAttributeResponse,
    JoinSecurityGroupResponse,
    PermissionResult,
)


def test_ids_are_never_the_same_twice() -> None:
    made = [new_id("sg-") for _ in range(100)]
    assert len(set(made)) == 100
    assert all(one.startswith("sg-") for one in made)


def test_the_ids_of_a_request_are_its_own_fields() -> None:
    request = ConfigureSecurityGroupPermissionsRequest(
        security_group_id="sg-1", revoke_security_group_rule_ids=["sgr-1", "sgr-2"]
    )
    assert named_ids(request) == ("sg-1", "sgr-1", "sgr-2")
    inner = AuthorizeSecurityGroupRequest(permissions=[Permission(source_group_id="sg-2")])
    assert named_ids(inner) == ()


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        (AttachPolicyToUserRequest(account_id="1", user_name="alice", policy_name="all"), ("1", "alice", "all")),
        (CreatePolicyRequest(account_id="1", policy_name="all", policy_document="{}"), ("1", "all")),
        (ModifyQuotaRequest(quota_code="groups_per_eni", value=9), ("groups_per_eni",)),
        (SetLimitsVersionRequest(version="2026"), ("2026",)),
    ],
)
def test_what_has_no_id_is_named_by_its_name(request_: Message, named: tuple[str, ...]) -> None:
    assert named_ids(request_) == named


MADE = frozenset(("sg-new", "sgr-new"))


def test_made_ids_are_blanked_however_deep_and_others_stay() -> None:
    clone = CloneSecurityGroupResponse(
        security_group_id="sg-new",
        results=[
            PermissionResult(security_group_rule_id="sgr-new", permission=Permission(security_group_rule_id="sgr-new")),
            PermissionResult(security_group_rule_id="sgr-old"),
        ],
    )
    blank_ids(clone, MADE)
    assert clone == CloneSecurityGroupResponse(
        results=[PermissionResult(permission=Permission()), PermissionResult(security_group_rule_id="sgr-old")]
    )


def test_made_ids_are_blanked_in_lists_and_single_messages() -> None:
    joined = JoinSecurityGroupResponse(security_group_ids=["sg-new", "sg-old"])
    blank_ids(joined, MADE)
    assert [*joined.security_group_ids] == ["sg-old"]
    shown = DescribeSecurityGroupAttributeResponse(security_group=SecurityGroup(security_group_id="sg-new", vpc_id="v"))
    blank_ids(shown, MADE)
    assert shown.security_group == SecurityGroup(vpc_id="v")

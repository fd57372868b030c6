from dataclasses import replace
from typing import Any

import pytest

from pdp.model.codes import Code
from pdp.model.errors import Refusal
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import AccountId, InstanceId
from pdp.model.network import Account, Eni, Instance, PenaltyAction
from pdp.model.resources import Resources
from pdp.model.rules import Action
from pdp.server.permissions import TABLE
from pdp.server.security_groups.service import SECURITY_GROUP_SERVICE
from pdp.v1 import security_group_service_pb2 as pb
from pdp.v1.resources_pb2 import Tag, TagSet
from tests.builders import ACCOUNT, eni, group, penalty, resources, rule, vpc
from tests.server.administering import OPERATOR, STRANGER, Administered, refused


def administered(*groups: SecurityGroup, enis: tuple[Eni, ...] = (), **changes: Any) -> Administered:
    return Administered(resources(groups, enis, **changes))


def create(policy: Administered, **fields: Any) -> Any:
    return policy.call("CreateSecurityGroup", pb.CreateSecurityGroupRequest(**{"vpc_id": "vpc-1", **fields}))


def delete(policy: Administered, group_id: str = "sg-a", **fields: Any) -> Any:
    return policy.call("DeleteSecurityGroup", pb.DeleteSecurityGroupRequest(security_group_id=group_id), **fields)


def set_policy(policy: Administered, text: str, group_id: str = "sg-a") -> Any:
    request = pb.ModifySecurityGroupPolicyRequest(security_group_id=group_id, inner_access_policy=text)
    return policy.call("ModifySecurityGroupPolicy", request)


def set_attribute(policy: Administered, **fields: Any) -> Any:
    request = pb.ModifySecurityGroupAttributeRequest(security_group_id="sg-a", **fields)
    return policy.call("ModifySecurityGroupAttribute", request)


def join(policy: Administered, group_id: str, **fields: Any) -> list[str]:
    request = pb.JoinSecurityGroupRequest(security_group_id=group_id, **fields)
    return [*policy.call("JoinSecurityGroup", request).security_group_ids]


def leave(policy: Administered, group_id: str, **fields: Any) -> list[str]:
    request = pb.LeaveSecurityGroupRequest(security_group_id=group_id, **fields)
    return [*policy.call("LeaveSecurityGroup", request).security_group_ids]


def describe(policy: Administered, **fields: Any) -> Any:
    return policy.call("DescribeSecurityGroups", pb.DescribeSecurityGroupsRequest(**fields))


def found(policy: Administered, **fields: Any) -> list[str]:
    return [shown.security_group_id for shown in describe(policy, **fields).security_groups]


MANAGED = replace(group("sg-m", "accept tcp/22 from 10.0.0.0/8"), service_managed=True)


def test_every_rpc_of_the_service_has_its_function_and_its_row() -> None:
    names = {method.name for method in pb.DESCRIPTOR.services_by_name["SecurityGroupService"].methods}
    assert {*SECURITY_GROUP_SERVICE.writes, *SECURITY_GROUP_SERVICE.reads} == names
    assert {f"SecurityGroupService/{name}" for name in names} <= TABLE.keys()


def test_a_new_group_has_no_rules_and_lets_members_talk() -> None:
    policy = administered()
    group_id = create(policy, security_group_name="web", description="front", tags=[Tag(tag_key="a")]).security_group_id
    made = policy.group(group_id)
    assert (made.rules, made.type, made.inner_access) == ((), GroupType.BASIC, Action.ACCEPT)
    assert (made.name, made.description, made.tags, made.account) == ("web", "front", (("a", ""),), ACCOUNT)
    assert made.created == "2026-01-01T00:00:00Z"


def test_an_advanced_group_starts_as_drop() -> None:
    policy = administered()
    made = policy.group(create(policy, security_group_type="enterprise").security_group_id)
    assert (made.type, made.inner_access) == (GroupType.ADVANCED, Action.DROP)


CONSOLE = [
    "accept icmp from 0.0.0.0/0 @100",
    *(f"accept tcp/{port} from 0.0.0.0/0 @100" for port in (22, 3389, 80, 443)),
]


@pytest.mark.parametrize(
    ("kind", "rules"), [("normal", CONSOLE), ("enterprise", [*CONSOLE, "accept all to 0.0.0.0/0 @100"])]
)
def test_a_group_with_console_defaults_starts_with_the_consoles_rules(kind: str, rules: list[str]) -> None:
    policy = administered()
    group_id = create(policy, security_group_type=kind, console_defaults=True).security_group_id
    assert policy.rules(group_id) == sorted(str(rule(text)) for text in rules)


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"vpc_id": ""}, Code.MISSING_PARAMETER, "vpc_id"),
        ({"vpc_id": "vpc-9"}, Code.VPC_NOT_FOUND, "vpc_id"),
        ({"security_group_name": "x"}, Code.INVALID_PARAMETER, "security_group_name"),
        ({"security_group_name": "x" * 129}, Code.INVALID_PARAMETER, "security_group_name"),
        ({"security_group_name": "HTTPS://x"}, Code.INVALID_PARAMETER, "security_group_name"),
        ({"security_group_name": "a\nb"}, Code.INVALID_PARAMETER, "security_group_name"),
        ({"description": "x"}, Code.INVALID_PARAMETER, "description"),
        ({"description": "x" * 257}, Code.INVALID_PARAMETER, "description"),
        ({"description": "http://x"}, Code.INVALID_PARAMETER, "description"),
        ({"security_group_type": "basic"}, Code.INVALID_PARAMETER, "security_group_type"),
        ({"tags": [Tag(tag_key=str(n)) for n in range(21)]}, Code.INVALID_PARAMETER, "tags"),
        ({"tags": [Tag(tag_key="a"), Tag(tag_key="a")]}, Code.INVALID_PARAMETER, "tags[1].tag_key"),
        ({"tags": [Tag(tag_key="")]}, Code.INVALID_PARAMETER, "tags[0].tag_key"),
        ({"tags": [Tag(tag_key="a", tag_value="x" * 129)]}, Code.INVALID_PARAMETER, "tags[0].tag_value"),
    ],
)
def test_a_new_group_with_a_malformed_field_is_refused(fields: dict[str, Any], code: Code, field: str) -> None:
    policy = administered()
    error = refused(lambda: create(policy, **fields))
    assert (error.reason, error.violations[0].field) == (code, field)
    assert not policy.snapshot.groups


def test_the_hundred_and_first_group_of_an_account_is_refused() -> None:
    error = refused(lambda: create(administered(*(group(f"sg-{n}") for n in range(100)))))
    assert isinstance(error, Refusal)
    assert error.quota is not None
    assert (error.code, error.quota.value, error.quota.present) == (Code.GROUPS_PER_ACCOUNT, 100, 100)


def test_only_the_operator_makes_a_managed_group() -> None:
    policy = administered()
    request = pb.CreateSecurityGroupRequest(vpc_id="vpc-1", service_managed=True)
    assert refused(lambda: policy.call("CreateSecurityGroup", request)).reason is Code.OPERATOR_ONLY
    made = policy.call("CreateSecurityGroup", request, OPERATOR).security_group_id
    assert policy.group(made).service_managed


def test_a_managed_group_is_read_by_its_owner_and_every_write_is_refused() -> None:
    policy = administered(MANAGED, enis=(eni("eni-1", "10.0.0.5", groups=["sg-m"]),))
    assert found(policy) == ["sg-m"]
    writes: dict[str, Any] = {
        "DeleteSecurityGroup": pb.DeleteSecurityGroupRequest(),
        "AuthorizeSecurityGroup": pb.AuthorizeSecurityGroupRequest(),
        "AuthorizeSecurityGroupEgress": pb.AuthorizeSecurityGroupEgressRequest(),
        "RevokeSecurityGroup": pb.RevokeSecurityGroupRequest(),
        "RevokeSecurityGroupEgress": pb.RevokeSecurityGroupEgressRequest(),
        "ModifySecurityGroupRule": pb.ModifySecurityGroupRuleRequest(security_group_rule_id="sgr-1"),
        "ModifySecurityGroupEgressRule": pb.ModifySecurityGroupEgressRuleRequest(security_group_rule_id="sgr-1"),
        "ModifySecurityGroupPolicy": pb.ModifySecurityGroupPolicyRequest(inner_access_policy="Drop"),
        "ModifySecurityGroupAttribute": pb.ModifySecurityGroupAttributeRequest(),
        "ConfigureSecurityGroupPermissions": pb.ConfigureSecurityGroupPermissionsRequest(),
        "JoinSecurityGroup": pb.JoinSecurityGroupRequest(network_interface_id="eni-1"),
        "LeaveSecurityGroup": pb.LeaveSecurityGroupRequest(network_interface_id="eni-1"),
        "ImportSecurityGroupRules": pb.ImportSecurityGroupRulesRequest(format="json", content="[]"),
    }
    assert writes.keys() == SECURITY_GROUP_SERVICE.writes.keys() - {"CreateSecurityGroup", "CloneSecurityGroup"}
    for name, request in writes.items():
        request.security_group_id = "sg-m"
        assert refused(lambda: policy.call(name, request)).reason is Code.MANAGED_BY_CLOUD_PRODUCT, name  # noqa: B023


def test_a_group_that_nobody_uses_goes() -> None:
    policy = administered(group("sg-a"))
    delete(policy)
    assert not policy.snapshot.groups


def test_a_group_with_members_stays() -> None:
    policy = administered(group("sg-a"), enis=(eni("eni-1", "10.0.0.5", groups=["sg-a"]),))
    assert refused(lambda: delete(policy)).reason is Code.DEPENDENCY_VIOLATION


def test_a_group_that_another_names_as_peer_stays() -> None:
    policy = administered(group("sg-a"), group("sg-b", "accept tcp/22 from sg-a"))
    assert refused(lambda: delete(policy)).reason is Code.DEPENDENCY_VIOLATION


def test_a_group_that_is_not_there_is_named() -> None:
    error = refused(lambda: delete(administered(), "sg-9"))
    assert isinstance(error, Refusal)
    assert (error.code, error.field, error.resource) == (Code.GROUP_NOT_FOUND, "security_group_id", "sg-9")


def test_another_accounts_group_is_neither_read_nor_touched() -> None:
    policy = administered(group("sg-a"))
    assert refused(lambda: delete(policy, caller=STRANGER)).reason is Code.FORBIDDEN
    asked = pb.DescribeSecurityGroupAttributeRequest(security_group_id="sg-a")
    assert refused(lambda: policy.call("DescribeSecurityGroupAttribute", asked, STRANGER)).reason is Code.FORBIDDEN
    listed = policy.call("DescribeSecurityGroups", pb.DescribeSecurityGroupsRequest(), STRANGER)
    assert not listed.security_groups
    theirs = pb.DescribeSecurityGroupsRequest(account_id=ACCOUNT)
    assert refused(lambda: policy.call("DescribeSecurityGroups", theirs, STRANGER)).reason is Code.FORBIDDEN


def test_the_inner_access_policy_of_a_basic_group_changes() -> None:
    policy = administered(group("sg-a"))
    set_policy(policy, "accept")
    assert policy.group("sg-a").inner_access is Action.ACCEPT
    set_policy(policy, "Drop")
    assert policy.group("sg-a").inner_access is Action.DROP


def test_the_inner_access_policy_of_an_advanced_group_is_always_drop() -> None:
    policy = administered(group("sg-a", type=GroupType.ADVANCED))
    assert refused(lambda: set_policy(policy, "Accept")).reason is Code.INNER_ACCESS_POLICY
    assert set_policy(policy, "Drop").position.revision == 1


@pytest.mark.parametrize(("text", "code"), [("", Code.MISSING_PARAMETER), ("Allow", Code.INVALID_PARAMETER)])
def test_an_inner_access_policy_is_one_of_two_words(text: str, code: Code) -> None:
    assert refused(lambda: set_policy(administered(group("sg-a")), text)).reason is code


def test_attributes_change_and_what_is_absent_stays() -> None:
    policy = administered(replace(group("sg-a"), name="old", description="kept", tags=(("k", "v"),)))
    set_attribute(policy, security_group_name="new")
    changed = policy.group("sg-a")
    assert (changed.name, changed.description, changed.tags) == ("new", "kept", (("k", "v"),))
    set_attribute(policy, description="", tags=TagSet())
    changed = policy.group("sg-a")
    assert (changed.name, changed.description, changed.tags) == ("new", "", ())


def test_a_group_keeps_its_type() -> None:
    assert "security_group_type" not in pb.ModifySecurityGroupAttributeRequest.DESCRIPTOR.fields_by_name


MEMBER = eni("eni-1", "10.0.0.5", groups=["sg-a"], instance="i-1", primary=True)
SECOND = eni("eni-2", "10.0.0.6", groups=["sg-a"], instance="i-1")


def with_members(*groups: SecurityGroup, **changes: Any) -> Administered:
    return administered(group("sg-a"), *groups, enis=(MEMBER, SECOND), **changes)


def test_an_eni_joins_and_leaves() -> None:
    policy = with_members(group("sg-b"))
    assert join(policy, "sg-b", network_interface_id="eni-2") == ["sg-a", "sg-b"]
    assert leave(policy, "sg-a", network_interface_id="eni-2") == ["sg-b"]


def test_joining_twice_changes_nothing() -> None:
    policy = with_members()
    assert join(policy, "sg-a", network_interface_id="eni-2") == ["sg-a"]
    assert policy.snapshot.revision == 1


def test_an_instance_joins_with_its_primary_eni() -> None:
    policy = with_members(group("sg-b"))
    assert join(policy, "sg-b", instance_id="i-1") == ["sg-a", "sg-b"]
    assert {user.id: user.groups for user in policy.snapshot.enis.values()} == {
        "eni-1": ("sg-a", "sg-b"),
        "eni-2": ("sg-a",),
    }


def test_the_last_group_cannot_be_left() -> None:
    error = refused(lambda: leave(with_members(), "sg-a", network_interface_id="eni-2"))
    assert error.reason is Code.AT_LEAST_ONE_GROUP


def test_a_group_that_an_eni_is_not_in_cannot_be_left() -> None:
    error = refused(lambda: leave(with_members(group("sg-b")), "sg-b", network_interface_id="eni-2"))
    assert error.reason is Code.NOT_A_MEMBER


def test_an_advanced_group_beside_a_basic_one_is_refused() -> None:
    policy = with_members(group("sg-v", type=GroupType.ADVANCED))
    assert refused(lambda: join(policy, "sg-v", network_interface_id="eni-2")).reason is Code.MULTI_GROUP_TYPE


def test_a_sixth_group_is_refused_until_groups_per_eni_is_raised() -> None:
    more = [group(f"sg-{n}") for n in range(1, 6)]
    full = eni("eni-9", "10.0.0.9", groups=["sg-a", "sg-1", "sg-2", "sg-3", "sg-4"])
    policy = administered(group("sg-a"), *more, enis=(full,))
    error = refused(lambda: join(policy, "sg-5", network_interface_id="eni-9"))
    assert isinstance(error, Refusal)
    assert error.quota is not None
    assert (error.code, error.quota.value, error.quota.present) == (Code.GROUPS_PER_ENI, 5, 5)
    raised: Resources = replace(
        resources([group("sg-a"), *more], [full]), accounts=(Account(ACCOUNT, quotas=(("groups_per_eni", 6),)),)
    )
    assert len(join(Administered(raised), "sg-5", network_interface_id="eni-9")) == 6


def with_rules(group_id: str, count: int) -> SecurityGroup:
    return group(group_id, *(f"accept tcp/{port} from 10.0.0.0/8" for port in range(1, count + 1)))


@pytest.mark.parametrize(("last", "fits"), [(200, True), (201, False)])
def test_joining_a_group_that_takes_the_total_beyond_its_limit_is_refused(last: int, fits: bool) -> None:
    full = [with_rules(f"sg-{n}", 200) for n in range(4)]
    member = eni("eni-9", "10.0.0.9", groups=[known.id for known in full])
    policy = administered(*full, with_rules("sg-z", last), enis=(member,))
    if fits:
        assert len(join(policy, "sg-z", network_interface_id="eni-9")) == 5
        return
    error = refused(lambda: join(policy, "sg-z", network_interface_id="eni-9"))
    assert isinstance(error, Refusal)
    assert error.quota is not None
    assert (error.code, error.quota.value, error.quota.wanted) == (Code.RULES_PER_ENI, 1000, 1001)


def test_a_basic_group_holds_only_so_many_addresses() -> None:
    quotas = (Account(ACCOUNT, quotas=(("addresses_per_basic_group", 1),)),)
    policy = Administered(replace(resources([group("sg-a"), group("sg-b")], [MEMBER, SECOND]), accounts=quotas))
    join(policy, "sg-b", network_interface_id="eni-1")
    assert refused(lambda: join(policy, "sg-b", network_interface_id="eni-2")).reason is Code.MEMBERS_PER_GROUP


def test_a_locked_instance_keeps_its_groups() -> None:
    locked = Instance(InstanceId("i-1"), ACCOUNT, locks=("security",))
    policy = with_members(group("sg-b"), instances=(locked,))
    assert refused(lambda: join(policy, "sg-b", instance_id="i-1")).reason is Code.LOCKED_FOR_SECURITY


def test_an_instance_under_a_lock_penalty_keeps_its_groups_while_rules_change() -> None:
    policy = with_members(group("sg-b"), penalties=(penalty("i-1", action=PenaltyAction.LOCK),))
    assert refused(lambda: join(policy, "sg-b", instance_id="i-1")).reason is Code.LOCKED_FOR_SECURITY
    set_policy(policy, "Accept")
    assert policy.group("sg-a").inner_access is Action.ACCEPT


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({}, Code.MISSING_PARAMETER, "network_interface_id"),
        ({"network_interface_id": "eni-1", "instance_id": "i-1"}, Code.INVALID_PARAMETER, "network_interface_id"),
        ({"network_interface_id": "eni-9"}, Code.ENI_NOT_FOUND, "network_interface_id"),
        ({"instance_id": "i-9"}, Code.INSTANCE_NOT_FOUND, "instance_id"),
    ],
)
def test_who_joins_is_named_once_and_exists(fields: dict[str, str], code: Code, field: str) -> None:
    error = refused(lambda: join(with_members(), "sg-a", **fields))
    assert (error.reason, error.violations[0].field) == (code, field)


def test_an_instance_without_a_primary_eni_cannot_join() -> None:
    policy = administered(group("sg-a"), enis=(SECOND,))
    assert refused(lambda: join(policy, "sg-a", instance_id="i-1")).reason is Code.ENI_NOT_FOUND


def test_an_eni_of_another_vpc_cannot_join() -> None:
    away = group("sg-b", vpc="vpc-2")
    policy = with_members(away, vpcs=(vpc("vpc-1", "10.0.0.0/8"), vpc("vpc-2", "10.0.0.0/8")))
    assert refused(lambda: join(policy, "sg-b", instance_id="i-1")).reason is Code.DIFFERENT_VPC


LISTED = (
    replace(group("sg-a"), name="web", tags=(("env", "prod"), ("team", "x"))),
    group("sg-b", type=GroupType.ADVANCED),
    replace(group("sg-c"), service_managed=True, tags=(("env", "test"),)),
)


@pytest.mark.parametrize(
    ("fields", "ids"),
    [
        ({}, ["sg-a", "sg-b", "sg-c"]),
        ({"security_group_ids": ["sg-c", "sg-a", "sg-9"]}, ["sg-a", "sg-c"]),
        ({"security_group_names": ["web"]}, ["sg-a"]),
        ({"vpc_id": "vpc-1"}, ["sg-a", "sg-b", "sg-c"]),
        ({"vpc_id": "vpc-9"}, []),
        ({"security_group_type": "enterprise"}, ["sg-b"]),
        ({"tags": [Tag(tag_key="env")]}, ["sg-a", "sg-c"]),
        ({"tags": [Tag(tag_key="env", tag_value="test")]}, ["sg-c"]),
        ({"tags": [Tag(tag_key="env"), Tag(tag_key="team")]}, ["sg-a"]),
        ({"service_managed": True}, ["sg-c"]),
        ({"service_managed": False}, ["sg-a", "sg-b"]),
        ({"account_id": ACCOUNT}, ["sg-a", "sg-b", "sg-c"]),
        ({"network_interface_id": "eni-1"}, ["sg-a"]),
        ({"network_interface_id": "eni-9"}, []),
    ],
)
def test_groups_are_listed_by_filters(fields: dict[str, Any], ids: list[str]) -> None:
    assert found(administered(*LISTED, enis=(MEMBER,)), **fields) == ids


def test_the_operator_lists_the_groups_of_all_accounts_or_of_one() -> None:
    other = AccountId("2000")
    theirs = group("sg-z", vpc="vpc-2", account=other)
    policy = administered(group("sg-a"), theirs, vpcs=(vpc(), vpc("vpc-2", account=other)))
    for account, ids in (("", ["sg-a", "sg-z"]), (other, ["sg-z"])):
        request = pb.DescribeSecurityGroupsRequest(account_id=account)
        listed = policy.call("DescribeSecurityGroups", request, OPERATOR).security_groups
        assert [shown.security_group_id for shown in listed] == ids


@pytest.mark.parametrize(
    "fields",
    [
        {"security_group_ids": [f"sg-{n}" for n in range(101)]},
        {"security_group_names": [f"n{n}" for n in range(101)]},
        {"security_group_type": "basic"},
        {"security_group_type": "basic", "vpc_id": "vpc-of-nothing"},
        {"max_results": 1001},
    ],
)
def test_a_list_with_a_malformed_filter_is_refused(fields: dict[str, Any]) -> None:
    assert refused(lambda: found(administered(group("sg-a")), **fields)).reason is Code.INVALID_PARAMETER


def test_a_group_is_shown_with_its_counts() -> None:
    policy = administered(
        replace(group("sg-a", "accept tcp/22 from 10.0.0.0/8"), is_default=True), enis=(MEMBER, SECOND)
    )
    shown = describe(policy).security_groups[0]
    assert (shown.rule_count, shown.member_count, shown.is_default) == (1, 2, True)
    assert (shown.security_group_type, shown.inner_access_policy, shown.account_id) == ("normal", "Drop", ACCOUNT)


ORDERED = (
    "accept tcp/443 to 10.0.0.0/8 @1",
    "accept tcp/22 from 10.0.0.0/8 @9",
    "accept tcp/23 from 10.0.0.0/8 @5",
    "drop tcp/24 from 10.0.0.0/8 @5",
)


@pytest.mark.parametrize(
    ("direction", "ids"),
    [
        ("", ["sgr-4", "sgr-3", "sgr-2", "sgr-1"]),
        ("all", ["sgr-4", "sgr-3", "sgr-2", "sgr-1"]),
        ("Ingress", ["sgr-4", "sgr-3", "sgr-2"]),
        ("egress", ["sgr-1"]),
    ],
)
def test_rules_are_shown_ingress_first_and_the_winner_first(direction: str, ids: list[str]) -> None:
    request = pb.DescribeSecurityGroupAttributeRequest(security_group_id="sg-a", direction=direction)
    answer = administered(group("sg-a", *ORDERED)).call("DescribeSecurityGroupAttribute", request)
    assert [shown.security_group_rule_id for shown in answer.permissions] == ids
    assert answer.security_group.security_group_id == "sg-a"


def test_rules_of_no_direction_are_refused() -> None:
    request = pb.DescribeSecurityGroupAttributeRequest(security_group_id="sg-a", direction="up")
    policy = administered(group("sg-a"))
    assert refused(lambda: policy.call("DescribeSecurityGroupAttribute", request)).reason is Code.INVALID_PARAMETER


def test_references_name_who_names_a_group() -> None:
    policy = administered(group("sg-a"), group("sg-b", "accept tcp/22 from sg-a"), group("sg-c", "drop all from sg-a"))
    request = pb.DescribeSecurityGroupReferencesRequest(security_group_ids=["sg-b", "sg-a"])
    answer = policy.call("DescribeSecurityGroupReferences", request).security_group_references
    assert {
        shown.security_group_id: [user.security_group_id for user in shown.referencing_security_groups]
        for shown in answer
    } == {"sg-b": [], "sg-a": ["sg-b", "sg-c"]}
    assert answer[1].referencing_security_groups[0].ali_uid == ACCOUNT


def test_references_of_no_group_are_refused() -> None:
    request = pb.DescribeSecurityGroupReferencesRequest()
    policy = administered(group("sg-a"))
    assert refused(lambda: policy.call("DescribeSecurityGroupReferences", request)).reason is Code.INVALID_PARAMETER


def test_a_list_goes_on_at_its_own_revision_while_commits_come() -> None:
    policy = administered(*(group(f"sg-{n}") for n in range(5)))
    first = describe(policy, max_results=2)
    delete(policy, "sg-3")
    second = describe(policy, max_results=2, next_token=first.next_token)
    third = describe(policy, max_results=2, next_token=second.next_token)
    shown = [*first.security_groups, *second.security_groups, *third.security_groups]
    assert [one.security_group_id for one in shown] == [f"sg-{n}" for n in range(5)]
    assert {page.position.revision for page in (first, second, third)} == {1}
    assert third.next_token == ""

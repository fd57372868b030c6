"""Groups that are made, changed and deleted (§4.1, §4.4, §4.6, §4.8, §4.9), and VPCs under them."""

from dataclasses import replace

import pytest

from pdp.model.codes import Code
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import AccountId, GroupId
from pdp.model.rules import Action
from pdp.policy.changes import Kind, Origin, Put
from tests.builders import VPC, eni, group, policy, vpc
from tests.policy.applying import (
    ADVANCED,
    IMPORT,
    OPERATOR,
    REQUEST,
    add,
    delete,
    delete_group,
    done,
    join,
    leave,
    refused,
    remove,
)

A, X = group("sg-a"), group("sg-x", type=ADVANCED)
TWO = policy([A, X])
USED = policy([group("sg-a", "accept all from sg-b"), group("sg-b"), group("sg-c")], [eni("eni-a", groups=["sg-c"])])
MANAGED = replace(A, service_managed=True)
DEFAULT = replace(A, is_default=True)


@pytest.mark.parametrize("origin", list(Origin))
def test_a_group_is_made_and_deleted(origin: Origin) -> None:
    """§4.2: one made through the API has the rules that it is made with."""
    made = done(policy(), Put(A), origin=origin)
    assert made.groups[A.id] == A
    assert A.id not in done(made, delete_group("sg-a"), origin=origin).groups


def test_deleting_what_is_not_there_is_refused() -> None:
    refused(Code.GROUP_NOT_FOUND, TWO, delete_group("sg-b"))
    refused(Code.GROUP_NOT_FOUND, TWO, delete_group("sg-a"), delete_group("sg-a"))


@pytest.mark.parametrize("origin", list(Origin))
def test_a_groups_vpc_exists(origin: Origin) -> None:
    """§1.2."""
    refused(Code.VPC_NOT_FOUND, TWO, Put(group("sg-b", vpc="vpc-9")), origin=origin)


@pytest.mark.parametrize("inner", list(Action))
def test_a_basic_groups_inner_access_policy_changes(inner: Action) -> None:
    """§4.4."""
    assert done(TWO, Put(replace(A, inner_access=inner))).groups[A.id].inner_access is inner


def test_an_advanced_groups_inner_access_policy_is_always_drop() -> None:
    """§4.4."""
    for snapshot in (TWO, policy()):
        refused(Code.INNER_ACCESS_POLICY, snapshot, Put(replace(X, inner_access=Action.ACCEPT)))
        refused(Code.INNER_ACCESS_POLICY, snapshot, Put(replace(X, inner_access=Action.ACCEPT)), origin=OPERATOR)


def test_an_advanced_group_that_was_loaded_otherwise_can_still_change() -> None:
    """§4.4: what runs in the cloud loads, and is not stuck then."""
    odd = replace(X, inner_access=Action.ACCEPT)
    loaded = done(policy(), Put(odd), origin=IMPORT)
    assert done(loaded, Put(replace(odd, name="named"))).groups[X.id].name == "named"
    assert done(loaded, Put(X)).groups[X.id] == X


@pytest.mark.parametrize(("group_id", "kind"), [("sg-a", GroupType.ADVANCED), ("sg-x", GroupType.BASIC)])
def test_a_group_keeps_its_type(group_id: str, kind: GroupType) -> None:
    """§4.6."""
    refused(Code.GROUP_TYPE_FIXED, TWO, Put(group(group_id, type=kind)), says="clone")
    refused(Code.GROUP_TYPE_FIXED, TWO, delete_group(group_id), Put(group(group_id, type=kind)))


def test_a_group_keeps_its_vpc_and_account() -> None:
    """§1.2, §6.5."""
    two = done(TWO, Put(vpc("vpc-2")))
    refused(Code.DIFFERENT_VPC, two, Put(group("sg-a", vpc="vpc-2")))
    refused(Code.INVALID_PARAMETER, two, Put(group("sg-a", account="2000")), says="belongs to account 1000")


def test_a_group_with_members_cannot_be_deleted() -> None:
    """§4.8."""
    refused(Code.DEPENDENCY_VIOLATION, USED, delete_group("sg-c"), says="1 member ENI;")
    refused(Code.DEPENDENCY_VIOLATION, USED, delete_group("sg-c"), origin=IMPORT)
    moved = done(USED, join("eni-a", "sg-a"), leave("eni-a", "sg-c"), delete_group("sg-c"))
    assert GroupId("sg-c") not in moved.groups


@pytest.mark.parametrize("peer", ["sg-b", "sg-b@1000"])
def test_a_group_that_is_a_peer_of_another_cannot_be_deleted(peer: str) -> None:
    """§4.8."""
    used = policy([group("sg-a", f"accept all from {peer}"), group("sg-b")])
    refused(Code.DEPENDENCY_VIOLATION, used, delete_group("sg-b"), says="sg-a")
    assert not done(used, delete_group("sg-b"), delete_group("sg-a")).groups
    assert list(done(used, delete_group("sg-b"), remove("sg-a", "sgr-1")).groups) == ["sg-a"]


def test_an_import_may_drop_a_peer_whose_owner_is_named() -> None:
    """§4.8: then the group simply has no members here; one without an owner account has to be there."""
    of_another = policy([group("sg-a", "accept all from sg-b@1000"), group("sg-b")])
    assert list(done(of_another, delete_group("sg-b"), origin=IMPORT).groups) == ["sg-a"]
    refused(Code.DEPENDENCY_VIOLATION, USED, delete_group("sg-b"), origin=IMPORT)


def test_a_group_that_only_names_itself_can_be_deleted() -> None:
    """§4.8: by another group."""
    assert not done(policy([group("sg-a", "accept all from sg-a")]), delete_group("sg-a")).groups


@pytest.mark.parametrize("after", [replace(MANAGED, name="mine"), replace(MANAGED, inner_access=Action.ACCEPT), A])
def test_a_service_managed_group_cannot_be_written(after: SecurityGroup) -> None:
    """§4.9."""
    refused(Code.MANAGED_BY_CLOUD_PRODUCT, policy([MANAGED]), Put(after))
    assert done(policy([MANAGED]), Put(after), origin=OPERATOR).groups[A.id] == after


def test_a_service_managed_group_cannot_be_deleted() -> None:
    """§4.9."""
    refused(Code.MANAGED_BY_CLOUD_PRODUCT, policy([MANAGED]), delete_group("sg-a"))
    assert not done(policy([MANAGED]), delete_group("sg-a"), origin=OPERATOR).groups


def test_nobody_of_an_account_makes_a_group_service_managed() -> None:
    """§6.5."""
    for snapshot in (policy(), TWO):
        refused(Code.OPERATOR_ONLY, snapshot, Put(MANAGED))
        assert done(snapshot, Put(MANAGED), origin=OPERATOR).groups[A.id].service_managed


def test_members_of_a_service_managed_group_are_the_services() -> None:
    """§4.9."""
    snapshot = policy([MANAGED, group("sg-b")], [eni("eni-a", groups=["sg-b"]), eni("eni-b", groups=["sg-a", "sg-b"])])
    refused(Code.MANAGED_BY_CLOUD_PRODUCT, snapshot, join("eni-a", "sg-a"))
    refused(Code.MANAGED_BY_CLOUD_PRODUCT, snapshot, leave("eni-b", "sg-a"))
    refused(Code.MANAGED_BY_CLOUD_PRODUCT, snapshot, Put(eni("eni-c", groups=["sg-a"])))
    assert done(snapshot, join("eni-a", "sg-a"), origin=OPERATOR) is not snapshot


@pytest.mark.parametrize("origin", list(Origin))
def test_a_vpc_has_one_default_group(origin: Origin) -> None:
    """§4.1."""
    other = replace(group("sg-b"), is_default=True)
    refused(Code.INVALID_PARAMETER, policy([DEFAULT]), Put(other), origin=origin, says="sg-a, sg-b")
    refused(Code.INVALID_PARAMETER, policy(), Put(other), Put(DEFAULT), origin=origin)


def test_which_group_is_the_default_one_does_not_depend_on_the_way_there() -> None:
    """§4.1."""
    other = replace(group("sg-b"), is_default=True)
    assert done(policy([DEFAULT]), Put(other), Put(A)).usage.default_of(VPC) == "sg-b"
    assert done(policy([DEFAULT]), Put(other), Put(replace(DEFAULT, name="x")), delete(DEFAULT)).usage.default_of(
        VPC
    ) == GroupId("sg-b")
    assert done(policy([DEFAULT]), delete(DEFAULT)).usage.default_of(VPC) is None


def test_a_vpc_with_anything_in_it_cannot_be_deleted() -> None:
    """§1.1: its groups and ENIs are in it."""
    for origin in Origin:
        refused(Code.DEPENDENCY_VIOLATION, TWO, delete(vpc(VPC)), origin=origin, says="2 security groups")
    assert not done(TWO, delete(vpc(VPC)), delete(A), delete(X)).vpcs


def test_a_vpc_keeps_its_account_but_may_get_one() -> None:
    """§1.1, §6.5."""
    refused(Code.INVALID_PARAMETER, TWO, Put(vpc(VPC, account="2000")))
    nameless = policy(vpcs=[vpc(VPC, account="")])
    assert done(nameless, Put(vpc(VPC))).vpcs[VPC].account == AccountId("1000")


def test_what_has_no_id_is_refused() -> None:
    for origin in (REQUEST, IMPORT):
        refused(Code.INVALID_PARAMETER, TWO, Put(group("")), origin=origin, says="no id")


def test_a_change_of_an_unknown_group_is_refused() -> None:
    """§5.6."""
    assert refused(Code.GROUP_NOT_FOUND, TWO, add("sg-z", "drop all from ::/0")).resource == "sg-z"
    assert refused(Code.GROUP_NOT_FOUND, TWO, remove("sg-z")).resource == "sg-z"


def test_kinds_of_ids_are_never_mixed_up() -> None:
    refused(Code.ENI_NOT_FOUND, TWO, replace(delete_group("sg-a"), kind=Kind.ENI))

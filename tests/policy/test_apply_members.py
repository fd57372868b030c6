"""ENIs that join and leave groups, and their instances (§4.1, §4.3, §4.7, §7.3)."""

from dataclasses import replace

import pytest

from pdp.model.codes import Code
from pdp.model.ids import AccountId, InstanceId
from pdp.model.network import Instance, PenaltyAction
from pdp.policy.changes import Origin, Put
from pdp.policy.snapshot import Snapshot
from tests.builders import at, eni, group, penalty, policy, vpc
from tests.policy.applying import (
    ADVANCED,
    IMPORT,
    OPERATOR,
    REQUEST,
    accepted,
    delete,
    done,
    groups_of,
    in_groups,
    join,
    leave,
    refused,
)

I1 = Instance(InstanceId("i-1"))
LOCKED = replace(I1, locks=("security",))
PRIMARY = eni("eni-a", "10.0.0.5", groups=["sg-a"], instance="i-1", primary=True)
SECONDARY = eni("eni-b", "10.0.0.6", groups=["sg-a"], instance="i-1")
GROUPS = [
    group("sg-a"),
    group("sg-b"),
    group("sg-x", type=ADVANCED),
    group("sg-y", type=ADVANCED),
    group("sg-far", vpc="vpc-2"),
]
VPCS = [vpc("vpc-1", "10.0.0.0/8"), vpc("vpc-2")]
CHANGES = [join("eni-a", "sg-b"), in_groups(PRIMARY, "sg-x"), join("eni-b", "sg-b")]


def one(*instances: Instance) -> Snapshot:
    """eni-a and eni-b of i-1, both in sg-a."""
    return policy(GROUPS, [PRIMARY, SECONDARY], vpcs=VPCS, instances=instances or [I1])


def test_an_eni_joins_and_leaves() -> None:
    """§4.1."""
    joined = done(one(), join("eni-a", "sg-b"))
    assert groups_of(joined, "eni-a") == ["sg-a", "sg-b"]
    assert groups_of(done(joined, leave("eni-a", "sg-a")), "eni-a") == ["sg-b"]


def test_joining_a_group_twice_changes_nothing() -> None:
    snapshot = one()
    assert done(snapshot, join("eni-a", "sg-a")) is snapshot


def test_an_eni_is_always_in_a_group() -> None:
    """§4.1."""
    refused(Code.AT_LEAST_ONE_GROUP, one(), leave("eni-a", "sg-a"))
    refused(Code.AT_LEAST_ONE_GROUP, one(), in_groups(PRIMARY))
    for origin in Origin:
        refused(Code.AT_LEAST_ONE_GROUP, one(), Put(eni("eni-c", groups=[])), origin=origin)


def test_the_last_group_may_be_left_for_another_in_one_change() -> None:
    """§4.1: in either order."""
    leaving, joining = leave("eni-a", "sg-a"), join("eni-a", "sg-b")
    assert groups_of(done(one(), leaving, joining), "eni-a") == ["sg-b"]
    assert groups_of(done(one(), joining, leaving), "eni-a") == ["sg-b"]


def test_leaving_a_group_that_it_is_not_in_is_refused() -> None:
    refused(Code.NOT_A_MEMBER, one(), leave("eni-a", "sg-b"))
    refused(Code.NOT_A_MEMBER, one(), leave("eni-a", "sg-none"))


@pytest.mark.parametrize("origin", list(Origin))
def test_basic_and_advanced_groups_are_never_mixed(origin: Origin) -> None:
    """§4.3."""
    refused(Code.MULTI_GROUP_TYPE, one(), join("eni-a", "sg-x"), origin=origin)
    refused(Code.MULTI_GROUP_TYPE, one(), Put(eni("eni-c", groups=["sg-b", "sg-y"])), origin=origin)


def test_replacing_the_whole_set_may_change_the_type() -> None:
    """§4.3."""
    assert groups_of(done(one(), in_groups(PRIMARY, "sg-x", "sg-y")), "eni-a") == ["sg-x", "sg-y"]
    assert groups_of(done(one(), join("eni-a", "sg-x"), leave("eni-a", "sg-a")), "eni-a") == ["sg-x"]


@pytest.mark.parametrize("origin", list(Origin))
def test_a_group_is_known_and_of_the_enis_vpc(origin: Origin) -> None:
    """§1.6."""
    refused(Code.DIFFERENT_VPC, one(), join("eni-a", "sg-far"), origin=origin)
    refused(Code.GROUP_NOT_FOUND, one(), join("eni-a", "sg-none"), origin=origin)
    refused(Code.GROUP_NOT_FOUND, one(), in_groups(PRIMARY, "sg-a", "sg-none"), origin=origin)
    refused(Code.VPC_NOT_FOUND, one(), Put(eni("eni-c", groups=["sg-a"], vpc="vpc-9")), origin=origin)
    refused(Code.ENI_NOT_FOUND, one(), join("eni-z", "sg-a"), origin=origin)
    refused(Code.ENI_NOT_FOUND, one(), leave("eni-z", "sg-a"), origin=origin)


def test_an_eni_keeps_its_vpc_and_account() -> None:
    """§1.6, §6.5."""
    refused(Code.DIFFERENT_VPC, one(), Put(eni("eni-b", groups=["sg-far"], instance="i-1", vpc="vpc-2")))
    refused(Code.INVALID_PARAMETER, one(), Put(replace(SECONDARY, account=AccountId("2000"))))


@pytest.mark.parametrize(("tcp_s", "udp_s"), [(0, 30), (911, 30), (910, 29), (910, 0)])
@pytest.mark.parametrize("origin", list(Origin))
def test_timeouts_are_those_that_the_product_takes(tcp_s: int, udp_s: int, origin: Origin) -> None:
    """§2.3."""
    odd = replace(SECONDARY, tcp_established_timeout_s=tcp_s, udp_timeout_s=udp_s)
    refused(Code.INVALID_PARAMETER, one(), Put(odd), origin=origin)


def test_groups_of_a_secondary_eni_are_its_own() -> None:
    """§4.7."""
    after = done(one(), in_groups(SECONDARY, "sg-x"))
    assert (groups_of(after, "eni-a"), groups_of(after, "eni-b")) == (["sg-a"], ["sg-x"])


def test_an_instance_has_one_primary_eni() -> None:
    """§4.7: its groups are the instance's."""
    refused(Code.PRIMARY_ENI, one(), Put(replace(SECONDARY, primary=True)), says="eni-a, eni-b")
    refused(Code.PRIMARY_ENI, one(), Put(replace(PRIMARY, primary=False)))
    refused(Code.PRIMARY_ENI, one(), Put(replace(PRIMARY, instance=InstanceId(""))))
    refused(Code.PRIMARY_ENI, one(), delete(PRIMARY))


def test_an_instance_goes_with_its_primary_eni_and_without_the_others() -> None:
    """§4.7."""
    refused(Code.DEPENDENCY_VIOLATION, one(), delete(I1), says="eni-a, eni-b")
    refused(Code.DEPENDENCY_VIOLATION, one(), delete(I1), delete(PRIMARY), says="eni-b")
    after = done(one(), delete(I1), delete(PRIMARY), Put(replace(SECONDARY, instance=InstanceId(""))))
    assert list(after.enis) == ["eni-b"]
    assert not after.instances


def test_an_eni_is_attached_to_an_instance_that_is_there() -> None:
    """§1.6: listed, or known by its ENIs alone."""
    refused(Code.INSTANCE_NOT_FOUND, one(), Put(eni("eni-c", groups=["sg-a"], instance="i-9")))
    unlisted = policy(GROUPS, [PRIMARY], vpcs=VPCS)
    assert done(unlisted, Put(SECONDARY)).instance_enis[I1.id] == ("eni-a", "eni-b")
    assert accepted(one(), Put(eni("eni-c", groups=["sg-a"], instance="i-9")), origin=IMPORT)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("origin", [REQUEST, OPERATOR])
def test_groups_of_a_locked_instance_cannot_change(change: Put, origin: Origin) -> None:
    """§7.3."""
    refused(Code.LOCKED_FOR_SECURITY, one(LOCKED), change, origin=origin)


@pytest.mark.parametrize("change", CHANGES)
def test_other_locks_do_not_matter(change: Put) -> None:
    """§7.3: the lock of a penalty is `security`."""
    assert accepted(one(replace(I1, locks=("financial", "recycling"))), change)


def test_all_else_of_a_locked_instance_may_change() -> None:
    """§7.3: its ENIs' addresses, rules and groups themselves."""
    assert accepted(one(LOCKED), Put(eni("eni-b", "10.0.0.7", groups=["sg-a"], instance="i-1")))
    assert done(one(LOCKED), Put(group("sg-a", "drop all from ::/0"))).groups[GROUPS[0].id].rules


def test_enis_of_a_locked_instance_do_not_go_and_come_back_in_other_groups() -> None:
    """§7.3: no way round."""
    refused(Code.LOCKED_FOR_SECURITY, one(LOCKED), delete(SECONDARY))
    refused(Code.LOCKED_FOR_SECURITY, one(LOCKED), Put(replace(SECONDARY, instance=InstanceId(""))))
    refused(Code.LOCKED_FOR_SECURITY, one(LOCKED), delete(SECONDARY), in_groups(SECONDARY, "sg-b"))


def test_a_locked_instance_is_not_made_anew() -> None:
    """§7.3: it would be unlocked."""
    alone = policy(GROUPS, [PRIMARY], vpcs=VPCS, instances=[LOCKED])
    refused(Code.LOCKED_FOR_SECURITY, alone, delete(LOCKED), delete(PRIMARY))
    assert not done(alone, delete(LOCKED), delete(PRIMARY), origin=OPERATOR).enis


def test_an_import_loads_locked_instances_and_changes_their_groups() -> None:
    """§7.3: what runs in the cloud loads."""
    assert groups_of(done(one(LOCKED), in_groups(PRIMARY, "sg-b"), origin=IMPORT), "eni-a") == ["sg-b"]


def test_only_the_operator_locks_and_unlocks() -> None:
    """§7.3, §6.5."""
    refused(Code.OPERATOR_ONLY, one(), Put(LOCKED))
    refused(Code.OPERATOR_ONLY, one(LOCKED), Put(I1))
    refused(Code.OPERATOR_ONLY, one(), Put(Instance(InstanceId("i-2"), locks=("security",))))
    assert done(one(), Put(LOCKED), origin=OPERATOR).instances[I1.id] == LOCKED
    assert done(one(LOCKED), Put(replace(LOCKED, status="Stopped"))).instances[I1.id].status == "Stopped"


SINCE, UNTIL = "2026-01-01T10:00:00Z", "2026-01-01T12:00:00Z"


@pytest.mark.parametrize(
    ("when", "locked"),
    [
        ("2026-01-01T09:59:59Z", False),
        (SINCE, True),
        ("2026-01-01T11:59:59.999999999Z", True),
        (UNTIL, False),
    ],
)
def test_a_lock_penalty_locks_from_since_to_until(when: str, locked: bool) -> None:
    """§7.3, §7.4: at the time of the change, without a commit."""
    snapshot = policy(
        GROUPS, [PRIMARY], vpcs=VPCS, instances=[I1], penalties=[penalty("i-1", SINCE, UNTIL, PenaltyAction.LOCK)]
    )
    if locked:
        refused(Code.LOCKED_FOR_SECURITY, snapshot, join("eni-a", "sg-b"), at=at(when))
    else:
        assert groups_of(done(snapshot, join("eni-a", "sg-b"), at=at(when)), "eni-a") == ["sg-a", "sg-b"]


def test_a_penalty_that_blocks_traffic_does_not_lock() -> None:
    """§2 stage 2, §7.3."""
    blocked = policy(GROUPS, [PRIMARY], vpcs=VPCS, penalties=[penalty("i-1")])
    assert groups_of(done(blocked, join("eni-a", "sg-b")), "eni-a") == ["sg-a", "sg-b"]


def test_a_penalty_of_another_instance_does_not_lock() -> None:
    """§7.3."""
    other = [PRIMARY, eni("eni-z", groups=["sg-a"], instance="i-2")]
    snapshot = policy(GROUPS, other, vpcs=VPCS, penalties=[penalty("i-2", action=PenaltyAction.LOCK)])
    assert done(snapshot, join("eni-a", "sg-b")) is not snapshot
    refused(Code.LOCKED_FOR_SECURITY, snapshot, join("eni-z", "sg-b"))


def test_an_import_that_changes_a_groups_type_is_held_against_its_members() -> None:
    """§4.3: members that the import does not name are looked at too."""
    mixed = Put(group("sg-a", type=ADVANCED))
    assert done(one(), mixed, origin=IMPORT).groups[GROUPS[0].id].type is ADVANCED
    in_both = policy(GROUPS, [eni("eni-a", groups=["sg-a", "sg-b"])], vpcs=VPCS)
    refused(Code.MULTI_GROUP_TYPE, in_both, mixed, origin=IMPORT)
    refused(Code.DIFFERENT_VPC, in_both, Put(group("sg-a", vpc="vpc-2")), origin=IMPORT)

from dataclasses import replace

import pytest

from pdp.model.ids import NO_ACCOUNT
from pdp.model.network import Settings, Vpc
from pdp.model.resources import Resources
from pdp.policy.apply import apply
from pdp.policy.changes import Delete, Kind, Origin, Put
from pdp.policy.draft import snapshot_of
from pdp.policy.import_plan import KindCount, changes_toward
from pdp.policy.snapshot import Snapshot, resources_of
from tests.builders import BELOW_RULES, NOW, VPC, eni, group, resources, vpc

VPCS = [vpc(VPC, "10.0.0.0/8")]
A = group("sg-a", "accept tcp/22 from 10.0.0.0/8", "drop all from 0.0.0.0/0 @100")
B = group("sg-b")
ENI = eni("eni-1", "10.0.0.5", groups=["sg-a"])
WORLD = resources([A, B], [ENI], vpcs=VPCS)


def after(snapshot: Snapshot, wanted: Resources, *, remove_unnamed: bool = False) -> Resources:
    plan = changes_toward(snapshot, wanted, remove_unnamed=remove_unnamed)
    return resources_of(apply(snapshot, plan.changes, Origin.IMPORT, NOW).snapshot)


def test_the_changes_lead_to_what_is_named() -> None:
    assert after(snapshot_of(Resources()), WORLD) == resources_of(snapshot_of(WORLD))


def test_what_is_as_it_should_be_gives_no_change() -> None:
    plan = changes_toward(snapshot_of(WORLD), WORLD, remove_unnamed=True)
    assert plan.changes == ()
    assert plan.counts["group"] == KindCount(unchanged=2)


def test_order_within_a_resource_is_no_change() -> None:
    turned = replace(WORLD, groups=(replace(A, rules=A.rules[::-1]), B))
    assert changes_toward(snapshot_of(WORLD), turned, remove_unnamed=True).changes == ()


def test_rules_are_counted_by_id_and_a_group_has_those_named_alone() -> None:
    other = group("sg-a", "accept tcp/22 from 10.0.0.0/8", "drop all from 0.0.0.0/0 @90", "accept icmp from 10.0.0.1")
    plan = changes_toward(snapshot_of(WORLD), replace(WORLD, groups=(other, B)), remove_unnamed=False)
    assert plan.counts["rule"] == KindCount(created=1, changed=1, unchanged=1)
    assert plan.counts["group"] == KindCount(changed=1, unchanged=1)
    assert plan.changes == (Put(other),)
    fewer = changes_toward(snapshot_of(WORLD), replace(WORLD, groups=(group("sg-a"), B)), remove_unnamed=False)
    assert fewer.counts["rule"] == KindCount(removed=2)


def test_unnamed_resources_stay_or_go() -> None:
    fewer = replace(WORLD, groups=(A,))
    assert after(snapshot_of(WORLD), fewer) == resources_of(snapshot_of(WORLD))
    plan = changes_toward(snapshot_of(WORLD), fewer, remove_unnamed=True)
    assert plan.changes == (Delete(Kind.GROUP, "sg-b"),)
    assert plan.counts["group"] == KindCount(removed=1, unchanged=1)
    assert after(snapshot_of(WORLD), fewer, remove_unnamed=True) == resources_of(snapshot_of(fewer))


def test_rules_go_with_an_unnamed_group() -> None:
    plan = changes_toward(snapshot_of(WORLD), replace(WORLD, groups=(B,), enis=()), remove_unnamed=True)
    assert plan.counts["rule"] == KindCount(removed=2)
    assert plan.counts["eni"] == KindCount(removed=1)


@pytest.mark.parametrize(("remove_unnamed", "expected"), [(False, BELOW_RULES), (True, Settings())])
def test_default_settings_say_nothing_unless_they_are_all_there_is(*, remove_unnamed: bool, expected: Settings) -> None:
    before = snapshot_of(replace(WORLD, settings=BELOW_RULES))
    assert after(before, WORLD, remove_unnamed=remove_unnamed).settings == expected


def test_other_settings_are_brought_in() -> None:
    plan = changes_toward(snapshot_of(WORLD), replace(WORLD, settings=BELOW_RULES), remove_unnamed=False)
    assert plan.changes == (Put(BELOW_RULES),)
    assert plan.counts["settings"] == KindCount(changed=1)


def test_a_vpc_that_is_only_mentioned_stays_as_it_is_known() -> None:
    mentioned = replace(WORLD, vpcs=(Vpc(VPCS[0].id, NO_ACCOUNT),))
    assert after(snapshot_of(WORLD), mentioned, remove_unnamed=True) == resources_of(snapshot_of(WORLD))
    assert after(snapshot_of(Resources()), mentioned).vpcs == mentioned.vpcs


def test_the_plan_does_not_depend_on_the_order_of_what_is_named() -> None:
    turned = replace(WORLD, groups=WORLD.groups[::-1])
    empty = snapshot_of(Resources())
    assert changes_toward(empty, turned, remove_unnamed=False) == changes_toward(empty, WORLD, remove_unnamed=False)

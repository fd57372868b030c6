"""A checker answers on its snapshot: verdict with region, for known ENIs, each VPC by its own address book."""

import pytest

from pdp.index import checker as checker_module
from pdp.index.cache import IndexCache
from pdp.index.checker import Checker
from pdp.model.addresses import Family
from pdp.model.errors import PdpError, Reason
from pdp.model.flow import Direction
from pdp.model.rules import Action
from pdp.model.verdict import Stage
from tests.builders import NOW, eni, flow, group, policy

ASKED = flow("in tcp 10.0.0.9:1 > 10.0.0.5:22")

two_vpcs = policy(
    [
        group("sg-a", "accept tcp/22 from sg-a @2", "drop tcp/22 from 0.0.0.0/0 @3"),
        group("sg-b", "accept tcp/22 from sg-b @2", "drop tcp/22 from 0.0.0.0/0 @3", vpc="vpc-2"),
    ],
    [
        eni("eni-a", "10.0.0.5", groups=["sg-a"], instance="i-1"),
        eni("eni-b", "10.0.0.5", groups=["sg-b"], vpc="vpc-2", instance="i-1"),
        eni("eni-c", "10.0.0.9", groups=["sg-a"]),
    ],
)


def checker() -> Checker:
    return Checker(two_vpcs, IndexCache())


@pytest.mark.parametrize(("eni_id", "reason"), [("", Reason.MISSING_ENI), ("eni-x", Reason.UNKNOWN_ENI)])
def test_an_eni_that_is_not_there_is_an_error(eni_id: str, reason: Reason) -> None:
    for check in (checker().check, checker().check_region):
        with pytest.raises(PdpError) as raised:
            check(eni_id, ASKED, NOW)
        assert raised.value.reason is reason


def test_an_instance_is_answered_with_its_enis() -> None:
    with pytest.raises(PdpError, match="eni-a, eni-b"):
        checker().check("i-1", ASKED, NOW)


def test_only_check_region_brings_a_region() -> None:
    assert checker().check("eni-a", ASKED, NOW).region is None
    with_region = checker().check_region("eni-a", ASKED, NOW)
    assert with_region.region is not None
    assert with_region._replace(region=None) == checker().check("eni-a", ASKED, NOW)


def test_an_address_is_looked_up_in_the_vpc_of_the_eni() -> None:
    assert checker().check("eni-a", ASKED, NOW).action is Action.ACCEPT
    assert checker().check("eni-b", ASKED, NOW).action is Action.DROP


def test_enis_of_one_instance_in_two_vpcs_are_no_siblings() -> None:
    to_the_other = flow("out tcp 10.0.0.5:1 > 10.0.0.5:22")
    assert checker().check("eni-a", to_the_other, NOW).reason is Stage.DEFAULT


def test_a_view_is_kept() -> None:
    kept = checker()
    assert kept.view("eni-a", Direction.INGRESS, Family.IPV4) is kept.view("eni-a", Direction.INGRESS, Family.IPV4)


def test_every_direction_and_family_has_a_view_of_its_own() -> None:
    kept = checker()
    kinds = [(direction, family) for direction in Direction for family in Family]
    views = [kept.view("eni-a", *kind) for kind in kinds]
    assert [(view.context.direction, view.context.family) for view in views] == kinds


def test_past_the_most_views_all_are_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker_module, "MOST_VIEWS", 2)
    kept = checker()
    first = kept.view("eni-a", Direction.INGRESS, Family.IPV4)
    kept.view("eni-b", Direction.INGRESS, Family.IPV4)
    assert kept.view("eni-a", Direction.INGRESS, Family.IPV4) is first
    kept.view("eni-c", Direction.INGRESS, Family.IPV4)
    assert kept.view("eni-a", Direction.INGRESS, Family.IPV4) is not first
    assert kept.check("eni-a", ASKED, NOW).action is Action.ACCEPT

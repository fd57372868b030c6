from pdp.policy.owners import owners_of
from tests import builders


def test_owners_are_ordered_by_id_and_have_the_groups_of_all() -> None:
    one, other = builders.eni("eni-1", groups=["sg-1", "sg-2"]), builders.eni("eni-2", groups=["sg-2", "sg-3"])
    assert owners_of([other, one]) == owners_of([one, other])
    assert owners_of([other, one]).enis == (one, other)
    assert owners_of([other, one]).groups == {"sg-1", "sg-2", "sg-3"}


def test_enis_of_equal_groups_share_one_set() -> None:
    one = builders.eni("eni-1", groups=["sg-1", "sg-2"])
    other = builders.eni("eni-2", groups=["sg-1", "sg-2"])
    assert owners_of([one]).groups is owners_of([other]).groups

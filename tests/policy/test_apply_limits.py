"""Limits (§4.10 to §4.12): what grows beyond one is refused with its numbers, and nothing is ever removed."""

from dataclasses import replace

import pytest

from pdp.model.codes import Code
from pdp.model.ids import AccountId
from pdp.model.network import Account, Eni, Settings
from pdp.policy.apply import apply
from pdp.policy.changes import Origin, Put
from pdp.policy.snapshot import Snapshot
from tests.builders import NOW, eni, group, policy, vpc
from tests.policy.applying import (
    ADVANCED,
    OPERATOR,
    accepted,
    add,
    delete_group,
    done,
    full,
    groups_of,
    ids,
    in_groups,
    join,
    leave,
    numbers,
    quota,
    quotas,
    refused,
    remove,
)

FIVE = [full(f"sg-{n}") for n in range(5)]
NAMES = [item.id for item in FIVE]
ONE_MORE = group("sg-5", "drop all from ::/0")
NEWER = Put(Settings(limits="2026"))


def full_eni(*more: str) -> Snapshot:
    """eni-a in five full groups; with more groups beside them."""
    return policy([*FIVE, ONE_MORE], [eni("eni-a", groups=[*NAMES, *more])])


def test_the_sixth_group_of_an_eni_is_refused() -> None:
    """§4.10."""
    refusal = refused(Code.GROUPS_PER_ENI, full_eni(), join("eni-a", "sg-5"), says="raise groups per ENI")
    assert numbers(refusal) == (5, 5, 6)
    assert quota(refusal).subject == "eni-a"
    six = [*NAMES, "sg-5"]
    assert numbers(refused(Code.GROUPS_PER_ENI, full_eni(), Put(eni("eni-b", groups=six)))) == (5, 0, 6)


def test_the_1001st_rule_of_an_eni_through_joining_is_refused() -> None:
    """§4.12: when there is room for another group, but not for its rules."""
    groups = [*FIVE[:3], full("sg-3", 201), full("sg-4")]
    snapshot = policy(groups, [eni("eni-a", groups=NAMES[:4])])
    assert numbers(refused(Code.RULES_PER_ENI, snapshot, join("eni-a", "sg-4"))) == (1000, 801, 1001)
    flat = policy([*FIVE, ONE_MORE], [eni("eni-a", groups=NAMES)], settings=Settings(limits="2026"))
    assert numbers(refused(Code.RULES_PER_ENI, flat, join("eni-a", "sg-5"))) == (1000, 1000, 1001)


def over_full() -> Snapshot:
    """eni-a in four full groups and one of 201 rules, loaded by an import, less one rule of the first."""
    groups = [full("sg-0", 199), *FIVE[1:4], full("sg-4", 201), group("sg-5", "drop all from ::/0")]
    return policy(groups, [eni("eni-a", groups=NAMES)])


def test_the_1001st_rule_of_an_eni_through_adding_a_rule_is_refused() -> None:
    """§4.12: the group has room, its member has none."""
    refusal = refused(Code.RULES_PER_ENI, over_full(), add("sg-0", "drop all from ::/0"))
    assert numbers(refusal) == (1000, 1000, 1001)
    assert "raise groups per ENI" in str(refusal)
    assert quota(refusal).subject == "ENIs in sg-0, sg-1, sg-2, sg-3, sg-4"


def test_raising_groups_per_eni_lets_the_sixth_group_and_the_1001st_rule_in() -> None:
    """§4.10: rules per ENI follow groups per ENI."""
    raised = done(full_eni(), quotas(groups_per_eni=6))
    assert groups_of(done(raised, join("eni-a", "sg-5")), "eni-a") == [*NAMES, "sg-5"]
    assert len(ids(done(over_full(), quotas(groups_per_eni=6), add("sg-0", "drop all from ::/0")), "sg-0")) == 200


def test_lowering_groups_per_eni_removes_nothing_and_refuses_only_growth() -> None:
    """§4.10."""
    lowered = done(full_eni(), quotas(groups_per_eni=2))
    assert groups_of(lowered, "eni-a") == NAMES
    assert numbers(refused(Code.GROUPS_PER_ENI, lowered, join("eni-a", "sg-5"))) == (2, 5, 6)
    assert groups_of(done(lowered, leave("eni-a", "sg-0")), "eni-a") == NAMES[1:]
    assert groups_of(done(lowered, leave("eni-a", "sg-0"), join("eni-a", "sg-5")), "eni-a") == [*NAMES[1:], "sg-5"]
    fewer = done(lowered, Put(full("sg-0", 199)))
    assert numbers(refused(Code.RULES_PER_ENI, fewer, add("sg-0", "drop all from ::/0"))) == (400, 999, 1000)


def test_a_limit_counts_as_it_is_after_the_change() -> None:
    """§4.10: at once, also within one change."""
    assert groups_of(done(full_eni(), quotas(groups_per_eni=6), join("eni-a", "sg-5")), "eni-a") == [*NAMES, "sg-5"]
    refused(
        Code.GROUPS_PER_ENI,
        policy([ONE_MORE, FIVE[0]], [eni("eni-a", groups=["sg-0"])]),
        quotas(groups_per_eni=1),
        join("eni-a", "sg-5"),
    )


def test_the_newer_limits_take_ten_groups_but_1000_rules_whatever_the_groups() -> None:
    """§4.10: the operator chooses the version; where the total is flat, more groups are no advice."""
    newer = done(full_eni(), NEWER, origin=OPERATOR)
    refusal = refused(Code.RULES_PER_ENI, newer, join("eni-a", "sg-5"))
    assert numbers(refusal) == (1000, 1000, 1001)
    assert "raise groups per ENI" not in str(refusal)
    raised = done(newer, quotas(groups_per_eni=20))
    assert numbers(refused(Code.RULES_PER_ENI, raised, join("eni-a", "sg-5"))) == (1000, 1000, 1001)
    ten = [group(f"sg-{n}") for n in range(11)]
    member = eni("eni-a", groups=[item.id for item in ten[:10]])
    crowded = policy(ten, [member], settings=Settings(limits="2026"))
    refused(Code.GROUPS_PER_ENI, crowded, join("eni-a", "sg-10"))


def test_only_the_operator_chooses_the_version_among_those_there_are() -> None:
    """§4.10, §6.5."""
    refused(Code.OPERATOR_ONLY, policy(), NEWER)
    refused(Code.INVALID_PARAMETER, policy(), Put(Settings(limits="2025")), origin=OPERATOR, says="2024, 2026")
    # What is counted in the same change waits for the version to be known.
    refused(Code.INVALID_PARAMETER, policy(), Put(group("sg-a")), Put(Settings(limits="")), origin=OPERATOR)


def members(count: int, per: int, *groups: str) -> list[Eni]:
    """So many ENIs, each with so many addresses."""
    return [
        eni(f"eni-{n}", *(f"10.{n // 250}.{n % 250}.{host}" for host in range(per)), groups=groups)
        for n in range(count)
    ]


def test_the_2001st_private_address_of_a_basic_group_is_refused() -> None:
    """§4.10: secondary addresses and assigned prefixes count, whether an ENI joins, is made or grows."""
    crowd = policy(
        [group("sg-a"), group("sg-b")], [*members(200, 10, "sg-a"), eni("eni-b", "fd00::1", groups=["sg-b"])]
    )
    refusal = refused(Code.MEMBERS_PER_GROUP, crowd, join("eni-b", "sg-a"))
    assert numbers(refusal) == (2000, 2000, 2001)
    assert quota(refusal).subject == "sg-a"
    refused(Code.MEMBERS_PER_GROUP, crowd, Put(eni("eni-c", "10.9.0.0/28", groups=["sg-a"])))
    grown = replace(members(1, 10, "sg-a")[0], prefixes=eni("x", "fd00:1::/64", groups=["sg-a"]).prefixes)
    refused(Code.MEMBERS_PER_GROUP, crowd, Put(grown))
    assert accepted(crowd, join("eni-b", "sg-a"), leave("eni-0", "sg-a"), join("eni-0", "sg-b"))
    assert accepted(crowd, quotas(addresses_per_basic_group=2001), join("eni-b", "sg-a"))


def test_an_advanced_group_counts_enis() -> None:
    """§4.10."""
    crowd = policy([group("sg-x", type=ADVANCED), group("sg-y", type=ADVANCED)], members(3, 10, "sg-x"))
    low = done(crowd, quotas(enis_per_advanced_group=3))
    assert numbers(refused(Code.MEMBERS_PER_GROUP, low, Put(eni("eni-z", groups=["sg-x"])))) == (3, 3, 4)
    assert crowd.limits_of(AccountId("1000")).enis_per_advanced_group == 65_536
    assert accepted(low, Put(eni("eni-z", groups=["sg-y"])))


def test_the_101st_group_of_an_account_is_refused() -> None:
    """§4.10: of this account alone."""
    hundred = policy([group(f"sg-{n}") for n in range(100)])
    refusal = refused(Code.GROUPS_PER_ACCOUNT, hundred, Put(group("sg-new")))
    assert numbers(refusal) == (100, 100, 101)
    assert quota(refusal).subject == "account 1000"
    assert accepted(hundred, Put(group("sg-new", account="2000")))
    assert accepted(hundred, Put(group("sg-new")), delete_group("sg-0"))
    assert accepted(hundred, quotas(groups_per_account=101), Put(group("sg-new")))


def test_quotas_are_those_of_the_account_that_owns_the_eni() -> None:
    """§4.10: its own, else its VPC's."""
    for account, owner in (("2000", "2000"), ("", "3000")):
        raised = Put(Account(AccountId(owner), quotas=(("groups_per_eni", 6),)))
        member = eni("eni-a", groups=NAMES, account=account)
        snapshot = policy([*FIVE, ONE_MORE], [member], vpcs=[vpc(account="3000")])
        refused(Code.GROUPS_PER_ENI, snapshot, quotas(groups_per_eni=6), join("eni-a", "sg-5"))
        joined = done(snapshot, raised, join("eni-a", "sg-5"))
        assert groups_of(joined, "eni-a") == [*NAMES, "sg-5"]
        assert len(ids(done(joined, add("sg-5", "drop gre from ::/0")), "sg-5")) == 2


def test_a_total_is_counted_over_all_that_changes_at_once() -> None:
    """§4.12: rules that go from one group to another of the same member are no growth."""
    more = add("sg-0", "drop all from ::/0")
    moved = done(over_full(), more, remove("sg-4", "sgr-1"))
    assert (len(ids(moved, "sg-0")), len(ids(moved, "sg-4"))) == (200, 200)
    for origin in (Origin.REQUEST, Origin.OPERATOR):
        refused(Code.RULES_PER_ENI, over_full(), more, remove("sg-5", "sgr-1"), origin=origin)


def test_joining_and_adding_together_cannot_pass_where_neither_could_alone() -> None:
    """§4.12."""
    over = policy([*FIVE[:4], full("sg-4", 200)], [eni("eni-a", groups=NAMES[:4])], settings=Settings(limits="2026"))
    assert groups_of(done(over, join("eni-a", "sg-4")), "eni-a") == NAMES
    both = (Put(ONE_MORE), join("eni-a", "sg-4"), join("eni-a", "sg-5"))
    assert numbers(refused(Code.RULES_PER_ENI, over, *both)) == (1000, 800, 1001)


def test_replacing_all_groups_counts_the_new_set_against_the_old() -> None:
    """§4.3, §4.12."""
    other = [full(f"sg-n{n}") for n in range(5)]
    snapshot = policy([*FIVE, *other, ONE_MORE], [eni("eni-a", groups=NAMES)])
    member = snapshot.enis[eni("eni-a", groups=NAMES).id]
    assert groups_of(done(snapshot, in_groups(member, *(item.id for item in other))), "eni-a")
    refused(Code.GROUPS_PER_ENI, snapshot, in_groups(member, *NAMES[1:], "sg-5", "sg-n0"))


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"rules_per_group": 300}, Code.QUOTA_FIXED),
        ({"rules_per_group": 200}, Code.QUOTA_FIXED),
        ({"rules_per_eni": 2_000}, Code.QUOTA_FIXED),
        ({"flat_rules_per_eni": 2_000}, Code.INVALID_PARAMETER),
        ({"rules": 5}, Code.INVALID_PARAMETER),
        ({"groups_per_eni": 0}, Code.INVALID_PARAMETER),
        ({"groups_per_eni": -1}, Code.INVALID_PARAMETER),
        ({"groups_per_eni": 1_000_001}, Code.INVALID_PARAMETER),
        ({"groups_per_eni": True}, Code.INVALID_PARAMETER),
    ],
)
@pytest.mark.parametrize("origin", list(Origin))
def test_which_quotas_are_refused(limits: dict[str, int], code: Code, origin: Origin) -> None:
    """§4.10."""
    refused(code, full_eni(), quotas(**limits), join("eni-a", "sg-5"), origin=origin)


def test_a_quota_is_named_once() -> None:
    """§4.10."""
    twice = Account(AccountId("1000"), quotas=(("groups_per_eni", 6), ("groups_per_eni", 7)))
    refused(Code.INVALID_PARAMETER, policy(), Put(twice), says="twice")


def test_an_import_loads_what_is_above_limits_and_reports_it() -> None:
    """§4.10: notes name the limit, its value and the count; adjusted limits count."""
    six = [*NAMES, "sg-5"]
    applied = apply(policy([*FIVE, ONE_MORE]), [Put(eni("eni-a", groups=six))], Origin.IMPORT, NOW)
    assert groups_of(applied.snapshot, "eni-a") == six
    assert applied.notes == (
        "eni-a: 6 is above the limit of 5 groups per ENI (limits of 2024)",
        "eni-a: 1001 is above the limit of 1000 rules per ENI over its groups (limits of 2024)",
    )
    again = apply(applied.snapshot, [Put(eni("eni-a", groups=six))], Origin.IMPORT, NOW)
    assert again.snapshot is applied.snapshot
    assert again.notes == applied.notes
    assert apply(applied.snapshot, [quotas(groups_per_eni=6)], Origin.IMPORT, NOW).notes == ()

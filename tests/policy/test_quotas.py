"""What is reported beyond limits and beyond the rules for new requests (§4), and that nothing is refused."""

import pytest

from pdp.model.groups import GroupType
from pdp.model.limits import LIMITS_BY_VERSION
from pdp.model.network import Settings
from pdp.model.resources import Resources
from pdp.policy.quotas import findings, rule_count
from tests.builders import eni, group, port_list, prefix_list, resources, rule

ADVANCED = GroupType.ADVANCED
NEWER = Settings(limits="2026")
OLD_PRIORITIES = "rules of a priority above 100, the last that a new rule may have"


def rules(count: int, text: str = "accept tcp/22 from 10.0.0.0/8") -> list[str]:
    return [text] * count


def test_limits_are_data_in_versions() -> None:
    """§4.10: in 2024 the rules per ENI follow the two other limits; in 2026 they are flat."""
    older, newer = LIMITS_BY_VERSION["2024"], LIMITS_BY_VERSION["2026"]
    assert (older.groups_per_eni, older.rules_per_group, older.rules_per_eni) == (5, 200, 1000)
    assert (older.addresses_per_basic_group, older.enis_per_advanced_group, older.groups_per_account) == (
        2000,
        65536,
        100,
    )
    assert (newer.groups_per_eni, newer.rules_per_eni, newer.addresses_per_basic_group) == (10, 1000, 6000)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("accept tcp/22 from 10.0.0.0/8", 1),
        ("accept tcp/22 from sg-b", 1),
        ("accept tcp/22 from pl-1", 40),
        ("accept tcp/prl-1 from 10.0.0.0/8", 7),
        ("accept tcp/prl-1 from pl-1", 280),
    ],
)
def test_a_list_counts_its_max_entries(text: str, count: int) -> None:
    """§4.11: not its present entries; with both, the product."""
    prefixes, ports = prefix_list("pl-1", "10.0.0.0/8", max_entries=40), port_list("prl-1", "22", max_entries=7)
    assert rule_count(rule(text), {prefixes.id: prefixes}, {ports.id: ports}) == count


def test_a_policy_at_its_limits_has_no_findings() -> None:
    """§4.10: a limit is the last value that is fine."""
    full = [group(f"sg-{n}", *rules(200)) for n in range(5)]
    advanced = group("sg-x", type=ADVANCED)
    addresses = [f"10.0.{n // 250}.{n % 250}" for n in range(2000)]
    assert findings(resources(full, [eni("eni-a", *addresses, groups=[item.id for item in full])])) == []
    assert findings(resources([advanced], [eni("eni-a", *addresses, "10.9.0.0", groups=["sg-x"])])) == []


CASES: list[tuple[str, Resources, list[str]]] = [
    (
        "rules per group, both directions together",
        resources([group("sg-a", *rules(150), *rules(51, "drop all to 10.0.0.0/8"))]),
        ["sg-a: 201 is above the limit of 200 rules per group (limits of 2024)"],
    ),
    (
        "a prefix list's max_entries",
        resources(
            [group("sg-a", "accept all from pl-1")], prefix_lists=[prefix_list("pl-1", "10.0.0.0/8", max_entries=201)]
        ),
        ["sg-a: 201 is above the limit of 200 rules per group (limits of 2024)"],
    ),
    (
        "groups per ENI",
        resources(
            [group(f"sg-{n}") for n in range(6)], [eni("eni-a", "10.0.0.5", groups=[f"sg-{n}" for n in range(6)])]
        ),
        ["eni-a: 6 is above the limit of 5 groups per ENI (limits of 2024)"],
    ),
    (
        "rules per ENI",
        resources(
            [group(f"sg-{n}", *rules(126)) for n in range(8)],
            [eni("eni-a", "10.0.0.5", groups=[f"sg-{n}" for n in range(8)])],
            settings=NEWER,
        ),
        ["eni-a: 1008 is above the limit of 1000 rules per ENI over its groups (limits of 2026)"],
    ),
    (
        "addresses per basic group, where an assigned prefix counts one",
        resources(
            [group("sg-a")],
            [
                eni("eni-a", *(f"10.0.{n // 250}.{n % 250}" for n in range(1999)), groups=["sg-a"]),
                eni("eni-b", "10.9.0.1", "10.9.1.0/28", groups=["sg-a"]),
            ],
        ),
        ["sg-a: 2001 is above the limit of 2000 private addresses per basic group (limits of 2024)"],
    ),
    (
        "groups per account",
        resources([group(f"sg-{n}") for n in range(101)]),
        ["account 1000: 101 is above the limit of 100 groups per account (limits of 2024)"],
    ),
    (
        "group peers",
        resources([group("sg-a", *rules(21, "accept all from sg-b")), group("sg-b")]),
        ["sg-a: 21 is above the limit of 20 rules with a group peer per group (limits of 2024)"],
    ),
    (
        "a group that names itself",
        resources([group("sg-a", "accept all from sg-a id sgr-7")]),
        ["sg-a: rules that name the group itself as peer: 1, where 0 are allowed: sgr-7"],
    ),
    (
        "a group peer in an advanced group",
        resources(
            [group("sg-a", "accept all from sg-b"), group("sg-x", "accept all to sg-a", type=ADVANCED), group("sg-b")]
        ),
        ["sg-x: rules of an advanced group that have a group peer: 1, where 0 are allowed: sgr-1"],
    ),
    (
        "a group peer toward an advanced group",
        resources([group("sg-a", "accept all from sg-x"), group("sg-x", type=ADVANCED)]),
        ["sg-a: rules with an advanced group as peer: 1, where 0 are allowed: sgr-1"],
    ),
    (
        "old priorities",
        resources([group("sg-a", *rules(7, "accept all from 10.0.0.0/8 @110"), "drop all to 10.0.0.0/8 @100")]),
        [f"sg-a: {OLD_PRIORITIES}: 7, where 0 are allowed: sgr-1, sgr-2, sgr-3, sgr-4, sgr-5 and 2 more"],
    ),
]


@pytest.mark.parametrize(("content", "found"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_finding_names_the_limit_its_value_and_the_count(content: Resources, found: list[str]) -> None:
    """§4.3 to §4.12: one sentence each."""
    assert findings(content) == found


def test_the_newer_limits_let_more_groups_in() -> None:
    """§4.10."""
    ten = [f"sg-{n}" for n in range(10)]
    assert findings(resources(map(group, ten), [eni("eni-a", groups=ten)], settings=NEWER)) == []


def test_advanced_groups_count_enis() -> None:
    """§4.10."""
    advanced = group("sg-x", type=ADVANCED)
    enis = [eni(f"eni-{n}", groups=["sg-x"]) for n in range(65_537)]
    assert findings(resources([advanced], enis[1:])) == []
    assert findings(resources([advanced], enis)) == [
        "sg-x: 65537 is above the limit of 65536 ENIs per advanced group (limits of 2024)"
    ]


def test_findings_do_not_depend_on_order() -> None:
    groups = [group("sg-b", "accept all from sg-b"), group("sg-a", "accept all from 10.0.0.0/8 @110")]
    assert findings(resources(groups)) == findings(resources(reversed(groups)))
    assert [line[:4] for line in findings(resources(groups))] == ["sg-a", "sg-b"]

"""The order of files, pages, groups, ENIs and rules says nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pdp.formats.bundle import BundleRefused, read_bundle
from tests.formats.bundles import (
    Files,
    attribute,
    eni,
    enis_answer,
    groups_answer,
    listed_group,
    permission,
    vpc,
    vpcs_answer,
    write,
)

CASES = Path(__file__).resolve().parent.parent / "conformance"
CHANGES: list[dict[str, Any]] = [
    {},
    {"Policy": "Drop"},
    {"SourceCidrIp": "", "SourceGroupId": "sg-1"},
    {"IpProtocol": "ALL", "PortRange": "-1/-1"},
    {"Description": "x"},
    {"Priority": "9"},
]


def cut(draw: Any, items: list[Any]) -> list[list[Any]]:
    """The items in some order on some pages, the first of which may be empty."""
    shuffled = draw(st.permutations(items))
    bounds = sorted(draw(st.lists(st.integers(0, len(items)), max_size=3)))
    return [shuffled[start:end] for start, end in zip([0, *bounds], [*bounds, len(items)], strict=True)]


def pages(name: str, cuts: list[list[Any]], answer: Any) -> Files:
    return {
        f"{name}{'' if page == 0 else f'.{page + 1}'}.json": answer(*items, NextToken="t" * (page + 1 < len(cuts)))
        for page, items in enumerate(cuts)
    }


@st.composite
def two_exports(draw: Any) -> tuple[Files, Files]:
    """The same account exported twice, in other orders and pages."""
    group_ids = [f"sg-{number}" for number in range(draw(st.integers(1, 4)))]
    listed = [listed_group("sg-1"), *(listed_group(group) for group in group_ids if group != "sg-1")]
    enis = [eni(f"eni-{number}", *draw(st.permutations(group_ids))) for number in range(draw(st.integers(1, 4)))]
    ids = st.sampled_from([None, "", "x"])
    rules = {
        entry["SecurityGroupId"]: [
            permission(
                SecurityGroupRuleId=f"sgr-{number}" if draw(ids) else draw(st.sampled_from([None, ""])), **changes
            )
            for number, changes in enumerate(draw(st.lists(st.sampled_from(CHANGES), max_size=5)))
        ]
        for entry in listed
    }

    def export() -> Files:
        files = pages("DescribeSecurityGroups", cut(draw, listed), groups_answer)
        files |= pages("DescribeNetworkInterfaces", cut(draw, enis), enis_answer)
        files |= pages("DescribeVpcs", cut(draw, [vpc("vpc-1"), vpc("vpc-2")]), vpcs_answer)
        for group, permissions in rules.items():
            name = f"DescribeSecurityGroupAttribute.{group}"
            files |= pages(
                name, cut(draw, permissions), lambda *items, group=group, **rest: attribute(group, *items, **rest)
            )
        return files

    return export(), export()


@given(exports=two_exports())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_two_exports_of_one_account_are_one_policy(tmp_path_factory: pytest.TempPathFactory, exports: Any) -> None:
    first, second = (read_bundle(write(tmp_path_factory.mktemp("export"), files)).resources for files in exports)
    assert first == second
    described = [
        [(rule.description, rule.created) for group in made.groups for rule in group.rules] for made in (first, second)
    ]
    assert described[0] == described[1]


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir() if path.is_dir()))
def test_every_conformance_bundle_is_read_or_refused_as_it_should_be(case: str) -> None:
    expected = CASES / case / "expected_error.json"
    if not expected.exists():
        assert read_bundle(CASES / case / "bundle").resources.enis
        return
    with pytest.raises(BundleRefused) as caught:
        read_bundle(CASES / case / "bundle")
    for text in json.loads(expected.read_text(encoding="utf-8"))["mentions"]:
        assert text in str(caught.value)

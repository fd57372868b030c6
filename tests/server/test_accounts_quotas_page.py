"""docs/quotas.md says what the limits are: the tables there are those of the code."""

import re
from pathlib import Path

import pytest
from google.protobuf import json_format
from grpc import StatusCode

from pdp.model.codes import Code
from pdp.model.limits import ADJUSTABLE, LIMITS_BY_VERSION
from pdp.server.accounts.quotas import DESCRIPTIONS
from pdp.server.code_treatments import CODE_TREATMENTS
from pdp.v1.resources_pb2 import Quota

PAGE = (Path(__file__).parents[2] / "docs" / "quotas.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| `")]
LIMIT_ROWS = [row for row in ROWS if len(row) == 5]
CODE_ROWS = [row for row in ROWS if len(row) == 2]


def test_the_example_is_an_answer() -> None:
    (block,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    quota = json_format.Parse(block, Quota())
    assert quota.default_value == LIMITS_BY_VERSION["2024"].groups_per_eni
    assert quota.adjustable


def test_every_limit_has_its_row() -> None:
    assert [row[0].strip("`") for row in LIMIT_ROWS] == [*DESCRIPTIONS]


@pytest.mark.parametrize("row", LIMIT_ROWS, ids=lambda row: row[0])
def test_a_row_tells_both_versions_and_whether_it_can_be_adjusted(row: list[str]) -> None:
    code = row[0].strip("`")
    for version, told in (("2024", row[2]), ("2026", row[3])):
        if told != "groups per ENI × rules per group":
            assert int(told.replace(",", "")) == getattr(LIMITS_BY_VERSION[version], code)
    assert (row[4] == "yes") is (code in ADJUSTABLE)


def test_a_row_without_a_number_is_the_limit_that_follows_others() -> None:
    (row,) = [row for row in LIMIT_ROWS if not re.match(r"[0-9,]+\Z", row[2])]
    limits = LIMITS_BY_VERSION["2024"]
    assert (row[0], limits.rules_per_eni) == ("`rules_per_eni`", limits.groups_per_eni * limits.rules_per_group)


@pytest.mark.parametrize("row", CODE_ROWS, ids=lambda row: row[0])
def test_a_refusal_has_the_codes_status(row: list[str]) -> None:
    assert CODE_TREATMENTS[Code(row[0].strip("`"))].code is StatusCode.RESOURCE_EXHAUSTED


def test_every_limit_has_its_refusal() -> None:
    named = {name for row in CODE_ROWS for name in re.findall(r"`([a-z_]+)`", row[1])}
    assert named == {*DESCRIPTIONS, "max_entries"}

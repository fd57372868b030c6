"""`pdp eval`: verdict lines for a file of flows, and nothing else on stdout."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import BUNDLE, FLOWLOG, FLOWS, Pdp, cases_with, fault_of, lines_of

COMPARED = ("reason", "rule", "group")


def compared(line: dict[str, Any]) -> list[str]:
    """What must be equal: of an ERROR line the action alone; absent, null and blank are the same."""
    keys = () if line["action"] == "ERROR" else COMPARED
    return [line["action"], *(line.get(key) or "" for key in keys)]


@pytest.mark.parametrize("case", cases_with("expected.jsonl"))
def test_a_case_has_its_expected_verdicts(case: Path, pdp: Pdp) -> None:
    result = pdp("eval", case / "bundle", "--flows", case / "flows.jsonl")
    expected = [json.loads(line) for line in (case / "expected.jsonl").read_text().splitlines()]
    assert [compared(line) for line in lines_of(result)] == [compared(line) for line in expected]
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize("case", cases_with("expected_error.json"))
def test_a_case_that_must_be_refused_is(case: Path, pdp: Pdp) -> None:
    result = pdp("eval", case / "bundle", "--flows", case / "flows.jsonl")
    assert result.exit_code == 3
    fault = fault_of(result)
    assert all(text in fault for text in json.loads((case / "expected_error.json").read_text())["mentions"])


def test_there_is_a_case_of_each_kind() -> None:
    assert len(cases_with("expected.jsonl")) > 20
    assert len(cases_with("expected_error.json")) >= 3


def test_each_line_has_the_revision(pdp: Pdp) -> None:
    assert {line["revision"] for line in lines_of(pdp("eval", BUNDLE, "--flows", FLOWS))} == {1}


def test_flows_come_from_stdin_too(pdp: Pdp) -> None:
    from_file = pdp("eval", BUNDLE, "--flows", FLOWS)
    assert pdp("eval", BUNDLE, "--flows", "-", stdin=FLOWS.read_text()).stdout == from_file.stdout


def test_a_flow_log_has_the_logged_action_beside_the_verdict(pdp: Pdp) -> None:
    lines = lines_of(pdp("eval", BUNDLE, "--flows", FLOWLOG))
    assert [line.get("logged_action") for line in lines].count("REJECT") == 3
    assert [line["reason"] for line in lines].count("FLOW_NOT_LOGGED") == 1


def test_a_bad_line_spoils_nothing_else(pdp: Pdp) -> None:
    first, second, *_ = FLOWS.read_text().splitlines()
    result = pdp("eval", BUNDLE, "--flows", "-", stdin=f"{first}\nnonsense\n\n{second}\n")
    assert [line["action"] for line in lines_of(result)] == ["ACCEPT", "ERROR", "ACCEPT"]
    assert result.exit_code == 0


def test_regions_are_given_when_asked_for(pdp: Pdp) -> None:
    plain, with_regions = (pdp("eval", BUNDLE, "--flows", FLOWS, *more) for more in ((), ("--regions",)))
    assert not any("region" in line for line in lines_of(plain))
    lines = lines_of(with_regions)
    regions = [line.pop("region") for line in lines]
    assert lines == lines_of(plain)
    assert regions[2]["remote"] == "203.0.113.0/24"


@pytest.mark.parametrize(
    ("at", "reason", "until"),
    [
        ("2026-01-12T09:29:59.999999999Z", "DEFAULT", "2026-01-12T09:30:00Z"),
        ("2026-01-12T17:30:00+08:00", "PENALTY", None),
    ],
)
def test_a_run_is_repeated_at_another_time(at: str, reason: str, until: str | None, pdp: Pdp) -> None:
    flow = next(line for line in FLOWS.read_text().splitlines() if "eni-bp1job02" in line)
    (line,) = lines_of(pdp("eval", BUNDLE, "--flows", "-", "--at", at, stdin=flow))
    assert (line["reason"], line.get("valid_until")) == (reason, until)


def test_a_time_that_is_none_is_a_usage_error(pdp: Pdp) -> None:
    result = pdp("eval", BUNDLE, "--flows", FLOWS, "--at", "yesterday")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Invalid value for '--at': 'yesterday' is not an RFC 3339 time" in result.stderr


def test_a_file_of_flows_that_is_not_there_is_a_usage_error(tmp_path: Path, pdp: Pdp) -> None:
    result = pdp("eval", BUNDLE, "--flows", tmp_path / "none.jsonl")
    assert result.exit_code == 2
    assert fault_of(result).endswith("none.jsonl: No such file or directory")


def test_a_directory_in_place_of_flows_is_a_usage_error(tmp_path: Path, pdp: Pdp) -> None:
    assert pdp("eval", BUNDLE, "--flows", tmp_path).exit_code == 2


def test_a_bundle_that_is_not_there_is_refused(tmp_path: Path, pdp: Pdp) -> None:
    result = pdp("eval", tmp_path / "none", "--flows", FLOWS)
    assert result.exit_code == 3
    assert "none" in fault_of(result)


def test_files_that_are_none_of_a_bundle_are_said(tmp_path: Path, pdp: Pdp) -> None:
    """A mistyped name must not take penalties away unseen."""
    bundle = shutil.copytree(BUNDLE, tmp_path / "bundle")
    (bundle / "pdp.json").rename(bundle / "PDP.json")
    result = pdp("eval", bundle, "--flows", FLOWS)
    assert len(lines_of(result)) == len(FLOWS.read_text().splitlines())
    assert result.stderr == (
        f"pdp: note: in {bundle} these are not named like files of a bundle, and were skipped: PDP.json\n"
    )


def test_no_flows_are_no_lines(pdp: Pdp) -> None:
    result = pdp("eval", BUNDLE, "--flows", "-", stdin="\n \n")
    assert (result.exit_code, result.stdout) == (0, "")

"""`pdp test`: what its owners wrote down about a policy, case by case."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.architecture.sources import ROOT
from tests.cli.running import BUNDLE, SCENARIOS, Pdp, fault_of

HOLDS = """
- name: scrapers are dropped
  flow: {eni: eni-bp1web01, direction: ingress, protocol: tcp, src: 203.0.113.40, dst: 10.20.1.11, dst_port: https}
  expect: drop
"""
PATH = """
- name: the web tier and the database
  from: eni-bp1web01
  to: eni-bp1db01
  protocol: tcp
  dst_port: mysql
  expect: EXPECT
"""


@pytest.fixture
def scenarios(tmp_path: Path) -> Path:
    path = tmp_path / "scenarios.yaml"
    path.write_text(HOLDS)
    return path


def failure(pdp: Pdp, file: Path) -> str:
    """Why the only case of a file fails."""
    result = pdp("test", file, "--bundle", BUNDLE, "--json")
    (case,) = json.loads(result.stdout)["cases"]
    assert (result.exit_code, case["passed"]) == (1, False)
    return str(case["failure"])


def test_the_bundle_beside_a_file_is_asked_when_nobody_is_named(pdp: Pdp) -> None:
    result = pdp("test", SCENARIOS, env={"PDP_SERVER": "127.0.0.1:1"})
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == "25 hold, 0 fail"


def test_the_page_s_scenarios_hold(scenarios: Path, pdp: Pdp) -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    scenarios.write_text(block)
    result = pdp("test", scenarios, "--bundle", BUNDLE)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "2 hold, 0 fail")


def test_a_server_that_is_named_is_asked(scenarios: Path, address: str, pdp: Pdp) -> None:
    scenarios.write_text(HOLDS + PATH.replace("EXPECT", "drop"))
    result = pdp("test", scenarios, "--server", address)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "2 hold, 0 fail")


def test_no_server_is_asked_that_was_not_named(scenarios: Path, address: str, pdp: Pdp) -> None:
    result = pdp("test", SCENARIOS, scenarios, env={"PDP_SERVER": address})
    assert result.exit_code == 2
    said = f"there is no directory {scenarios.parent / 'bundle'} to ask; give --bundle DIR or --server HOST:PORT"
    assert fault_of(result) == said


def test_bundle_and_server_together_are_a_usage_error(scenarios: Path, address: str, pdp: Pdp) -> None:
    result = pdp("test", scenarios, "--bundle", BUNDLE, "--server", address)
    assert result.exit_code == 2
    assert "not both" in fault_of(result)


def test_a_server_judges_no_other_time(scenarios: Path, address: str, pdp: Pdp) -> None:
    scenarios.write_text(f'{HOLDS}  at: "2026-01-01T00:00:00Z"\n')
    result = pdp("test", SCENARIOS.with_name("scenarios.yaml"), scenarios, "--server", address)
    assert result.exit_code == 2
    assert "at: a server judges at its own time" in fault_of(result)


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("", ""),
        ("  reason: RULE\n", ""),
        ("  rule: sgr-bp1webscan\n", ""),
        ("  group: sg-bp1web\n", ""),
        ("  reason: DEFAULT\n", "expected reason DEFAULT, not RULE; got DROP by RULE: sgr-bp1webscan"),
        ("  rule: sgr-bp1web443\n", "expected rule sgr-bp1web443, not sgr-bp1webscan"),
        ("  group: sg-bp1app\n", "expected group sg-bp1app, not sg-bp1web"),
    ],
)
def test_each_expectation_is_held(added: str, said: str, scenarios: Path, pdp: Pdp) -> None:
    scenarios.write_text(HOLDS + added)
    if said:
        assert said in failure(pdp, scenarios)
    else:
        assert pdp("test", scenarios, "--bundle", BUNDLE).exit_code == 0


def test_the_other_action_fails(scenarios: Path, pdp: Pdp) -> None:
    scenarios.write_text(HOLDS.replace("expect: drop", "expect: accept"))
    assert failure(pdp, scenarios).startswith("expected ACCEPT, not DROP")


def test_a_rule_that_is_expected_where_none_decides_fails(scenarios: Path, pdp: Pdp) -> None:
    scenarios.write_text(PATH.replace("EXPECT", "drop") + "  rule: sgr-1\n")
    assert "expected rule sgr-1, not none" in failure(pdp, scenarios)


def test_a_path_is_judged_by_the_first_end_that_drops(scenarios: Path, pdp: Pdp) -> None:
    scenarios.write_text(PATH.replace("EXPECT", "accept"))
    assert "got DROP by DEFAULT" in failure(pdp, scenarios)


def test_a_question_without_a_verdict_fails_whatever_was_expected(scenarios: Path, pdp: Pdp) -> None:
    scenarios.write_text(HOLDS.replace("eni-bp1web01", "eni-none"))
    assert failure(pdp, scenarios).startswith("no verdict: UNKNOWN_ENI")


def test_a_derived_id_may_be_expected(scenarios: Path, pdp: Pdp) -> None:
    flow = "{eni: eni-bp1bastion, direction: ingress, protocol: icmp, src: 203.0.113.40, dst: 10.20.9.4}"
    scenarios.write_text(f"- name: ping\n  flow: {flow}\n  expect: accept\n  rule: sgr-none\n")
    derived = failure(pdp, scenarios).partition("not ")[2].partition(";")[0]
    assert derived.startswith("sgr-derived-")
    scenarios.write_text(scenarios.read_text().replace("sgr-none", derived))
    assert pdp("test", scenarios, "--bundle", BUNDLE).exit_code == 0


def test_each_case_and_a_summary_are_printed(scenarios: Path, pdp: Pdp) -> None:
    scenarios.write_text(HOLDS + PATH.replace("EXPECT", "accept"))
    result = pdp("test", scenarios, "--bundle", BUNDLE)
    assert result.exit_code == 1
    ok, failed, why, summary = result.stdout.splitlines()
    assert ok.startswith("ok    scrapers are dropped")
    assert failed == "FAIL  the web tier and the database"
    assert why.strip().startswith("expected")
    assert summary == "1 hold, 1 fail"


def test_several_files_are_one_run_with_one_report(scenarios: Path, tmp_path: Path, pdp: Pdp) -> None:
    other, report = tmp_path / "other.yaml", tmp_path / "report.xml"
    other.write_text(PATH.replace("EXPECT", "accept"))
    result = pdp("test", scenarios, other, "--bundle", BUNDLE, "--junit", report)
    assert result.exit_code == 1
    root = ET.fromstring(report.read_text())  # noqa: S314 - our own report
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    assert [suite.get("name") for suite in root] == [str(scenarios), str(other)]
    assert [len(case) for case in root.iter("testcase")] == [0, 1]
    (failed,) = root.iter("failure")
    assert str(failed.get("message")).startswith("expected")


def test_a_report_is_well_formed_whatever_a_name_holds(scenarios: Path, tmp_path: Path, pdp: Pdp) -> None:
    scenarios.write_text(HOLDS.replace("scrapers are dropped", r'"<&\" \e[31m"'))
    pdp("test", scenarios, "--bundle", BUNDLE, "--junit", tmp_path / "report.xml")
    root = ET.fromstring((tmp_path / "report.xml").read_text())  # noqa: S314 - our own report
    (case,) = root.iter("testcase")
    assert str(case.get("name")).startswith('<&" ')


def test_a_report_is_written_whatever_a_file_is_called(scenarios: Path, tmp_path: Path, pdp: Pdp) -> None:
    odd = scenarios.rename(tmp_path / "\udcff.yaml")
    assert pdp("test", odd, "--bundle", BUNDLE, "--junit", tmp_path / "report.xml").exit_code == 0
    (suite,) = ET.fromstring((tmp_path / "report.xml").read_text("utf-8"))  # noqa: S314 - our own report
    assert str(suite.get("name")).endswith("\ufffd.yaml")


@pytest.mark.parametrize("text", ["", "nonsense", "- name: x\n", HOLDS.replace("expect", "expected")])
def test_a_file_that_cannot_be_read_ends_with_2(text: str, scenarios: Path, pdp: Pdp) -> None:
    scenarios.write_text(text)
    result = pdp("test", scenarios, "--bundle", BUNDLE)
    assert result.exit_code == 2
    assert "scenarios.yaml" in fault_of(result)


def test_a_policy_that_cannot_be_read_ends_with_3(scenarios: Path, tmp_path: Path, pdp: Pdp) -> None:
    result = pdp("test", scenarios, "--bundle", tmp_path / "none")
    assert result.exit_code == 3
    fault_of(result)


def test_a_server_that_is_not_there_ends_with_4(scenarios: Path, pdp: Pdp) -> None:
    result = pdp("test", scenarios, "--server", "127.0.0.1:1")
    assert result.exit_code == 4
    fault_of(result)


def test_a_report_that_cannot_be_written_ends_with_2(scenarios: Path, tmp_path: Path, pdp: Pdp) -> None:
    result = pdp("test", scenarios, "--bundle", BUNDLE, "--junit", tmp_path / "none" / "report.xml")
    assert result.exit_code == 2
    assert "report.xml" in result.stderr

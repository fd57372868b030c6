"""`pdp validate`: every fault of a bundle, or what it holds and what is worth knowing."""

import json
import shutil
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT
from tests.cli.running import BUNDLE, SCRAPER, Pdp

REFUSED = ROOT / "tests" / "conformance" / "refused-incomplete-by-total-count" / "bundle"


def test_a_valid_bundle_is_counted(pdp: Pdp) -> None:
    result = pdp("validate", BUNDLE, "--json")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["valid"], report["faults"]) == (0, True, [])
    assert report["counts"] == {
        "vpcs": 1,
        "groups": 9,
        "rules": 31,
        "enis": 12,
        "instances": 11,
        "prefix_lists": 3,
        "port_lists": 1,
        "penalties": 2,
    }


def test_notes_and_findings_are_told_and_refuse_nothing(pdp: Pdp) -> None:
    report = json.loads(pdp("validate", BUNDLE, "--json").stdout)
    (note,), (finding,) = report["notes"], report["findings"]
    assert "eni-bp1nat01" in note
    assert "sg-bp1legacy" in finding
    text = pdp("validate", BUNDLE).stdout
    assert text.startswith("VALID  ")
    assert f"  - {note}\n" in text
    assert f"  - {finding}\n" in text


def test_every_fault_is_listed(tmp_path: Path, pdp: Pdp) -> None:
    for file in REFUSED.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "DescribeVpcs.json").write_text("{}")
    result = pdp("validate", tmp_path)
    assert (result.exit_code, result.stderr) == (3, "")
    lines = result.stdout.splitlines()
    assert lines[0] == f"REFUSED  {tmp_path}: {len(lines) - 1} faults"
    assert any("DescribeNetworkInterfaces.json" in line and "1024" in line for line in lines[1:])
    assert any("DescribeVpcs.json" in line for line in lines[1:])


def test_faults_have_parts_for_programs(pdp: Pdp) -> None:
    result = pdp("validate", REFUSED, "--json")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["valid"]) == (3, False)
    (fault,) = report["faults"]
    assert fault["file"] == "DescribeNetworkInterfaces.json"
    assert "1024" in fault["message"]


@pytest.mark.parametrize("verb", [("validate",), ("check", *SCRAPER, "--bundle")])
def test_what_no_policy_can_hold_is_refused_by_every_verb(verb: tuple[str, ...], tmp_path: Path, pdp: Pdp) -> None:
    """As by a server that starts on it: a bundle has one meaning."""
    bundle = shutil.copytree(BUNDLE, tmp_path / "bundle")
    additions = json.loads((bundle / "pdp.json").read_text())
    additions["policies"] = [{"account": "1000000000000001", "name": "p", "document": "{}"}]
    (bundle / "pdp.json").write_text(json.dumps(additions))
    result = pdp(*verb, bundle)
    assert result.exit_code == 3
    assert "policy p: " in result.stdout + result.stderr


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path, pdp: Pdp) -> None:
    result = pdp("validate", tmp_path / "none")
    assert result.exit_code == 3
    assert result.stdout.startswith("REFUSED")

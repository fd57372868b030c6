"""Whatever refuses a bundle ends a verb with 3 and one line that names the file and the id, and gives no verdict."""

from pathlib import Path

import pytest

from tests.cli.running import FLOWS, Pdp, fault_of
from tests.formats.bundles import SG_A, Files, with_rule, write
from tests.formats.test_bundle_refusals import A_GROUP, A_RULE, AN_ENI, LISTS, THE_SET

WHOLE = {**THE_SET, **A_GROUP, **AN_ENI, **LISTS}
REFUSED: dict[str, tuple[Files, str, str]] = {
    **{name: (files, file, object_id) for name, (files, file, object_id, _) in WHOLE.items()},
    **{f"rule: {name}": (with_rule(**changes), SG_A, "sg") for name, (changes, _) in A_RULE.items()},
}


@pytest.mark.parametrize(
    ("files", "file", "object_id"), [pytest.param(*case, id=name) for name, case in REFUSED.items()]
)
def test_eval_gives_no_verdict(files: Files, file: str, object_id: str, tmp_path: Path, pdp: Pdp) -> None:
    result = pdp("eval", write(tmp_path / "bundle", files), "--flows", FLOWS)
    assert result.exit_code == 3
    fault = fault_of(result)
    assert file in fault
    assert object_id in fault


@pytest.mark.parametrize(
    "words",
    [
        ("check", "eni-a", "ingress", "icmp", "10.0.0.1", "10.0.0.2"),
        ("explain", "eni-a", "ingress", "icmp", "10.0.0.1", "10.0.0.2"),
        ("path", "eni-a", "eni-b", "icmp"),
        ("check", "--flows", str(FLOWS)),
    ],
)
def test_every_verb_that_reads_a_bundle_ends_so(words: tuple[str, ...], tmp_path: Path, pdp: Pdp) -> None:
    result = pdp(*words, "--bundle", tmp_path)
    assert result.exit_code == 3
    assert "DescribeSecurityGroups.json" in fault_of(result)


def test_the_first_fault_is_told_and_how_many_more_there_are(tmp_path: Path, pdp: Pdp) -> None:
    faults = pdp("validate", tmp_path)
    assert faults.exit_code == 3
    assert faults.stdout.count("\n  - ") == 2
    assert "1 more fault;" in fault_of(pdp("eval", tmp_path, "--flows", FLOWS))


def test_a_rule_of_each_kind_is_among_them() -> None:
    assert len(REFUSED) > 60

"""The fuzzer finds nothing in the index, finds what is broken on purpose, and says so as promised."""

import re
import subprocess
import sys

import pytest

from pdp.index.policy_index import PolicyIndex
from pdp.model.verdict import Verdict
from tests import fuzz

SUMMARY = r"flows=(\d+) policies=(\d+) differences=(\d+) unsound=(\d+) seed=(\d+)"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    """The exit code, and what was printed after the seed."""
    code = fuzz.main(["--seed", "7", "--processes", "1", *arguments])
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "seed=7"
    return code, lines


def summary(lines: list[str]) -> tuple[int, ...]:
    match = re.fullmatch(SUMMARY, lines[-1])
    assert match
    return tuple(map(int, match.groups()))


def test_the_index_has_no_differences(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = run(capsys, "--flows", "2000")
    assert code == 0
    assert summary(lines) == (2000, 40, 0, 0, 7)
    shares = re.findall(r"([A-Z_]+)=(\d+) \(", lines[-2])
    assert len(shares) == 7
    assert sum(int(count) for _, count in shares) == 2000


def test_a_rule_that_is_not_found_is_a_difference(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PolicyIndex, "winner", lambda _index, _flow, _owners, _box: None)
    code, lines = run(capsys, "--flows", "1000")
    _, _, differences, unsound, _ = summary(lines)
    assert code == 1
    assert differences > fuzz.MOST_FAILURES_SHOWN
    assert unsound > 0
    assert sum(line.startswith("seed=7 policy=") for line in lines) == fuzz.MOST_FAILURES_SHOWN


def test_an_answer_that_raises_is_a_difference(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> Verdict:
        raise IndexError("past the end")

    monkeypatch.setattr(PolicyIndex, "winner", broken)
    code, lines = run(capsys, "--flows", "200")
    assert code == 1
    assert "past the end" in lines[0]


def test_one_policy_can_be_repeated(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PolicyIndex, "winner", lambda _index, _flow, _owners, _box: None)
    _, lines = run(capsys, "--flows", "200")
    policy = re.match(r"seed=7 policy=(\d+)", lines[0])
    assert policy
    _, again = run(capsys, "--policy", policy[1])
    assert lines[0] in again


def test_a_stage_that_hardly_answered_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = run(capsys, "--flows", "8")
    assert code == 1
    assert any("answered less than 1% of the flows" in line for line in lines)


def test_policies_are_never_few_nor_large() -> None:
    for flows in (1, 39, 1000, 20_000, 1_000_001):
        jobs = fuzz.jobs_for(flows)
        assert sum(count for _, count in jobs) == flows
        assert [number for number, _ in jobs] == list(range(len(jobs)))
        assert all(1 <= count <= 500 for _, count in jobs)
        assert len(jobs) >= min(flows, 40)


def test_the_command_shares_the_work_among_processes() -> None:
    command = [sys.executable, "-m", "tests.fuzz", "--flows", "2000", "--seed", "7", "--processes", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert (done.returncode, lines[0]) == (0, "seed=7"), done.stderr
    assert summary(lines) == (2000, 40, 0, 0, 7)

"""The example is worth looking at: every stage answers, what must stand out does, and the demo shows it."""

import json
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from examples.demo import CHANGED, EXAMPLE, EXPLAINED, QUESTIONS
from pdp.cli.local import LocalAnswers
from pdp.cli.words import flow_from_words
from pdp.formats.bundle import read_bundle
from pdp.formats.flows import read_flow_lines
from pdp.formats.scenarios import read_scenarios
from pdp.model.groups import GroupType
from pdp.model.resources import Resources
from pdp.model.rules import Action, GroupPeer, PrefixListPeer
from pdp.model.verdict import Stage
from pdp.policy.ram import parse_policy
from tests.architecture.sources import ROOT
from tests.builders import at

NOW = at("2026-02-01T00:00:00Z")


@pytest.fixture(scope="module")
def answers() -> LocalAnswers:
    return LocalAnswers(EXAMPLE / "bundle")


@pytest.fixture(scope="module")
def resources() -> Resources:
    return read_bundle(EXAMPLE / "bundle").resources


def verdicts(answers: LocalAnswers, name: str) -> list[dict[str, Any]]:
    with (EXAMPLE / name).open("rb") as stream:
        return list(answers.check_many(read_flow_lines(stream), NOW, regions=False))


def test_every_stage_answers_some_flow(answers: LocalAnswers) -> None:
    counts = Counter(line["reason"] for line in verdicts(answers, "flows.jsonl"))
    assert set(counts) == set(Stage.__members__)
    assert counts["RULE"] >= 12


def test_rules_both_accept_and_drop_over_both_families(answers: LocalAnswers) -> None:
    lines = [line for line in verdicts(answers, "flows.jsonl") if line["reason"] == "RULE"]
    assert {line["action"] for line in lines} == {"ACCEPT", "DROP"}
    assert "sgr-bp1web443v6" in [line["rule"] for line in lines]


def test_the_flow_log_holds_one_reject_that_no_group_explains(answers: LocalAnswers) -> None:
    lines = verdicts(answers, "flowlog.jsonl")
    odd = [line for line in lines if (line["action"], line.get("logged_action")) == ("ACCEPT", "REJECT")]
    assert [line["rule"] for line in odd] == ["sgr-bp1dbapp"]
    assert [line["reason"] for line in lines if line["action"] == "ERROR"] == ["FLOW_NOT_LOGGED"]


def test_there_is_a_group_of_each_kind(resources: Resources) -> None:
    kinds = {(group.type, group.inner_access) for group in resources.groups}
    assert kinds == {
        (GroupType.BASIC, Action.ACCEPT),
        (GroupType.BASIC, Action.DROP),
        (GroupType.ADVANCED, Action.DROP),
    }


def test_there_is_a_rule_of_each_kind(resources: Resources) -> None:
    rules = [rule for group in resources.groups for rule in group.rules]
    assert {type(rule.peer).__name__ for rule in rules} == {"Cidr", GroupPeer.__name__, PrefixListPeer.__name__}
    assert any(rule.port_list for rule in rules)
    assert any(rule.source_ports for rule in rules)
    assert any(rule.own_cidr for rule in rules)
    assert any(rule.priority == 110 and rule.id_is_derived for rule in rules)


def test_the_page_has_a_row_for_every_group(resources: Resources) -> None:
    page = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert [group.id for group in resources.groups if f"\n| {group.id} | " not in page] == []


def test_scenarios_speak_of_every_group_s_members(resources: Resources) -> None:
    text = (EXAMPLE / "scenarios.yaml").read_text()
    silent = [
        group.id
        for group in resources.groups
        if not any(eni.id in text for eni in resources.enis if group.id in eni.groups)
    ]
    assert silent == []
    assert len(read_scenarios(EXAMPLE / "scenarios.yaml")) >= 20


@pytest.mark.parametrize("words", [words for _, words in QUESTIONS] + [EXPLAINED, CHANGED])
def test_the_demo_asks_what_has_an_answer(words: str, answers: LocalAnswers) -> None:
    eni, *flow = words.split()
    assert answers.check(eni, flow_from_words(*flow), NOW)["action"] in {"ACCEPT", "DROP"}


@pytest.fixture(scope="module")
def demo() -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "examples.demo"], cwd=ROOT, capture_output=True, check=False, text=True
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_the_demo_shows_a_dozen_answers(demo: str) -> None:
    before, _ = demo.split("\nChanging the policy")
    lines = before.splitlines()
    assert sum(line.startswith(("ACCEPT  ", "DROP  ")) for line in lines) == len(QUESTIONS) + 1 >= 13
    assert {name for name in Stage.__members__ if f"  {name}: " in before} == set(Stage.__members__)
    assert "\nALLOWED\n" in before


def test_the_demo_changes_a_verdict_and_finds_it_again_after_a_restart(demo: str) -> None:
    _, after = demo.split("\nChanging the policy")
    lines = after.splitlines()
    verdicts = [line.split("  ")[0] for line in lines if line.startswith(("ACCEPT  ", "DROP  "))]
    assert verdicts == ["DROP", "ACCEPT", "ACCEPT"]
    revisions = [line.split()[1] for line in lines if line.startswith("  revision  ")]
    assert revisions == ["1", "2", "2", "2"]
    assert sum("DependencyViolation: sg-bp1app has 2 member ENIs" in line for line in lines) == 1


def test_the_policy_that_denies_changes_of_rules_names_nine_actions() -> None:
    document = (EXAMPLE.parent / "deny-rule-changes.json").read_text()
    (statement,) = parse_policy(document).statements
    assert statement.denies
    assert len(statement.actions) == 9


def test_the_bundle_is_as_the_api_answers() -> None:
    answers = {path.name: json.loads(path.read_text()) for path in (EXAMPLE / "bundle").glob("Describe*.json")}
    assert len(answers) == 18
    assert all(answer["RequestId"] for answer in answers.values())

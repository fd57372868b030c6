"""The store benchmark runs from start to end: real stores and processes, tiny sizes, and no word about speed."""

import re
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from benchmarks import store_commits
from benchmarks.rpc_processes import ROOT, Cores, committing, serving_store
from benchmarks.store import Plan, measure
from benchmarks.store_client import Ask, StoreClient
from benchmarks.store_commits import Subject, kinds, populate
from benchmarks.store_policy import ENI, GROUP, LARGE_GROUP, MEMBERS, Size, coming_rule, policy, question, questions
from pdp.model.ids import EniId
from pdp.model.rules import Action
from pdp.policy.draft import snapshot_of
from pdp.policy.quotas import findings

TINY = Plan(
    rounds=2,
    changes=1,
    small=60,
    large=150,
    large_group=80,
    starts=1,
    relays=8,
    rate=50.0,
    alone=5,
    asked=10,
    append_s=0.05,
)
SPREAD = ("", "_min", "_max")
COMMITS = ("small_rule", "large_rule", "group_rule", "group_membership")
FIGURES = {
    *("import_s_small", "import_s_large", "appends_per_s"),
    *("commit_rpc_p50_ms", "commit_rpc_p99_ms", "relay_p50_ms", "relay_p99_ms", "relay_max_ms"),
    "beside_commits_per_s",
    *(f"lone_p{percent}_ms_{when}" for percent in (50, 99) for when in ("idle", "beside_commits")),
    *(f"lone_p{percent}_ratio{end}" for percent in (50, 99) for end in SPREAD),
    *(f"start_s{end}" for end in SPREAD),
    *(f"{figure}_{name}" for figure in ("commit_ms", "commit_cpu_ms") for name in COMMITS),
    *(
        f"{ratio}_{name}{end}"
        for ratio in ("commit_ratio", "commit_cpu_ratio")
        for name in COMMITS[1:]
        for end in SPREAD
    ),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    populate(tmp_path / "small.db", Size(60))
    return tmp_path / "small.db"


def test_the_page_names_figures_that_are_measured() -> None:
    section = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8").partition("## The store\n")[2]
    cells = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
    named = {figure for cell in cells for figure in re.findall(r"`(\w+)`", cell)}
    assert len(named) > 15
    assert named - FIGURES == set()


async def test_every_figure_is_measured(tmp_path: Path) -> None:
    assert (await measure(TINY, Cores(), tmp_path)).keys() == FIGURES


def test_the_group_that_changes_is_the_same_in_stores_of_any_size() -> None:
    small, large = (snapshot_of(policy(size)) for size in (Size(60), Size(300, 100)))
    assert small.groups[GROUP] == large.groups[GROUP]
    assert small.usage.members_of(GROUP) == large.usage.members_of(GROUP)
    assert large.usage.members_of(GROUP).enis == MEMBERS
    assert large.usage.members_of(LARGE_GROUP).enis == 100
    assert len(large.enis) == 300


def test_the_policies_obey_every_limit() -> None:
    assert list(findings(policy(Size(2_000, 1_000)))) == []


def test_some_flows_are_let_in_and_some_are_not(path: Path) -> None:
    subject = Subject(path)
    checker = subject.policy.checker
    asked = questions(Random(3), checker.snapshot, 50)
    actions = {checker.check(eni, flow, store_commits.NOW).action for eni, flow in asked}
    assert actions == {Action.ACCEPT, Action.DROP}
    subject.store.close()


def test_a_commit_without_its_effect_is_found_out(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = Subject(path)
    monkeypatch.setattr(store_commits, "coming_rule", lambda number: replace(coming_rule(number), action=Action.DROP))
    with pytest.raises(AssertionError, match="a timed answer is wrong"):
        kinds(large=False)["rule"](subject)
    subject.store.close()


async def test_a_server_that_answers_from_an_older_revision_is_found_out(path: Path) -> None:
    with serving_store(path, None) as server:
        async with StoreClient(server.address) as client:
            assert await client.commit(adds=True) == 2
            await client.sees(2, added=True)
            with pytest.raises(AssertionError, match="a timed answer is wrong"):
                await client.sees(1, added=True)
            with pytest.raises(AssertionError, match="a timed answer is wrong"):
                await client.sees(2, added=False)


async def test_a_wrong_answer_of_a_lone_call_is_found_out(path: Path) -> None:
    with serving_store(path, None) as server:
        async with StoreClient(server.address) as client:
            assert len(await client.alone([Ask(ENI, question(ENI), Action.DROP)])) == 1
            with pytest.raises(AssertionError, match="a timed answer is wrong"):
                await client.alone([Ask(ENI, question(ENI), Action.ACCEPT)])


def test_a_sender_leaves_the_policy_as_it_was(path: Path) -> None:
    with serving_store(path, None) as server, committing(server, 50.0, None) as sender:
        pass
    assert sender.per_s > 0
    subject = Subject(path)
    assert subject.policy.checker.check(EniId("eni-bench-00"), question(ENI), store_commits.NOW).action is Action.DROP
    subject.store.close()

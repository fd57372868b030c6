"""The checker of the next snapshot answers as a fresh one does, and the ones before it go on answering from theirs."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given

from pdp.index.cache import IndexCache
from pdp.index.checker import Checker
from pdp.model.addresses import Family
from pdp.model.errors import PdpError, Reason
from pdp.model.ids import EniId, VpcId
from pdp.model.resources import Resources
from pdp.model.rules import Action
from pdp.policy.changes import Kind, Resource
from pdp.policy.decide import decide
from pdp.policy.draft import resources_in, snapshot_of
from pdp.policy.snapshot import Snapshot
from tests.aimed_flows import Question, edge_flows
from tests.builders import NOW, eni, flow, group, penalty, policy, prefix_list, vpc
from tests.columns import ENOUGH, columns_of, judged, row_of, rows_of
from tests.index.commits import Committed, Gone, commit
from tests.properties.policies import few, seeds
from tests.workloads import random_resources

COMMITS = 4


def random_commit(rng: Random, snapshot: Snapshot) -> Committed:
    """Some resources of another policy with the same ids in the place of their namesakes, some ENIs and others gone."""
    other: Resources = random_resources(rng)
    enis = [
        replace(made, groups=groups)
        for made in other.enis
        if (groups := tuple(group_id for group_id in made.groups if group_id in snapshot.groups))
    ]
    put = list(resources_in(replace(other, enis=tuple(enis))))
    gone: list[Gone] = [(Kind.VPC, key) for key in sorted(snapshot.vpcs) if rng.random() < 0.1]
    gone += [(Kind.PENALTY, key) for key in sorted(snapshot.penalties) if rng.random() < 0.1]
    gone += [(Kind.ENI, key) for key in sorted(snapshot.enis)[1:] if rng.random() < 0.2]
    share = rng.choice((0.05, 0.3, 1.0))
    chosen = [resource for resource in put if rng.random() < share]
    return commit(snapshot, chosen, gone)


def answers(checker: Checker, question: Question) -> object:
    """The verdict with its region, or why there is none."""
    try:
        verdict = checker.check_region(*question)
    except PdpError as error:
        return error.reason
    assert checker.check(*question) == verdict._replace(region=None)
    return verdict


@few
@given(seeds)
@pytest.mark.parametrize("limit_bytes", [1, 1 << 30])
def test_every_checker_of_a_line_answers_from_its_own_snapshot(limit_bytes: int, seed: int) -> None:
    """All are asked by turns while the later ones are made: each index, book and view could be another's by mistake."""
    rng = Random(seed)
    cache = IndexCache(limit_bytes)
    line = [Checker(snapshot_of(random_resources(rng)), cache)]
    questions: list[Question] = []
    expected: list[Checker] = []
    for _ in range(COMMITS + 1):
        snapshot = line[-1].snapshot
        expected.append(Checker(snapshot, IndexCache()))
        questions += edge_flows(rng, snapshot, 15)
        for question in rng.sample(questions, min(30, len(questions))):
            for place in rng.sample(range(len(line)), len(line)):
                assert answers(line[place], question) == answers(expected[place], question)
        line.append(line[-1].after(*random_commit(rng, snapshot)))


@few
@given(seeds)
def test_a_derived_checker_says_what_the_definition_says(seed: int) -> None:
    rng = Random(seed)
    checker = Checker(snapshot_of(random_resources(rng)), IndexCache())
    for _ in range(COMMITS):
        checker = checker.after(*random_commit(rng, checker.snapshot))
        questions = list(edge_flows(rng, checker.snapshot, 20))
        at = questions[0][2]
        expected = [decide(checker.snapshot, eni_id, asked, at) for eni_id, asked, _ in questions]
        for (eni_id, asked, _), verdict in zip(questions, expected, strict=True):
            assert checker.check(eni_id, asked, at) == verdict
        rows = rows_of(judged(checker, columns_of(questions, rng, ENOUGH), at))
        assert rows == [row_of(verdict) for verdict in expected] * ENOUGH


FROM_B = flow("in tcp 10.0.0.6:1 > 10.0.0.5:22")
SMALL = policy(
    [group("sg-a", "accept tcp/22 from sg-b"), group("sg-b"), group("sg-c", "drop all from pl-1", vpc="vpc-2")],
    [
        eni("eni-a", "10.0.0.5", groups=["sg-a"]),
        eni("eni-b", "10.0.0.6", groups=["sg-b"], instance="i-1"),
        eni("eni-c", "10.0.0.7", groups=["sg-c"], vpc="vpc-2"),
    ],
    vpcs=[vpc("vpc-1", "10.0.0.0/8"), vpc("vpc-2", "10.0.0.0/8")],
    prefix_lists=[prefix_list("pl-1", "10.0.0.0/24")],
)


def small() -> Checker:
    checker = Checker(SMALL, IndexCache())
    assert checker.check("eni-a", FROM_B, NOW).action is Action.ACCEPT
    return checker


def books(checker: Checker) -> dict[tuple[str, Family], object]:
    return {(name, family): checker.book(VpcId(name), family) for name in ("vpc-1", "vpc-2") for family in Family}


def test_an_eni_that_leaves_a_group_is_no_peer_any_more() -> None:
    before = small()
    after = before.after(*commit(SMALL, [eni("eni-b", "10.0.0.6", groups=["sg-a"], instance="i-1")]))
    assert after.check("eni-a", FROM_B, NOW).action is Action.DROP
    assert before.check("eni-a", FROM_B, NOW).action is Action.ACCEPT


def test_an_eni_that_is_gone_is_an_error() -> None:
    after = small().after(*commit(SMALL, [], [(Kind.ENI, "eni-a")]))
    with pytest.raises(PdpError) as raised:
        after.check("eni-a", FROM_B, NOW)
    assert raised.value.reason is Reason.UNKNOWN_ENI


def test_an_eni_that_moves_to_another_vpc_is_in_the_book_of_that_one_alone() -> None:
    moved = eni("eni-b", "10.0.0.6", groups=["sg-c"], vpc="vpc-3")
    after = small().after(*commit(SMALL, [moved]))
    owner = SMALL.enis[EniId("eni-b")]
    assert small().book(owner.vpc, Family.IPV4).at(0x0A000006).enis == (owner,)
    assert after.book(owner.vpc, Family.IPV4).at(0x0A000006).enis == ()
    assert after.book(moved.vpc, Family.IPV4).at(0x0A000006).enis == (moved,)


@pytest.mark.parametrize(
    "resource",
    [
        group("sg-b", "accept all from 0.0.0.0/0"),
        prefix_list("pl-1", "10.0.0.0/25"),
        vpc("vpc-1", "10.0.0.0/9"),
        replace(SMALL.settings, limits="2026"),
        penalty("i-1"),
    ],
    ids=["group", "prefix list", "VPC", "settings", "penalty"],
)
def test_a_commit_that_touches_no_eni_keeps_every_book(resource: Resource) -> None:
    before = small()
    kept = books(before.after(*commit(SMALL, [resource])))
    assert all(kept[key] is book for key, book in books(before).items())


def test_a_changed_eni_keeps_the_books_of_other_vpcs_and_of_the_other_family() -> None:
    before = small()
    kept = books(before.after(*commit(SMALL, [eni("eni-b", "10.0.0.8", groups=["sg-b"])])))
    assert [key for key, book in books(before).items() if kept[key] is not book] == [("vpc-1", Family.IPV4)]


def test_a_commit_builds_no_index_that_it_leaves_alone() -> None:
    cache = IndexCache()
    before = Checker(SMALL, cache)
    before.check("eni-a", FROM_B, NOW)
    after = before.after(*commit(SMALL, [group("sg-b", "accept all from 0.0.0.0/0")]))
    after.check("eni-a", FROM_B, NOW)
    assert cache.builds == 1

"""What `apply` promises of any policy and any changes; histories of them are told in `test_histories`."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from types import FrameType

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pdp.model.errors import Refusal
from pdp.model.groups import SecurityGroup
from pdp.model.ids import GroupId, Revision
from pdp.model.network import Vpc
from pdp.model.resources import Resources
from pdp.model.rules import PortList, PrefixList
from pdp.model.verdict import Verdict
from pdp.policy.apply import apply
from pdp.policy.changes import Change, Delete, Kind, Origin, Put, Resource, key_of, kind_of
from pdp.policy.decide import decide
from pdp.policy.draft import normal, resources_in, snapshot_of
from pdp.policy.snapshot import Snapshot, resources_of
from tests.aimed_flows import edge_flows
from tests.builders import eni, group, policy, resources, vpc
from tests.policy.applying import add, done, join, modify, remove
from tests.properties.histories import STORE, Doer, content, loadable, loaded, loading, tried
from tests.properties.policies import few, seeds
from tests.workloads import NOW

EMPTY = Snapshot(STORE, Revision(0))
TEXTS = ("", "web", "ünïcödé", "drop all from 0.0.0.0/0")


@few
@given(seeds, st.integers(1, 8))
def test_changes_are_done_or_refused_whatever_they_are(seed: int, length: int) -> None:
    """Several at once, of which one may undo, presume or contradict another: never an error of any other kind."""
    rng = Random(seed)
    snapshot = loaded(rng)
    doer = Doer(rng)
    for _ in range(12):
        changes = [doer.deed(snapshot).change for _ in range(length)]
        origin = rng.choice(list(Origin))
        before = resources_of(snapshot)
        try:
            after = apply(snapshot, changes, origin, NOW).snapshot
        except Refusal:
            assert resources_of(snapshot) == before
            continue
        assert (after is snapshot) is (resources_of(after) == before)
        snapshot = after


@few
@given(seeds, st.integers(1, 12))
def test_what_any_changes_lead_to_can_be_loaded_anew(seed: int, length: int) -> None:
    """What is refused of an import never gets in by requests either, in parts or at once."""
    rng = Random(seed)
    snapshot = loaded(rng)
    doer = Doer(rng)
    for _ in range(10 * length):
        changes = [doer.deed(snapshot).change for _ in range(rng.randint(1, 3))]
        applied = tried(snapshot, changes, rng.choice(list(Origin)))
        snapshot = applied.snapshot if applied else snapshot
    anew = apply(EMPTY, loading(resources_of(snapshot)), Origin.IMPORT, NOW).snapshot
    assert content(anew) == content(snapshot)
    assert anew.usage == snapshot_of(resources_of(snapshot)).usage


@few
@given(seeds)
def test_deleting_what_was_put_gives_the_equal_snapshot(seed: int) -> None:
    rng = Random(seed)
    # By chance a resource may be made twice; put twice it is there once.
    whole = {(kind_of(part), key_of(part)): part for part in map(normal, resources_in(loadable(rng)))}
    deletable = [part for (kind, _), part in whole.items() if kind is not Kind.SETTINGS]
    extra = set(rng.sample(range(len(deletable)), rng.randint(1, min(6, len(deletable)))))
    base: list[Change] = [Put(part) for n, part in enumerate(deletable) if n not in extra]
    start = tried(EMPTY, base, Origin.IMPORT)
    assume(start is not None)
    assert start is not None
    added = [deletable[n] for n in sorted(extra)]
    more = apply(start.snapshot, [Put(part) for part in added], Origin.IMPORT, NOW).snapshot
    back = apply(more, [Delete(kind_of(part), key_of(part)) for part in added], Origin.IMPORT, NOW).snapshot
    assert more.revision == start.snapshot.revision + 1
    assert content(back) == content(start.snapshot)


@few
@given(seeds)
def test_putting_and_deleting_at_once_changes_nothing(seed: int) -> None:
    rng = Random(seed)
    snapshot = loaded(rng)
    new = replace(rng.choice(sorted(snapshot.groups.values(), key=key_of)), id=GroupId("sg-new"))
    assert apply(snapshot, [Put(new), Delete(Kind.GROUP, "sg-new")], Origin.REQUEST, NOW).snapshot is snapshot


@few
@given(seeds)
def test_names_and_descriptions_decide_nothing(seed: int) -> None:
    rng = Random(seed)
    snapshot = loaded(rng)
    named = [Put(renamed(rng, part)) for part in resources_in(resources_of(snapshot))]
    after = apply(snapshot, named, Origin.IMPORT, NOW).snapshot
    for question in edge_flows(rng, snapshot, 40):
        assert same_words(decide(snapshot, *question)) == same_words(decide(after, *question))


def same_words(verdict: Verdict) -> Verdict:
    """The verdict without the words on its rule."""
    rule = replace(verdict.rule, description="", created="") if verdict.rule is not None else None
    return verdict._replace(rule=rule)


def renamed(rng: Random, part: Resource) -> Resource:
    """The resource with other words on it and on its rules."""
    words = iter(rng.choices(TEXTS, k=1_000))
    match part:
        case SecurityGroup():
            rules = tuple(replace(rule, description=next(words), created=next(words)) for rule in part.rules)
            return replace(part, name=next(words), description=next(words), created=next(words), rules=rules)
        case PrefixList() | PortList():
            return replace(part, name=next(words), description=next(words))
        case Vpc():
            return replace(part, name=next(words))
    return part


def calls_of(work: Callable[[], object]) -> int:
    """How many functions are called, of Python and of C."""
    count = 0

    def tell(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    work()
    before = sys.getprofile()
    sys.setprofile(tell)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def crowd(others: int, members: int) -> Snapshot:
    """sg-a with some members, all of them in sg-b too, and other ENIs elsewhere."""
    groups = [group("sg-a", "accept tcp/22 from sg-b"), group("sg-b"), group("sg-c"), group("sg-d")]
    enis = [eni(f"eni-{n}", f"10.0.{n // 250}.{n % 250}", groups=["sg-a", "sg-b"]) for n in range(members)]
    enis += [eni(f"eni-o{n}", f"10.9.{n // 250}.{n % 250}", groups=["sg-c"]) for n in range(others)]
    return policy(groups, enis)


ONE_CHANGE: Sequence[Change] = (
    add("sg-a", "drop all from ::/0"),
    remove("sg-a", "sgr-1"),
    modify("sg-a", "drop tcp/22 from sg-b id sgr-1"),
    join("eni-1", "sg-d"),
    Put(eni("eni-new", "10.7.0.1", groups=["sg-a"])),
    Put(replace(group("sg-a"), name="renamed")),
    Delete(Kind.GROUP, "sg-d"),
    Delete(Kind.ENI, "eni-1"),
)


@pytest.mark.parametrize("change", ONE_CHANGE, ids=lambda change: type(change).__name__)
def test_the_cost_of_a_change_depends_neither_on_enis_nor_on_members(change: Change) -> None:
    """Counted in calls, which are the same everywhere; a little is allowed for how deep a map is."""
    small, many, crowded = crowd(10, 5), crowd(1_500, 5), crowd(10, 1_500)
    cost = calls_of(lambda: done(small, change))
    assert calls_of(lambda: done(many, change)) <= cost * 1.05
    assert calls_of(lambda: done(crowded, change)) <= cost * 1.05


def test_moving_many_groups_looks_at_every_eni_once() -> None:
    """An import that changes many groups at once is not an import for each of them."""

    def cost(groups: int) -> float:
        names = [f"sg-{n}" for n in range(groups)]
        start = done(EMPTY, *loading(spread(names, "vpc-1")), origin=Origin.IMPORT)
        move = loading(spread(names, "vpc-2"))
        return calls_of(lambda: done(start, *move, origin=Origin.IMPORT)) / groups

    assert cost(100) <= cost(10) * 1.5


def spread(names: list[str], vpc_id: str) -> Resources:
    """Two ENIs in each group, all in one VPC."""
    enis = [eni(f"eni-{name}-{n}", groups=[name], vpc=vpc_id) for name in names for n in (1, 2)]
    return resources((group(name, vpc=vpc_id) for name in names), enis, vpcs=[vpc("vpc-1"), vpc("vpc-2")])

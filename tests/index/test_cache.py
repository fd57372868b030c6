"""Indexes are shared by all that are made of the same parts, bounded in bytes, and never stale."""

import gc
from dataclasses import replace

import pytest

from pdp.index.cache import CachedIndex, IndexCache
from pdp.index.checker import Checker
from pdp.index.policy_index import PolicyIndex
from pdp.model.addresses import Family
from pdp.model.flow import Direction
from pdp.model.resources import Resources
from pdp.model.rules import Action
from pdp.policy.changes import Kind
from pdp.policy.draft import snapshot_of
from pdp.policy.snapshot import Snapshot
from tests.builders import NOW, eni, flow, group, policy, port_list, prefix_list, resources, rule
from tests.index.commits import commit

TO_PORT_22 = flow("in tcp 198.51.100.7:1 > 10.0.0.5:22")


def two_groups() -> Resources:
    return resources(
        [group("sg-a", "accept tcp/22 from pl-1"), group("sg-b", "accept tcp/prl-1 from 0.0.0.0/0")],
        [
            eni("eni-a", "10.0.0.5", groups=["sg-a"]),
            eni("eni-b", "10.0.0.6", groups=["sg-a"]),
            eni("eni-c", "10.0.0.7", groups=["sg-a", "sg-b"]),
        ],
        prefix_lists=[prefix_list("pl-1", "198.51.100.0/24")],
        port_lists=[port_list("prl-1", "22")],
    )


def index(
    cache: IndexCache,
    snapshot: Snapshot,
    eni_id: str = "eni-a",
    direction: Direction = Direction.INGRESS,
    family: Family = Family.IPV4,
) -> CachedIndex:
    return cache.index(snapshot, snapshot.groups_of(snapshot.eni(eni_id)), direction, family)


def test_enis_with_the_same_groups_share_an_index() -> None:
    cache, snapshot = IndexCache(), snapshot_of(two_groups())
    assert index(cache, snapshot, "eni-a") is index(cache, snapshot, "eni-b")
    assert index(cache, snapshot, "eni-a") is not index(cache, snapshot, "eni-c")
    assert cache.builds == 2


def test_each_direction_and_family_has_an_index_of_its_own() -> None:
    cache, snapshot = IndexCache(), snapshot_of(two_groups())
    kinds = [(direction, family) for direction in Direction for family in Family]
    assert len({id(index(cache, snapshot, "eni-a", *kind)) for kind in kinds}) == 4
    assert cache.builds == 4


def test_an_index_is_built_when_it_is_first_asked_for() -> None:
    cache = IndexCache()
    checker = Checker(snapshot_of(two_groups()), cache)
    assert cache.builds == 0
    for _ in range(3):
        checker.check("eni-a", TO_PORT_22, NOW)
    assert cache.builds == 1


def test_what_changes_elsewhere_leaves_an_index_alone() -> None:
    cache, before = IndexCache(), snapshot_of(two_groups())
    after, _ = commit(before, [group("sg-b", "drop all from 0.0.0.0/0")], [(Kind.ENI, "eni-b")])
    assert index(cache, before) is index(cache, after)
    assert cache.builds == 1


def test_a_join_rebuilds_nothing() -> None:
    cache, before = IndexCache(), snapshot_of(two_groups())
    after, _ = commit(before, [eni("eni-d", "10.0.0.8", groups=["sg-a"])])
    assert index(cache, before) is index(cache, after)


def test_a_changed_list_of_the_same_groups_is_another_index_by_turns() -> None:
    cache, before = IndexCache(), snapshot_of(two_groups())
    after, _ = commit(before, [prefix_list("pl-1", "203.0.113.0/24")])
    first, second = index(cache, before), index(cache, after)
    assert first is not second
    assert (index(cache, before), index(cache, after)) == (first, second)
    assert cache.builds == 2


@pytest.mark.parametrize(
    "changed",
    [
        replace(two_groups(), groups=(group("sg-a", "drop tcp/22 from pl-1"), group("sg-b"))),
        replace(two_groups(), prefix_lists=(prefix_list("pl-1", "203.0.113.0/24"),)),
    ],
    ids=["rules", "prefix list"],
)
def test_a_changed_part_is_another_index(changed: Resources) -> None:
    cache = IndexCache()
    before, after = Checker(snapshot_of(two_groups()), cache), Checker(snapshot_of(changed), cache)
    assert before.check("eni-a", TO_PORT_22, NOW).action is Action.ACCEPT
    assert after.check("eni-a", TO_PORT_22, NOW).action is Action.DROP
    assert before.check("eni-a", TO_PORT_22, NOW).action is Action.ACCEPT
    assert cache.builds == 2


def test_a_changed_port_list_is_another_index() -> None:
    cache, resources_ = IndexCache(), two_groups()
    changed = replace(resources_, port_lists=(port_list("prl-1", "23"),), prefix_lists=(prefix_list("pl-1"),))
    before, after = Checker(snapshot_of(resources_), cache), Checker(snapshot_of(changed), cache)
    assert before.check("eni-c", TO_PORT_22, NOW).action is Action.ACCEPT
    assert after.check("eni-c", TO_PORT_22, NOW).action is Action.DROP


def many_groups(count: int) -> Snapshot:
    return policy(
        [
            group(f"sg-{n}", *(f"accept tcp/{n * 40 + port + 1} from 10.{n}.0.0/16" for port in range(20)))
            for n in range(count)
        ],
        [eni(f"eni-{n}", f"10.0.1.{n}", groups=[f"sg-{n}"]) for n in range(count)],
    )


def test_the_cache_stays_within_its_bytes_and_drops_the_least_recently_used() -> None:
    snapshot = many_groups(4)
    size = max(index(IndexCache(), snapshot, f"eni-{n}").nbytes for n in range(4))
    cache = IndexCache(limit_bytes=3 * size)
    first = index(cache, snapshot, "eni-0")
    second = index(cache, snapshot, "eni-1")
    index(cache, snapshot, "eni-2")
    assert index(cache, snapshot, "eni-0") is first
    index(cache, snapshot, "eni-3")
    assert cache.nbytes <= cache.limit_bytes
    assert index(cache, snapshot, "eni-0") is first
    assert cache.builds == 4
    assert index(cache, snapshot, "eni-1") is not second
    assert cache.builds == 5


def test_bytes_count_what_is_kept() -> None:
    snapshot, cache = many_groups(3), IndexCache()
    kept = sum(index(cache, snapshot, f"eni-{n}").nbytes for n in range(3))
    assert cache.nbytes == kept > 0


def test_an_index_larger_than_the_cache_still_answers() -> None:
    snapshot, cache = many_groups(2), IndexCache(limit_bytes=1)
    checker = Checker(snapshot, cache)
    asked = flow("in tcp 10.1.0.1:1 > 10.0.1.1:41")
    assert checker.check("eni-1", asked, NOW).action is Action.ACCEPT
    assert checker.check("eni-0", asked, NOW).action is Action.DROP
    assert cache.builds == 2


def indexes_alive() -> int:
    gc.collect()
    return sum(type(item) is PolicyIndex for item in gc.get_objects())


def test_what_the_cache_lets_go_is_not_kept_alive_by_a_checker() -> None:
    before = indexes_alive()
    snapshot, cache = many_groups(6), IndexCache(limit_bytes=1)
    checker = Checker(snapshot, cache)
    for n in range(6):
        checker.check(f"eni-{n}", TO_PORT_22, NOW)
    assert (cache.builds, cache.evictions) == (6, 5)
    assert indexes_alive() == before + 1


def test_an_index_made_of_dropped_groups_is_never_found_again() -> None:
    """Identities are reused by the interpreter; the cache holds what its keys stand for."""
    cache = IndexCache()
    for port in range(1, 60):
        snapshot = policy(
            [group("sg-a", f"accept tcp/{port} from 0.0.0.0/0")], [eni("eni-a", "10.0.0.5", groups=["sg-a"])]
        )
        found = index(cache, snapshot).index
        assert [owned.rule for owned in found.ordered] == [rule(f"accept tcp/{port} from 0.0.0.0/0 id sgr-1")]

"""No order among rules, groups or resources changes a verdict, the rule it names, or the name of the content."""

from dataclasses import fields, replace
from random import Random
from typing import TypeVar

from hypothesis import given

from pdp.model.groups import SecurityGroup
from pdp.model.resources import Resources
from pdp.model.rules import PortList, PrefixList
from pdp.policy.decide import decide
from pdp.policy.draft import snapshot_of
from tests.aimed_flows import edge_flows
from tests.properties.policies import checker_of, few, resources_of, seeds

T = TypeVar("T")


def shuffled(rng: Random, items: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(rng.sample(items, len(items)))


def permuted(rng: Random, resources: Resources) -> Resources:
    """The same resources with every collection, and every group's rules, in another order."""
    parts = {field.name: getattr(resources, field.name) for field in fields(resources) if field.name != "settings"}
    groups: tuple[SecurityGroup, ...] = resources.groups
    parts["groups"] = tuple(replace(group, rules=shuffled(rng, group.rules)) for group in groups)
    return Resources(**{name: shuffled(rng, items) for name, items in parts.items()}, settings=resources.settings)


def with_permuted_lists(rng: Random, resources: Resources) -> Resources:
    """The same lists with their entries in another order."""
    prefix_lists: tuple[PrefixList, ...] = resources.prefix_lists
    port_lists: tuple[PortList, ...] = resources.port_lists
    return replace(
        resources,
        prefix_lists=tuple(replace(item, entries=shuffled(rng, item.entries)) for item in prefix_lists),
        port_lists=tuple(replace(item, entries=shuffled(rng, item.entries)) for item in port_lists),
    )


@few
@given(seeds)
def test_the_order_of_resources_and_rules_changes_nothing(seed: int) -> None:
    rng = Random(seed)
    resources = resources_of(seed)
    assert_equal_policies(rng, resources, permuted(rng, resources))


@few
@given(seeds)
def test_the_order_of_list_entries_changes_nothing(seed: int) -> None:
    rng = Random(seed)
    resources = resources_of(seed)
    assert_equal_policies(rng, resources, with_permuted_lists(rng, resources))


def assert_equal_policies(rng: Random, some: Resources, others: Resources) -> None:
    """The same name, and the same verdicts with the same regions, by definition and by index."""
    before, after = snapshot_of(some), snapshot_of(others)
    assert before.store == after.store
    one, other = checker_of(before), checker_of(after)
    for question in edge_flows(rng, before, 40):
        assert decide(before, *question) == decide(after, *question), question
        assert one.check_region(*question) == other.check_region(*question), question


@few
@given(seeds)
def test_another_content_has_another_name(seed: int) -> None:
    resources = resources_of(seed)
    fewer = replace(resources, enis=resources.enis[1:])
    assert snapshot_of(resources).store != snapshot_of(fewer).store

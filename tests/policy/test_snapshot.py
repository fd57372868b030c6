"""A snapshot is its content: never the order in which it came, nor the process that read it."""

import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from pdp.model.ids import InstanceId
from pdp.model.network import PenaltyAction, Settings
from pdp.model.resources import Resources
from pdp.model.rules import Action
from pdp.policy.decide import decide
from pdp.policy.draft import snapshot_of
from pdp.policy.snapshot import content_digest
from tests.builders import (
    NOW,
    eni,
    flow,
    group,
    penalty,
    policy,
    port_list,
    prefix_list,
    resources,
    rule,
    vpc,
)
from tests.policy.asking import told

T = TypeVar("T")


def sample() -> Resources:
    return resources(
        [
            group(
                "sg-a",
                "accept tcp/22 from 10.0.0.0/8 @10",
                "drop all from sg-b",
                "accept udp/prl-1 from pl-1",
                inner=Action.ACCEPT,
            ),
            group("sg-b", "accept all to ::/0"),
            group("sg-c", account="2000"),
        ],
        [
            eni("eni-a", "10.0.0.5", "fd00::5", groups=["sg-b", "sg-a"], instance="i-1"),
            eni("eni-b", "10.0.0.6", groups=["sg-b"], instance="i-1", own_namespace=True),
        ],
        vpcs=[vpc("vpc-1", "10.0.0.0/8"), vpc("vpc-2")],
        prefix_lists=[prefix_list("pl-1", "192.0.2.0/24"), prefix_list("pl-2", "::/0")],
        port_lists=[port_list("prl-1", "53"), port_list("prl-2", "80-90")],
        smtp_exempt=["1000", "2000"],
        penalties=[penalty("i-1", since="2026-02-01T00:00:00Z"), penalty("i-1", until="2020-01-01T00:00:00Z")],
    )


def shuffled(content: Resources, seed: int) -> Resources:
    """The same resources and rules in another order."""
    chance = random.Random(seed)

    def mix(items: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(chance.sample(items, len(items)))

    return Resources(
        groups=mix(tuple(replace(item, rules=mix(item.rules)) for item in content.groups)),
        enis=mix(content.enis),
        vpcs=mix(content.vpcs),
        instances=mix(content.instances),
        prefix_lists=mix(content.prefix_lists),
        port_lists=mix(content.port_lists),
        accounts=mix(content.accounts),
        penalties=mix(content.penalties),
        settings=content.settings,
    )


def test_the_digest_does_not_depend_on_order() -> None:
    digests = {content_digest(shuffled(sample(), seed)) for seed in range(20)}
    assert digests == {content_digest(sample())}


def test_the_digest_does_not_depend_on_the_process() -> None:
    """Two processes whose hashes of text differ name the same content alike."""
    program = "from tests.policy.test_snapshot import sample, content_digest; print(content_digest(sample()))"
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert printed == {content_digest(sample())}


CHANGES: dict[str, Callable[[Resources], Resources]] = {
    "a rule less": lambda content: _with_rules(content, content.groups[0].rules[1:]),
    "a priority": lambda content: _with_rules(content, (replace(content.groups[0].rules[0], priority=11),)),
    "an inner access": lambda content: replace(
        content, groups=(replace(content.groups[0], inner_access=Action.DROP), *content.groups[1:])
    ),
    "a member less": lambda content: replace(content, enis=content.enis[:1]),
    "a namespace": lambda content: replace(
        content, enis=(replace(content.enis[0], own_namespace=True), *content.enis[1:])
    ),
    "a VPC's block": lambda content: replace(content, vpcs=(vpc("vpc-1", "10.0.0.0/9"), content.vpcs[1])),
    "a prefix list's entry": lambda content: replace(content, prefix_lists=(prefix_list("pl-1", "192.0.2.0/25"),)),
    "a port list's entry": lambda content: replace(content, port_lists=(port_list("prl-1", "54"),)),
    "an exemption": lambda content: replace(content, accounts=content.accounts[:1]),
    "a penalty": lambda content: replace(content, penalties=content.penalties[:1]),
    "a setting": lambda content: replace(content, settings=Settings(limits="2026")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_gives_another_digest(change: Callable[[Resources], Resources]) -> None:
    assert content_digest(change(sample())) != content_digest(sample())


def _with_rules(content: Resources, rules: tuple[object, ...]) -> Resources:
    return replace(content, groups=(replace(content.groups[0], rules=rules), *content.groups[1:]))  # type: ignore[arg-type]


def test_the_store_of_a_snapshot_is_its_digest_unless_named() -> None:
    assert snapshot_of(sample()).store == content_digest(sample())


def test_verdicts_do_not_depend_on_order() -> None:
    asked = [
        flow("in tcp 10.0.0.9:1 > 10.0.0.5:22"),
        flow("in udp 192.0.2.1:1 > 10.0.0.5:53"),
        flow("in icmp 10.0.0.6 > 10.0.0.5"),
    ]
    answers = {
        tuple(told(decide(snapshot_of(shuffled(sample(), seed)), "eni-a", item, NOW)) for item in asked)
        for seed in range(10)
    }
    assert answers == {("accept sg-a/sgr-1", "accept sg-a/sgr-3", "drop sg-a/sgr-2")}


def test_a_snapshot_groups_what_belongs_to_an_instance() -> None:
    snapshot = policy(
        [group("sg-a")],
        [
            eni(name, groups=["sg-a"], instance=instance)
            for name, instance in (("eni-b", "i-1"), ("eni-a", "i-1"), ("eni-c", ""))
        ],
        penalties=[penalty("i-1"), penalty("i-1", action=PenaltyAction.LOCK)],
    )
    assert dict(snapshot.instance_enis) == {"i-1": ("eni-a", "eni-b")}
    assert [block.action for block in snapshot.blocks[InstanceId("i-1")]] == [PenaltyAction.BLOCK_TRAFFIC]


def test_two_rules_that_differ_in_their_description_alone_are_equal() -> None:
    """§5.1: the identity of a rule is not its description."""
    plain = rule("accept all from 0.0.0.0/0 id sgr-1")
    assert replace(plain, description="for the office").identity == plain.identity

"""A region is sound, and one that is not would be seen: the tester is tested here too."""

from collections.abc import Callable, Iterator
from itertools import product
from random import Random

import pytest
from hypothesis import given

from pdp.model.addresses import prefix_around
from pdp.model.flow import Flow
from pdp.model.instants import Instant
from pdp.model.protocols import LAST_PORT, has_ports
from pdp.model.rules import Action
from pdp.model.verdict import Region, Stage, Verdict
from pdp.policy import stages
from pdp.policy.box import Box
from pdp.policy.context import Context
from pdp.policy.decide import decide
from pdp.policy.owners import Owners
from pdp.policy.stages import Answer
from tests.properties.policies import asked, checker_of, few, seeds
from tests.reference import Reference
from tests.soundness import Fault, Prober

Spoil = Callable[[Verdict], Verdict]

SEEDS_TO_CATCH_IN = range(40)


def faults(seed: int, spoil: Spoil = lambda verdict: verdict) -> Iterator[Fault]:
    """What the prober finds in the answers to the questions of a seed."""
    snapshot, questions = asked(seed)
    checker, prober = checker_of(snapshot), Prober(Reference(snapshot), Random(seed))
    for question in questions:
        fault = prober.fault(*question, spoil(checker.check_region(*question)))
        if fault is not None:
            yield fault


def is_caught(spoil: Spoil = lambda verdict: verdict) -> bool:
    return any(fault.expected for seed in SEEDS_TO_CATCH_IN for fault in faults(seed, spoil))


@few
@given(seeds)
def test_a_region_is_sound(seed: int) -> None:
    assert next(faults(seed), None) is None


@few
@given(seeds)
def test_sampled_and_corner_flows_in_a_region_have_its_verdict(seed: int) -> None:
    snapshot, questions = asked(seed, flows=20)
    checker, rng = checker_of(snapshot), Random(seed)
    for eni_id, flow, at in questions:
        verdict = checker.check_region(eni_id, flow, at)
        ranges = ranges_of(verdict, flow)
        points = [*product(*ranges), *(tuple(rng.randint(*bounds) for bounds in ranges) for _ in range(10))]
        for point in points:
            inside = Flow(*flow[:3], *point)
            assert decide(snapshot, eni_id, inside, at)[:5] == verdict[:5], (flow, inside)


def ranges_of(verdict: Verdict, flow: Flow) -> list[tuple[int, int]]:
    region = verdict.region
    assert region is not None
    ports = [region.source_ports, region.destination_ports] if has_ports(flow.protocol) else [(0, 0), (0, 0)]
    return [
        *((block.first, block.last) for block in (region.remote, region.own)),
        *((first, last) for first, last in ports),
    ]


def test_without_a_spoiler_nothing_is_caught() -> None:
    assert not is_caught()


@pytest.mark.parametrize(
    "stage", [Stage.SAME_INSTANCE, Stage.SMTP_BLOCKED, Stage.SAME_GROUP, Stage.RULE, Stage.HEALTH_CHECK]
)
def test_a_stage_that_narrows_nothing_is_caught(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    blinded = tuple(
        rules._replace(answer_for=without_box(rules.answer_for)) if rules.stage is stage else rules
        for rules in stages.ORDER
    )
    monkeypatch.setattr(stages, "ORDER", blinded)
    assert is_caught()


def without_box(answer_for: Callable[[Context, Answer], Answer]) -> Callable[[Context, Answer], Answer]:
    """The stage with its own narrowing lost; the stages behind it still narrow."""

    def blind_answer_for(context: Context, otherwise: Answer) -> Answer:
        boxes: list[Box | None] = []

        def with_the_box(flow: Flow, owners: Owners, at: Instant, _box: Box | None) -> Verdict:
            return otherwise(flow, owners, at, boxes[-1])

        answer = answer_for(context, with_the_box)
        if answer is with_the_box:
            return otherwise

        def blind(flow: Flow, owners: Owners, at: Instant, box: Box | None) -> Verdict:
            boxes.append(box)
            return answer(flow, owners, at, None)

        return blind

    return blind_answer_for


def wider_remote(region: Region) -> Region:
    block = prefix_around(region.family, region.remote_first, max(0, region.remote_length - 1))
    return region._replace(remote_first=block.first, remote_length=block.length)


def wider_own(region: Region) -> Region:
    block = prefix_around(region.family, region.own_first, max(0, region.own_length - 1))
    return region._replace(own_first=block.first, own_length=block.length)


def wider_source_ports(region: Region) -> Region:
    first, last = max(0, region.source_port_first - 1), min(LAST_PORT, region.source_port_last + 1)
    return region._replace(source_port_first=first, source_port_last=last)


def wider_destination_ports(region: Region) -> Region:
    first, last = max(0, region.destination_port_first - 1), min(LAST_PORT, region.destination_port_last + 1)
    return region._replace(destination_port_first=first, destination_port_last=last)


@pytest.mark.parametrize(
    "widen",
    [wider_remote, wider_own, wider_source_ports, wider_destination_ports],
    ids=["remote", "own", "source_ports", "destination_ports"],
)
def test_a_region_that_is_a_little_too_wide_is_caught(widen: Callable[[Region], Region]) -> None:
    assert is_caught(with_region(widen))


def with_region(spoil: Callable[[Region], Region]) -> Spoil:
    def spoil_region(verdict: Verdict) -> Verdict:
        assert verdict.region is not None
        return verdict._replace(region=spoil(verdict.region))

    return spoil_region


def test_a_valid_until_that_is_missing_is_caught() -> None:
    assert is_caught(lambda verdict: verdict._replace(valid_until=None))


def test_a_valid_until_that_is_a_nanosecond_late_is_caught() -> None:
    def spoil(verdict: Verdict) -> Verdict:
        end = verdict.valid_until
        return verdict if end is None else verdict._replace(valid_until=Instant(end + 1))

    assert is_caught(spoil)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda verdict: verdict._replace(action=Action(3 - verdict.action)),
        lambda verdict: verdict._replace(reason=Stage.DEFAULT),
        lambda verdict: verdict._replace(rule=None),
        lambda verdict: verdict._replace(group=None),
        lambda verdict: verdict._replace(idle_timeout_s=None),
    ],
    ids=["action", "reason", "rule", "group", "idle_timeout_s"],
)
def test_a_region_with_another_verdict_is_caught(spoil: Spoil) -> None:
    assert is_caught(spoil)


def test_a_verdict_without_a_region_is_a_fault() -> None:
    assert next(faults(1, lambda verdict: verdict._replace(region=None))).why == "the verdict has no region"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda region: region._replace(protocol=region.protocol ^ 1),
        lambda region: region._replace(eni="eni-other"),
        lambda region: region._replace(direction=3 - region.direction),
        lambda region: region._replace(source_port_first=LAST_PORT, source_port_last=0),
        lambda region: region._replace(destination_port_first=LAST_PORT, destination_port_last=0),
    ],
)
def test_a_region_that_does_not_hold_its_flow_is_a_fault(spoil: Callable[[Region], Region]) -> None:
    assert next(faults(1, with_region(spoil))).why == "the region does not hold its own flow"

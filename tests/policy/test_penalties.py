"""When a penalty has effect, and until when a verdict holds (§2, §7.4)."""

import random

import pytest

from pdp.model.instants import SECOND, Instant, format_instant
from pdp.model.network import Penalty
from pdp.model.verdict import Stage
from pdp.policy.decide import decide
from pdp.policy.penalties import has_effect, is_blocked, next_change
from tests.builders import at, eni, flow, group, penalty, policy

MARCH, APRIL, MAY, JUNE = (f"2026-0{month}-01T00:00:00Z" for month in (3, 4, 5, 6))
NANOSECOND = 1


def before(text: str) -> Instant:
    return Instant(at(text) - NANOSECOND)


@pytest.mark.parametrize(
    ("window", "when", "effective"),
    [
        (penalty("i-1"), at(MARCH), True),
        (penalty("i-1", since=MARCH), before(MARCH), False),
        (penalty("i-1", since=MARCH), at(MARCH), True),
        (penalty("i-1", until=MAY), before(MAY), True),
        (penalty("i-1", until=MAY), at(MAY), False),
        (penalty("i-1", MARCH, MAY), at(APRIL), True),
        (penalty("i-1", MARCH, MAY), at(JUNE), False),
        (penalty("i-1", MAY, MARCH), at(APRIL), False),
        (penalty("i-1", MARCH, MARCH), at(MARCH), False),
    ],
)
def test_a_penalty_has_effect_from_since_until_the_instant_until(
    window: Penalty, when: Instant, effective: bool
) -> None:
    """§7.4: time >= until has none."""
    assert has_effect(window, when) is effective


@pytest.mark.parametrize(
    ("windows", "when", "reason", "valid_until"),
    [
        ([("", "")], at(MARCH), Stage.PENALTY, None),
        ([(APRIL, "")], at(MARCH), Stage.RULE, APRIL),
        ([(APRIL, "")], at(APRIL), Stage.PENALTY, None),
        ([("", APRIL)], at(MARCH), Stage.PENALTY, APRIL),
        ([("", APRIL)], at(APRIL), Stage.RULE, None),
        ([(APRIL, MAY)], before(APRIL), Stage.RULE, APRIL),
        ([(APRIL, MAY)], at(APRIL), Stage.PENALTY, MAY),
        ([(APRIL, MAY)], before(MAY), Stage.PENALTY, MAY),
        ([(APRIL, MAY)], at(MAY), Stage.RULE, None),
        ([(MARCH, APRIL), (APRIL, MAY)], at(MARCH), Stage.PENALTY, MAY),
        ([(MARCH, MAY), (APRIL, JUNE)], at(MARCH), Stage.PENALTY, JUNE),
        ([(MARCH, JUNE), (APRIL, MAY)], at(MARCH), Stage.PENALTY, JUNE),
        ([(MARCH, APRIL), (MAY, JUNE)], at(MARCH), Stage.PENALTY, APRIL),
        ([(MARCH, APRIL), (MAY, JUNE)], at(APRIL), Stage.RULE, MAY),
        ([(JUNE, MARCH)], at(MARCH), Stage.RULE, None),
        ([(MARCH, ""), ("", JUNE)], at(APRIL), Stage.PENALTY, None),
    ],
)
def test_valid_until_is_the_next_instant_at_which_the_answer_changes(
    windows: list[tuple[str, str]], when: Instant, reason: Stage, valid_until: str | None
) -> None:
    """§2: exactly that instant, neither the end of one of several windows nor one that changes nothing."""
    snapshot = policy(
        [group("sg-a", "accept all from 0.0.0.0/0")],
        [eni("eni-a", "10.0.0.5", groups=["sg-a"], instance="i-1")],
        penalties=[penalty("i-1", *window) for window in windows],
    )
    verdict = decide(snapshot, "eni-a", flow("in tcp 198.51.100.7:1 > 10.0.0.5:2"), when)
    told = None if verdict.valid_until is None else format_instant(verdict.valid_until)
    assert (verdict.reason, told) == (reason, valid_until)


def test_another_instances_penalty_limits_nothing() -> None:
    """§2: a since or until of *that* instance."""
    snapshot = policy(
        [group("sg-a")],
        [eni("eni-a", "10.0.0.5", groups=["sg-a"], instance="i-1"), eni("eni-b", groups=["sg-a"], instance="i-2")],
        penalties=[penalty("i-2", since=APRIL)],
    )
    assert decide(snapshot, "eni-a", flow("in icmp 198.51.100.7 > 10.0.0.5"), at(MARCH)).valid_until is None


def test_the_answer_stays_the_same_until_valid_until_and_differs_there() -> None:
    """§2: over random windows, looked at instant by instant."""
    chance = random.Random(7)
    for _ in range(300):
        windows = tuple(_random_window(chance) for _ in range(chance.randint(1, 4)))
        for moment in range(-1, 13):
            now = is_blocked(windows, Instant(moment))
            later = (Instant(t) for t in range(moment + 1, 14))
            first_other = next((t for t in later if is_blocked(windows, t) is not now), None)
            assert next_change(windows, Instant(moment)) == first_other


def _random_window(chance: random.Random) -> Penalty:
    since, until = (chance.choice([None, *range(12)]) for _ in range(2))
    window = penalty("i-1")
    return Penalty(
        window.penalty_class,
        window.action,
        window.instance,
        since=None if since is None else Instant(since),
        until=None if until is None else Instant(until),
    )


def test_instants_keep_nanoseconds() -> None:
    """§2: a verdict at the last nanosecond before a start is another one."""
    start = "2026-04-01T00:00:00.000000001Z"
    assert at(start) == at(APRIL) + NANOSECOND
    assert next_change((penalty("i-1", since=start),), at(APRIL)) == at(start)
    assert format_instant(at(start)) == start
    assert at("2026-04-01T00:00:01Z") - at(APRIL) == SECOND

"""When a traffic-blocking penalty has effect (§7.4)."""

from pdp.model.instants import Instant
from pdp.model.network import Penalty


def has_effect(penalty: Penalty, at: Instant) -> bool:
    """From `since` on, until the instant `until` is reached; a blank one is no bound."""
    return (penalty.since is None or penalty.since <= at) and (penalty.until is None or at < penalty.until)


def is_blocked(penalties: tuple[Penalty, ...], at: Instant) -> bool:
    """Whether any of an instance's BLOCK_TRAFFIC penalties has effect."""
    return any(has_effect(penalty, at) for penalty in penalties)


def next_change(penalties: tuple[Penalty, ...], at: Instant) -> Instant | None:
    """The first instant after `at` at which `is_blocked` changes, or None: a verdict's `valid_until` (§2)."""
    bounds = {bound for penalty in penalties for bound in (penalty.since, penalty.until) if bound is not None}
    now = is_blocked(penalties, at)
    return next((bound for bound in sorted(bounds) if bound > at and is_blocked(penalties, bound) is not now), None)

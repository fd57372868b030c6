"""Instants as integers, so that a nanosecond is never lost: nanoseconds since 1970-01-01T00:00:00Z."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import NewType

from pdp.model.errors import quoted

Instant = NewType("Instant", int)

SECOND = 1_000_000_000
FIRST = Instant(-62_135_596_800 * SECOND)
LAST = Instant(253_402_300_800 * SECOND - 1)
"""The instants that have a date in the years 1 to 9999, in UTC."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))\Z"
)


def parse_instant(text: str) -> Instant:
    """An instant from RFC 3339 text; what is finer than a nanosecond is rounded up. Raises ValueError.

    Rounded up, a bound lies between the same two instants as before, so that no comparison with one changes.
    """
    match = _RFC3339.match(text)
    if not match:
        raise ValueError(f"{quoted(text)} is not an RFC 3339 time such as 2026-01-31T08:00:00Z")
    day, clock, fraction, sign, hours, minutes = match.groups()
    if sign and (int(hours) > 23 or int(minutes) > 59):
        raise ValueError(f"{quoted(text)} has no valid offset from UTC")
    offset = timedelta(hours=int(hours), minutes=int(minutes)) if sign else timedelta()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=timezone(-offset if sign == "-" else offset))
    except ValueError:
        raise ValueError(f"{quoted(text)} is not a date and time of the calendar") from None
    since = moment - _EPOCH
    instant = Instant((since.days * 86_400 + since.seconds) * SECOND + _nanoseconds(fraction or ""))
    if not FIRST <= instant <= LAST:
        raise ValueError(f"{quoted(text)} is outside the years 1 to 9999 in UTC")
    return instant


def _nanoseconds(fraction: str) -> int:
    """The digits after a second's point as nanoseconds, rounded up."""
    return int(fraction[:9].ljust(9, "0")) + bool(fraction[9:].strip("0"))


def format_instant(instant: Instant) -> str:
    """RFC 3339 text in UTC of an instant from FIRST to LAST, with a fraction only where there is one."""
    seconds, nanoseconds = divmod(instant, SECOND)
    text = (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()
    fraction = f".{nanoseconds:09d}".rstrip("0") if nanoseconds else ""
    return f"{text}{fraction}Z"

"""Instants as integers, so that a nanosecond is never lost: nanoseconds since 1970-01-01T00:00:00Z."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import NewType

from pdp.model.errors import quoted

Instant = NewType("Instant", int)

SECOND = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))\Z"
)


def parse_instant(text: str) -> Instant:
    """An instant from RFC 3339 text with at most nine digits of fraction. Raises ValueError."""
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
    return Instant((since.days * 86_400 + since.seconds) * SECOND + int((fraction or "0").ljust(9, "0")))


def format_instant(instant: Instant) -> str:
    """RFC 3339 text in UTC, with a fraction only where there is one."""
    seconds, nanoseconds = divmod(instant, SECOND)
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{nanoseconds:09d}".rstrip("0") if nanoseconds else ""
    return f"{text}{fraction}Z"

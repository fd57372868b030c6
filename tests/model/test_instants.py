"""RFC 3339 times as integers."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.model.instants import FIRST, LAST, SECOND, Instant, format_instant, parse_instant


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:01z", SECOND),
        ("1970-01-01T08:00:00+08:00", 0),
        ("1969-12-31T16:00:00-08:00", 0),
        ("1970-01-01T00:00:00.5Z", SECOND // 2),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T00:00:00.0000000010Z", 1),
        ("1970-01-01T00:00:00.0000000011Z", 2),
        ("0001-01-01T00:00:00Z", FIRST),
        ("9999-12-31T23:59:59.999999999Z", LAST),
    ],
)
def test_a_time_is_read(text: str, instant: int) -> None:
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-31",
        "2026-01-31 08:00:00Z",
        "2026-01-31T08:00:00",
        "2026-01-31T08:00Z",
        "2026-01-31T08:00:00.Z",
        "2026-01-31T08:00:00+0800",
        "2026-01-31T08:00:00+24:00",
        "2026-01-31T08:00:00+08:60",
        "2026-02-29T08:00:00Z",
        "2026-01-31T24:00:00Z",
        "2016-12-31T23:59:60Z",
        "٢٠٢٦-01-31T08:00:00Z",
        "2026-01-31T08:00:00Z\n",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:59.9999999999Z",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"RFC 3339|offset|calendar|years"):
        parse_instant(text)


@given(st.integers(FIRST, LAST))
def test_what_is_written_is_read_back(number: int) -> None:
    assert parse_instant(format_instant(Instant(number))) == number


@given(st.datetimes(), st.integers(-23 * 60, 23 * 60))
def test_an_offset_moves_the_clock_not_the_instant(moment: datetime, minutes: int) -> None:
    moment = moment.replace(year=min(max(moment.year, 2), 9998), day=min(moment.day, 28), microsecond=0)
    instant = Instant(round((moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * SECOND)
    shifted = moment + timedelta(minutes=minutes)
    sign, size = ("-", -minutes) if minutes < 0 else ("+", minutes)
    assert parse_instant(f"{shifted.isoformat()}{sign}{size // 60:02d}:{size % 60:02d}") == instant

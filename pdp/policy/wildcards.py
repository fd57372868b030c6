"""Patterns with `*` and `?` (§6.1), matched in time that grows no faster than text times pattern."""

import re


def wildcard(pattern: str, *, ignore_case: bool = False) -> "re.Pattern[str]":
    """Matches whole texts: `*` is any run of characters, also none, and `?` is any one character.

    Each run between two stars takes its first fit and never another (an atomic group): later fits match no more texts,
    and trying them all would let a pattern of many stars take hours. Without case means ASCII letters only.
    """
    first, *rest = (_literally(part) for part in re.sub(r"\*+", "*", pattern).split("*"))
    if rest:
        *middle, last = rest
        first += "".join(f"(?>.*?{part})" for part in middle) + f".*{last}"
    flags = re.DOTALL | re.ASCII | (re.IGNORECASE if ignore_case else re.NOFLAG)
    return re.compile(rf"{first}\Z", flags)


def _literally(part: str) -> str:
    return "".join("." if character == "?" else re.escape(character) for character in part)

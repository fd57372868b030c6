"""Patterns of RAM (§6.1)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.policy.wildcards import wildcard


@given(st.text("ab*?.", max_size=8), st.text("ab.\n", max_size=8))
def test_a_pattern_matches_what_the_plain_translation_matches(pattern: str, text: str) -> None:
    plain = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    assert bool(wildcard(pattern).match(text)) is bool(re.fullmatch(plain, text, re.DOTALL))


@pytest.mark.parametrize(("pattern", "text"), [("ecs:k*", "ECS:K"), ("S", "s")])
def test_case_is_that_of_ascii_letters(pattern: str, text: str) -> None:
    assert wildcard(pattern, ignore_case=True).match(text)
    assert not wildcard(pattern).match(text)


@pytest.mark.parametrize(("pattern", "text"), [("k", "\N{KELVIN SIGN}"), ("s", "\N{LATIN SMALL LETTER LONG S}")])
def test_look_alikes_are_other_letters(pattern: str, text: str) -> None:
    assert not wildcard(pattern, ignore_case=True).match(text)


def test_a_pattern_of_many_stars_comes_to_an_end() -> None:
    """One that tries every way to share a text among its stars would not."""
    assert not wildcard("a*" * 30 + "b").match("a" * 300)
    assert wildcard("a*" * 30 + "b").match("a" * 300 + "b")

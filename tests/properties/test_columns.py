"""Columns say what single checks say, however their rows are split, ordered, repeated or packed."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given

from pdp.index.batch import Columns
from pdp.index.checker import Checker
from pdp.model.addresses import Family
from pdp.model.errors import Reason
from pdp.model.instants import Instant
from pdp.policy.decide import decide
from pdp.policy.snapshot import Snapshot
from tests.aimed_flows import Question
from tests.columns import ENOUGH, Row, columns_of, judged, pack, part, row_of, rows_of
from tests.properties.policies import asked, checker_of, few, seeds

MORE_THAN_A_PART = 21_000
"""Rows that are too many to be judged at once."""


def expected_rows(snapshot: Snapshot, questions: Sequence[Question], at: Instant) -> list[Row]:
    return [row_of(decide(snapshot, eni_id, flow, at)) for eni_id, flow, _ in questions]


def answers(checker: Checker, columns: Columns, at: Instant) -> list[Row]:
    return rows_of(judged(checker, columns, at))


@few
@given(seeds)
def test_columns_say_what_the_definition_says(seed: int) -> None:
    snapshot, questions = asked(seed)
    at, rng, checker = questions[0][2], Random(seed), checker_of(snapshot)
    expected = expected_rows(snapshot, questions, at)
    for copies in (1, ENOUGH):
        assert answers(checker, columns_of(questions, rng, copies), at) == expected * copies


@few
@given(seeds)
def test_splitting_columns_changes_nothing(seed: int) -> None:
    snapshot, questions = asked(seed)
    at, rng, checker = questions[0][2], Random(seed), checker_of(snapshot)
    columns = columns_of(questions, rng, ENOUGH)
    cuts = [0, *sorted(rng.sample(range(len(columns)), 4)), len(columns)]
    split = [row for start, end in pairwise(cuts) for row in answers(checker, part(columns, start, end), at)]
    assert split == answers(checker, columns, at)


@few
@given(seeds)
def test_permuting_rows_permutes_the_answers(seed: int) -> None:
    snapshot, questions = asked(seed)
    at, rng, checker = questions[0][2], Random(seed), checker_of(snapshot)
    many = questions * ENOUGH
    order = rng.sample(range(len(many)), len(many))
    before = answers(checker, columns_of(many, rng), at)
    after = answers(checker, columns_of([many[place] for place in order], rng), at)
    assert after == [before[place] for place in order]


@few
@given(seeds)
def test_mapped_ipv4_in_16_bytes_is_ipv4_in_4(seed: int) -> None:
    snapshot, questions = asked(seed)
    at, rng, checker = questions[0][2], Random(seed), checker_of(snapshot)
    ipv4 = [question for question in questions if question[1].family is Family.IPV4]
    for copies in (1, ENOUGH):
        narrow = columns_of(ipv4, rng, copies)
        assert narrow.sources.shape[1] == 4
        ends = [(flow.source, flow.destination) for _, flow, _ in ipv4] * copies
        sources, destinations = ([pack(address, 16) for address in side] for side in zip(*ends, strict=True))
        wide = replace(narrow, sources=bytes_column(sources), destinations=bytes_column(destinations))
        assert answers(checker, wide, at) == answers(checker, narrow, at)


def bytes_column(rows: list[bytes]) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
    return np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1)


@few
@given(seeds)
def test_bad_rows_spoil_nothing_else(seed: int) -> None:
    snapshot, questions = asked(seed)
    at, rng, checker = questions[0][2], Random(seed), checker_of(snapshot)
    columns = columns_of([question for question in questions if question[1].family is Family.IPV6] * ENOUGH, rng)
    expected = answers(checker, columns, at)
    enis, directions, sources = columns.eni_index.copy(), columns.directions.copy(), columns.sources.copy()
    unknown, nowhere, lost, mixed = rng.sample(range(len(columns)), 4)
    enis[unknown] = len(columns.eni_ids)
    enis[nowhere] = len(columns.eni_ids) + 1
    directions[lost] = rng.choice((0, 3, 255))
    sources[mixed] = np.frombuffer(b"\0" * 10 + b"\xff\xff\x0a\0\0\1", np.uint8)
    spoiled = replace(
        columns, eni_ids=[*columns.eni_ids, "eni-x"], eni_index=enis, directions=directions, sources=sources
    )
    expected[unknown] = Reason.UNKNOWN_ENI
    expected[nowhere] = Reason.INVALID_COLUMN
    expected[lost] = Reason.INVALID_DIRECTION
    expected[mixed] = Reason.MIXED_ADDRESS_FAMILIES
    assert answers(checker, spoiled, at) == expected


@few
@given(seeds)
def test_columns_end_with_the_first_of_their_verdicts_to_end(seed: int) -> None:
    snapshot, questions = asked(seed, flows=20)
    checker = checker_of(snapshot)
    for copies in (1, ENOUGH):
        for at in sorted({question[2] for question in questions}):
            ends = [decide(snapshot, eni_id, flow, at).valid_until for eni_id, flow, _ in questions]
            check = judged(checker, columns_of(questions, Random(seed), copies), at)
            assert check.valid_until == min((end for end in ends if end is not None), default=None)


@pytest.mark.parametrize("seed", [1, 2])
def test_more_rows_than_are_judged_at_once(seed: int) -> None:
    snapshot, questions = asked(seed)
    at = questions[0][2]
    copies = MORE_THAN_A_PART // len(questions)
    rows = answers(checker_of(snapshot), columns_of(questions, Random(seed), copies), at)
    assert rows == expected_rows(snapshot, questions, at) * copies


def test_no_rows_have_no_answers() -> None:
    snapshot, questions = asked(1)
    check = judged(checker_of(snapshot), part(columns_of(questions, Random(1)), 0, 0), questions[0][2])
    assert (rows_of(check), check.rules, check.groups, check.valid_until) == ([], [], [], None)

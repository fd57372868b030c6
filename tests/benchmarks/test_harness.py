"""The arithmetic under the figures."""

import json

import pytest

from benchmarks.harness import each, fastest_ns, percentile, same, show, with_spread


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (1, 1), (50, 50), (99, 99), (99.5, 100), (100, 100)])
def test_a_percentile_is_one_of_the_values(percent: float, expected: int) -> None:
    assert percentile(range(100, 0, -1), percent) == expected


def test_a_single_value_is_every_percentile() -> None:
    assert [percentile([7], percent) for percent in (0, 50, 99, 100)] == [7, 7, 7, 7]


def test_a_spread_has_its_median_between_its_ends() -> None:
    assert with_spread("ratio", [3, 1, 2]) == {"ratio": 2, "ratio_min": 1, "ratio_max": 3}


def test_a_wrong_answer_ends_a_measurement() -> None:
    same(1, 1)
    with pytest.raises(AssertionError, match="a timed answer is wrong: 1 instead of 2"):
        same(1, 2)


def test_every_input_is_given_to_what_is_measured_in_every_round_by_turns() -> None:
    seen: list[int] = []
    works = {"one": each(seen.append, [1, 2]), "other": each(seen.append, [3])}
    assert fastest_ns(works, turns=2, times=1).keys() == works.keys()
    assert seen == [1, 2, 3, 1, 2, 3]


def test_the_fastest_time_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0, 50, 100, 130, 200, 270, 300, 340])
    monkeypatch.setattr("time.process_time_ns", lambda: next(clock))
    assert fastest_ns({"work": lambda: None}, turns=2, times=2) == {"work": 30}


def test_figures_are_one_object_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    show("title", {"a_us": 1.5, "b_us": None}, as_json=True)
    shown = json.loads(capsys.readouterr().out)
    assert shown.pop("machine")["cores"] >= 1
    assert shown == {"a_us": 1.5, "b_us": None}


def test_figures_are_a_table_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    show("title", {"rate": 1234.5, "rules": 10}, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:3]] == [["title"], ["rate", "1,234.5"], ["rules", "10"]]

"""The index benchmark runs from start to end, on a policy too small to say anything about speed."""

import pytest

from benchmarks import index

FIGURES = {
    "build_ms",
    "index_kib",
    "address_book_kib",
    "rules_us",
    "decision_us",
    "region_us",
    "decide_us",
    "columns_ns_per_flow",
    "columns_mixed_ns_per_flow",
}
TINY = {
    "RULES": 40,
    "MEMBERS": 30,
    "FLOWS": 60,
    "ROWS": 120,
    "MIXED_ENIS": 3,
    "LINEAR_FLOWS": 20,
    "TURNS": 1,
    "TIMES": 1,
}


def test_every_figure_is_measured_for_both_families(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in TINY.items():
        monkeypatch.setattr(index, name, value)
    figures = index.measure()
    assert figures.keys() == FIGURES | {f"{name}_ipv6" for name in FIGURES}
    assert all(figure > 0 for figure in figures.values())

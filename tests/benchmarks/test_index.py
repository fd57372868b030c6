"""The index benchmark runs from start to end, on a policy too small to say anything about speed."""

import pytest

from benchmarks import index
from pdp.model.addresses import Family

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
TINY = {"RULES": 40, "MEMBERS": 30, "FLOWS": 60, "ROWS": 120, "MIXED_ENIS": 3, "LINEAR_FLOWS": 20}


@pytest.mark.parametrize("family", Family)
def test_every_figure_is_measured(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in TINY.items():
        monkeypatch.setattr(index, name, value)
    assert index.measure(family).keys() == FIGURES

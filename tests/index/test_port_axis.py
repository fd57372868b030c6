from bisect import bisect_right

from hypothesis import given
from hypothesis import strategies as st

from pdp.index.port_axis import PortAxis, port_segments, port_tree
from pdp.model.protocols import LAST_PORT, PortRange

EDGES = st.sampled_from([0, 1, 22, 255, 256, 257, 511, 512, 32_767, 32_768, 65_279, 65_280, 65_534, LAST_PORT])
RANGES = st.lists(st.tuples(EDGES | st.integers(0, LAST_PORT), EDGES | st.integers(0, LAST_PORT)), max_size=40)


def axis_of(ranges: list[tuple[int, int]]) -> PortAxis:
    masks = {PortRange(min(ends), max(ends)): 1 << place for place, ends in enumerate(ranges)}
    return PortAxis(port_segments(port_tree(masks), 1 << len(ranges)))


@given(RANGES)
def test_where_a_search_may_start_and_end_changes_no_answer(ranges: list[tuple[int, int]]) -> None:
    axis = axis_of(ranges)
    for bound in {0, LAST_PORT, *axis.bounds, *range(0, LAST_PORT + 1, 256)}:
        for port in {max(bound - 1, 0), min(bound, LAST_PORT), min(bound + 1, LAST_PORT)}:
            page = port >> 8
            assert bisect_right(axis.bounds, port, axis.starts[page], axis.starts[page + 1]) == bisect_right(
                axis.bounds, port
            )


@given(RANGES)
def test_a_segment_has_the_rules_whose_range_holds_it(ranges: list[tuple[int, int]]) -> None:
    axis = axis_of(ranges)
    distinct = {(min(ends), max(ends)): place for place, ends in enumerate(ranges)}
    for port in {0, LAST_PORT, *(bound for bound in axis.bounds if bound <= LAST_PORT)}:
        holding = sum(1 << place for (first, last), place in distinct.items() if first <= port <= last)
        assert axis.at(port) == holding | 1 << len(ranges)


def test_the_starts_cover_every_port() -> None:
    axis = axis_of([(22, 22), (256, 300), (65_535, 65_535)])
    assert len(axis.starts) == 257
    assert axis.starts == sorted(axis.starts)
    assert axis.starts[-1] == len(axis.bounds)

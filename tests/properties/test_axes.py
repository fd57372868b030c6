"""Frozen axes say what a scan of all ranges says, and are as short as they can be."""

from bisect import bisect_right
from functools import reduce
from operator import or_

from hypothesis import given
from hypothesis import strategies as st

from pdp.index.axis import Axis
from pdp.index.columns import AddressBounds, address_array
from pdp.index.port_axis import port_segments, port_tree
from pdp.index.prefix_trie import Node, PrefixTrie
from pdp.model.addresses import Family, Prefix, prefix_around
from pdp.model.protocols import LAST_PORT, PortRange

EDGE_PORTS = (0, 1, 2, 24, 25, 26, 80, 81, 32768, LAST_PORT - 1, LAST_PORT)
EDGE_VALUES = (0, 1, 255, 256, 0x0A000000, 0x0A0000FF, 0x0A000100, 0x64400000, (1 << 32) - 1)

families = st.sampled_from(tuple(Family))
masks = st.integers(1, (1 << 12) - 1)


@st.composite
def ports(draw: st.DrawFn) -> PortRange:
    port = st.sampled_from(EDGE_PORTS[1:]) | st.integers(1, LAST_PORT)
    return PortRange(*sorted((draw(port), draw(port))))


@st.composite
def prefixes(draw: st.DrawFn, family: Family) -> Prefix:
    value = draw(st.sampled_from(EDGE_VALUES) | st.integers(0, family.last))
    return prefix_around(family, min(value, family.last), draw(st.integers(0, family.bits)))


def check_axis(axis: Axis[int], last: int) -> None:
    """All that an axis promises of its form."""
    assert axis.bounds[0] == 0
    assert axis.bounds[-1] == last + 1
    assert all(one < other for one, other in zip(axis.bounds, axis.bounds[1:], strict=False))
    assert len(axis.values) == len(axis.bounds) == len(axis) + 1
    assert all(one != other for one, other in zip(axis.values[1:], axis.values[2:], strict=False))


def check_segments(axis: Axis[int], last: int) -> None:
    """Both ends of each segment, and nothing beyond them, lie in it."""
    for start, end in zip(axis.bounds, axis.bounds[1:], strict=False):
        for point in (start, end - 1):
            assert axis.segment(point) == (start, end - 1, axis.at(point))
        assert start == 0 or axis.at(start - 1) != axis.at(start)
        assert end > last or axis.at(end) != axis.at(start)


def check_trie(node: Node[int]) -> None:
    """Children lie inside their parent, apart from each other and in order."""
    for child in node.children:
        assert node.first <= child.first <= child.last <= node.last
        check_trie(child)
    assert all(one.last < other.first for one, other in zip(node.children, node.children[1:], strict=False))


@given(st.lists(ports(), max_size=12, unique=True), st.integers(0, 7))
def test_the_port_axis_says_which_ranges_hold_a_port(ranges: list[PortRange], spare: int) -> None:
    everywhere = spare << len(ranges)
    by_range = {ports_: 1 << place for place, ports_ in enumerate(ranges)}
    axis = Axis(port_segments(port_tree(by_range), everywhere), LAST_PORT)
    check_axis(axis, LAST_PORT)
    check_segments(axis, LAST_PORT)
    near = {bound + step for ports_ in ranges for bound in ports_ for step in (-1, 0, 1)}
    for port in sorted({*EDGE_PORTS, *near}):
        if 0 <= port <= LAST_PORT:
            expected = reduce(or_, (mask for ports_, mask in by_range.items() if port in ports_), everywhere)
            assert axis.at(port) == expected, port


@given(st.data(), families, st.integers(0, 7))
def test_the_prefix_trie_says_which_prefixes_hold_an_address(data: st.DataObject, family: Family, root: int) -> None:
    values = data.draw(
        st.dictionaries(prefixes(family).filter(lambda block: block.family is family), masks, max_size=12)
    )
    trie = PrefixTrie(family, values, root, or_)
    check_trie(trie.root)
    axis = trie.freeze()
    check_axis(axis, family.last)
    check_segments(axis, family.last)
    near = {bound + step for block in values for bound in (block.first, block.last) for step in (-1, 0, 1)}
    for value in sorted({0, family.last, *near}):
        if 0 <= value <= family.last:
            holding = (mask for block, mask in values.items() if block.first <= value <= block.last)
            assert axis.at(value) == reduce(or_, holding, root), value


HALVES = st.sampled_from((0, 1, 2, 3, 5, 1 << 32, 1 << 63, (1 << 64) - 1)) | st.integers(0, 40)
CLOSE = {
    Family.IPV4: st.integers(0, 40) | st.integers(0, Family.IPV4.last),
    Family.IPV6: st.tuples(HALVES, HALVES).map(lambda halves: halves[0] << 64 | halves[1]),
}
"""Addresses that often share a half, and otherwise are next to each other."""


@given(st.data(), families)
def test_many_addresses_are_found_at_once_where_each_is(data: st.DataObject, family: Family) -> None:
    bounds = [0, *sorted(data.draw(st.sets(CLOSE[family], max_size=100)) - {0})]
    points = data.draw(st.lists(CLOSE[family], min_size=1, max_size=100)) + bounds
    places = AddressBounds(address_array(family, bounds)).places(address_array(family, points))
    assert places.tolist() == [bisect_right(bounds, point) for point in points]


@given(st.lists(st.tuples(st.integers(1, 99), st.integers(0, 3)), max_size=20, unique_by=lambda pair: pair[0]))
def test_an_axis_joins_neighbours_of_equal_value(pairs: list[tuple[int, int]]) -> None:
    segments = [(0, 0), *sorted(pairs)]
    axis = Axis(segments, 99)
    check_axis(axis, 99)
    check_segments(axis, 99)
    for point in range(100):
        assert axis.at(point) == [value for start, value in segments if start <= point][-1]


@given(st.lists(ports(), max_size=12, unique=True))
def test_an_axis_tells_how_many_bytes_it_keeps(ranges: list[PortRange]) -> None:
    small = Axis(port_segments(port_tree({}), 0), LAST_PORT)
    axis = Axis(port_segments(port_tree({ports_: 1 << place for place, ports_ in enumerate(ranges)}), 0), LAST_PORT)
    assert axis.nbytes() >= small.nbytes() > 0
    assert (axis.nbytes() > small.nbytes()) == (len(axis) > len(small))

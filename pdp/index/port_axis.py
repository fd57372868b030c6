"""The port axis of a policy: which rules take which ports.

An interval tree holds one interval per distinct range, whose data is the mask of the rules that have it: one interval
per rule would collide, since the tree's intervals hash by their bounds alone. Its segments make an `Axis`.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import accumulate
from operator import xor
from sys import getsizeof

from intervaltree import Interval, IntervalTree

from pdp.index.axis import Axis
from pdp.model.protocols import LAST_PORT, PortRange


class DistinctRange(Interval):  # type: ignore[misc]  # the base class has no types
    """An interval among others that all differ in their bounds: it sorts as the plain tuple that it is.

    Building a tree is mostly sorting, and the comparison that this replaces is written in Python.
    """

    __slots__ = ()
    __lt__ = tuple.__lt__


class PortAxis(Axis[int]):
    """The rules that take a port, as masks.

    The segments that begin in the same 256 ports are found without a search: `bisect_right(bounds, port)` need look
    only from `starts[port >> 8]` to `starts[(port >> 8) + 1]`.
    """

    __slots__ = ("starts",)

    def __init__(self, segments: Iterable[tuple[int, int]]) -> None:
        super().__init__(segments, LAST_PORT)
        self.starts = [bisect_right(self.bounds, first) for first in range(0, LAST_PORT + 2, 256)]

    def nbytes(self) -> int:
        """Bytes that the axis keeps alive."""
        return super().nbytes() + getsizeof(self.starts)


def port_tree(masks: Mapping[PortRange, int]) -> IntervalTree:
    """The tree of distinct ranges. A rule's bit may stand in several ranges, as long as these do not overlap."""
    return IntervalTree(DistinctRange(ports.first, ports.last + 1, mask) for ports, mask in masks.items())


def port_segments(tree: IntervalTree, everywhere: int) -> list[tuple[int, int]]:
    """The first port and the mask of each segment, from 0; rules in `everywhere` take all ports, 0 included (§3.6).

    Every bound of an interval flips the rules whose range begins or ends there.
    """
    flips = defaultdict(int, {0: everywhere})
    for begin, end, mask in tree:
        flips[begin] ^= mask
        flips[end] ^= mask
    bounds = sorted(bound for bound in flips if bound <= LAST_PORT)
    return list(zip(bounds, accumulate((flips[bound] for bound in bounds), xor), strict=True))

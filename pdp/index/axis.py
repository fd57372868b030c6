"""A frozen axis: points from 0 up, cut into segments that each have one value.

Ports and addresses, rules and owners: every look-up of a check is one bisection on such an axis.
"""

from bisect import bisect_right
from collections.abc import Iterable
from sys import getsizeof
from typing import Generic, TypeVar

T = TypeVar("T")


class Axis(Generic[T]):
    """Segments over 0..`last`, inclusive.

    Segment i, counted from 1, begins at `starts[i - 1]`, ends before `starts[i]` and has `values[i]`, so that
    `values[bisect_right(starts, point)]` is the value at a point. `values[0]` belongs to no point. Neighbours differ.
    """

    __slots__ = ("last", "starts", "values")

    def __init__(self, pairs: Iterable[tuple[int, T]], last: int) -> None:
        """From the start and value of each segment, ascending from 0. Neighbours with equal values become one."""
        self.starts: list[int] = []
        self.values: list[T] = []
        self.last = last
        for start, value in pairs:
            if not self.values:
                self.values.append(value)
            elif self.values[-1] == value:
                continue
            self.starts.append(start)
            self.values.append(value)

    def at(self, point: int) -> T:
        """The value at a point."""
        return self.values[bisect_right(self.starts, point)]

    def segment(self, point: int) -> tuple[int, int, T]:
        """The first and last point of the segment around a point, and its value."""
        place = bisect_right(self.starts, point)
        last = self.starts[place] - 1 if place < len(self.starts) else self.last
        return self.starts[place - 1], last, self.values[place]

    def __len__(self) -> int:
        return len(self.starts)

    def nbytes(self) -> int:
        """Bytes that the axis keeps alive, its distinct values included one level deep."""
        distinct = {id(item): item for item in (*self.starts, *self.values)}
        return getsizeof(self.starts) + getsizeof(self.values) + sum(map(getsizeof, distinct.values()))

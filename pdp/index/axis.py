"""A frozen axis: points from 0 up, cut into segments that each have one value.

Ports and addresses, rules and owners: every look-up of a check is one bisection on such an axis.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise
from sys import getsizeof
from typing import Generic, TypeVar

T = TypeVar("T")


class Axis(Generic[T]):
    """Segments over `bounds[0]`..`last`, inclusive; the first point is 0 but for an axis that is a part of another.

    Segment i, counted from 1, is `bounds[i - 1]` up to but without `bounds[i]` and has `values[i]`: a look-up is
    `values[bisect_right(bounds, point)]`. `values[0]` belongs to no point. Neighbours differ.
    """

    __slots__ = ("bounds", "values")

    def __init__(self, pairs: Iterable[tuple[int, T]], last: int) -> None:
        """From the start and value of each segment, ascending; the last one counts where several start alike.

        Neighbours with equal values become one.
        """
        bounds: list[int] = []
        values: list[T] = []
        for start, value in pairs:
            if bounds:
                if bounds[-1] == start:
                    bounds.pop()
                    values.pop()
                if bounds and values[-1] == value:
                    continue
            bounds.append(start)
            values.append(value)
        bounds.append(last + 1)
        self.bounds = bounds
        self.values = [values[0], *values]

    def at(self, point: int) -> T:
        """The value at a point."""
        return self.values[bisect_right(self.bounds, point)]

    def segment(self, point: int) -> tuple[int, int, T]:
        """The first and last point of the segment around a point, and its value."""
        place = bisect_right(self.bounds, point)
        return self.bounds[place - 1], self.bounds[place] - 1, self.values[place]

    def pairs(self) -> Iterator[tuple[int, T]]:
        """The start and value of each segment."""
        return zip(self.bounds, self.values[1:], strict=False)

    def cut(self, most: int) -> "list[Axis[T]]":
        """The axis as shorter ones, one after the other, of about the same number of segments and at most `most`."""
        count = len(self)
        parts = -(-count // most)
        cuts = [count * part // parts for part in range(parts + 1)]
        return [
            _axis(self.bounds[first : end + 1], [self.values[first + 1], *self.values[first + 1 : end + 1]])
            for first, end in pairwise(cuts)
        ]

    def spliced(self, first: int, end: int, other: "Axis[T]") -> "Axis[T]":
        """The axis with the segments at places `first` up to but without `end` replaced by those of another over them.

        Neighbours are not compared.
        """
        bounds = self.bounds[: first - 1] + other.bounds[:-1] + self.bounds[end - 1 :]
        values = self.values[:first] + other.values[1:] + self.values[end:]
        return _axis(bounds, values)

    def __len__(self) -> int:
        return len(self.values) - 1

    def nbytes(self) -> int:
        """Bytes that the axis keeps alive, its distinct values included one level deep."""
        distinct = {id(item): item for item in (*self.bounds, *self.values)}
        return getsizeof(self.bounds) + getsizeof(self.values) + sum(map(getsizeof, distinct.values()))


def _axis(bounds: list[int], values: list[T]) -> Axis[T]:
    """The axis of lists that are already as they must be."""
    axis: Axis[T] = Axis.__new__(Axis)
    axis.bounds, axis.values = bounds, values
    return axis

"""Frozen axes and masks as numpy arrays, for checks by the thousand.

An axis of addresses or ports becomes an array of bounds; the masks on it become rows of 64-bit words, the word with the
winning rules first. IPv6 bounds are pairs of 64-bit halves, since numpy has no 128-bit integers.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from pdp.model.addresses import Family, Prefix

Places = NDArray[np.intp]
Words = NDArray[np.uint64]
Addresses = NDArray[np.uint32] | NDArray[np.uint64]
"""Shape (n,) of uint32 for IPv4, (n, 2) of uint64 for IPv6: the high half and the low half."""

_HALF = (1 << 64) - 1


def address_array(family: Family, addresses: Sequence[int]) -> Addresses:
    """Addresses as an array of the family's form."""
    if family is Family.IPV4:
        return np.array(addresses, np.uint32)
    halves = [(address >> 64, address & _HALF) for address in addresses]
    return np.array(halves, np.uint64).reshape(len(halves), 2)


class AddressBounds:
    """The starts of the segments of an axis of addresses; `places` finds the segments of many points at once."""

    def __init__(self, starts: Addresses) -> None:
        halves = starts.reshape(len(starts), -1)
        self.highs: NDArray[np.uint32 | np.uint64] = halves[:, 0].copy()
        self.lows: Words = halves[:, -1].astype(np.uint64)
        # For each bound, the position of the first one that has the same high half.
        self.firsts: Places = self.highs.searchsorted(self.highs, "left")

    def places(self, points: Addresses) -> Places:
        """For each point, the position of its value in the axis's `values`."""
        if points.ndim == 1:
            return self.highs.searchsorted(points, "right")
        highs = np.ascontiguousarray(points[:, 0])
        places = self.highs.searchsorted(highs, "right")
        below = places - 1
        tied = np.flatnonzero(self.highs.take(below, mode="clip") == highs)
        if len(tied):
            first = self.firsts.take(below.take(tied))
            places[tied] = _search_lows(self.lows, points[tied, 1], first, places.take(tied))
        return places


def inside(points: Addresses, block: Prefix) -> NDArray[np.bool_]:
    """Whether each point, of the block's family, lies in the block.

    A prefix cuts both halves into ranges of their own: one half is whole or a single value wherever the other is cut.
    """
    first, last = address_array(block.family, (block.first, block.last))
    within = np.asarray((points >= first) & (points <= last))
    return within if points.ndim == 1 else within[:, 0] & within[:, 1]


def _search_lows(lows: Words, points: Words, first: Places, end: Places) -> Places:
    """For each point, the first position in first..end whose bound is greater: a bisection in step over all points.

    The bounds from `first` up to but without `end` ascend. Each step is half as long as the one before, and is taken
    where all bounds that it passes are at most the point.
    """
    passed = first - 1
    step = 1 << int((end - first).max()).bit_length() >> 1
    while step:
        further = passed + step
        passes = (further < end) & (lows.take(further, mode="clip") <= points)
        passed = np.where(passes, further, passed)
        step >>= 1
    return passed + 1


class MaskTable:
    """Masks as rows of words: `rows[i]` is mask i, its highest bits in the first word. Equal masks share a row."""

    def __init__(self, masks: Iterable[int], width: int) -> None:
        """`width` is the number of rules that the masks speak of."""
        self.words = max(1, (width + 63) // 64)
        row_by_mask: dict[int, int] = {}
        self.index: NDArray[np.uint16 | np.uint32] = np.array(
            [row_by_mask.setdefault(mask, len(row_by_mask)) for mask in masks], np.uint32
        )
        packed = b"".join(mask.to_bytes(self.words * 8) for mask in row_by_mask)
        self.table = np.frombuffer(packed, ">u8").astype(np.uint64).reshape(len(row_by_mask), self.words)

    def rows(self, places: Places) -> Words:
        """The masks at some positions, shape (n, words), a fresh array."""
        return self.table.take(self.index.take(places), axis=0)


def highest_bits(rows: Words) -> NDArray[np.int64]:
    """The position of the highest set bit of each row, -1 where none is set."""
    count, words = rows.shape
    word = (rows != 0).argmax(axis=1) if words > 1 else np.zeros(count, np.intp)
    value = rows.reshape(-1).take(np.arange(count) * words + word)
    # Without the bit below its highest one, a word is not rounded up to the next power of two.
    exponent = np.frexp((value & ~(value >> np.uint64(1))).astype(np.float64))[1]
    highest: NDArray[np.int64] = (words - 1 - word) * 64 + exponent - 1
    highest[value == 0] = -1
    return highest

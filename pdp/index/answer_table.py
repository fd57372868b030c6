"""A table of what the rows of an answer name, filled as rows are judged: rows then hold numbers instead of names."""

from collections.abc import Hashable, Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


class Choice(NamedTuple, Generic[T]):
    """For each row, the position in `source` of what it names. `source` must not change while its table is in use."""

    source: Sequence[T]
    positions: NDArray[np.intp]


class AnswerTable(Generic[T]):
    """`items[n - 1]` is what the number n stands for; 0 stands for nothing.

    Items of one source are numbered once. Sources are told apart by identity, so that no item is ever compared.
    """

    def __init__(self) -> None:
        self.items: list[T] = []
        self._sources: dict[int, tuple[Sequence[T], NDArray[np.uint32]]] = {}
        self._single: dict[Hashable, int] = {}

    def numbers(self, choice: Choice[T]) -> NDArray[np.uint32]:
        """For each row of a choice, the number of what it names."""
        source, positions = choice
        _, numbers = self._sources.setdefault(id(source), (source, np.zeros(len(source), np.uint32)))
        found = numbers[positions]
        if found.all():
            return found
        named = np.bincount(positions, minlength=len(source)).astype(np.bool_)
        new = np.flatnonzero(named & (numbers == 0))
        numbers[new] = np.arange(len(self.items) + 1, len(self.items) + 1 + len(new))
        self.items += map(source.__getitem__, new.tolist())
        return numbers[positions]

    def number(self, item: T, key: Hashable) -> int:
        """The number of a single item, which is known by a key."""
        number = self._single.get(key)
        if number is None:
            self.items.append(item)
            number = self._single[key] = len(self.items)
        return number

"""A path-compressed prefix trie: one node per distinct prefix, under the longest other prefix that contains it.

It holds the prefixes of rules (values: masks) and of members (values: who has them). Values add up down the path, since
an address belongs to every prefix around it. Checks read the frozen form, an `Axis`.
"""

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Generic, TypeVar

from pdp.index.axis import Axis
from pdp.model.addresses import Family, Prefix

T = TypeVar("T")


class Node(Generic[T]):
    """One prefix as the addresses `first`..`last`, its own value, and the prefixes directly inside it, ascending."""

    __slots__ = ("children", "first", "last", "value")

    def __init__(self, first: int, last: int, value: T) -> None:
        self.first = first
        self.last = last
        self.value = value
        self.children: list[Node[T]] = []


class PrefixTrie(Generic[T]):
    """The prefixes of one family. `combine` joins a prefix's value with what the prefixes around it add up to."""

    def __init__(self, family: Family, values: Mapping[Prefix, T], nothing: T, combine: Callable[[T, T], T]) -> None:
        self.combine = combine
        self.root = Node(0, family.last, nothing)
        path = [self.root]
        for (_, first, length), value in sorted(values.items(), key=itemgetter(0)):
            last = first | ((1 << (family.bits - length)) - 1)
            while path[-1].last < first:
                path.pop()
            node = Node(first, last, value)
            path[-1].children.append(node)
            path.append(node)

    def freeze(self) -> Axis[T]:
        """The axis of the values added up."""
        segments: list[tuple[int, T]] = []
        self._cover(self.root, self.root.value, segments)
        return Axis(segments, self.root.last)

    def _cover(self, node: Node[T], total: T, segments: list[tuple[int, T]]) -> None:
        """Appends starts and values of the segments that a node covers; `total` is what holds inside it."""
        segments.append((node.first, total))
        for child in node.children:
            self._cover(child, self.combine(total, child.value), segments)
            if child.last < node.last:
                segments.append((child.last + 1, total))

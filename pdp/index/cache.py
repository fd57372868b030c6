"""Policy indexes by all that they are made of, bounded in bytes, the least recently used out first.

ENIs with the same groups share an index, a changed group is another key so that a stale index cannot be found, and what
changes elsewhere leaves it alone. One event loop uses a cache; it takes no lock.
"""

from collections import OrderedDict
from typing import NamedTuple

from pdp.index.column_index import ColumnIndex
from pdp.index.policy_index import PolicyIndex
from pdp.model.addresses import Family
from pdp.model.flow import Direction
from pdp.model.groups import SecurityGroup
from pdp.model.ids import PortListId, PrefixListId
from pdp.model.rules import PortList, PrefixList, PrefixListPeer
from pdp.policy.snapshot import Snapshot

DEFAULT_LIMIT_BYTES = 1 << 30


class Parts(NamedTuple):
    """All that an index is made of. Held with the index, so that no other object can take their identities."""

    groups: tuple[SecurityGroup, ...]
    prefix_lists: tuple[PrefixList, ...]
    port_lists: tuple[PortList, ...]

    def key(self, direction: Direction, family: Family) -> tuple[int, ...]:
        """The identities of the parts: frozen values, so the same object means the same content."""
        return (int(direction), int(family), *(id(part) for parts in self for part in parts))


class NamedLists(NamedTuple):
    """The ids of the lists that the rules of some groups name. It holds the groups for the same reason."""

    groups: tuple[SecurityGroup, ...]
    prefix_lists: tuple[PrefixListId, ...]
    port_lists: tuple[PortListId, ...]


class CachedIndex:
    """An index with what it is made of, and its form for columns, which is made when first asked for."""

    __slots__ = ("_columns", "_family", "index", "nbytes", "parts")

    def __init__(self, parts: Parts, index: PolicyIndex, family: Family) -> None:
        self.parts = parts
        self.index = index
        self.nbytes = 2 * index.nbytes()
        """Bytes to count for it: the columns hold the same masks once more."""
        self._family = family
        self._columns: ColumnIndex | None = None

    @property
    def columns(self) -> ColumnIndex:
        """The index in the form that answers many flows at once."""
        if self._columns is None:
            sharing = sorted(group.id for group in self.parts.groups if group.lets_members_talk)
            self._columns = ColumnIndex(self.index, sharing, self._family)
        return self._columns


class IndexCache:
    """Builds each index when it is first asked for and keeps it while it fits.

    `builds` counts the indexes built so far, `evictions` those let go again, `nbytes` the bytes that are kept now.
    """

    def __init__(self, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.builds = 0
        self.evictions = 0
        self.nbytes = 0
        self._entries: OrderedDict[tuple[int, ...], CachedIndex] = OrderedDict()
        self._named: dict[tuple[int, ...], NamedLists] = {}

    def index(
        self, snapshot: Snapshot, groups: tuple[SecurityGroup, ...], direction: Direction, family: Family
    ) -> CachedIndex:
        """The index of some groups of the snapshot."""
        parts = self._parts(snapshot, groups)
        key = parts.key(direction, family)
        cached = self._entries.get(key)
        if cached is not None:
            self._entries.move_to_end(key)
            return cached
        index = PolicyIndex(groups, direction, family, snapshot.prefix_lists, snapshot.port_lists)
        cached = self._entries[key] = CachedIndex(parts, index, family)
        self.builds += 1
        self.nbytes += cached.nbytes
        while self.nbytes > self.limit_bytes and len(self._entries) > 1:
            _, oldest = self._entries.popitem(last=False)
            self.nbytes -= oldest.nbytes
            self.evictions += 1
            self._named.pop(tuple(map(id, oldest.parts.groups)), None)
        return cached

    def _parts(self, snapshot: Snapshot, groups: tuple[SecurityGroup, ...]) -> Parts:
        """The groups and the lists of the snapshot that their rules name.

        Which these are is found once for as long as an index of the groups is kept: a thousand rules take longer to
        read than all else that is needed to find their index.
        """
        key = tuple(map(id, groups))
        named = self._named.get(key)
        if named is None:
            named = self._named[key] = _named_lists(groups)
        return Parts(
            groups,
            tuple(snapshot.prefix_lists[prefix_id] for prefix_id in named.prefix_lists),
            tuple(snapshot.port_lists[port_id] for port_id in named.port_lists),
        )


def _named_lists(groups: tuple[SecurityGroup, ...]) -> NamedLists:
    """Each list once."""
    rules = [rule for group in groups for rule in group.rules]
    prefix_lists = {rule.peer.prefix_list for rule in rules if isinstance(rule.peer, PrefixListPeer)}
    port_lists = {rule.port_list for rule in rules if rule.port_list is not None}
    return NamedLists(groups, tuple(sorted(prefix_lists)), tuple(sorted(port_lists)))

"""Policy indexes by all that they are made of, bounded in bytes, the least recently used out first.

ENIs with the same groups share an index, a changed group is another key so that a stale index cannot be found, and what
changes elsewhere leaves it alone. One event loop uses a cache; it takes no lock.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from pdp.index.policy_index import PolicyIndex
from pdp.model.addresses import Family
from pdp.model.flow import Direction
from pdp.model.groups import SecurityGroup
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


@dataclass(slots=True)
class CacheCounts:
    """What the cache holds and has done: indexes built so far, and bytes kept now."""

    builds: int = 0
    bytes: int = 0


class IndexCache:
    """Builds each index when it is first asked for and keeps it while it fits."""

    def __init__(self, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.counts = CacheCounts()
        self._entries: OrderedDict[tuple[int, ...], tuple[Parts, PolicyIndex, int]] = OrderedDict()

    def index(
        self, snapshot: Snapshot, groups: tuple[SecurityGroup, ...], direction: Direction, family: Family
    ) -> PolicyIndex:
        """The index of some groups of the snapshot."""
        parts = _parts(snapshot, groups)
        key = parts.key(direction, family)
        entry = self._entries.get(key)
        if entry is None:
            index = PolicyIndex(groups, direction, family, snapshot.prefix_lists, snapshot.port_lists)
            entry = (parts, index, index.nbytes())
            self._entries[key] = entry
            self._make_room(entry[2])
        else:
            self._entries.move_to_end(key)
        return entry[1]

    def _make_room(self, added: int) -> None:
        self.counts.builds += 1
        self.counts.bytes += added
        while self.counts.bytes > self.limit_bytes and len(self._entries) > 1:
            _, (_, _, size) = self._entries.popitem(last=False)
            self.counts.bytes -= size


def _parts(snapshot: Snapshot, groups: tuple[SecurityGroup, ...]) -> Parts:
    """The groups and the lists that their rules name, each list once."""
    rules = [rule for group in groups for rule in group.rules]
    prefix_ids = sorted({rule.peer.prefix_list for rule in rules if isinstance(rule.peer, PrefixListPeer)})
    port_ids = sorted({rule.port_list for rule in rules if rule.port_list is not None})
    return Parts(
        groups,
        tuple(snapshot.prefix_lists[prefix_id] for prefix_id in prefix_ids),
        tuple(snapshot.port_lists[port_id] for port_id in port_ids),
    )

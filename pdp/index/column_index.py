"""A policy index in the form that answers many flows at once."""

from functools import lru_cache, reduce
from operator import or_

import numpy as np
from numpy.typing import NDArray

from pdp.index.axis import Axis
from pdp.index.book_columns import BookColumns
from pdp.index.columns import AddressBounds, Addresses, MaskTable, Places, Words, address_array, highest_bits
from pdp.index.policy_index import PolicyIndex
from pdp.model.addresses import Family
from pdp.model.ids import GroupId
from pdp.model.protocols import LAST_PROTOCOL, TCP, UDP

FEW_PORTS = 300
"""Up to this many look-ups, bisecting beats spreading an axis over all ports first."""
SPREAD_AXES = 16
"""Axes that are kept spread over all ports, 128 KiB each: those that were last asked about many ports."""


class PortPlaces:
    """Where ports are on an axis."""

    def __init__(self, axis: Axis[int]) -> None:
        self.bounds = np.array(axis.bounds, np.uint32)

    def places(self, ports: NDArray[np.uint16]) -> Places:
        """For each port, the position of its value in the axis's `values`."""
        if len(ports) <= FEW_PORTS:
            return self.bounds.searchsorted(ports, "right")
        return _segment_of_port(self).take(ports).astype(np.intp) + 1


@lru_cache(SPREAD_AXES)
def _segment_of_port(axis: PortPlaces) -> NDArray[np.uint16]:
    """For every port, how many segments are below its own."""
    return np.repeat(np.arange(len(axis.bounds) - 1, dtype=np.uint16), np.diff(axis.bounds))


class ServiceTable:
    """Masks by protocol and destination port; a protocol without ports has one mask."""

    def __init__(self, index: PolicyIndex, width: int) -> None:
        masks = [index.any_protocol]
        self.place_of_protocol = np.zeros(LAST_PROTOCOL + 1, np.intp)
        for protocol, mask in index.by_protocol.items():
            self.place_of_protocol[protocol] = len(masks)
            masks.append(mask)
        self.ports: list[tuple[int, int, PortPlaces]] = []
        for protocol, axis in index.ports.items():
            self.ports.append((protocol, len(masks), PortPlaces(axis)))
            masks += axis.values
        self.masks = MaskTable(masks, width)

    def rows(self, protocols: NDArray[np.uint8], ports: NDArray[np.uint16]) -> Words:
        """The masks of some services."""
        places = self.place_of_protocol.take(protocols)
        for protocol, offset, axis in self.ports:
            some = np.flatnonzero(protocols == protocol)
            places[some] = axis.places(ports[some]) + offset
        return self.masks.rows(places)


class AddressTable:
    """Masks by address."""

    def __init__(self, axis: Axis[int], family: Family, width: int) -> None:
        self.bounds = AddressBounds(address_array(family, axis.bounds[:-1]))
        self.masks = MaskTable(axis.values, width)

    def rows(self, addresses: Addresses) -> Words:
        """The masks at some addresses."""
        return self.masks.rows(self.bounds.places(addresses))


class OwnerTable:
    """What a policy index makes of each set of groups in one address book.

    `shared` holds 1 + the position in `sharing` of the smallest group shared with the owners, or 0; `peers` the number
    of the mask in `masks` of the rules whose group peer the owners are in, 0 for none.
    """

    def __init__(self, index: PolicyIndex, sharing: list[GroupId], book: BookColumns) -> None:
        self.book = book
        self.sharing = sharing
        masks: dict[int, int] = {0: 0}
        shared, peers = [], []
        for groups in book.group_sets:
            shared.append(next((place for place, group in enumerate(sharing, 1) if group in groups), 0))
            mask = reduce(or_, (index.peers[group] for group in groups if group in index.peers), 0)
            peers.append(masks.setdefault(mask, len(masks)))
        self.shared = np.array(shared, np.intp)
        self.peers = np.array(peers, np.intp)
        self.masks = MaskTable(masks, len(index.ordered))

    def smallest_shared(self, places: Places) -> Places:
        """`shared` for the owners at some places of the book."""
        return self.shared.take(self.book.group_set.take(places))

    def add_peers(self, accepting: Words, places: Places) -> None:
        """Adds to each mask the rules whose group peer the owners at its place are in."""
        numbers = self.peers.take(self.book.group_set.take(places))
        rows = np.flatnonzero(numbers)
        if len(rows):
            accepting[rows] |= self.masks.rows(numbers[rows])


class ColumnIndex:
    """The winners of a policy index for many flows at once; `sharing` are the groups whose members may talk, sorted."""

    def __init__(self, index: PolicyIndex, sharing: list[GroupId], family: Family) -> None:
        self.index = index
        self.sharing = sharing
        self.width = width = len(index.ordered)
        self.services = ServiceTable(index, width)
        self.remote = AddressTable(index.remote, family, width)
        self.own = AddressTable(index.own, family, width)
        self.source_places = PortPlaces(index.source)
        self.source_masks = MaskTable(index.source.values, width)
        self.narrowed = np.frombuffer(index.narrowed + b"\0", np.bool_)  # the last one is for -1, no winner
        self.actions = np.array([owned.rule.action for owned in index.ordered], np.uint8)
        self.groups = sorted({owned.group for owned in index.ordered})
        self.group_of = np.array([self.groups.index(owned.group) for owned in index.ordered], np.intp)
        self._owners: OwnerTable | None = None

    def owners(self, book: BookColumns) -> OwnerTable:
        """The owner table for an address book; the last one is kept, since one group set lives in one VPC."""
        if self._owners is None or self._owners.book is not book:
            self._owners = OwnerTable(self.index, self.sharing, book)
        return self._owners

    def winners(
        self,
        protocols: NDArray[np.uint8],
        remote: Addresses,
        own: Addresses,
        source_ports: NDArray[np.uint16],
        destination_ports: NDArray[np.uint16],
        owners: tuple[OwnerTable, Places] | None,
    ) -> NDArray[np.int64]:
        """For each flow, the position of the winning rule in `index.ordered`, or -1.

        `owners` says where in the address book the remote addresses are; None when no rule has a group peer.
        """
        rows = self.remote.rows(remote)
        if owners is not None:
            owners[0].add_peers(rows, owners[1])
        rows &= self.services.rows(protocols, destination_ports)
        best = highest_bits(rows)
        again = np.flatnonzero(self.narrowed.take(best, mode="wrap"))
        if len(again):
            rows = rows[again]
            with_ports = np.flatnonzero((protocols[again] == TCP) | (protocols[again] == UDP))
            ports = source_ports[again[with_ports]]
            rows[with_ports] &= self.source_masks.rows(self.source_places.places(ports))
            rows &= self.own.rows(own[again])
            best[again] = highest_bits(rows)
        return best

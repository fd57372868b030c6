"""The box of flows around one flow in which an answer holds, while it is being narrowed (a region to be).

Each stage narrows it to where its own answer, or its silence, stays the same. So the box that is left when a stage has
answered is sound by construction: it is the intersection of what every stage asked so far allows.
"""

from pdp.model.addresses import free_bits
from pdp.model.flow import Flow
from pdp.model.ids import EniId
from pdp.model.protocols import LAST_PORT
from pdp.model.verdict import Region

_EVERY_PORT = (0, LAST_PORT)


class Box:
    """Inclusive bounds on each axis, all of which hold the flow, whose family's highest address is `last`.

    `asks_owners` is set by a stage whose answer depends on the owners of the remote address (§3.8). Who knows how far
    around it these stay the same narrows the box then, when a stage has answered.
    """

    __slots__ = (
        "asks_owners",
        "destination_port_first",
        "destination_port_last",
        "own",
        "remote_first",
        "remote_last",
        "source_ports",
    )

    def __init__(self, last: int) -> None:
        self.asks_owners = False
        self.remote_first = self.destination_port_first = 0
        self.remote_last = last
        self.destination_port_last = LAST_PORT
        # What few rules look at. None is every address.
        self.own: tuple[int, int] | None = None
        self.source_ports = _EVERY_PORT

    def keep_remote(self, first: int, last: int) -> None:
        """Narrow to remote addresses `first`..`last`."""
        if first > self.remote_first:
            self.remote_first = first
        if last < self.remote_last:
            self.remote_last = last

    def keep_own(self, first: int, last: int) -> None:
        """Narrow to addresses `first`..`last` on the ENI's side."""
        self.own = (first, last) if self.own is None else (max(self.own[0], first), min(self.own[1], last))

    def keep_destination_ports(self, first: int, last: int) -> None:
        """Narrow to destination ports `first`..`last`."""
        if first > self.destination_port_first:
            self.destination_port_first = first
        if last < self.destination_port_last:
            self.destination_port_last = last

    def keep_source_ports(self, first: int, last: int) -> None:
        """Narrow to source ports `first`..`last`."""
        self.source_ports = max(self.source_ports[0], first), min(self.source_ports[1], last)

    def keep_only(self, flow: Flow) -> None:
        """Narrow to the flow itself."""
        self.keep_remote(flow.remote, flow.remote)
        self.keep_own(flow.own, flow.own)
        self.keep_source_ports(flow.source_port, flow.source_port)
        self.keep_destination_ports(flow.destination_port, flow.destination_port)

    def cut_destination_ports(self, port: int, edge: int) -> None:
        """Narrow to the side of the port `edge`, below or above, on which the destination port is."""
        if port < edge:
            self.keep_destination_ports(0, edge - 1)
        else:
            self.keep_destination_ports(edge + 1, LAST_PORT)

    def cut_remote(self, remote: int, first: int, last: int) -> None:
        """Narrow to the side of the addresses `first`..`last`, inside or outside, on which the remote one is."""
        if remote < first:
            self.keep_remote(0, first - 1)
        elif remote > last:
            self.keep_remote(last + 1, self.remote_last)
        else:
            self.keep_remote(first, last)

    def region(self, eni: EniId, flow: Flow) -> Region:
        """The region: the box with its address ranges cut down to CIDR blocks around the flow's."""
        direction, protocol, family, remote, own, _, _ = flow
        source_port_first, source_port_last = self.source_ports
        bits = family.bits
        remote_free = free_bits(remote, self.remote_first, self.remote_last)
        own_free = bits if self.own is None else free_bits(own, *self.own)
        parts = (
            eni,
            direction,
            protocol,
            own >> own_free << own_free,
            bits - own_free,
            source_port_first,
            source_port_last,
            self.destination_port_first,
            self.destination_port_last,
            family,
            remote >> remote_free << remote_free,
            bits - remote_free,
        )
        return tuple.__new__(Region, parts)

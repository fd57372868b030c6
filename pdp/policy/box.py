"""The box of flows around one flow in which an answer holds, while it is being narrowed (a region to be).

Each stage narrows it to where its own answer, or its silence, stays the same. So the box that is left when a stage has
answered is sound by construction: it is the intersection of what every stage asked so far allows.
"""

from pdp.model.addresses import Prefix, largest_prefix
from pdp.model.flow import Flow
from pdp.model.ids import EniId
from pdp.model.protocols import LAST_PORT, PortRange
from pdp.model.verdict import Region


class Box:
    """Inclusive bounds on each axis, all of which hold the flow. `owners_first`..`owners_last` is a range of remote
    addresses around the flow's in which the owners (§3.8) are the same."""

    __slots__ = (
        "destination_port_first",
        "destination_port_last",
        "own_first",
        "own_last",
        "owners_first",
        "owners_last",
        "remote_first",
        "remote_last",
        "source_port_first",
        "source_port_last",
    )

    def __init__(self, flow: Flow, owners_first: int, owners_last: int) -> None:
        self.owners_first = owners_first
        self.owners_last = owners_last
        self.remote_first = self.own_first = self.source_port_first = self.destination_port_first = 0
        self.remote_last = self.own_last = flow.family.last
        self.source_port_last = self.destination_port_last = LAST_PORT

    def keep_remote(self, first: int, last: int) -> None:
        """Narrow to remote addresses `first`..`last`."""
        if first > self.remote_first:
            self.remote_first = first
        if last < self.remote_last:
            self.remote_last = last

    def keep_owners(self) -> None:
        """Narrow to remote addresses with the same owners."""
        self.keep_remote(self.owners_first, self.owners_last)

    def keep_own(self, first: int, last: int) -> None:
        """Narrow to addresses `first`..`last` on the ENI's side."""
        if first > self.own_first:
            self.own_first = first
        if last < self.own_last:
            self.own_last = last

    def keep_destination_ports(self, first: int, last: int) -> None:
        """Narrow to destination ports `first`..`last`."""
        if first > self.destination_port_first:
            self.destination_port_first = first
        if last < self.destination_port_last:
            self.destination_port_last = last

    def keep_source_ports(self, first: int, last: int) -> None:
        """Narrow to source ports `first`..`last`."""
        if first > self.source_port_first:
            self.source_port_first = first
        if last < self.source_port_last:
            self.source_port_last = last

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

    def cut_remote(self, remote: int, block: Prefix) -> None:
        """Narrow to the side of the block, inside or outside, on which the remote address is."""
        if remote < block.first:
            self.keep_remote(0, block.first - 1)
        elif remote > block.last:
            self.keep_remote(block.last + 1, self.remote_last)
        else:
            self.keep_remote(block.first, block.last)

    def region(self, eni: EniId, flow: Flow) -> Region:
        """The region: the box with its address ranges cut down to CIDR blocks around the flow's."""
        direction, protocol, family, remote, own, _, _ = flow
        return Region(
            eni,
            direction,
            protocol,
            largest_prefix(family, remote, self.remote_first, self.remote_last),
            largest_prefix(family, own, self.own_first, self.own_last),
            PortRange(self.source_port_first, self.source_port_last),
            PortRange(self.destination_port_first, self.destination_port_last),
        )

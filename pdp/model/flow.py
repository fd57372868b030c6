"""The flow that a check asks about: the 5-tuple as the packet carries it, seen from one ENI (§2)."""

from enum import IntEnum
from typing import NamedTuple

from pdp.model.addresses import Address, Family, format_address
from pdp.model.errors import FieldError, Reason
from pdp.model.protocols import LAST_PORT, LAST_PROTOCOL, has_ports, protocol_name


class Direction(IntEnum):
    """Which way the first packet goes, seen from the ENI. The values are those of the contract."""

    INGRESS = 1
    EGRESS = 2

    # An enum's own hash is written in Python, and a direction is part of keys that every check looks up.
    __hash__ = int.__hash__

    @property
    def word(self) -> str:
        """`ingress` or `egress`, as users write it."""
        return self.name.lower()


_INGRESS = Direction.INGRESS


class Flow(NamedTuple):
    """A 5-tuple with its direction, already validated: build one with `make_flow`.

    `remote` and `own` are addresses of `family` as integers; for ingress the ENI owns the destination, for egress the
    source. Ports are 0 on a protocol that has none.
    """

    direction: Direction
    protocol: int
    family: Family
    remote: int
    own: int
    source_port: int
    destination_port: int

    @property
    def source(self) -> Address:
        """The packet's source address."""
        return Address(self.family, self.remote if self.direction is Direction.INGRESS else self.own)

    @property
    def destination(self) -> Address:
        """The packet's destination address."""
        return Address(self.family, self.own if self.direction is Direction.INGRESS else self.remote)

    def __str__(self) -> str:
        ends = [(self.source, self.source_port), (self.destination, self.destination_port)]
        source, destination = (_end(address, port, has_ports(self.protocol)) for address, port in ends)
        return f"{self.direction.word} {protocol_name(self.protocol)} {source} -> {destination}"


def _end(address: Address, port: int, with_port: bool) -> str:
    text = format_address(address.family, address.value)
    if not with_port:
        return text
    return f"[{text}]:{port}" if address.family is Family.IPV6 else f"{text}:{port}"


def make_flow(
    direction: Direction,
    protocol: int,
    source: Address,
    destination: Address,
    source_port: int | None,
    destination_port: int | None,
) -> Flow:
    """A valid flow from its parts, or a `FieldError` that names the part (§2.1).

    Ports are tested on any protocol, required on TCP and UDP, and dropped on all others.
    """
    if not 0 <= protocol <= LAST_PROTOCOL:
        raise FieldError(Reason.INVALID_PROTOCOL, "protocol", f"{protocol} is not a number from 0 to 255")
    if source.family is not destination.family:
        raise FieldError(
            Reason.MIXED_ADDRESS_FAMILIES,
            "destination",
            f"{destination} is IPv{destination.family:d} but the source {source} is IPv{source.family:d}",
        )
    ports = [
        _port(protocol, port, name)
        for name, port in (("source_port", source_port), ("destination_port", destination_port))
    ]
    return seen_from_eni(direction, protocol, source.family, source.value, destination.value, *ports)


def seen_from_eni(
    direction: Direction,
    protocol: int,
    family: Family,
    source: int,
    destination: int,
    source_port: int,
    destination_port: int,
) -> Flow:
    """The flow of parts that are valid: addresses as integers, ports 0 where the protocol has none."""
    remote, own = (source, destination) if direction is _INGRESS else (destination, source)
    return tuple.__new__(Flow, (direction, protocol, family, remote, own, source_port, destination_port))


def _port(protocol: int, port: int | None, name: str) -> int:
    """A valid port, 0 on a protocol that has none, or a `FieldError` that names it."""
    if port is None:
        if has_ports(protocol):
            raise FieldError(Reason.MISSING_PORT, name, f"a {protocol_name(protocol)} flow needs both ports")
    elif not 0 <= port <= LAST_PORT:
        raise FieldError(Reason.INVALID_PORT, name, f"{port} is not a number from 0 to 65535")
    return port if port is not None and has_ports(protocol) else 0

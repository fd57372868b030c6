"""Private addresses and prefixes of an ENI (§1.6, §2.0): assigned and unassigned, one family at a time."""

from collections.abc import Sequence
from dataclasses import replace

from google.protobuf.message import Message

from pdp.model.addresses import Address, Family, Prefix
from pdp.model.network import Eni
from pdp.policy.changes import Put
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask, Planned
from pdp.server.network.fields import addresses, exact_blocks, fault, missing
from pdp.server.network.lookups import named_eni
from pdp.v1 import network_service_pb2 as pb


def assign_ipv4(snapshot: Snapshot, request: pb.AssignPrivateIpAddressesRequest, ask: Ask) -> Planned:
    """More IPv4 addresses and prefixes. The first address of an ENI without one becomes its primary address."""
    eni = named_eni(snapshot, ask, request.network_interface_id)
    come = _read(Family.IPV4, "private_ip_addresses", request.private_ip_addresses, request.ipv4_prefixes)
    return _assign(eni, *come, pb.AssignPrivateIpAddressesResponse())


def assign_ipv6(snapshot: Snapshot, request: pb.AssignIpv6AddressesRequest, ask: Ask) -> Planned:
    """More IPv6 addresses and prefixes."""
    eni = named_eni(snapshot, ask, request.network_interface_id)
    come = _read(Family.IPV6, "ipv6_addresses", request.ipv6_addresses, request.ipv6_prefixes)
    return _assign(eni, *come, pb.AssignIpv6AddressesResponse())


def unassign_ipv4(snapshot: Snapshot, request: pb.UnassignPrivateIpAddressesRequest, ask: Ask) -> Planned:
    """Fewer secondary IPv4 addresses and prefixes. The primary address stays."""
    eni = named_eni(snapshot, ask, request.network_interface_id)
    gone, prefixes = _read(Family.IPV4, "private_ip_addresses", request.private_ip_addresses, request.ipv4_prefixes)
    primary = eni.primary_address(Family.IPV4)
    if primary in gone:
        raise fault("private_ip_addresses", f"{primary} is the primary address of {eni.id}, which stays")
    return _unassign(eni, gone, prefixes, pb.UnassignPrivateIpAddressesResponse())


def unassign_ipv6(snapshot: Snapshot, request: pb.UnassignIpv6AddressesRequest, ask: Ask) -> Planned:
    """Fewer IPv6 addresses and prefixes."""
    eni = named_eni(snapshot, ask, request.network_interface_id)
    gone = _read(Family.IPV6, "ipv6_addresses", request.ipv6_addresses, request.ipv6_prefixes)
    return _unassign(eni, *gone, pb.UnassignIpv6AddressesResponse())


def _read(
    family: Family, field: str, texts: Sequence[str], prefixes: Sequence[str]
) -> tuple[tuple[Address, ...], tuple[Prefix, ...]]:
    """The addresses and prefixes of a request, at least one in all."""
    if not texts and not prefixes:
        raise missing(field, f"at least one IPv{family:d} address or prefix")
    return addresses(texts, family, field), exact_blocks(prefixes, family, f"ipv{family:d}_prefixes")


def _assign(eni: Eni, come: Sequence[Address], prefixes: Sequence[Prefix], response: Message) -> Planned:
    """IPv4 addresses stand before IPv6 ones, the primary one first."""
    together = dict.fromkeys((*eni.addresses, *come))
    after = replace(
        eni,
        addresses=tuple(sorted(together, key=lambda address: address.family)),
        prefixes=tuple(sorted({*eni.prefixes, *prefixes})),
    )
    return Planned((Put(after),), lambda _after: response)


def _unassign(eni: Eni, gone: Sequence[Address], prefixes: Sequence[Prefix], response: Message) -> Planned:
    after = replace(
        eni,
        addresses=tuple(address for address in eni.addresses if address not in gone),
        prefixes=tuple(prefix for prefix in eni.prefixes if prefix not in prefixes),
    )
    return Planned((Put(after),), lambda _after: response)

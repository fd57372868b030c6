"""A connection between two ends, as the one or two checks that it consists of (§2.5).

It says what to ask, and never judges: the sender's egress and the receiver's ingress are the same 5-tuple, and it is
for the caller to answer both at one revision and time.
"""

from collections.abc import Callable
from typing import NamedTuple

from pdp.model.addresses import Address, Family, parse_address
from pdp.model.errors import FieldError, PdpError, Reason
from pdp.model.flow import Direction, Flow, make_flow
from pdp.model.ids import EniId
from pdp.model.network import Eni
from pdp.policy.checking import named
from pdp.policy.owners import Owners
from pdp.policy.snapshot import Snapshot


class End(NamedTuple):
    """One end as it is asked about: an ENI's id, an address, or both. Blank is absent.

    An address alone is an outside one: no ENI in the VPC of the other end has it. An ENI may be given with an address
    that is not its own, since it may route for others (§2.0).
    """

    eni: str = ""
    address: str = ""


class Path(NamedTuple):
    """The addresses of the 5-tuple, and the check of each end that is an ENI."""

    source: Address
    destination: Address
    egress: tuple[EniId, Flow] | None
    ingress: tuple[EniId, Flow] | None


class _Side(NamedTuple):
    """An end as far as it is known: `address` is None where the ENI's primary one is meant."""

    name: str
    eni: Eni | None
    address: Address | None


FindOwners = Callable[[Eni, Family, int], Owners]
"""Who has an address in the VPC of an ENI (§3.8)."""


def resolve_path(
    snapshot: Snapshot,
    find_owners: FindOwners,
    source: End,
    destination: End,
    protocol: int,
    source_port: int | None,
    destination_port: int | None,
) -> Path:
    """The checks of a path. Raises FieldError with the field's path, like `source.eni_id`.

    An ENI without an address means its primary address of the other end's family; where neither end gives one, IPv4 if
    both have it, else IPv6. An address alone that is not outside is refused: to leave its ENI unjudged could allow what
    that one drops.
    """
    sender, receiver = _side(snapshot, "source", source), _side(snapshot, "destination", destination)
    if sender.eni is None and receiver.eni is None:
        raise FieldError(Reason.INVALID_PATH, "source.eni_id", "neither end names an ENI; name at least one to judge")
    family = _family(sender, receiver)
    from_address, to_address = _address(sender, family), _address(receiver, family)
    for side, other in ((sender, receiver), (receiver, sender)):
        if side.eni is None and side.address and other.eni:
            _check_outside(side.name, side.address, find_owners(other.eni, *side.address))
    egress, ingress = (
        make_flow(direction, protocol, from_address, to_address, source_port, destination_port)
        for direction in (Direction.EGRESS, Direction.INGRESS)
    )
    return Path(
        from_address,
        to_address,
        (sender.eni.id, egress) if sender.eni else None,
        (receiver.eni.id, ingress) if receiver.eni else None,
    )


def _side(snapshot: Snapshot, name: str, end: End) -> _Side:
    """The end with its ENI looked up and its address read."""
    if not end.eni and not end.address:
        raise FieldError(Reason.INVALID_PATH, name, "the end is empty; give an ENI's id, an address, or both")
    try:
        eni = snapshot.eni(end.eni) if end.eni else None
    except PdpError as error:
        raise FieldError(error.reason, f"{name}.eni_id", error.message) from None
    try:
        return _Side(name, eni, parse_address(end.address) if end.address else None)
    except ValueError as error:
        raise FieldError(Reason.INVALID_ADDRESS, f"{name}.address", str(error)) from None


def _check_outside(name: str, address: Address, owners: Owners) -> None:
    """Raises FieldError for an address that some ENI beside the other end has."""
    if owners.enis:
        raise FieldError(
            Reason.INVALID_PATH,
            f"{name}.eni_id",
            f"{address} is not outside but in the same VPC that of {named(eni.id for eni in owners.enis)}; "
            "name the ENI, with the address beside it",
        )


def _family(sender: _Side, receiver: _Side) -> Family:
    """The family of the 5-tuple."""
    if sender.address and receiver.address and sender.address.family is not receiver.address.family:
        raise FieldError(
            Reason.MIXED_ADDRESS_FAMILIES,
            "destination.address",
            f"{receiver.address} is IPv{receiver.address.family:d} but the source {sender.address} is "
            f"IPv{sender.address.family:d}",
        )
    given = sender.address or receiver.address
    if given:
        return given.family
    enis = [side.eni for side in (sender, receiver) if side.eni]
    for family in (Family.IPV4, Family.IPV6):
        if all(eni.primary_address(family) for eni in enis):
            return family
    raise FieldError(
        Reason.INVALID_PATH,
        "destination.eni_id",
        f"{' and '.join(eni.id for eni in enis)} have no address family in common; give both ends an address",
    )


def _address(side: _Side, family: Family) -> Address:
    """The end's address in the 5-tuple."""
    if side.address:
        return side.address
    address = side.eni.primary_address(family) if side.eni else None
    if address is None:
        eni = side.eni.id if side.eni else ""
        raise FieldError(
            Reason.INVALID_PATH,
            f"{side.name}.eni_id",
            f"{eni} has no IPv{family:d} address, which the other end is; give {side.name}.address",
        )
    return address

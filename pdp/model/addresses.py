"""Addresses and prefixes as integers, normalised once at the edge (§2.2, §3.7).

Strict on purpose: `ipaddress` takes masks (`10.0.0.0/0.0.0.255`) and zones, and `int()` takes signs, spaces,
underscores and digits of other scripts. None of these may decide who reaches a database.
"""

import re
from enum import IntEnum
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from struct import Struct
from typing import NamedTuple, Self

from pdp.model.errors import quoted


class Family(IntEnum):
    """An address family. The value is the IP version."""

    bits: int
    """Length of an address."""
    last: int
    """The highest address as an integer."""
    __hash__ = int.__hash__

    IPV4 = 4, 32
    IPV6 = 6, 128

    def __new__(cls, version: int, bits: int) -> Self:
        """A member that is its version, with the length of its addresses."""
        family = int.__new__(cls, version)
        family._value_ = version
        family.bits = bits
        family.last = (1 << bits) - 1
        return family


MAPPED_FIRST = 0xFFFF << 32
"""::ffff:0:0, the first of the IPv4-mapped IPv6 addresses."""
MAPPED_LAST = MAPPED_FIRST + 0xFFFFFFFF
MAPPED_LENGTH = 96

# A look-up on an enum's class costs as much as reading an address.
_IPV4, _IPV6 = Family.IPV4, Family.IPV6

_LENGTH = re.compile(r"[0-9]{1,3}\Z")


class Address(NamedTuple):
    """One address, never an IPv4-mapped one: that is the IPv4 address itself (§2.2)."""

    family: Family
    value: int

    def __str__(self) -> str:
        return format_address(self.family, self.value)


class Prefix(NamedTuple):
    """A CIDR block without host bits. `first` is its lowest address, `length` its prefix length."""

    family: Family
    first: int
    length: int

    @property
    def last(self) -> int:
        """The highest address of the block."""
        return self.first | ((1 << (self.family.bits - self.length)) - 1)

    def holds(self, other: "Prefix") -> bool:
        """Whether every address of the other block is in this one."""
        return self.family is other.family and self.first <= other.first and other.last <= self.last

    def __str__(self) -> str:
        return f"{format_address(self.family, self.first)}/{self.length}"


class Cidr(NamedTuple):
    """A prefix with the text that it was written as, which is kept for display (§3.7)."""

    prefix: Prefix
    text: str

    def __str__(self) -> str:
        return self.text


def normalise(family: Family, value: int) -> Address:
    """The address for an integer of a family; an IPv4-mapped one becomes IPv4 (§2.2)."""
    if family is _IPV6 and MAPPED_FIRST <= value <= MAPPED_LAST:
        return Address(_IPV4, value - MAPPED_FIRST)
    return Address(family, value)


def parse_address(text: str) -> Address:
    """An address from its text. Raises ValueError for anything else, also for one with a length or a zone (§2.1)."""
    try:
        if ":" in text:
            return normalise(_IPV6, int.from_bytes(inet_pton(AF_INET6, text)))
        return tuple.__new__(Address, (_IPV4, int.from_bytes(inet_pton(AF_INET, text))))
    except (OSError, ValueError):
        raise ValueError(f"{quoted(text)} is not an IPv4 or IPv6 address") from None


_two_numbers = Struct(">II").unpack


def parse_pair(one: str, other: str) -> tuple[Family, int, int]:
    """Two addresses of one family, at once. Raises ValueError for anything else, and does not say which is at fault."""
    if ":" in one:
        family, value = parse_address(one)
        other_family, other_value = parse_address(other)
        if family is not other_family:
            raise ValueError("the addresses are of different families")
        return family, value, other_value
    try:
        value, other_value = _two_numbers(inet_pton(AF_INET, one) + inet_pton(AF_INET, other))
    except OSError as error:
        raise ValueError("these are not two IPv4 addresses") from error
    return _IPV4, value, other_value


def parse_cidr(text: str) -> Cidr:
    """A CIDR from its text: host bits are masked, a bare address is one address, a mapped block is IPv4 (§2.2, §3.7).

    Raises ValueError; for a range of addresses the message names the CIDRs that cover it.
    """
    address_text, slash, length_text = text.partition("/")
    if not slash and "-" in text:
        raise ValueError(_range_refusal(text))
    try:
        family = Family.IPV6 if ":" in address_text else Family.IPV4
        packed = inet_pton(AF_INET6 if family is Family.IPV6 else AF_INET, address_text)
    except (OSError, ValueError):
        raise ValueError(f"{quoted(text)} is not an IPv4 or IPv6 CIDR") from None
    if not slash:
        length = family.bits
    elif _LENGTH.match(length_text) and int(length_text) <= family.bits:
        length = int(length_text)
    else:
        raise ValueError(f"{quoted(text)} has no prefix length from 0 to {family.bits} in digits after the slash")
    return Cidr(prefix_around(family, int.from_bytes(packed), length), text)


def prefix_around(family: Family, value: int, length: int) -> Prefix:
    """The block of a length around an address; one inside ::ffff:0:0/96 is the IPv4 block that it maps (§2.2)."""
    first = value >> (family.bits - length) << (family.bits - length)
    if family is Family.IPV6 and length >= MAPPED_LENGTH and MAPPED_FIRST <= first <= MAPPED_LAST:
        return Prefix(Family.IPV4, first - MAPPED_FIRST, length - MAPPED_LENGTH)
    return Prefix(family, first, length)


def host_prefix(address: Address) -> Prefix:
    """The block of one address: /32 or /128."""
    return Prefix(address.family, address.value, address.family.bits)


def format_address(family: Family, value: int) -> str:
    """The canonical text of an address: dotted quad, or lower-case compressed IPv6."""
    if family is _IPV4:
        return inet_ntop(AF_INET, value.to_bytes(4))
    return inet_ntop(AF_INET6, value.to_bytes(16))


def free_bits(value: int, first: int, last: int) -> int:
    """How many low bits of an address may change freely within the inclusive range `first`..`last`, which holds it.

    With `n` free bits, the largest block around the address in the range starts at `value >> n << n`.
    """
    differing = value ^ (last + 1)
    if first:
        below = value ^ (first - 1)
        if below < differing:
            differing = below
    return differing.bit_length() - 1


def covering_prefixes(first: Address, last: Address) -> list[Prefix]:
    """The fewest blocks that together are exactly the inclusive range. Both ends are of one family."""
    family, start, end = first.family, first.value, last.value
    blocks = []
    while start <= end:
        aligned = (start & -start).bit_length() - 1 if start else family.bits
        free = min(aligned, (end - start + 1).bit_length() - 1)
        blocks.append(Prefix(family, start, family.bits - free))
        start += 1 << free
    return blocks


def _range_refusal(text: str) -> str:
    """Why a range of addresses is refused, and what to write instead (§3.7)."""
    first_text, _, last_text = text.partition("-")
    try:
        first, last = parse_address(first_text.strip()), parse_address(last_text.strip())
    except ValueError:
        return f"{quoted(text)} is not an IPv4 or IPv6 CIDR"
    if first.family is not last.family or first.value > last.value:
        return f"{quoted(text)} is not an IPv4 or IPv6 CIDR"
    blocks = covering_prefixes(first, last)
    shown = ", ".join(map(str, blocks[:16])) + (f" and {len(blocks) - 16} more" if len(blocks) > 16 else "")
    return f"{quoted(text)} is a range of addresses; write it as the CIDRs that cover it: {shown}"

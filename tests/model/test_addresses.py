"""Addresses and prefixes, strict and normalised (§2.1, §2.2, §3.7)."""

import ipaddress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.model.addresses import (
    Address,
    Family,
    covering_prefixes,
    free_bits,
    host_prefix,
    parse_address,
    parse_cidr,
)

FAMILIES = st.sampled_from(Family)


@st.composite
def addresses(draw: st.DrawFn) -> Address:
    family = draw(FAMILIES)
    return parse_address(str(Address(family, draw(st.integers(0, family.last)))))


@given(st.ip_addresses())
def test_an_address_is_read_as_the_standard_library_reads_it(address: ipaddress.IPv4Address) -> None:
    found = parse_address(str(address))
    mapped = getattr(address, "ipv4_mapped", None)
    assert (found.family, found.value) == (Family.IPV4 if mapped else address.version, int(mapped or address))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0",
        "10.0.0.256",
        "10.0.0.05",
        "10.0.0.5/32",
        "10.0.0.5:80",
        " 10.0.0.5",
        "10.0.0.5\n",
        "0x0a.0.0.5",
        "167772165",
        "١٠.0.0.5",
        "fe80::1%eth0",
        "2001:db8:::7",
        "2001:db8::g",
        "[2001:db8::7]",
        "10.0.0.5\0",
        "host.example.com",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an IPv4 or IPv6 address"):
        parse_address(text)


def test_a_mapped_address_is_the_ipv4_address() -> None:
    assert parse_address("::ffff:10.0.0.5") == parse_address("::FFFF:0a00:0005") == parse_address("10.0.0.5")
    assert parse_address("::10.0.0.5").family is Family.IPV6


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("10.159.6.18/12", "10.144.0.0/12"),
        ("198.51.100.7", "198.51.100.7/32"),
        ("198.51.100.77/0", "0.0.0.0/0"),
        ("2001:0DB8:00A0:0000::1a2b/48", "2001:db8:a0::/48"),
        ("2001:DB8:0:0:0:0:0:7", "2001:db8::7/128"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::ffff:10.0.0.5", "10.0.0.5/32"),
        ("::ffff:0:0/95", "::fffe:0:0/95"),
        ("10.0.0.0/08", "10.0.0.0/8"),
    ],
)
def test_a_cidr_is_masked_and_kept_as_written(text: str, prefix: str) -> None:
    cidr = parse_cidr(text)
    assert (str(cidr.prefix), cidr.text, str(cidr)) == (prefix, text, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/ 8",
        "10.0.0.0/8_0",
        "10.0.0.0/٨",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0/0.0.0.255",
        "10.0.0.0/8/8",
        "10.0/8",
        "2001:db8::/129",
        "fe80::%eth0/64",
        "0.0.0.0 /0",
        "any",
    ],
)
def test_what_is_no_cidr_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"CIDR|prefix length"):
        parse_cidr(text)


def test_a_range_is_refused_with_the_cidrs_that_cover_it() -> None:
    with pytest.raises(ValueError, match=r"write it as the CIDRs that cover it: 10\.0\.0\.0/19$"):
        parse_cidr("10.0.0.0-10.0.31.255")


@given(addresses(), addresses())
def test_the_covering_cidrs_are_exactly_the_range(one: Address, other: Address) -> None:
    if one.family is not other.family:
        other = one
    first, last = sorted((one, other))
    blocks = covering_prefixes(first, last)
    assert (blocks[0].first, blocks[-1].last) == (first.value, last.value)
    assert all(before.last + 1 == after.first for before, after in pairwise(blocks))


@given(addresses(), st.data())
def test_free_bits_give_the_largest_block_inside_a_range(address: Address, data: st.DataObject) -> None:
    family, value = address
    first = data.draw(st.integers(max(0, value - 5000), value))
    last = data.draw(st.integers(value, min(family.last, value + 5000)))
    free = free_bits(value, first, last)
    start = value >> free << free
    assert first <= start <= start + (1 << free) - 1 <= last
    wider = value >> (free + 1) << (free + 1)
    assert free == family.bits or wider < first or wider + (1 << (free + 1)) - 1 > last


@given(addresses())
def test_the_block_of_an_address_holds_it_alone(address: Address) -> None:
    block = host_prefix(address)
    assert (block.family, block.first, block.last) == (address.family, address.value, address.value)

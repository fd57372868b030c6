"""Protocols and ports as numbers (§3.5, §3.6)."""

import pytest

from pdp.model.addresses import Family
from pdp.model.protocols import (
    PortRange,
    exists_in,
    has_ports,
    parse_digits,
    parse_flow_protocol,
    parse_port_range,
    parse_protocol,
    protocol_name,
)


@pytest.mark.parametrize(
    ("text", "number"),
    [("TCP", 6), ("tcp", 6), ("Udp", 17), ("icmp", 1), ("ICMPv6", 58), ("gre", 47), ("0", 0), ("255", 255), ("6", 6)],
)
def test_a_protocol_is_a_name_in_any_case_or_a_number(text: str, number: int) -> None:
    assert parse_protocol(text) == number


def test_all_is_every_protocol() -> None:
    assert parse_protocol("all") is parse_protocol("ALL") is None
    assert protocol_name(None) == "ALL"
    assert protocol_name(58) == "ICMPv6"
    assert protocol_name(132) == "132"


@pytest.mark.parametrize("text", ["", "256", "-1", "+6", " 6", "6 ", "1_0", "٦", "FOO", "ıcmp", "ICMP\n", "6.0"])
def test_what_is_no_protocol_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither TCP"):
        parse_protocol(text)


@pytest.mark.parametrize(("text", "ports"), [("22/22", (22, 22)), ("1/65535", (1, 65535)), ("080/0443", (80, 443))])
def test_a_port_range_is_first_and_last(text: str, ports: tuple[int, int]) -> None:
    assert parse_port_range(text) == ports


def test_minus_one_means_all_ports() -> None:
    assert parse_port_range("-1/-1") is None


@pytest.mark.parametrize(
    "text", ["", "22", "0/22", "22/21", "1/65536", "-1/22", "22/-1", "1/2/3", "1-2", " 1/2", "1/2\n", "١/2", "1_0/20"]
)
def test_what_is_no_port_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not first/last"):
        parse_port_range(text)


def test_digits_are_ascii_digits_alone() -> None:
    assert [parse_digits(text) for text in ("0", "007", "65535")] == [0, 7, 65535]
    assert [parse_digits(text) for text in ("", "+1", "1.0", "1e1", "٢٢", "1_0", "²", "9" * 21)] == [None] * 8


def test_only_tcp_and_udp_have_ports() -> None:
    assert [number for number in range(256) if has_ports(number)] == [6, 17]


def test_icmp_is_of_one_family_each() -> None:
    assert not exists_in(1, Family.IPV6)
    assert not exists_in(58, Family.IPV4)
    assert all(exists_in(number, family) for number in (0, 6, 17, 47, 255) for family in Family)


def test_a_range_holds_its_ends() -> None:
    ports = PortRange(22, 80)
    assert [port in ports for port in (21, 22, 80, 81)] == [False, True, True, False]
    assert str(ports) == "22/80"


@pytest.mark.parametrize(("text", "number"), [("tcp", 6), ("ICMPv6", 58), ("47", 47), ("0", 0)])
def test_a_flow_has_one_protocol(text: str, number: int) -> None:
    assert parse_flow_protocol(text) == parse_protocol(text) == number


@pytest.mark.parametrize(("text", "said"), [("All", "a rule's word"), ("sctp", "GRE nor a number"), ("256", "GRE nor")])
def test_what_is_no_flow_s_protocol_is_refused_without_offering_all(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_flow_protocol(text)

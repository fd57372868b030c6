"""Questions that have no verdict (§2.1): each is an error with its own reason, and never an accept.

The policy accepts everything, so that whatever were read leniently would come out as accept.
"""

import pytest

from pdp.model.addresses import parse_address
from pdp.model.errors import FieldError, Reason
from pdp.model.flow import Direction, make_flow
from pdp.model.protocols import parse_digits, parse_protocol
from tests.builders import eni, group, policy
from tests.policy.asking import ask

OPEN = policy(
    [group("sg-a", "accept all from 0.0.0.0/0", "accept all from ::/0")], [eni("eni-a", "10.0.0.5", groups=["sg-a"])]
)


@pytest.mark.parametrize(
    ("text", "reason", "field"),
    [
        ("in tcp 198.51.100.7:1 > [fd00::5]:2", Reason.MIXED_ADDRESS_FAMILIES, "destination"),
        ("in icmp fd00::1 > 10.0.0.5", Reason.MIXED_ADDRESS_FAMILIES, "destination"),
        ("in tcp 198.51.100.7:65536 > 10.0.0.5:2", Reason.INVALID_PORT, "source_port"),
        ("in tcp 198.51.100.7:1 > 10.0.0.5:70000", Reason.INVALID_PORT, "destination_port"),
        ("in icmp 198.51.100.7:1 > 10.0.0.5:70000", Reason.INVALID_PORT, "destination_port"),
        ("in tcp 198.51.100.7 > 10.0.0.5:2", Reason.MISSING_PORT, "source_port"),
        ("in udp 198.51.100.7:1 > 10.0.0.5", Reason.MISSING_PORT, "destination_port"),
        ("in 17 198.51.100.7 > 10.0.0.5", Reason.MISSING_PORT, "source_port"),
    ],
)
def test_a_question_without_a_meaning_is_an_error(text: str, reason: Reason, field: str) -> None:
    """§2.1: a port is tested on any protocol, and TCP and UDP need both."""
    with pytest.raises(FieldError) as caught:
        ask(OPEN, text)
    assert (caught.value.reason, caught.value.field) == (reason, field)


@pytest.mark.parametrize("protocol", [-1, 256, 1 << 40])
def test_a_protocol_outside_0_to_255_is_an_error(protocol: int) -> None:
    """§2.1."""
    ends = parse_address("198.51.100.7"), parse_address("10.0.0.5")
    with pytest.raises(FieldError) as caught:
        make_flow(Direction.INGRESS, protocol, *ends, 1, 2)
    assert (caught.value.reason, caught.value.field) == (Reason.INVALID_PROTOCOL, "protocol")


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_outside_0_to_65535_is_an_error_on_any_protocol(port: int) -> None:
    """§2.1."""
    ends = parse_address("198.51.100.7"), parse_address("10.0.0.5")
    for protocol in (1, 6, 47):
        with pytest.raises(FieldError) as caught:
            make_flow(Direction.INGRESS, protocol, *ends, port, 2)
        assert (caught.value.reason, caught.value.field) == (Reason.INVALID_PORT, "source_port")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0",
        "10.0.0.5/32",
        "10.0.0.256",
        "010.0.0.5",
        " 10.0.0.5",
        "10.0.0.5 ",
        "10.0.0.5\n",
        "10.0.0.5\0",
        "\u0661\u0660.0.0.5",
        "0x0a000005",
        "167772165",
        "fe80::1%eth0",
        "fd00::/64",
        "::1::",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """§2.1: also an address with a length or a zone."""
    with pytest.raises(ValueError, match="is not an IPv4 or IPv6 address"):
        parse_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "+6",
        "-6",
        "6.0",
        "1_7",
        "\u0666",
        "\uff16",
        " 6",
        "6 ",
        "",
        "true",
        "tcp ",
        "\u017fctp",
        "256",
        "TCP/IP",
        "\u0131cmp",
        "0x6",
    ],
)
def test_what_is_no_protocol_is_refused(text: str) -> None:
    """§2.1, §3.5: ASCII digits and letters alone; a dotless i would become one in capitals."""
    with pytest.raises(ValueError):
        parse_protocol(text)


@pytest.mark.parametrize("text", ["+1", "-1", "1.0", "1e3", "1_0", "\u0662\u0662", " 1", "1\n", "", "\u00b2", "True"])
def test_numbers_are_ascii_digits(text: str) -> None:
    """§2.1: no sign, no fraction, no digit grouping."""
    assert parse_digits(text) is None


def test_protocol_0_and_port_0_are_questions_with_a_meaning() -> None:
    """§2.1: 0 is not absent."""
    assert ask(OPEN, "in 0 198.51.100.7 > 10.0.0.5") == "accept sg-a/sgr-1"
    assert ask(OPEN, "in tcp 198.51.100.7:0 > 10.0.0.5:0") == "accept sg-a/sgr-1"

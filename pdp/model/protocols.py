"""Protocols and ports as numbers (§3.5, §3.6)."""

import re
from typing import NamedTuple

from pdp.model.addresses import Family
from pdp.model.errors import quoted

ICMP = 1
TCP = 6
UDP = 17
GRE = 47
ICMPV6 = 58

WITH_PORTS = frozenset((TCP, UDP))

LAST_PROTOCOL = 255
LAST_PORT = 65535

NUMBER_BY_NAME = {"TCP": TCP, "UDP": UDP, "ICMP": ICMP, "ICMPV6": ICMPV6, "GRE": GRE}
NAME_BY_NUMBER = {TCP: "TCP", UDP: "UDP", ICMP: "ICMP", ICMPV6: "ICMPv6", GRE: "GRE"}
ALL = "ALL"
_NAMES = ", ".join(NAME_BY_NUMBER.values())

PORT_BY_NAME = {
    "ssh": 22,
    "telnet": 23,
    "smtp": 25,
    "dns": 53,
    "http": 80,
    "https": 443,
    "mssql": 1433,
    "oracle": 1521,
    "mysql": 3306,
    "rdp": 3389,
    "postgresql": 5432,
    "redis": 6379,
}
"""Ports that people know by name (§8.4), and two more that they debug most."""

_DIGITS = re.compile(r"[0-9]{1,20}\Z")
_RANGE = re.compile(r"([0-9]{1,5})/([0-9]{1,5})\Z")


class PortRange(NamedTuple):
    """Inclusive ports, both from 0 to 65535."""

    first: int
    last: int

    def __contains__(self, port: object) -> bool:
        return isinstance(port, int) and self.first <= port <= self.last

    def __str__(self) -> str:
        return f"{self.first}/{self.last}"


EVERY_PORT = PortRange(0, LAST_PORT)


def has_ports(protocol: int) -> bool:
    """Only TCP and UDP have ports (§3.6)."""
    return protocol in WITH_PORTS


def protocol_name(protocol: int | None) -> str:
    """The name for people: `TCP`, `ALL` for None, or the number as text."""
    return ALL if protocol is None else NAME_BY_NUMBER.get(protocol, str(protocol))


def parse_digits(text: str) -> int | None:
    """A number of ASCII digits alone, or None: no sign, fraction, grouping or digit of another script (§2.1)."""
    return int(text) if _DIGITS.match(text) else None


def parse_protocol(text: str) -> int | None:
    """A rule's protocol: a number, or None for `ALL` (§3.5). Raises ValueError for anything else."""
    upper = _upper(text)
    return None if upper == ALL else _number(text, upper, f"{_NAMES}, {ALL}")


def parse_flow_protocol(text: str) -> int:
    """A flow's protocol: a name or a number; `ALL` is none (§2.1). Raises ValueError."""
    upper = _upper(text)
    if upper == ALL:
        raise ValueError(f"{quoted(text)} is a rule's word; a flow has one protocol, such as TCP, ICMP or 47")
    return _number(text, upper, _NAMES)


def _upper(text: str) -> str:
    return text.upper() if text.isascii() else text


def _number(text: str, upper: str, names: str) -> int:
    number = NUMBER_BY_NAME.get(upper)
    if number is None:
        number = parse_digits(text)
    if number is None or number > LAST_PROTOCOL:
        raise ValueError(f"{quoted(text)} is neither {names} nor a number from 0 to 255")
    return number


def parse_port_range(text: str) -> PortRange | None:
    """`first/last` within 1..65535, or None for `-1/-1`, which means all ports (§3.6). Raises ValueError."""
    if text == "-1/-1":
        return None
    match = _RANGE.match(text)
    if match:
        first, last = int(match[1]), int(match[2])
        if 1 <= first <= last <= LAST_PORT:
            return PortRange(first, last)
    raise ValueError(f"{quoted(text)} is not first/last with 1 <= first <= last <= 65535, nor -1/-1 for all ports")


def exists_in(protocol: int, family: Family) -> bool:
    """Whether a rule of this protocol can match a flow of the family: ICMP is IPv4's, ICMPv6 is IPv6's (§3.5)."""
    if protocol == ICMP:
        return family is Family.IPV4
    if protocol == ICMPV6:
        return family is Family.IPV6
    return True

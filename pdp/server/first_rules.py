"""The rules that a group begins with before anybody has made one: they accept from, or to, anywhere (§4.1, §4.2)."""

from collections.abc import Iterable

from pdp.model.addresses import parse_cidr
from pdp.model.flow import Direction
from pdp.model.ids import RuleId
from pdp.model.protocols import ICMP, TCP, PortRange
from pdp.model.rules import USER_ORIGIN, Action, Rule
from pdp.server.asking import Ask

PRIORITY = 100
"""The last: every rule that somebody makes beats these, unless it comes last as well."""
ANYWHERE = parse_cidr("0.0.0.0/0")


def first_rule(
    ask: Ask, direction: Direction, protocol: int | None, ports: PortRange | None = None, origin: str = USER_ORIGIN
) -> Rule:
    """Accepts this traffic, of all protocols without one."""
    return Rule(
        id=RuleId(ask.new_id("sgr-")),
        direction=direction,
        action=Action.ACCEPT,
        priority=PRIORITY,
        protocol=protocol,
        peer=ANYWHERE,
        ports=ports,
        created=ask.time_text,
        origin=origin,
    )


def services(ask: Ask, tcp_ports: Iterable[int], origin: str = USER_ORIGIN) -> tuple[Rule, ...]:
    """Ingress of ICMP, and of TCP to each of the ports."""
    tcp = (first_rule(ask, Direction.INGRESS, TCP, PortRange(port, port), origin) for port in tcp_ports)
    return (first_rule(ask, Direction.INGRESS, ICMP, origin=origin), *tcp)

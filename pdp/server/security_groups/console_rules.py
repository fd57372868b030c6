"""The rules that a group made at the console starts with (§4.2)."""

from pdp.model.addresses import parse_cidr
from pdp.model.flow import Direction
from pdp.model.groups import GroupType
from pdp.model.ids import RuleId
from pdp.model.protocols import ICMP, TCP, PortRange
from pdp.model.rules import Action, Rule
from pdp.server.asking import Ask

PORTS = (22, 3389, 80, 443)
PRIORITY = 100
"""The last: every rule that somebody makes beats these, unless it comes last as well."""
ANYWHERE = parse_cidr("0.0.0.0/0")


def console_rules(group_type: GroupType, ask: Ask) -> tuple[Rule, ...]:
    """Ingress accepts ICMP and TCP 22, 3389, 80 and 443 from anywhere; an advanced group's egress accepts all."""
    traffic: list[tuple[Direction, int | None, PortRange | None]] = [(Direction.INGRESS, ICMP, None)]
    traffic += [(Direction.INGRESS, TCP, PortRange(port, port)) for port in PORTS]
    if group_type is GroupType.ADVANCED:
        traffic.append((Direction.EGRESS, None, None))
    return tuple(
        Rule(
            id=RuleId(ask.new_id("sgr-")),
            direction=direction,
            action=Action.ACCEPT,
            priority=PRIORITY,
            protocol=protocol,
            peer=ANYWHERE,
            ports=ports,
            created=ask.time_text,
        )
        for direction, protocol, ports in traffic
    )

"""The rules that a group made at the console starts with (§4.2)."""

from pdp.model.flow import Direction
from pdp.model.groups import GroupType
from pdp.model.rules import Rule
from pdp.server.asking import Ask
from pdp.server.first_rules import first_rule, services

PORTS = (22, 3389, 80, 443)


def console_rules(group_type: GroupType, ask: Ask) -> tuple[Rule, ...]:
    """Ingress accepts ICMP and TCP 22, 3389, 80 and 443 from anywhere; an advanced group's egress accepts all."""
    ingress = services(ask, PORTS)
    return (*ingress, first_rule(ask, Direction.EGRESS, None)) if group_type is GroupType.ADVANCED else ingress

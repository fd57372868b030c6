"""A `Permission` of a request as a rule: strictly, with the product's codes and the path of the field at fault.

What a Permission means is read by the same reader as a bundle's. What a new rule may not be, though one that runs in
the cloud may, is refused here, before the reader: a priority above 100, TCP without ports.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from pdp.formats.faults import Findings
from pdp.formats.fields import Fields
from pdp.formats.permissions import DIRECTIONS, Known, read_rule
from pdp.model.codes import Code
from pdp.model.errors import FieldError, quoted
from pdp.model.flow import Direction
from pdp.model.groups import SecurityGroup
from pdp.model.ids import RuleId
from pdp.model.limits import LAST_NEW_PRIORITY
from pdp.model.protocols import parse_digits, protocol_name
from pdp.model.rules import Rule
from pdp.server.asking import Ask
from pdp.server.security_groups.rule_messages import FIELD_OF_KEY, remote_keys, unused_keys, values_of
from pdp.v1.resources_pb2 import Permission

LONGEST_DESCRIPTION = 512
LONGEST_TEXT = 128
"""Characters of a description, and of any other text."""

CODE_OF_KEY = {
    "Policy": Code.INVALID_POLICY,
    "Priority": Code.INVALID_PRIORITY,
    "IpProtocol": Code.INVALID_PROTOCOL,
    "PortRange": Code.INVALID_PORT_RANGE,
    "PortRangeListId": Code.INVALID_PORT_RANGE,
    "SourcePortRange": Code.INVALID_SOURCE_PORT_RANGE,
    "SourceCidrIp": Code.INVALID_SOURCE_CIDR,
    "Ipv6SourceCidrIp": Code.INVALID_SOURCE_CIDR,
    "DestCidrIp": Code.INVALID_DEST_CIDR,
    "Ipv6DestCidrIp": Code.INVALID_DEST_CIDR,
}
"""The product's code for a field at fault; INVALID_PARAMETER for the others."""

ONLY_IN_ANSWERS = ("SecurityGroupRuleId", "CreateTime", "Origin")

_KEY = re.compile(rf"\b({'|'.join((*FIELD_OF_KEY, 'NicType'))})\b")


class _Everything:
    """Holds every id: whether a list exists is asked where a plan is made."""

    def __contains__(self, _: object) -> bool:
        return True


_KNOWN = Known(None, _Everything(), _Everything())


class _AskedFields(Fields):
    """Fields of a request: the first fault is raised at once, under the field's path."""

    def complain(self, message: str) -> None:
        """Raises FieldError. A complaint names its key before any value."""
        key = _KEY.search(message)
        raise fault(self.file, key[1] if key else "", message)


def fault(path: str, key: str, description: str) -> FieldError:
    """The error of one of the API's keys, under the path of its Permission; the Permission's own for a blank key."""
    field = FIELD_OF_KEY.get(key, "")
    full = ".".join(part for part in (path, field) if part)
    return FieldError(CODE_OF_KEY.get(key, Code.INVALID_PARAMETER), full, description)


def new_rule(permission: Permission, path: str, direction: Direction | None, group: SecurityGroup, ask: Ask) -> Rule:
    """The rule that a request adds, with an id of its own. Without a direction, the Permission has to name one."""
    return made_new(rule_to_add(values_of(permission), path, direction, group), ask)


def made_new(rule: Rule, ask: Ask) -> Rule:
    """The rule with a new id, made now."""
    return replace(rule, id=RuleId(ask.new_id("sgr-")), id_is_derived=False, created=ask.time_text)


def rule_to_add(values: Mapping[str, str], path: str, direction: Direction | None, group: SecurityGroup) -> Rule:
    """The rule of the API's keys, as a request may add it (§3.4, §3.6). Raises FieldError."""
    check_priority(values.get("Priority", "1"), path)
    rule = rule_described(values, path, direction, group)
    check_ports(rule, path)
    return rule


def rule_described(values: Mapping[str, str], path: str, direction: Direction | None, group: SecurityGroup) -> Rule:
    """The rule of the API's keys, as some group may have it: its identity is what counts. Raises FieldError."""
    for key in ONLY_IN_ANSWERS:
        if key in values:
            raise fault(path, key, f"{quoted(values[key])} is given, but the server sets it; leave it blank")
    way = _direction(values, path, direction)
    if "IpProtocol" not in values:
        raise FieldError(Code.MISSING_PARAMETER, f"{path}.ip_protocol", "it is required: TCP, UDP, ICMP, ICMPv6, …")
    if not remote_keys(way).isdisjoint(values):
        return read(dict(values), path, way, group)
    names = ", ".join(FIELD_OF_KEY[key] for key in FIELD_OF_KEY if key in remote_keys(way))
    raise FieldError(Code.MISSING_PARAMETER, path, f"the rule has no peer; give one of {names}")


def read(values: dict[str, str], path: str, direction: Direction, group: SecurityGroup) -> Rule:
    """The rule of complete values. Raises FieldError for any value that is too long, misplaced or malformed."""
    for key, value in values.items():
        longest = LONGEST_DESCRIPTION if key == "Description" else LONGEST_TEXT
        if len(value) > longest:
            raise fault(path, key, f"{quoted(value)} has {len(value)} characters; at most {longest} are taken")
    for key in unused_keys(direction):
        if key in values:
            message = f"a rule's own side on {direction.word} is narrowed by a CIDR alone; {key} would narrow nothing"
            raise fault(path, key, message)
    fields = _AskedFields({"Policy": "Accept", **values, "Direction": direction.word}, path, "", Findings())
    rule = read_rule(fields, group.id, _KNOWN)
    assert rule is not None, "every complaint is raised"  # noqa: S101 - says so to the type checker
    return rule


def check_priority(text: str, path: str) -> None:
    """A priority that a request may ask for (§3.4)."""
    priority = parse_digits(text)
    if priority is None or not 1 <= priority <= LAST_NEW_PRIORITY:
        message = f"{quoted(text)} is not a whole number from 1 to {LAST_NEW_PRIORITY} in digits"
        raise fault(path, "Priority", message)


def check_ports(rule: Rule, path: str) -> None:
    """TCP and UDP name their ports (§3.6)."""
    if rule.lacks_ports:
        message = f"{protocol_name(rule.protocol)} has ports, so -1/-1 is refused; write 1/65535 for all of them"
        raise fault(path, "PortRange", message)


def _direction(values: Mapping[str, str], path: str, wanted: Direction | None) -> Direction:
    text = values.get("Direction", "")
    if not text:
        if wanted is None:
            raise FieldError(Code.MISSING_PARAMETER, f"{path}.direction", "it is required: ingress or egress")
        return wanted
    given = DIRECTIONS.get(text.lower()) if text.isascii() else None
    if given is None:
        raise fault(path, "Direction", f"{quoted(text)} is neither ingress nor egress")
    if wanted is not None and given is not wanted:
        raise fault(path, "Direction", f"{quoted(text)} is not {wanted.word}, which this method is for")
    return given

"""What a request that adds or changes rules says of them to conditions (§6.3): protocols, and blocks of sources.

A text that cannot be read has no value here. Whether it may stand in a rule is decided where rules are made; a request
with one is refused there.
"""

from collections.abc import Iterable, Mapping

from pdp.formats.rule_files import READERS
from pdp.model.flow import Direction
from pdp.model.ids import GroupId
from pdp.model.rules import Rule
from pdp.policy.ram_conditions import CANONICAL, RULE_PROTOCOLS, RULE_SOURCES, Context, rule_context
from pdp.policy.snapshot import Snapshot
from pdp.v1.resources_pb2 import Permission

ByDirection = Mapping[Direction, Context]
"""What the rules of each direction say, where there are any."""


def rules_asked(permissions: Iterable[Permission]) -> Context:
    """What new rules say."""
    return _said(
        (permission.ip_protocol, permission.source_cidr_ip, permission.ipv6_source_cidr_ip)
        for permission in permissions
    )


def rules_in_file(content: str, file_format: str) -> ByDirection:
    """What the rules of a file say. What cannot be read says nothing, and whoever imports it refuses it."""
    try:
        rows = READERS[file_format](content)
    except (KeyError, ValueError):
        rows = []
    said: dict[Direction, list[tuple[str, str, str]]] = {}
    for permission in (row.permission for row in rows if row.permission is not None):
        is_egress = permission.get("Direction", "").lower() == Direction.EGRESS.word
        protocol, source, ipv6_source = (
            permission.get(key, "") for key in ("IpProtocol", "SourceCidrIp", "Ipv6SourceCidrIp")
        )
        direction = Direction.EGRESS if is_egress else Direction.INGRESS
        said.setdefault(direction, []).append((protocol, source, ipv6_source))
    return {direction: _said(rules) for direction, rules in said.items()}


def said_by(rules: Iterable[Rule]) -> ByDirection:
    """What rules say."""
    rules = tuple(rules)
    return {
        direction: rule_context(rule for rule in rules if rule.direction is direction)
        for direction in Direction
        if any(rule.direction is direction for rule in rules)
    }


def rule_as_changed(snapshot: Snapshot, group_id: str, rule_id: str, permission: Permission) -> Context:
    """What a rule says once the fields that are present in a request have changed it."""
    group = snapshot.groups.get(GroupId(group_id))
    present = rule_context(rule for rule in (group.rules if group is not None else ()) if rule.id == rule_id)
    changed = rules_asked([permission])
    has_source = permission.source_cidr_ip or permission.ipv6_source_cidr_ip
    return {
        RULE_PROTOCOLS: (changed if permission.ip_protocol else present)[RULE_PROTOCOLS],
        RULE_SOURCES: (changed if has_source else present)[RULE_SOURCES],
    }


def _said(rules: Iterable[tuple[str, str, str]]) -> Context:
    """What rules say, each given as the texts of its protocol and of its two sources, which may be blank."""
    protocols: list[str | None] = []
    sources: list[str | None] = []
    for protocol, *blocks in rules:
        protocols.append(_value(RULE_PROTOCOLS, protocol))
        sources += [_value(RULE_SOURCES, text) for text in blocks if text] or [None]
    return {RULE_PROTOCOLS: tuple(protocols), RULE_SOURCES: tuple(sources)}


def _value(key: str, text: str) -> str | None:
    try:
        return CANONICAL[key](text)
    except ValueError:
        return None

"""What a rule must be: to be read at all (§3.4 to §3.6), and to be added or changed by a request (§4.5, §5.1, §5.3)."""

from collections import Counter
from collections.abc import Sequence

from pdp.model.codes import Code
from pdp.model.errors import Refusal
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.limits import LAST_NEW_PRIORITY, LAST_PRIORITY
from pdp.model.protocols import LAST_PORT, LAST_PROTOCOL, PortRange, has_ports, protocol_name
from pdp.model.rules import GroupPeer, Rule
from pdp.policy.changes import Kind
from pdp.policy.checking import Check, not_found

MOST_RULES_AT_ONCE = 100
"""In one request (§5.4)."""


def check_readable(group: SecurityGroup, rule: Rule) -> None:
    """A rule as any group may have it, old ones too: an id, a priority up to 110, ports only where there are any."""
    if not rule.id:
        raise _refused(Code.INVALID_PARAMETER, group, rule, "the rule has no id")
    if not 1 <= rule.priority <= LAST_PRIORITY:
        why = f"priority {rule.priority} is not a whole number from 1 to {LAST_PRIORITY}"
        raise _refused(Code.INVALID_PRIORITY, group, rule, why)
    if rule.protocol is not None and not 0 <= rule.protocol <= LAST_PROTOCOL:
        why = f"{rule.protocol} is not a protocol number from 0 to {LAST_PROTOCOL}"
        raise _refused(Code.INVALID_PROTOCOL, group, rule, why)
    if not _needs_ports(rule) and (rule.ports is not None or rule.port_list is not None):
        why = f"{protocol_name(rule.protocol)} has no ports, so the port range must be -1/-1"
        raise _refused(Code.INVALID_PORT_RANGE, group, rule, why)
    if rule.ports is not None and rule.port_list is not None:
        raise _refused(Code.INVALID_PORT_RANGE, group, rule, "a rule has a port range or a port list, not both")
    for ports, code in ((rule.ports, Code.INVALID_PORT_RANGE), (rule.source_ports, Code.INVALID_SOURCE_PORT_RANGE)):
        if ports is not None and not _is_range(ports):
            raise _refused(code, group, rule, f"{ports} is no range within 1/{LAST_PORT}")


def check_added_rules(group: SecurityGroup, rules: Sequence[Rule]) -> None:
    """Rules that are to be added together: no two equal ones (§5.1)."""
    times = Counter(rule.identity for rule in rules)
    twin = next((rule for rule in rules if times[rule.identity] > 1), None)
    if twin is not None:
        raise _refused(Code.DUPLICATE_PERMISSIONS, group, twin, "the request has this rule twice; give it once")


def check_rules(check: Check, before: SecurityGroup | None, after: SecurityGroup) -> None:
    """The rules of a group that are new or changed. What it had before may be as old groups have it (§3.4)."""
    had = {rule.id: rule for rule in before.rules} if before is not None else {}
    times = Counter(rule.identity for rule in after.rules)
    for rule in after.rules:
        old = had.get(rule.id)
        if old is not None and old.identity == rule.identity:
            continue
        if old is not None:
            _check_kind_kept(after, old, rule)
        _check_new(check, after, rule)
        if times[rule.identity] > 1:
            why = "the group would have this rule twice; revoke one of the two instead"
            raise _refused(Code.RULE_DUPLICATE, after, rule, why)


def _check_new(check: Check, group: SecurityGroup, rule: Rule) -> None:
    """A rule as a request may make it."""
    if rule.priority > LAST_NEW_PRIORITY:
        why = f"priority {rule.priority} is not a whole number from 1 to {LAST_NEW_PRIORITY}"
        raise _refused(Code.INVALID_PRIORITY, group, rule, why)
    if rule.lacks_ports:
        named = protocol_name(rule.protocol)
        why = f"{named} needs a port range from 1/{LAST_PORT} or a port list; -1/-1 is for protocols without ports"
        raise _refused(Code.INVALID_PORT_RANGE, group, rule, why)
    if isinstance(rule.peer, GroupPeer):
        _check_group_peer(check, group, rule, rule.peer)


def _check_kind_kept(group: SecurityGroup, before: Rule, after: Rule) -> None:
    """A changed rule keeps its direction, the kind of its peer and of its ports, and what it narrows by (§5.3)."""
    fixed = ""
    if before.direction is not after.direction:
        fixed = "direction"
    elif type(before.peer) is not type(after.peer) or _family(before.peer) is not _family(after.peer):
        fixed = "kind of peer"
    elif (before.port_list and not after.port_list) or (before.ports and after.port_list):
        fixed = "kind of ports (range or list)"
    elif _family(before.own_cidr) not in {None, _family(after.own_cidr)}:
        fixed = "own side's CIDR, but for another one of the same family,"
    elif before.source_ports is not None and after.source_ports is None:
        fixed = "source port range, but for another one,"
    if fixed:
        why = f"the {fixed} cannot be changed; revoke the rule and make another"
        raise _refused(Code.RULE_KIND_FIXED, group, after, why)


def _check_group_peer(check: Check, group: SecurityGroup, rule: Rule, peer: GroupPeer) -> None:
    """Between two different basic groups of one VPC (§4.5)."""
    named = check.after.groups.get(peer.group)
    if named is None:
        raise not_found(Kind.GROUP, peer.group)
    why = ""
    if named.id == group.id:
        why = "a group cannot name itself as peer; its members may talk by its inner access policy"
    elif GroupType.ADVANCED in {group.type, named.type}:
        why = "only basic groups can have, or be, a group peer; use a CIDR or a prefix list"
    elif named.vpc != group.vpc:
        # Where it is, is for its own account to know.
        why = f"{named.id} is not in {group.vpc}; a group peer is of the same VPC"
    elif peer.account not in {"", named.account}:
        why = f"{named.id} does not belong to account {peer.account}"
    if why:
        raise _refused(Code.GROUP_PEER_DENIED, group, rule, why, resource=named.id)


def _needs_ports(rule: Rule) -> bool:
    return rule.protocol is not None and has_ports(rule.protocol)


def _is_range(ports: PortRange) -> bool:
    return 1 <= ports.first <= ports.last <= LAST_PORT


def _family(peer: object) -> object:
    """The address family of a CIDR; None of anything else."""
    prefix = getattr(peer, "prefix", None)
    return prefix.family if prefix is not None else None


def _refused(code: Code, group: SecurityGroup, rule: Rule, why: str, resource: str = "") -> Refusal:
    return Refusal(code, f"{group.id}: {rule.id or 'rule'} ({rule}): {why}", resource=resource or rule.id or group.id)

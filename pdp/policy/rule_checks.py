"""What a rule must be to be added or changed by a request (§3.4 to §3.6, §4.5, §5.1, §5.3)."""

from collections.abc import Sequence

from pdp.model.codes import Code
from pdp.model.errors import QuotaUse, Refusal, quoted
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.limits import LAST_NEW_PRIORITY
from pdp.model.protocols import LAST_PORT, PortRange, has_ports, protocol_name
from pdp.model.rules import GroupPeer, Rule
from pdp.policy.changes import Kind
from pdp.policy.checking import Check, not_found

MOST_RULES_AT_ONCE = 100
"""In one request (§5.4)."""


def check_added_rules(group: SecurityGroup, rules: Sequence[Rule]) -> None:
    """Rules that are to be added together: no two equal ones (§5.1), and each with an id of its own."""
    identities: dict[tuple[object, ...], Rule] = {}
    present = {rule.id: rule for rule in group.rules}
    for rule in rules:
        twin = identities.setdefault(rule.identity, rule)
        if twin is not rule:
            message = f"two of the rules for {group.id} are the same: {rule}; give each once"
            raise Refusal(Code.DUPLICATE_PERMISSIONS, message, resource=group.id)
        other = present.get(rule.id)
        if other is not None and other.identity != rule.identity:
            raise Refusal(Code.ALREADY_EXISTS, f"{group.id} has another rule {quoted(rule.id)}", resource=rule.id)


def check_replaced_rule(group: SecurityGroup, before: Rule, after: Rule) -> None:
    """A changed rule keeps its direction, the kind of its peer and of its ports, and what it narrows by (§5.3)."""
    if before.direction is not after.direction:
        raise _kind_fixed(before, "direction")
    if type(before.peer) is not type(after.peer) or _family(before) is not _family(after):
        raise _kind_fixed(before, "kind of peer")
    if (before.port_list is None) is not (after.port_list is None) and (before.ports or before.port_list):
        raise _kind_fixed(before, "kind of ports (range or list)")
    for name in ("source_ports", "own_cidr"):
        if getattr(before, name) is not None and getattr(after, name) is None:
            raise Refusal(
                Code.RULE_KIND_FIXED, f"{before.id}: {name} cannot be blanked; make a new rule", resource=before.id
            )
    for other in group.rules:
        if other.id != after.id and other.identity == after.identity:
            message = f"{group.id}: {after.id} would be the same as {other.id}: {after}; revoke one of them instead"
            raise Refusal(Code.RULE_DUPLICATE, message, resource=other.id)


def check_new_rule(check: Check, group: SecurityGroup, rule: Rule) -> None:
    """A rule as a request may make it."""
    if not 1 <= rule.priority <= LAST_NEW_PRIORITY:
        message = f"{rule.id}: priority {rule.priority} is not a whole number from 1 to {LAST_NEW_PRIORITY}"
        raise Refusal(Code.INVALID_PRIORITY, message, resource=rule.id)
    _check_ports(rule)
    if isinstance(rule.peer, GroupPeer):
        _check_group_peer(check, group, rule, rule.peer)


def check_group_peers(check: Check, before: SecurityGroup | None, after: SecurityGroup) -> None:
    """Not too many rules with a group peer in one group (§4.5)."""
    present, wanted = (_group_peers(group) for group in (before, after))
    limit = check.after.limits_of(after.account).group_peers_per_group
    check.refuse_growth(
        Code.GROUP_PEERS,
        QuotaUse("rules with a group peer per group", after.id, limit, present, wanted),
        "use a CIDR or a prefix list instead, or delete rules that are no longer needed",
    )


def _group_peers(group: SecurityGroup | None) -> int:
    return sum(isinstance(rule.peer, GroupPeer) for rule in group.rules) if group is not None else 0


def _check_ports(rule: Rule) -> None:
    """TCP and UDP need ports (§3.6); nothing else has any."""
    named = protocol_name(rule.protocol)
    if rule.protocol is not None and not 0 <= rule.protocol <= 255:
        message = f"{rule.id}: {rule.protocol} is no protocol number"
        raise Refusal(Code.INVALID_PROTOCOL, message, resource=rule.id)
    with_ports = rule.protocol is not None and has_ports(rule.protocol)
    if with_ports and rule.ports is None and rule.port_list is None:
        message = f"{rule.id}: {named} needs a port range from 1/65535 or a port list; -1/-1 is for protocols without"
        raise Refusal(Code.INVALID_PORT_RANGE, message, resource=rule.id)
    if not with_ports and (rule.ports is not None or rule.port_list is not None):
        message = f"{rule.id}: {named} has no ports, so the port range must be -1/-1"
        raise Refusal(Code.INVALID_PORT_RANGE, message, resource=rule.id)
    for ports, code in ((rule.ports, Code.INVALID_PORT_RANGE), (rule.source_ports, Code.INVALID_SOURCE_PORT_RANGE)):
        if ports is not None and not _is_range(ports):
            message = f"{rule.id}: {ports} is no range within 1/65535"
            raise Refusal(code, message, resource=rule.id)


def _is_range(ports: PortRange) -> bool:
    return 1 <= ports.first <= ports.last <= LAST_PORT


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
        why = f"{named.id} is in {named.vpc}, not in {group.vpc}; a group peer is of the same VPC"
    elif peer.account not in {"", named.account}:
        why = f"{named.id} does not belong to account {peer.account}"
    if why:
        raise Refusal(Code.GROUP_PEER_DENIED, f"{group.id}: {rule}: {why}", resource=named.id)


def _kind_fixed(rule: Rule, what: str) -> Refusal:
    message = f"{rule.id}: the {what} of a rule cannot be changed; revoke the rule and make another"
    return Refusal(Code.RULE_KIND_FIXED, message, resource=rule.id)


def _family(rule: Rule) -> object:
    prefix = getattr(rule.peer, "prefix", None)
    return prefix.family if prefix is not None else None

"""One rule changes (§5.3): fields that are absent stay, the kind of peer and of ports stays, nothing can be blanked."""

from collections.abc import Callable
from dataclasses import replace

from google.protobuf.message import Message

from pdp.formats.permissions import permission_of
from pdp.model.codes import Code
from pdp.model.errors import FieldError, Refusal, quoted
from pdp.model.flow import Direction
from pdp.model.groups import SecurityGroup
from pdp.model.rules import Rule
from pdp.policy.changes import ReplaceRule
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask, PlanFunction, Planned
from pdp.server.security_groups.asked_rule import ONLY_IN_ANSWERS, check_ports, check_priority, fault, read
from pdp.server.security_groups.lookups import check_references, group_to_change, named_rule
from pdp.server.security_groups.rule_messages import permission_message, present_values, remote_keys
from pdp.v1 import security_group_service_pb2 as pb

PATH = "permission"
_ACCOUNT_KEYS = {"SourceGroupOwnerAccount": "SourceGroupId", "DestGroupOwnerAccount": "DestGroupId"}
"""The account of a peer that is a group."""


def modify_rule(direction: Direction, response: Callable[..., Message]) -> PlanFunction:
    """Changes a rule of one direction."""

    def plan(snapshot: Snapshot, request: pb.ModifySecurityGroupRuleRequest, ask: Ask) -> Planned:
        group = group_to_change(snapshot, ask, request.security_group_id)
        rule = named_rule(group, request.security_group_rule_id, direction, "security_group_rule_id")
        given = present_values(request.permission)
        if not given:
            raise FieldError(Code.MISSING_PARAMETER, PATH, "no field is given; give those that are to change")
        changed = changed_rule(group, rule, given)
        if changed.identity != rule.identity:
            check_references(snapshot, group, changed, PATH)

        def answer(after: Snapshot) -> Message:
            now = named_rule(after.groups[group.id], rule.id, direction, "security_group_rule_id")
            return response(permission=permission_message(now))

        return Planned((ReplaceRule(group.id, changed),), answer)

    return plan


def changed_rule(group: SecurityGroup, rule: Rule, given: dict[str, str]) -> Rule:
    """The rule with the given fields, by the API's keys. Raises FieldError or Refusal."""
    present = permission_of(rule)
    _check_own(rule, {**present, "Origin": rule.origin}, given)
    for key, value in given.items():
        if not value and key != "Description":
            raise fault(PATH, key, "a field cannot be blanked; leave it out to keep it")
    _check_kinds(rule, present, given)
    if "Priority" in given:
        check_priority(given["Priority"], PATH)
    merged = {key: value for key, value in {**present, **given}.items() if key not in ONLY_IN_ANSWERS}
    changed = read(merged, PATH, rule.direction, group)
    if "PortRange" in given or "IpProtocol" in given:
        check_ports(changed, PATH)
    return replace(changed, id=rule.id, id_is_derived=rule.id_is_derived, created=rule.created, origin=rule.origin)


def _check_own(rule: Rule, present: dict[str, str], given: dict[str, str]) -> None:
    """What only says which rule it is, is the rule's own."""
    for key in (*ONLY_IN_ANSWERS, "Direction"):
        value = given.get(key, "")
        own = present.get(key, "")
        if value and value != own and (key != "Direction" or value.lower() != own):
            raise fault(PATH, key, f"{quoted(value)} is not that of {rule.id}, which is {quoted(own)} and stays")


def _check_kinds(rule: Rule, present: dict[str, str], given: dict[str, str]) -> None:
    """The kind of peer stays, and so does the choice between ports and port list."""
    for key in given:
        peer = _ACCOUNT_KEYS.get(key, key)
        if peer in remote_keys(rule.direction) and peer not in present:
            raise _kind_fixed(rule, key, "the kind of its peer")
    if "PortRangeListId" in given and rule.ports is not None:
        raise _kind_fixed(rule, "PortRangeListId", "its port range, which a port list cannot take the place of")
    if "PortRange" in given and rule.port_list is not None:
        raise _kind_fixed(rule, "PortRange", "its port list, which a port range cannot take the place of")


def _kind_fixed(rule: Rule, key: str, what: str) -> Refusal:
    message = f"{rule.id} keeps {what}; revoke the rule and make another"
    field = fault(PATH, key, message).field
    return Refusal(Code.RULE_KIND_FIXED, message, field=field, resource=rule.id)

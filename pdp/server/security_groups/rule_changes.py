"""Rules come and go (§5.1, §5.2, §5.4): Authorize, Revoke and Configure, in one direction or both."""

from collections.abc import Callable, Sequence
from typing import Any

from google.protobuf.message import Message

from pdp.model.codes import Code
from pdp.model.errors import FieldError, Refusal
from pdp.model.flow import Direction
from pdp.model.groups import SecurityGroup
from pdp.model.rules import Rule
from pdp.policy.changes import AddRules, RemoveRules
from pdp.policy.rule_checks import MOST_RULES_AT_ONCE
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask, PlanFunction, Planned
from pdp.server.security_groups.asked_rule import new_rule, rule_described
from pdp.server.security_groups.lookups import check_references, group_to_change, named_rule
from pdp.server.security_groups.rule_messages import permission_message, values_of
from pdp.v1 import security_group_service_pb2 as pb
from pdp.v1.resources_pb2 import Permission


def authorize(direction: Direction, response: Callable[..., Message]) -> PlanFunction:
    """Adds rules of one direction."""

    def plan(snapshot: Snapshot, request: pb.AuthorizeSecurityGroupRequest, ask: Ask) -> Planned:
        group = group_to_change(snapshot, ask, request.security_group_id)
        check_count(len(request.permissions), "permissions")
        rules = rules_to_add(snapshot, group, request.permissions, "permissions", direction, ask)

        def answer(after: Snapshot) -> Message:
            return response(permissions=as_group_has(after.groups[group.id], rules))

        return Planned((AddRules(group.id, rules),), answer)

    return plan


def revoke(direction: Direction, response: Callable[..., Message]) -> PlanFunction:
    """Removes rules of one direction."""

    def plan(snapshot: Snapshot, request: pb.RevokeSecurityGroupRequest, ask: Ask) -> Planned:
        group = group_to_change(snapshot, ask, request.security_group_id)
        ids, permissions = request.security_group_rule_ids, request.permissions
        check_count(len(ids) + len(permissions), "permissions")
        named = [
            named_rule(group, rule_id, direction, f"security_group_rule_ids[{n}]") for n, rule_id in enumerate(ids)
        ]
        gone = _each_once([*named, *rules_meant(group, permissions, "permissions", direction)])
        shown = [permission_message(rule) for rule in gone]
        return Planned((RemoveRules(group.id, _ids(gone)),), lambda _after: response(permissions=shown))

    return plan


def configure(snapshot: Snapshot, request: pb.ConfigureSecurityGroupPermissionsRequest, ask: Ask) -> Planned:
    """Removes and adds rules of both directions at once; those that go are counted out first (§5.4)."""
    group = group_to_change(snapshot, ask, request.security_group_id)
    ids = request.revoke_security_group_rule_ids
    asked = len(request.authorize_permissions) + len(request.revoke_permissions) + len(ids)
    check_count(asked, "authorize_permissions")
    named = [named_rule(group, rule_id, None, f"revoke_security_group_rule_ids[{n}]") for n, rule_id in enumerate(ids)]
    gone = _each_once([*named, *rules_meant(group, request.revoke_permissions, "revoke_permissions", None)])
    rules = rules_to_add(snapshot, group, request.authorize_permissions, "authorize_permissions", None, ask)
    shown = [permission_message(rule) for rule in gone]

    def answer(after: Snapshot) -> Message:
        return pb.ConfigureSecurityGroupPermissionsResponse(
            authorized_permissions=as_group_has(after.groups[group.id], rules), revoked_permissions=shown
        )

    return Planned((RemoveRules(group.id, _ids(gone)), AddRules(group.id, rules)), answer)


def rules_to_add(
    snapshot: Snapshot,
    group: SecurityGroup,
    permissions: Sequence[Permission],
    field: str,
    direction: Direction | None,
    ask: Ask,
) -> tuple[Rule, ...]:
    """The rules that Permissions ask for, no two of them equal (§5.1). Raises FieldError or Refusal."""
    rules: dict[tuple[object, ...], Rule] = {}
    for n, permission in enumerate(permissions):
        path = f"{field}[{n}]"
        rule = new_rule(permission, path, direction, group, ask)
        _check_unequal(rules, rule, path)
        check_references(snapshot, group, rule, path)
        rules[rule.identity] = rule
    return tuple(rules.values())


def rules_meant(
    group: SecurityGroup, permissions: Sequence[Permission], field: str, direction: Direction | None
) -> list[Rule]:
    """The group's rules that Permissions describe, all but the description; one that there is not is none (§5.2)."""
    present = {rule.identity: rule for rule in group.rules}
    asked: dict[tuple[object, ...], Rule] = {}
    for n, permission in enumerate(permissions):
        path = f"{field}[{n}]"
        rule = rule_described(values_of(permission), path, direction, group)
        _check_unequal(asked, rule, path)
        asked[rule.identity] = rule
    return [present[identity] for identity in asked if identity in present]


def as_group_has(group: SecurityGroup, rules: Sequence[Rule]) -> list[Permission]:
    """Rules that were added, as the group has them: one that was there already has its old id (§5.1)."""
    present: dict[Any, Rule] = {rule.identity: rule for rule in group.rules}
    return [permission_message(present[rule.identity]) for rule in rules]


def check_count(count: int, field: str) -> None:
    """1 to 100 rules in a request (§5.4). Raises FieldError."""
    if not count:
        raise FieldError(Code.MISSING_PARAMETER, field, f"it names no rule; give 1 to {MOST_RULES_AT_ONCE}")
    if count > MOST_RULES_AT_ONCE:
        message = f"{count} rules in one request; at most {MOST_RULES_AT_ONCE} are taken: make several requests"
        raise FieldError(Code.INVALID_PARAMETER, field, message)


def _check_unequal(rules: dict[tuple[object, ...], Rule], rule: Rule, path: str) -> None:
    if rule.identity in rules:
        place = list(rules).index(rule.identity)
        message = f"this rule is in the request twice, first at place {place}: {rule}; give each once"
        raise Refusal(Code.DUPLICATE_PERMISSIONS, message, field=path)


def _each_once(rules: Sequence[Rule]) -> list[Rule]:
    return list({rule.id: rule for rule in rules}.values())


def _ids(rules: Sequence[Rule]) -> tuple[Any, ...]:
    return tuple(rule.id for rule in rules)

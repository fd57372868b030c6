"""`apply`: from one snapshot to the next, all or nothing, and the only way there (§4, §5, §7).

First the changes are made on a draft; then everything that they touched is held against the rules. So a change may pass
through what would not be allowed to stay, and the order among changes does not matter where they are independent. It
must never consult a clock or make up an id: the same changes give the same snapshot wherever they are replayed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from pdp.model.codes import Code
from pdp.model.errors import Refusal, quoted
from pdp.model.groups import SecurityGroup
from pdp.model.ids import EniId, GroupId, Revision, RuleId
from pdp.model.instants import Instant
from pdp.model.network import Eni
from pdp.policy import changes as kinds
from pdp.policy.changes import Change, Kind, Origin
from pdp.policy.checking import Check, invalid, managed, not_found
from pdp.policy.checks import check_touched
from pdp.policy.draft import Draft, stored
from pdp.policy.quotas import findings
from pdp.policy.rule_checks import check_added_rules
from pdp.policy.snapshot import Snapshot, resources_of


@dataclass(frozen=True, slots=True, eq=False)
class Applied:
    """The next snapshot: the same object where nothing changed.

    `touched` are the kinds and keys of all that came, went or was replaced.
    """

    snapshot: Snapshot
    touched: frozenset[tuple[Kind, str]]
    origin: Origin

    @property
    def notes(self) -> tuple[str, ...]:
        """What of an import exceeds limits or breaks rules for new requests. The whole policy is counted for it."""
        return tuple(findings(resources_of(self.snapshot))) if self.origin is Origin.IMPORT else ()


def apply(snapshot: Snapshot, changes: Sequence[Change], origin: Origin, at: Instant) -> Applied:
    """The snapshot after all changes. Raises Refusal, and then nothing has changed."""
    draft = Draft(snapshot)
    for change in changes:
        _STEPS[type(change)](draft, change, origin)
    touched = frozenset(key for key in draft.touched if draft.get(*key) != stored(snapshot, *key))
    after = draft.finish(Revision(snapshot.revision + 1)) if touched else snapshot
    check_touched(Check(snapshot, after, origin, at), touched)
    return Applied(after, touched, origin)


def _put(draft: Draft, change: kinds.Put, _origin: Origin) -> None:
    draft.put(change.resource)


def _delete(draft: Draft, change: kinds.Delete, _origin: Origin) -> None:
    if change.kind is Kind.SETTINGS:
        raise invalid("settings", "they can be changed, not deleted")
    _found(draft, change.kind, change.id)
    draft.delete(change.kind, change.id)


def _add_rules(draft: Draft, change: kinds.AddRules, origin: Origin) -> None:
    """Those that the group has already add nothing (§5.1)."""
    group = _group_to_change(draft, change.group, origin)
    check_added_rules(group, change.rules)
    present = {rule.identity for rule in group.rules}
    added = (rule for rule in change.rules if rule.identity not in present)
    draft.put(replace(group, rules=(*group.rules, *added)))


def _remove_rules(draft: Draft, change: kinds.RemoveRules, origin: Origin) -> None:
    group = _group_to_change(draft, change.group, origin)
    gone = set(change.rule_ids)
    _check_rules_exist(group, gone)
    draft.put(replace(group, rules=tuple(rule for rule in group.rules if rule.id not in gone)))


def _replace_rule(draft: Draft, change: kinds.ReplaceRule, origin: Origin) -> None:
    group = _group_to_change(draft, change.group, origin)
    _check_rules_exist(group, {change.rule.id})
    rules = (change.rule if rule.id == change.rule.id else rule for rule in group.rules)
    draft.put(replace(group, rules=tuple(rules)))


def _join(draft: Draft, change: kinds.JoinGroup, _origin: Origin) -> None:
    eni = _eni(draft, change.eni)
    group = _group(draft, change.group)
    draft.put(replace(eni, groups=(*eni.groups, group.id)))


def _leave(draft: Draft, change: kinds.LeaveGroup, _origin: Origin) -> None:
    eni = _eni(draft, change.eni)
    if change.group not in eni.groups:
        message = f"{eni.id} is no member of {quoted(change.group)}"
        raise Refusal(Code.NOT_A_MEMBER, message, resource=change.group)
    draft.put(replace(eni, groups=tuple(group for group in eni.groups if group != change.group)))


_STEPS: dict[type[Change], Callable[[Draft, Any, Origin], None]] = {
    kinds.Put: _put,
    kinds.Delete: _delete,
    kinds.AddRules: _add_rules,
    kinds.RemoveRules: _remove_rules,
    kinds.ReplaceRule: _replace_rule,
    kinds.JoinGroup: _join,
    kinds.LeaveGroup: _leave,
}


def _found(draft: Draft, kind: Kind, key: str) -> object:
    resource: object = draft.get(kind, key)
    if resource is None:
        raise not_found(kind, key)
    return resource


def _group(draft: Draft, group: GroupId) -> SecurityGroup:
    return cast(SecurityGroup, _found(draft, Kind.GROUP, group))


def _group_to_change(draft: Draft, group_id: GroupId, origin: Origin) -> SecurityGroup:
    """A group whose rules may change (§4.9): asked here too, since a change without effect is refused all the same."""
    group = _group(draft, group_id)
    if origin is Origin.REQUEST and group.service_managed:
        raise managed(group)
    return group


def _eni(draft: Draft, eni: EniId) -> Eni:
    return cast(Eni, _found(draft, Kind.ENI, eni))


def _check_rules_exist(group: SecurityGroup, rules: set[RuleId]) -> None:
    """Revoking or changing by an unknown id is an error (§5.2)."""
    unknown = sorted(rules - {rule.id for rule in group.rules})
    if unknown:
        raise Refusal(Code.RULE_NOT_EXIST, f"{group.id} has no rule {quoted(unknown[0])}", resource=unknown[0])

"""Tiny words for changes, so that a case of `apply` is one line."""

from dataclasses import replace

import pytest

from pdp.model.codes import Code
from pdp.model.errors import QuotaUse, Refusal
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import AccountId, EniId, GroupId, RuleId
from pdp.model.instants import Instant
from pdp.model.network import Account, Eni
from pdp.model.rules import Rule
from pdp.policy.apply import apply
from pdp.policy.changes import (
    AddRules,
    Change,
    Delete,
    JoinGroup,
    Kind,
    LeaveGroup,
    Origin,
    Put,
    RemoveRules,
    ReplaceRule,
    Resource,
    key_of,
    kind_of,
)
from pdp.policy.snapshot import Snapshot, resources_of
from tests.builders import ACCOUNT, NOW, group, rule

REQUEST, OPERATOR, IMPORT = Origin.REQUEST, Origin.OPERATOR, Origin.IMPORT
ADVANCED = GroupType.ADVANCED


def done(snapshot: Snapshot, *changes: Change, origin: Origin = REQUEST, at: Instant = NOW) -> Snapshot:
    """The snapshot after the changes."""
    return apply(snapshot, changes, origin, at).snapshot


def accepted(snapshot: Snapshot, *changes: Change, origin: Origin = REQUEST) -> bool:
    """Whether the changes lead to another snapshot. Raises Refusal when they are refused."""
    return done(snapshot, *changes, origin=origin) is not snapshot


def refused(
    code: Code, snapshot: Snapshot, *changes: Change, origin: Origin = REQUEST, at: Instant = NOW, says: str = ""
) -> Refusal:
    """The refusal of the changes, with this code and these words; the snapshot is as it was."""
    before = resources_of(snapshot)
    with pytest.raises(Refusal) as error:
        apply(snapshot, changes, origin, at)
    assert error.value.code is code, error.value
    assert says in str(error.value)
    assert resources_of(snapshot) == before
    return error.value


def numbers(refusal: Refusal) -> tuple[int, int, int]:
    """Value of the limit, present count and wanted count; all three are in the message."""
    use = quota(refusal)
    verb = "is" if use.present == 1 else "are"
    assert f"limit is {use.value}, there {verb} {use.present} now, and this would make {use.wanted}" in str(refusal)
    return use.value, use.present, use.wanted


def quota(refusal: Refusal) -> QuotaUse:
    assert refusal.quota is not None
    return refusal.quota


def add(group_id: str, *texts: str) -> AddRules:
    """Rules for a group; those without an id become new-1, new-2, …"""
    rules = (rule(text) for text in texts)
    named = (replace(made, id=made.id or RuleId(f"new-{n}")) for n, made in enumerate(rules, 1))
    return AddRules(GroupId(group_id), tuple(named))


def remove(group_id: str, *rule_ids: str) -> RemoveRules:
    return RemoveRules(GroupId(group_id), tuple(map(RuleId, rule_ids)))


def modify(group_id: str, text: str) -> ReplaceRule:
    return ReplaceRule(GroupId(group_id), rule(text))


def join(eni_id: str, group_id: str) -> JoinGroup:
    return JoinGroup(EniId(eni_id), GroupId(group_id))


def leave(eni_id: str, group_id: str) -> LeaveGroup:
    return LeaveGroup(EniId(eni_id), GroupId(group_id))


def delete(resource: Resource) -> Delete:
    return Delete(kind_of(resource), key_of(resource))


def delete_group(group_id: str) -> Delete:
    return Delete(Kind.GROUP, group_id)


def many(count: int, port: int = 1) -> list[Rule]:
    """So many different rules, of TCP ports from `port` on."""
    return [rule(f"accept tcp/{port + n} from 10.0.0.0/8 id sgr-{port + n}") for n in range(count)]


def full(group_id: str, count: int = 200) -> SecurityGroup:
    """A group with so many rules."""
    return group(group_id, *many(count))


def in_groups(member: Eni, *groups: str) -> Put:
    """The ENI in other groups, all replaced in one change."""
    return Put(replace(member, groups=tuple(map(GroupId, groups))))


def quotas(**limits: int) -> Put:
    """An account's adjusted limits."""
    return Put(Account(AccountId(ACCOUNT), quotas=tuple(sorted(limits.items()))))


def ids(snapshot: Snapshot, group_id: str) -> list[str]:
    """The ids of a group's rules."""
    return [made.id for made in snapshot.groups[GroupId(group_id)].rules]


def groups_of(snapshot: Snapshot, eni_id: str) -> list[str]:
    return list(snapshot.enis[EniId(eni_id)].groups)

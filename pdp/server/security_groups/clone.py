"""A group's rules in a new group, of either type (§4.6).

Rules that the new type cannot have are left out one by one and named; that anything else stands in the way refuses the
clone: a group that lacks some other rule is not like its source.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pdp.model.codes import Code
from pdp.model.errors import Refusal
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import GroupId
from pdp.model.limits import LAST_NEW_PRIORITY
from pdp.model.protocols import LAST_PORT, PortRange
from pdp.model.rules import USER_ORIGIN, Action, GroupPeer, Rule
from pdp.policy.apply import apply
from pdp.policy.changes import Put
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask, Planned
from pdp.server.network.lookups import named_group
from pdp.server.security_groups.asked_rule import made_new
from pdp.server.security_groups.group_fields import group_description, group_name, group_type
from pdp.server.security_groups.rule_messages import in_order, permission_message
from pdp.v1 import security_group_service_pb2 as pb

ALL_PORTS = PortRange(1, LAST_PORT)
LEFT_OUT = frozenset((Code.GROUP_PEER_DENIED, Code.GROUP_NOT_FOUND))
"""Why a rule with a group peer may be left out."""


@dataclass(frozen=True, slots=True)
class _Copied:
    """One rule of the source, by its place there from 1: as the clone has it, or why it is left out."""

    row: int
    rule: Rule
    changed: str = ""
    refusal: Refusal | None = None

    def result(self) -> pb.PermissionResult:
        """For the answer."""
        refusal = self.refusal
        return pb.PermissionResult(
            row=self.row,
            accepted=refusal is None,
            code=refusal.code.value if refusal is not None else "",
            message=refusal.message if refusal is not None else self.changed,
            security_group_rule_id=self.rule.id if refusal is None else "",
            permission=permission_message(self.rule),
        )


def clone_group(snapshot: Snapshot, request: pb.CloneSecurityGroupRequest, ask: Ask) -> Planned:
    """A group like another one, in its VPC and account. Members of a basic one may do what the source's may."""
    source = named_group(snapshot, ask, request.source_security_group_id, "source_security_group_id")
    kind = group_type(request.security_group_type, source.type)
    empty = SecurityGroup(
        id=GroupId(ask.new_id("sg-")),
        account=source.account,
        vpc=source.vpc,
        type=kind,
        inner_access=source.inner_access if kind is GroupType.BASIC else Action.DROP,
        name=group_name(request.security_group_name),
        description=group_description(request.description),
        created=ask.time_text,
    )
    copied = list(_copied(snapshot, source, empty, ask))
    clone = replace(empty, rules=tuple(copy.rule for copy in copied if copy.refusal is None))
    results = [copy.result() for copy in copied if copy.changed or copy.refusal is not None]
    return Planned(
        (Put(clone),), lambda _after: pb.CloneSecurityGroupResponse(security_group_id=clone.id, results=results)
    )


def _copied(snapshot: Snapshot, source: SecurityGroup, empty: SecurityGroup, ask: Ask) -> Iterator[_Copied]:
    rows: dict[tuple[object, ...], int] = {}
    for row, rule in enumerate(in_order(source), 1):
        adapted, changed = _adapted(rule)
        new = replace(made_new(adapted, ask), origin=USER_ORIGIN)
        twin = rows.setdefault(new.identity, row)
        if twin != row:
            message = f"{changed}: with that it is the same as rule {twin}"
            yield _Copied(row, rule, refusal=Refusal(Code.RULE_DUPLICATE, message))
        else:
            refusal = _peer_refusal(snapshot, empty, new, ask) if isinstance(rule.peer, GroupPeer) else None
            yield _Copied(row, new if refusal is None else rule, changed, refusal)


def _adapted(rule: Rule) -> tuple[Rule, str]:
    """The rule as a new one may be, and what was changed for that: old groups hold more (§3.4, §3.6)."""
    changes = []
    if rule.priority > LAST_NEW_PRIORITY:
        changes.append(f"priority {rule.priority} became {LAST_NEW_PRIORITY}")
        rule = replace(rule, priority=LAST_NEW_PRIORITY)
    if rule.lacks_ports:
        changes.append(f"the port range -1/-1 became {ALL_PORTS}, which does not cover port 0")
        rule = replace(rule, ports=ALL_PORTS)
    return rule, "; ".join(changes)


def _peer_refusal(snapshot: Snapshot, empty: SecurityGroup, rule: Rule, ask: Ask) -> Refusal | None:
    """Why the new group cannot have a rule with a group peer (§4.5), or None."""
    try:
        apply(snapshot, (Put(replace(empty, rules=(rule,))),), ask.origin, ask.at)
    except Refusal as refusal:
        if refusal.code not in LEFT_OUT:
            raise
        return refusal
    return None

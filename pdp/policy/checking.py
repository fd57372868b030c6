"""What the checks of a change share: the snapshots before and after, counts of rules, and refusals in one voice."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from pdp.model.codes import Code
from pdp.model.errors import QuotaUse, Refusal, quoted
from pdp.model.groups import SecurityGroup
from pdp.model.ids import AccountId, GroupId, InstanceId
from pdp.model.instants import Instant
from pdp.model.limits import Limits
from pdp.model.network import PenaltyAction, PenaltyState
from pdp.policy.changes import Kind, Origin
from pdp.policy.penalties import has_effect
from pdp.policy.quotas import count_of
from pdp.policy.snapshot import Snapshot

SECURITY_LOCK = "security"
"""The lock of an instance that a penalty has put there (§7.3)."""
MOST_NAMED = 20
"""Ids that a refusal names; the rest is counted."""

NOT_FOUND = {
    Kind.GROUP: Code.GROUP_NOT_FOUND,
    Kind.ENI: Code.ENI_NOT_FOUND,
    Kind.VPC: Code.VPC_NOT_FOUND,
    Kind.INSTANCE: Code.INSTANCE_NOT_FOUND,
    Kind.PREFIX_LIST: Code.PREFIX_LIST_NOT_FOUND,
    Kind.PORT_LIST: Code.PORT_LIST_NOT_FOUND,
    Kind.ACCOUNT: Code.INVALID_PARAMETER,
    Kind.PENALTY: Code.PENALTY_NOT_FOUND,
    Kind.USER: Code.USER_NOT_FOUND,
    Kind.POLICY: Code.POLICY_NOT_FOUND,
}
"""What is said of a resource that does not exist. Settings always do."""


def not_found(kind: Kind, key: str) -> Refusal:
    """There is no such resource."""
    return Refusal(NOT_FOUND[kind], f"there is no {kind.value.replace('_', ' ')} {quoted(key)}", resource=key)


def invalid(resource: str, why: str) -> Refusal:
    """A value of a resource that it cannot have."""
    return Refusal(Code.INVALID_PARAMETER, f"{resource}: {why}", resource=resource)


def managed(group: SecurityGroup) -> Refusal:
    """The group belongs to a cloud service: its owner reads it, and every write is refused (§4.9)."""
    message = f"{group.id} is managed by a cloud service, which alone changes it; its owner can read it"
    return Refusal(Code.MANAGED_BY_CLOUD_PRODUCT, message, resource=group.id)


def operator_only(what: str) -> Refusal:
    """Only the platform's operator may do this (§6.5)."""
    return Refusal(Code.OPERATOR_ONLY, f"{what} is the platform operator's to change; ask the operator")


def in_use(resource: str, why: str) -> Refusal:
    """The resource stays while something depends on it (§4.8)."""
    return Refusal(Code.DEPENDENCY_VIOLATION, f"{resource} {why}", resource=resource)


def counted(count: int, one: str, several: str) -> str:
    """A count with its word: `1 member ENI`, `2 member ENIs`."""
    return f"{count} {one if count == 1 else several}"


def named(ids: Iterable[str]) -> str:
    """Some ids, sorted, of which a refusal names the first MOST_NAMED."""
    ordered = sorted(ids)
    more = f" and {len(ordered) - MOST_NAMED} more" if len(ordered) > MOST_NAMED else ""
    return ", ".join(ordered[:MOST_NAMED]) + more


@dataclass(frozen=True, eq=False)
class Check:
    """One application of changes: the snapshots before and after, where the changes come from, and when."""

    before: Snapshot
    after: Snapshot
    origin: Origin
    at: Instant
    _counts: dict[tuple[int, GroupId], int] = field(default_factory=dict)

    @property
    def is_import(self) -> bool:
        """Whether structure alone counts."""
        return self.origin is Origin.IMPORT

    @property
    def is_request(self) -> bool:
        """Whether somebody of an account asks, not the operator."""
        return self.origin is Origin.REQUEST

    def limits_of(self, account: AccountId) -> Limits:
        """The limits of an account, as they are now: a change of them applies at once (§4.10)."""
        return self.after.limits_of(account)

    def rules_before(self, groups: Iterable[GroupId]) -> int:
        """What the rules of some groups counted before (§4.11); a group that did not exist counts nothing."""
        return sum(self._count(self.before, group) for group in groups)

    def rules_after(self, groups: Iterable[GroupId]) -> int:
        """What they count now."""
        return sum(self._count(self.after, group) for group in groups)

    def _count(self, snapshot: Snapshot, group_id: GroupId) -> int:
        key = (snapshot.revision, group_id)
        count = self._counts.get(key)
        if count is None:
            group = snapshot.groups.get(group_id)
            rules = group.rules if group is not None else ()
            count = count_of(rules, snapshot.prefix_lists, snapshot.port_lists)
            self._counts[key] = count
        return count

    def refuse_growth(self, code: Code, use: QuotaUse, advice: str) -> None:
        """Raises Refusal when a count has grown and is above its limit: nothing is ever removed (§4.10, §4.12)."""
        if use.wanted > use.value and use.wanted > use.present:
            message = (
                f"{use.subject}: {use.limit}: the limit is {use.value}, there {'is' if use.present == 1 else 'are'} "
                f"{use.present} now, and this would make {use.wanted}; {advice}"
            )
            raise Refusal(code, message, resource=use.subject, quota=use)

    def refuse_locked(self, instance: InstanceId, what: str) -> None:
        """Raises Refusal when an instance is locked for security: by its own lock, or by a LOCK penalty (§7.3)."""
        known = [snapshot.instances.get(instance) for snapshot in (self.before, self.after)]
        locked = any(one is not None and SECURITY_LOCK in one.locks for one in known)
        if instance and (locked or instance in self._locked_by_penalty):
            message = f"{instance} is locked for security: {what} until the lock or the penalty is lifted"
            raise Refusal(Code.LOCKED_FOR_SECURITY, message, resource=instance)

    @cached_property
    def _locked_by_penalty(self) -> frozenset[InstanceId]:
        return frozenset(
            penalty.instance
            for penalty in self.after.penalties.values()
            if penalty.action is PenaltyAction.LOCK
            and penalty.state is not PenaltyState.LIFTED
            and has_effect(penalty, self.at)
        )

"""A snapshot while it is being changed: resources come and go, and everything derived from them follows.

It refuses nothing: what may be is the business of `pdp.policy.apply`. Until `finish`, nobody else sees anything of it.
"""

from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from typing import Any, cast

from immutables import MapMutation

from pdp.model.groups import SecurityGroup
from pdp.model.ids import InstanceId, PenaltyId, Revision, StoreId
from pdp.model.network import Account, Eni, Instance, Penalty, PenaltyAction, PenaltyState, Settings
from pdp.model.ram import RamUser
from pdp.model.resources import Resources
from pdp.model.rules import PortList, PrefixList
from pdp.policy.changes import Kind, Resource, key_of, kind_of
from pdp.policy.snapshot import FIRST_REVISION, KINDS, Snapshot, content_digest
from pdp.policy.usage import UsageDraft

MAPS = {
    Kind.GROUP: "groups",
    Kind.ENI: "enis",
    Kind.VPC: "vpcs",
    Kind.INSTANCE: "instances",
    Kind.PREFIX_LIST: "prefix_lists",
    Kind.PORT_LIST: "port_lists",
    Kind.ACCOUNT: "accounts",
    Kind.PENALTY: "penalties",
    Kind.USER: "users",
    Kind.POLICY: "policies",
}
"""Where a snapshot keeps each kind."""


def stored(snapshot: Snapshot, kind: Kind, key: str) -> Resource | None:
    """The resource of a kind and key in a snapshot."""
    if kind is Kind.SETTINGS:
        return snapshot.settings
    return cast(Resource | None, getattr(snapshot, MAPS[kind]).get(key))


class Draft:
    """The next snapshot of `base`. `touched` are the kinds and keys of all that came, went or was replaced."""

    def __init__(self, base: Snapshot) -> None:
        self.base = base
        self.settings = base.settings
        self.touched: set[tuple[Kind, str]] = set()
        self._maps: dict[Kind, MapMutation[str, Any]] = {}
        self._usage: UsageDraft | None = None
        self._blocks = base.blocks.mutate()
        self._instance_enis = base.instance_enis.mutate()

    def get(self, kind: Kind, key: str) -> Any:  # noqa: ANN401 - the kind says which
        """The resource of a kind and key as it is now, or None."""
        if kind is Kind.SETTINGS:
            return self.settings
        changed = self._maps.get(kind)
        return (changed if changed is not None else getattr(self.base, MAPS[kind])).get(key)

    def put(self, resource: Resource) -> None:
        """The resource is so from now on."""
        resource = normal(resource)
        kind, key = kind_of(resource), key_of(resource)
        before = self.get(kind, key)
        if before == resource:
            return
        self.touched.add((kind, key))
        if isinstance(resource, Settings):
            self.settings = resource
            return
        self._map(kind)[key] = resource
        self._follow(before, resource)

    def delete(self, kind: Kind, key: str) -> None:
        """The resource, which exists, is gone from now on."""
        before = self.get(kind, key)
        self.touched.add((kind, key))
        del self._map(kind)[key]
        self._follow(before, None)

    def finish(self, revision: Revision) -> Snapshot:
        """The snapshot, which no longer changes."""
        changed: dict[str, Any] = {MAPS[kind]: entries.finish() for kind, entries in self._maps.items()}
        return replace(
            self.base,
            revision=revision,
            settings=self.settings,
            blocks=self._blocks.finish(),
            instance_enis=self._instance_enis.finish(),
            usage=self.base.usage if self._usage is None else self._usage.finish(),
            **changed,
        )

    def _map(self, kind: Kind) -> "MapMutation[str, Any]":
        changed = self._maps.get(kind)
        if changed is None:
            changed = self._maps[kind] = getattr(self.base, MAPS[kind]).mutate()
        return changed

    def _follow(self, before: Resource | None, after: Resource | None) -> None:
        """Everything derived follows a resource that was `before` and is `after`."""
        for resource, sign in ((before, -1), (after, 1)):
            match resource:
                case SecurityGroup():
                    self._usage_draft().group(resource, sign)
                case Eni():
                    self._usage_draft().eni(resource, sign)
                    self._sibling(resource, sign)
                case Penalty(action=PenaltyAction.BLOCK_TRAFFIC):
                    self._block(resource, sign)

    def _usage_draft(self) -> UsageDraft:
        if self._usage is None:
            self._usage = UsageDraft(self.base.usage)
        return self._usage

    def _sibling(self, eni: Eni, sign: int) -> None:
        if eni.instance:
            siblings = set(self._instance_enis.get(eni.instance, ()))
            siblings = siblings | {eni.id} if sign > 0 else siblings - {eni.id}
            _keep(self._instance_enis, eni.instance, tuple(sorted(siblings)))

    def _block(self, penalty: Penalty, sign: int) -> None:
        if penalty.state is PenaltyState.LIFTED:
            return
        blocks = [block for block in self._blocks.get(penalty.instance, ()) if block.id != penalty.id]
        if sign > 0:
            blocks.append(penalty)
        _keep(self._blocks, penalty.instance, tuple(sorted(blocks, key=lambda block: block.id)))


def _keep(entries: "MapMutation[InstanceId, Any]", instance: InstanceId, values: tuple[Any, ...]) -> None:
    """Sets an entry, or removes one that would be empty."""
    if values:
        entries[instance] = values
    else:
        entries.pop(instance, None)


_UNORDERED: dict[type, tuple[str, ...]] = {
    SecurityGroup: ("tags",),
    Eni: ("groups", "prefixes"),
    Instance: ("locks",),
    PrefixList: ("entries",),
    PortList: ("entries",),
    Account: ("quotas",),
    RamUser: ("policies",),
}
"""What of a resource has no order, and holds nothing twice."""


def normal(resource: Resource) -> Resource:
    """The resource with everything that has no order of its own sorted, so that equal ones are equal (§1)."""
    changed: dict[str, Any] = {
        name: tuple(sorted(set(getattr(resource, name)))) for name in _UNORDERED.get(type(resource), ())
    }
    if isinstance(resource, SecurityGroup):
        changed["rules"] = tuple(sorted(resource.rules, key=lambda rule: rule.id))
    if isinstance(resource, Penalty) and not resource.id:
        digest = sha256(repr(resource).encode("utf-8", "backslashreplace")).hexdigest()
        changed["id"] = PenaltyId(f"pen-derived-{digest[:20]}")
    return replace(resource, **changed) if changed else resource


def resources_in(resources: Resources) -> Iterable[Resource]:
    """Every resource, settings too."""
    for kind in KINDS:
        yield from getattr(resources, kind)
    yield resources.settings


def snapshot_of(resources: Resources, store: StoreId | None = None, revision: Revision = FIRST_REVISION) -> Snapshot:
    """The snapshot of some resources. Without a store's id, it is the digest of their content."""
    draft = Draft(Snapshot(store if store is not None else content_digest(resources), revision))
    for resource in resources_in(resources):
        draft.put(resource)
    return draft.finish(revision)

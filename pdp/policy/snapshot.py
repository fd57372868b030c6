"""Everything that verdicts depend on at one revision, immutable.

A check reads one snapshot and never waits. The maps are persistent, so that the next revision shares all that a commit
leaves alone. A snapshot never depends on the order in which its resources came.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256

from immutables import Map

from pdp.model.errors import PdpError, Reason, quoted
from pdp.model.groups import SecurityGroup
from pdp.model.ids import AccountId, EniId, GroupId, InstanceId, PortListId, PrefixListId, Revision, StoreId, VpcId
from pdp.model.network import Eni, Penalty, PenaltyAction, Settings, Vpc
from pdp.model.resources import Resources
from pdp.model.rules import PortList, PrefixList

FIRST_REVISION = Revision(1)


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One revision of one store. Build one with `snapshot_of`.

    `blocks` holds each instance's BLOCK_TRAFFIC penalties, whether in effect or not; `instance_enis` the ids of each
    instance's ENIs, sorted.
    """

    store: StoreId
    revision: Revision
    groups: Map[GroupId, SecurityGroup]
    enis: Map[EniId, Eni]
    vpcs: Map[VpcId, Vpc]
    prefix_lists: Map[PrefixListId, PrefixList]
    port_lists: Map[PortListId, PortList]
    smtp_exempt: frozenset[AccountId]
    blocks: Map[InstanceId, tuple[Penalty, ...]]
    instance_enis: Map[InstanceId, tuple[EniId, ...]]
    settings: Settings

    def eni(self, eni_id: str) -> Eni:
        """The ENI of an id; MISSING_ENI or UNKNOWN_ENI otherwise (§2.1). An instance's id is answered with its ENIs."""
        eni = self.enis.get(EniId(eni_id))
        if eni is not None:
            return eni
        if not eni_id:
            raise PdpError(Reason.MISSING_ENI, "the ENI's id is missing; give one such as eni-bp1abc")
        message = f"no ENI has the id {quoted(eni_id)}"
        siblings = self.instance_enis.get(InstanceId(eni_id))
        if siblings:
            message = f"{quoted(eni_id)} is an instance; ask about one of its ENIs: {', '.join(siblings[:20])}"
        raise PdpError(Reason.UNKNOWN_ENI, message)

    def groups_of(self, eni: Eni) -> tuple[SecurityGroup, ...]:
        """The ENI's groups, by id."""
        return tuple(self.groups[group] for group in eni.groups)


def snapshot_of(resources: Resources, store: StoreId | None = None, revision: Revision = FIRST_REVISION) -> Snapshot:
    """The snapshot of some resources. Without a store's id, it is the digest of their content."""
    return Snapshot(
        store=store if store is not None else content_digest(resources),
        revision=revision,
        groups=Map({group.id: group for group in resources.groups}),
        enis=Map({eni.id: eni for eni in resources.enis}),
        vpcs=Map({vpc.id: vpc for vpc in resources.vpcs}),
        prefix_lists=Map({prefix_list.id: prefix_list for prefix_list in resources.prefix_lists}),
        port_lists=Map({port_list.id: port_list for port_list in resources.port_lists}),
        smtp_exempt=frozenset(account.id for account in resources.accounts if account.smtp_exempt),
        blocks=Map(_blocks_by_instance(resources.penalties)),
        instance_enis=Map(_enis_by_instance(resources.enis)),
        settings=resources.settings,
    )


def content_digest(resources: Resources) -> StoreId:
    """A name for exactly this content, the same whatever the order of files, rules and members."""
    digest = sha256(repr(resources.settings).encode())
    for kind in ("groups", "enis", "vpcs", "instances", "prefix_lists", "port_lists", "accounts", "penalties"):
        digest.update(f"\n{kind}\n".encode())
        for text in sorted(map(_canonical_text, getattr(resources, kind))):
            digest.update(text.encode("utf-8", "backslashreplace") + b"\n")
    return StoreId(f"sha256:{digest.hexdigest()[:32]}")


def _canonical_text(resource: object) -> str:
    """A resource's whole content; a group's rules and a list's entries, which have no order of their own, sorted."""
    match resource:
        case SecurityGroup():
            return repr(replace(resource, rules=tuple(sorted(resource.rules, key=repr))))
        case PrefixList():
            return repr(replace(resource, entries=tuple(sorted(resource.entries))))
        case PortList():
            return repr(replace(resource, entries=tuple(sorted(resource.entries))))
    return repr(resource)


def _blocks_by_instance(penalties: Iterable[Penalty]) -> dict[InstanceId, tuple[Penalty, ...]]:
    blocks = defaultdict(list)
    for penalty in penalties:
        if penalty.action is PenaltyAction.BLOCK_TRAFFIC:
            blocks[penalty.instance].append(penalty)
    return {instance: tuple(sorted(items, key=repr)) for instance, items in blocks.items()}


def _enis_by_instance(enis: Iterable[Eni]) -> dict[InstanceId, tuple[EniId, ...]]:
    siblings = defaultdict(list)
    for eni in enis:
        if eni.instance:
            siblings[eni.instance].append(eni.id)
    return {instance: tuple(sorted(ids)) for instance, ids in siblings.items()}

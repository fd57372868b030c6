"""Which resources differ between two snapshots: so that what is derived from one is carried over to the next."""

from collections.abc import Iterable
from dataclasses import dataclass

from pdp.model.ids import EniId, GroupId, InstanceId, PenaltyId, PortListId, PrefixListId, VpcId
from pdp.policy.changes import Kind
from pdp.policy.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Touched:
    """The ids of all that was added, changed or removed, by kind.

    It may name more than differs, never less. `instances` are also those whose penalties differ; `settings` and
    `accounts` tell whether any of those differ.
    """

    groups: frozenset[GroupId] = frozenset()
    enis: frozenset[EniId] = frozenset()
    vpcs: frozenset[VpcId] = frozenset()
    instances: frozenset[InstanceId] = frozenset()
    prefix_lists: frozenset[PrefixListId] = frozenset()
    port_lists: frozenset[PortListId] = frozenset()
    settings: bool = False
    accounts: bool = False


def touched_by(keys: Iterable[tuple[Kind, str]], *snapshots: Snapshot) -> Touched:
    """What kinds and keys of resources come to; `snapshots`, those before and after, tell whose penalties they are.

    Users and policies touch nothing that a verdict depends on.
    """
    ids: dict[Kind, set[str]] = {kind: set() for kind in Kind}
    for kind, key in keys:
        ids[kind].add(key)
    penalties = [snapshot.penalties.get(PenaltyId(key)) for snapshot in snapshots for key in ids[Kind.PENALTY]]
    punished = {penalty.instance for penalty in penalties if penalty is not None}
    return Touched(
        groups=frozenset(map(GroupId, ids[Kind.GROUP])),
        enis=frozenset(map(EniId, ids[Kind.ENI])),
        vpcs=frozenset(map(VpcId, ids[Kind.VPC])),
        instances=frozenset(map(InstanceId, ids[Kind.INSTANCE])) | punished,
        prefix_lists=frozenset(map(PrefixListId, ids[Kind.PREFIX_LIST])),
        port_lists=frozenset(map(PortListId, ids[Kind.PORT_LIST])),
        settings=bool(ids[Kind.SETTINGS]),
        accounts=bool(ids[Kind.ACCOUNT]),
    )

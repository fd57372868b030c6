"""Commits for tests: the next snapshot of a store, with what differs in it."""

from collections.abc import Iterable

from pdp.model.ids import EniId, GroupId, InstanceId, PortListId, PrefixListId, Revision, VpcId
from pdp.policy.changes import Kind, Resource
from pdp.policy.draft import Draft
from pdp.policy.snapshot import Snapshot
from pdp.policy.touched import Touched

Committed = tuple[Snapshot, Touched]
Gone = tuple[Kind, str]
IDS = {Kind.GROUP, Kind.ENI, Kind.VPC, Kind.INSTANCE, Kind.PREFIX_LIST, Kind.PORT_LIST}


def commit(snapshot: Snapshot, put: Iterable[Resource], gone: Iterable[Gone] = ()) -> Committed:
    """The next snapshot, and all that differs in it."""
    draft = Draft(snapshot)
    for kind, key in gone:
        draft.delete(kind, key)
    for resource in put:
        draft.put(resource)
    ids = {kind: frozenset(key for touched, key in draft.touched if touched is kind) for kind in IDS}
    kinds = {kind for kind, _ in draft.touched}
    touched = Touched(
        groups=frozenset(map(GroupId, ids[Kind.GROUP])),
        enis=frozenset(map(EniId, ids[Kind.ENI])),
        vpcs=frozenset(map(VpcId, ids[Kind.VPC])),
        instances=frozenset(map(InstanceId, ids[Kind.INSTANCE])),
        prefix_lists=frozenset(map(PrefixListId, ids[Kind.PREFIX_LIST])),
        port_lists=frozenset(map(PortListId, ids[Kind.PORT_LIST])),
        settings=Kind.SETTINGS in kinds,
        accounts=Kind.ACCOUNT in kinds,
    )
    return draft.finish(Revision(snapshot.revision + 1)), touched

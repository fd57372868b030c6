"""Commits for tests: the next snapshot of a store, with the ENIs that differ in it."""

from collections.abc import Iterable

from pdp.model.ids import EniId, Revision
from pdp.policy.changes import Kind, Resource
from pdp.policy.draft import Draft
from pdp.policy.snapshot import Snapshot

Committed = tuple[Snapshot, frozenset[EniId]]
Gone = tuple[Kind, str]


def commit(snapshot: Snapshot, put: Iterable[Resource], gone: Iterable[Gone] = ()) -> Committed:
    """The next snapshot, and the ENIs that differ in it."""
    draft = Draft(snapshot)
    for kind, key in gone:
        draft.delete(kind, key)
    for resource in put:
        draft.put(resource)
    enis = frozenset(EniId(key) for kind, key in draft.touched if kind is Kind.ENI)
    return draft.finish(Revision(snapshot.revision + 1)), enis

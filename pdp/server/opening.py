"""From what `pdp serve` was told to a policy that can be served: a bundle, or a store, or a store begun from a bundle.

It runs on a thread before anything is answered. A bundle becomes a policy by the same changes that import it into a
store, so that there is one meaning of it.
"""

from collections.abc import Callable
from typing import NamedTuple

import structlog

from pdp.model.codes import Code
from pdp.model.errors import Refusal
from pdp.model.identity import Caller
from pdp.model.resources import Resources
from pdp.policy.apply import Applied
from pdp.policy.changes import Change, Origin
from pdp.policy.import_plan import changes_toward
from pdp.policy.quotas import findings
from pdp.policy.snapshot import Snapshot, resources_of
from pdp.server.clock import CLOCK
from pdp.server.policies import Policies
from pdp.store.journal import WriteRequest

log = structlog.get_logger()

IMPORT_METHOD = "CommitImport"
"""The method that commits of an import bear, whoever made them."""


class StoreToServe(NamedTuple):
    """A store by its place, and the bundle that it begins with where it is still empty."""

    place: str
    bundle: Callable[[], Resources] | None = None


def begin_with_bundle(policy: Policies, read: Callable[[], Resources]) -> None:
    """Imports a bundle with one commit into a store at revision 0; leaves any other as it is, and says so.

    Raises what `read` raises, and Refusal.
    """
    if policy.snapshot.revision:
        _say_skipped(policy)
        return
    resources = read()

    def plan(snapshot: Snapshot) -> tuple[tuple[Change, ...], None]:
        return changes_toward(snapshot, resources, remove_unnamed=False).changes, None

    def answer(_nothing: None, _applied: Applied) -> bytes:
        return b""

    request = WriteRequest(
        plan=plan,
        answer=answer,
        origin=Origin.IMPORT,
        at=CLOCK(),
        caller=str(Caller.local()),
        source="",
        method=IMPORT_METHOD,
        expected_revision=0,
    )
    try:
        written = policy.write(request)
    except Refusal as refusal:
        if refusal.code is not Code.REVISION_MISMATCH:
            raise
        _say_skipped(policy)  # another process was first
    else:
        for note in findings(resources_of(policy.snapshot)):
            log.info(note)
        log.info("the bundle is imported", revision=written.after)


def _say_skipped(policy: Policies) -> None:
    log.warning(
        "THE BUNDLE IS NOT IMPORTED: the store has a policy already, which is served; use `pdp import` to change it",
        revision=policy.snapshot.revision,
    )

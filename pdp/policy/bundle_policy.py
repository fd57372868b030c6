"""A bundle as a policy of its own: by the changes that import it into a store, so that there is one meaning of it."""

from pdp.model.ids import Revision
from pdp.model.instants import Instant
from pdp.model.resources import Resources
from pdp.policy.apply import Applied, apply
from pdp.policy.changes import Origin
from pdp.policy.import_plan import changes_toward
from pdp.policy.snapshot import Snapshot, content_digest


def policy_of_bundle(resources: Resources, at: Instant) -> Applied:
    """The policy that a bundle is, and what of it exceeds limits. Its store is named by its content.

    Raises Refusal for what no policy can hold.
    """
    empty = Snapshot(content_digest(resources), Revision(0))
    changes = changes_toward(empty, resources, remove_unnamed=True).changes
    return apply(empty, changes, Origin.IMPORT, at)

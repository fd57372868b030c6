"""Changes that were accepted together: what the log of a store consists of, and what an audit wants to know of them."""

from dataclasses import dataclass

from pdp.model.ids import Revision
from pdp.model.instants import Instant
from pdp.policy.changes import Change, Origin


@dataclass(frozen=True, slots=True)
class Commit:
    """What led to a revision from the one before it: who did it, when, from where, by which method, and the changes.

    `caller` is as RAM names it, `source` the address that the request came from. `client_token` is blank when the
    request had none. `changes` are as they were asked for: applied again to the snapshot before, with the same origin
    and time, they give the same snapshot after.
    """

    revision: Revision
    at: Instant
    caller: str
    source: str
    method: str
    client_token: str
    origin: Origin
    changes: tuple[Change, ...]

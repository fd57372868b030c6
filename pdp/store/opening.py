"""From what `--store` says to a store."""

import secrets
from pathlib import Path

from pdp.model.errors import quoted
from pdp.store.contract import Driver, StoreRefused
from pdp.store.memory import MemoryStore
from pdp.store.sqlite import SqliteStore


def open_store(place: str) -> Driver:
    """The store at `sqlite:PATH`, made when there is none, or a new one at `memory:`.

    Raises StoreRefused for a place that is neither or a file that is no store of this program's, and StoreUnavailable.
    """
    scheme, colon, rest = place.partition(":")
    new_store_id = secrets.token_hex(16)
    if scheme == "sqlite" and rest:
        return SqliteStore(Path(rest), new_store_id)
    if scheme == "memory" and colon and not rest:
        return MemoryStore(new_store_id)
    raise StoreRefused(quoted(place), "this names no store", "write sqlite:PATH, or memory: for one that is not kept")

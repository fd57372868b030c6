"""From what `--store` says to a store."""

import secrets
from pathlib import Path

from pdp.model.errors import quoted
from pdp.store.contract import Driver, StoreRefused
from pdp.store.memory import MemoryStore
from pdp.store.sqlite import SqliteStore


def check_place(place: str) -> None:
    """Raises StoreRefused for a place that is neither `sqlite:PATH` nor `memory:`."""
    scheme, colon, rest = place.partition(":")
    if scheme != ("sqlite" if rest else "memory") or not colon:
        raise StoreRefused(
            quoted(place), "this names no store", "write sqlite:PATH, or memory: for one that is not kept"
        )


def open_store(place: str) -> Driver:
    """The store at `sqlite:PATH`, made when there is none, or a new one at `memory:`.

    Raises StoreRefused for a place that is neither or a file that is no store of this program's, and StoreUnavailable.
    """
    check_place(place)
    path = place.partition(":")[2]
    new_store_id = secrets.token_hex(16)
    return SqliteStore(Path(path), new_store_id) if path else MemoryStore(new_store_id)

from contextlib import closing
from pathlib import Path

import pytest

from pdp.store.contract import StoreRefused
from pdp.store.memory import MemoryStore
from pdp.store.opening import open_store
from pdp.store.sqlite import SqliteStore
from tests.store.drivers import commit


def test_a_path_names_a_file_that_is_kept(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:{tmp_path}/policy.db")) as store:
        assert isinstance(store, SqliteStore)
        commit(store)
        store_id = store.store_id
    with closing(open_store(f"sqlite:{tmp_path}/policy.db")) as store:
        assert (store.store_id, store.head()) == (store_id, 1)


def test_memory_is_new_each_time() -> None:
    first, second = open_store("memory:"), open_store("memory:")
    assert isinstance(first, MemoryStore)
    assert first.store_id != second.store_id


@pytest.mark.parametrize(
    "place", ["", "sqlite", "sqlite:", "memory", "memory:x", "policy.db", "etcd:localhost", "SQLITE:x"]
)
def test_another_place_is_refused_and_says_what_to_write(place: str) -> None:
    with pytest.raises(StoreRefused, match="write sqlite:PATH, or memory:"):
        open_store(place)

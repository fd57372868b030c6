from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from pdp.store.contract import Driver
from tests.store.drivers import DRIVERS, Opener


@pytest.fixture(params=DRIVERS)
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens handles on one store of each driver, and closes them at the end."""
    unbound = DRIVERS[request.param](tmp_path)
    with ExitStack() as handles:
        yield lambda: handles.enter_context(closing(unbound()))


@pytest.fixture
def store(opener: Opener) -> Driver:
    return opener()

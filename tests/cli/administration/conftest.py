"""One server on a store for all verbs that administer, without credentials: whoever asks is the operator."""

from collections.abc import Iterator

import pytest

from tests.cli.administration.serving import Shop, serving
from tests.cli.running import BUNDLE, Pdp


@pytest.fixture(scope="session")
def store_address() -> Iterator[str]:
    with serving("--bundle", BUNDLE) as address:
        yield address


@pytest.fixture
def shop(pdp: Pdp, store_address: str) -> Shop:
    return Shop(pdp, store_address)


@pytest.fixture
def vpc(shop: Shop) -> str:
    return shop.vpc()


@pytest.fixture
def group(shop: Shop, vpc: str) -> str:
    return shop.group(vpc)

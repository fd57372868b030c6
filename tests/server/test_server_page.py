"""docs/server.md says what the server does."""

import re
from pathlib import Path
from typing import Any

from typer.main import get_command

from pdp.cli.main import app
from pdp.index.cache import IndexCache
from pdp.server.config import ServerConfig
from pdp.server.counts import Counts
from pdp.server.metrics import ServerCollector
from pdp.server.store_state import StoreState
from pdp.store.contract import Facts

PAGE = (Path(__file__).parents[2] / "docs" / "server.md").read_text()


def test_every_metric_is_on_the_page_and_no_other() -> None:
    store = StoreState(lambda _: None)
    store.facts = Facts("here", 0, 0, 0)
    collector = ServerCollector(Counts(), IndexCache(), lambda: 0, lambda: store)
    names = {family.name + ("_total" if family.type == "counter" else "") for family in collector.collect()}
    assert set(re.findall(r"^\| `(pdp_[a-z_]+)`", PAGE, re.MULTILINE)) == names


def test_every_limit_is_on_the_page_with_its_default() -> None:
    limits = dict(re.findall(r"^\| `(--[a-z-]+)` \| ([0-9,]+) ", PAGE, re.MULTILINE))
    options = {option: parameter.default for parameter in _serve_parameters() for option in parameter.opts}
    assert {name: int(value.replace(",", "")) for name, value in limits.items()} == {
        name: options[name] for name in limits
    }
    assert len(limits) == 6
    assert int(limits["--most-batch-rows"].replace(",", "")) == ServerConfig().most_batch_rows


def _serve_parameters() -> list[Any]:
    commands: Any = get_command(app)
    parameters: list[Any] = commands.commands["serve"].params
    return parameters

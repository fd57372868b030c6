"""docs/store.md says what the store does: its numbers and causes are those of the code."""

import re

from pdp.server.config import ServerConfig
from pdp.store.contract import Cause
from pdp.store.sqlite import BUSY_TIMEOUT_S
from pdp.store.sqlite_format import APPLICATION_ID, FORMAT_VERSION
from tests.architecture.sources import ROOT

PAGE = (ROOT / "docs" / "store.md").read_text(encoding="utf-8")


def test_every_cause_has_its_row() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE)
    assert rows == [cause.value for cause in Cause if cause is not Cause.CLOSED]


def test_the_numbers_are_those_of_the_code() -> None:
    assert f"(`application_id` {APPLICATION_ID:#x})" in PAGE
    assert f"(`user_version`, now {FORMAT_VERSION})" in PAGE
    assert f"the write lock for {BUSY_TIMEOUT_S:g} s" in PAGE
    assert f"the newest {ServerConfig().history:,} commits" in PAGE

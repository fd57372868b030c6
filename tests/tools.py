"""Finds the programs of others that tests run, such as grpcurl.

A user without them loses those tests and is told how to get them; with PDP_REQUIRE_TOOLS set, as in CI, a missing one
is a failure, so that nothing is skipped in silence.
"""

import os
import shutil
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parent.parent / ".tools" / "bin"


def find_tool(name: str) -> Path:
    """The program in .tools/bin or on the path. Skips the test when there is none, or fails with PDP_REQUIRE_TOOLS."""
    found = shutil.which(name, path=f"{TOOLS}{os.pathsep}{os.environ.get('PATH', '')}")
    if found:
        return Path(found)
    missing = f"{name} is neither in .tools/bin nor on the path: `make tools` builds grpcurl and ghz"
    if os.environ.get("PDP_REQUIRE_TOOLS"):
        pytest.fail(missing)
    pytest.skip(missing)

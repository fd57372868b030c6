"""What tests of verbs share."""

import json
from typing import Any, Protocol

import pytest
from typer.testing import Result

from examples.demo import EXAMPLE
from tests.architecture.sources import ROOT

BUNDLE = EXAMPLE / "bundle"
FLOWS = EXAMPLE / "flows.jsonl"
FLOWLOG = EXAMPLE / "flowlog.jsonl"
SCENARIOS = EXAMPLE / "scenarios.yaml"

CASES = sorted(path.parent for path in (ROOT / "tests" / "conformance").glob("*/about.txt"))

SCRAPER = ("eni-bp1web01", "ingress", "tcp", "203.0.113.40:40112", "10.20.1.11:https")
CUSTOMER = ("eni-bp1web01", "ingress", "tcp", "198.51.100.230:51034", "10.20.1.11:https")


def cases_with(name: str) -> list[Any]:
    """The conformance cases that have a file of this name, as parameters."""
    return [pytest.param(case, id=case.name) for case in CASES if (case / name).exists()]


class Pdp(Protocol):
    """Runs `pdp` with these words."""

    def __call__(self, *words: object, stdin: str | None = None, env: dict[str, str | None] | None = None) -> Result:
        """How it ended."""


def lines_of(result: Result) -> list[dict[str, Any]]:
    """The JSON lines on stdout."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def fault_of(result: Result) -> str:
    """The one line on stderr of a verb that ended early, which has said nothing on stdout."""
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("pdp: ")
    return line.removeprefix("pdp: ")

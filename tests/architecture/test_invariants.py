"""Each invariant of ARCHITECTURE.md names a test that holds it, and that test exists."""

import ast
import re

from tests.architecture.sources import ROOT, parse

INVARIANT = re.compile(r"^(\d+)\. (.*?)(?=^\d+\. |^#|\Z)", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def invariants() -> list[tuple[str, str]]:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    return INVARIANT.findall(page.partition("\n## Invariants\n")[2].partition("\n## ")[0])


def test_invariants_are_numbered_from_one() -> None:
    assert [number for number, _ in invariants()] == [str(n) for n in range(1, len(invariants()) + 1)] != []


def test_every_invariant_names_a_test() -> None:
    assert [number for number, text in invariants() if not NAMED.search(text)] == []


def test_every_named_test_exists() -> None:
    missing = [
        f"{number}: {file}::{name}"
        for number, text in invariants()
        for file, name in NAMED.findall(text)
        if not (ROOT / file).is_file() or (name and name not in _functions(file))
    ]
    assert missing == []


def _functions(file: str) -> set[str]:
    return {
        node.name for node in ast.walk(parse(ROOT / file)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

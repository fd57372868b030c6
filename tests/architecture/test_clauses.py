"""A `§3.3` anywhere in the project is a clause of docs/semantics.md."""

import re
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, project_files

CLAUSE = re.compile(r"^(?:## |- )(\d+(?:\.\d+)?)\.? ", re.MULTILINE)
CITED = re.compile(r"§(\d+(?:\.\d+)*)")
READ = {".py", ".md", ".proto", ".toml", ".yaml", ".txt"}


def clauses() -> list[str]:
    return CLAUSE.findall((ROOT / "docs" / "semantics.md").read_text(encoding="utf-8"))


def citing_files() -> list[Path]:
    return [path for path in project_files() if path.suffix in READ and "§" in path.read_text(encoding="utf-8")]


def test_every_cited_clause_exists() -> None:
    known = set(clauses())
    dangling = [
        f"{path.relative_to(ROOT)}: §{clause}"
        for path in citing_files()
        for clause in CITED.findall(path.read_text(encoding="utf-8"))
        if clause not in known
    ]
    assert dangling == []


def test_clauses_are_numbered_without_gaps_or_doubles() -> None:
    numbers = clauses()
    sections = [number for number in numbers if "." not in number]
    assert sections == [str(n) for n in range(1, 10)]
    for section in sections:
        inner = [int(number.split(".")[1]) for number in numbers if number.startswith(f"{section}.")]
        assert inner == list(range(inner[0], inner[0] + len(inner)))


@pytest.mark.parametrize("stage", range(1, 8))
def test_every_stage_has_its_row(stage: int) -> None:
    page = (ROOT / "docs" / "semantics.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| {stage} \| ", page, re.MULTILINE)

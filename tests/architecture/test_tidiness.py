"""Small rooms, finished work, and no trace of the place where it was built."""

import re
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, module_name, project_files, python_files

LAST_LINE = 350
"""A file of more lines is more than one concept."""

# Taken apart, so that this file does not mention what it looks for.
UNFINISHED = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error")
MACHINE_PATHS = ("/wo" + "rk/", "/fa" + "rm/", "/ro" + "ot/", "/tm" + "p/go", "." + "library")
REGISTRY_HOSTS = ("py" + "pi.org", "python" + "hosted.org", "proxy.go" + "lang.org", "registry.npm" + "js.org")
TRACKER = (r"\bissue" + r"s? #?\d", r"\bmis" + r"sion\b")
FORBIDDEN = re.compile(
    "|".join([*(rf"\b{word}\b" for word in UNFINISHED), *map(re.escape, MACHINE_PATHS + REGISTRY_HOSTS), *TRACKER])
)


@pytest.mark.parametrize("path", [path for path in python_files("pdp") if path.parent.name != "v1"], ids=module_name)
def test_a_file_is_one_concept(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < LAST_LINE


def test_no_file_mentions_open_work_or_the_place_where_it_was_made() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}"
        for path in project_files()
        if path.parent != ROOT / "pdp" / "v1"  # generated
        for text in [path.read_bytes().decode(errors="replace")]
        for match in FORBIDDEN.finditer(text)
    ]
    assert found == []


@pytest.mark.parametrize("text", ["# TO" + "DO: later", "see /wo" + "rk/main", "issue" + " 12"])
def test_a_forbidden_word_is_seen(text: str) -> None:
    assert FORBIDDEN.search(text)


@pytest.mark.parametrize("text", ["Permissions.Permission[]", "network/main", "reissued 12", "a todolist"])
def test_an_innocent_word_is_not(text: str) -> None:
    assert not FORBIDDEN.search(text)

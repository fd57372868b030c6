"""What pages name exists: the pages and headings that they link to, the verbs of `pdp` and their options.

And what the project depends on stands on the page that gives the reasons.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from pdp.cli.main import app
from tests.architecture.sources import ROOT

PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "clients/**/*.md", "examples/**/*.md", "proto/**/*.md")
    for page in ROOT.glob(pattern)
)
LINK = re.compile(r"\]\(([^)\s#]*)(?:#([^)\s]*))?\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
# A line ends a command unless a backslash stands there, or what can be given too goes on below it, in brackets.
COMMAND = re.compile(r"(?:^(?:\$ )?|`)pdp ((?:[^`\n\\]|\\\n|\n +(?=\[))+)", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
SPAN = re.compile(r"`(--[a-z][a-z-]*)[^`]*`")

ROOT_COMMAND: Any = get_command(app)


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def anchors_of(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    broken = []
    for target, anchor in LINK.findall(FENCE.sub("", text_of(page))):
        if "://" in target:
            continue
        there = ROOT / page if not target else (ROOT / page).parent / target
        if not there.exists() or (anchor and anchor not in anchors_of(there)):
            broken.append(f"{target}#{anchor}")
    assert broken == []


def commands_in(text: str) -> Iterator[tuple[str, Any, str]]:
    """Each `pdp …`: as it stands there, the verb that it comes to, and what follows."""
    for words in COMMAND.findall(text):
        command, rest = ROOT_COMMAND, words.replace("\\\n", " ").split()
        while rest and rest[0] in getattr(command, "commands", {}):
            command = command.commands[rest.pop(0)]
        yield words, command, " ".join(rest)


@pytest.mark.parametrize("page", PAGES)
def test_every_verb_exists(page: str) -> None:
    def is_unknown(command: Any, rest: str) -> bool:
        return hasattr(command, "commands") and bool(re.match(r"[a-z]", rest))

    assert [words for words, command, rest in commands_in(text_of(page)) if is_unknown(command, rest)] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_option_of_a_verb_exists(page: str) -> None:
    unknown = [
        (words, option)
        for words, command, rest in commands_in(text_of(page))
        for option in OPTION.findall(rest)
        if option not in options_of(command)
    ]
    assert unknown == []


def test_every_option_that_the_docs_name_is_one_of_some_verb() -> None:
    known = set().union(*map(options_of, all_commands(ROOT_COMMAND)))
    pages = ("store", "who-may", "quotas", "import", "server", "cli")
    named = {(page, option) for page in pages for option in SPAN.findall(text_of(f"docs/{page}.md"))}
    assert len(named) > 10
    assert {(page, option) for page, option in named if option not in known} == set()


def options_of(command: Any) -> set[str]:
    return {"--help", *(name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts))}


def all_commands(command: Any) -> Iterator[Any]:
    yield command
    for below in getattr(command, "commands", {}).values():
        yield from all_commands(below)


def test_every_dependency_has_its_reason() -> None:
    """A word such as `-status` stands for the end of a name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    names = {re.split(r"[>=<]", line)[0] for line in [*project["dependencies"], *extras["test"], *extras["dev"]]}
    cells = re.findall(r"^\| ([^|]+) \|", text_of("docs/decisions/0001-dependencies.md"), re.MULTILINE)
    words = set(re.findall(r"[\w-]+", " ".join(cells)))
    ends = tuple(word for word in words if word.startswith("-"))
    assert len(names) > 20
    assert {name for name in names - words if not name.endswith(ends) and not name.startswith("types-")} == set()

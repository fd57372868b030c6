"""Writes to the terminal: JSON for programs, text for people. Colours appear on a terminal only."""

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

ACTION_STYLES = {"ACCEPT": "bold green", "DROP": "bold red", "ERROR": "bold yellow"}


def json_text(document: Mapping[str, object]) -> str:
    """A document on one line."""
    return json.dumps(document, separators=(",", ":"))


def print_json(document: Mapping[str, object]) -> None:
    """Prints a document on one line."""
    sys.stdout.write(json_text(document) + "\n")


def printable(text: str) -> str:
    """The text without what could steer a terminal or break a line: ids come from files and servers of others."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def complain(message: str) -> None:
    """Tells on stderr, in one line, why a verb ends early; nobody when stderr cannot be written."""
    with suppress(OSError):
        sys.stderr.write(f"pdp: {printable(' '.join(message.split()))}\n")


class Page:
    """Text for people, on stdout or stderr, as it comes: never wrapped, never read as markup."""

    def __init__(self, *, on_stderr: bool = False) -> None:
        self._console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False, stderr=on_stderr)

    def line(self, *parts: str | tuple[str, str]) -> None:
        """One line of parts, each a text or a text with its style."""
        words = [part if isinstance(part, tuple) else (part, "") for part in parts]
        self._console.print(Text.assemble(*((printable(text), style) for text, style in words)))

    def heading(self, text: str) -> None:
        """A blank line and a heading."""
        self.line()
        self.line((text, "bold"))

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Rows under headings, in columns as wide as they need to be."""
        cells = [[printable(cell) for cell in row] for row in (headings, *rows)]
        widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
        for number, row in enumerate(cells):
            padded = (set_cell_size(cell, width) for cell, width in zip(row, widths, strict=True))
            self.line(("  ".join(padded).rstrip(), "" if number else "bold"))

    def field(self, name: str, value: str) -> None:
        """A named value, indented so that values stand below each other."""
        self.line((f"  {name:<13}", "dim"), value)

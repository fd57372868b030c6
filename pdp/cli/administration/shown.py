"""What a verb shows: a document for programs, and the same for people as a table, fields or lines. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pdp.cli.answers import Document
from pdp.cli.output import Page

Columns = Mapping[str, str | Callable[[Document], object]]
"""Headings, each with the key of a value in a document, or with a function that makes the value."""


class Shown(NamedTuple):
    """A document, and how to show it to people."""

    document: Document
    show: Callable[[Page], None]


def table(document: Document, items: str, columns: Columns) -> Shown:
    """The documents under a key, one in a row."""
    return Shown(document, lambda page: show_table(page, document[items], columns))


def show_table(page: Page, rows: Sequence[Document], columns: Columns) -> None:
    """Documents as a table."""
    if not rows:
        page.line(("none", "dim"))
        return
    page.table([heading.upper() for heading in columns], [_cells(row, columns) for row in rows])


def details(document: Document, item: Document, columns: Columns) -> Shown:
    """One of the document's parts, a named value in a line; blank ones are left out."""
    return Shown(document, lambda page: show_fields(page, item, columns))


def show_fields(page: Page, item: Document, columns: Columns) -> None:
    """A document's values by name; blank ones are left out."""
    for heading, text in zip(columns, _cells(item, columns), strict=True):
        if text:
            page.field(heading, text)


def said(document: Document, *lines: str) -> Shown:
    """Lines of text."""

    def show(page: Page) -> None:
        for line in lines:
            page.line(line)

    return Shown(document, show)


def text_of(value: Any) -> str:  # noqa: ANN401 - whatever a document holds
    """A value for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(text_of, value))
    return str(value)


def _cells(item: Document, columns: Columns) -> list[str]:
    return [text_of(column(item) if callable(column) else item.get(column, "")) for column in columns.values()]

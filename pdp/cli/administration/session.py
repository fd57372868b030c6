"""One verb's talk with a server: reads, lists over all their pages, and writes as the flags say."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from pdp.cli.answers import Document
from pdp.cli.connection import Connection
from pdp.cli.exits import ExitCode, Fault
from pdp.model.codes import Code

PAGE_SIZE = 1_000
"""Items in one answer: the most that a server gives."""
ATTEMPTS = 3
"""At a list whose revision the server lets go of between two pages."""


class Calls(Protocol):
    """Carries a request to a server."""

    def call(self, name: str, fields: dict[str, Any]) -> Document:
        """What the RPC answers. Raises Fault."""


class Session:
    """A server, the write options of the verb, and how many items of a list it wants (None: all)."""

    def __init__(self, calls: Calls, write_options: Document, limit: int | None) -> None:
        self._calls = calls
        self.write_options = write_options
        self._limit = limit
        self.has_more = False
        """Whether a list ended at the limit before its end."""

    def ask(self, name: str, **fields: object) -> Document:
        """What an RPC answers; a field that is None is absent. Raises Fault."""
        return self._calls.call(name, fields)

    def write(self, name: str, **fields: object) -> Document:
        """What a writing RPC answers. Raises Fault."""
        return self._calls.call(name, {**fields, "write_options": self.write_options})

    def every(self, name: str, items: str, **fields: object) -> Document:
        """The answer of a listing RPC with all its pages under `items`, at one revision. Raises Fault.

        A list whose revision the server no longer holds is read again from its start.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._pages(name, items, fields)
            except Fault as fault:
                if fault.reason != Code.INVALID_NEXT_TOKEN.value or attempt == ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _pages(self, name: str, items: str, fields: dict[str, object]) -> Document:
        found: list[Document] = []
        token = ""
        while True:
            wanted = PAGE_SIZE if self._limit is None else min(PAGE_SIZE, self._limit - len(found))
            answer = self._calls.call(name, {**fields, "max_results": wanted, "next_token": token})
            found += answer[items]
            token = answer.pop("next_token")
            self.has_more = bool(token)
            if not token or (self._limit is not None and len(found) >= self._limit):
                return {**answer, items: found}

    @staticmethod
    def the_one(items: list[Document], name: str) -> Document:
        """The one item that was asked for by name. Raises Fault with USAGE when there is none to see."""
        if not items:
            raise Fault(ExitCode.USAGE, f"there is no {name}, or you may not see it")
        return items[0]


@contextmanager
def open_session(
    connection: Connection, write_options: Document, limit: int | None, timeout_s: float
) -> Iterator[Session]:
    """A session for one verb. Raises Fault."""
    # grpc takes a quarter of a second, which no other verb pays.
    from pdp.cli.remote import Remote  # noqa: PLC0415

    with Remote(connection, timeout_s) as remote:
        yield Session(remote, write_options, limit)

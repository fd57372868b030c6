"""Who answers: a bundle read here, or a server. Verbs ask either in the same words and get the same documents.

A document is what `--json` prints. One verdict is a line of `pdp.formats.verdicts` with `store` beside `revision`.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from pdp.cli.connection import connection
from pdp.cli.exits import ExitCode, Fault
from pdp.formats.flows import FlowQuestion
from pdp.formats.scenarios import PathQuestion
from pdp.model.errors import FieldError
from pdp.model.flow import Flow
from pdp.model.instants import Instant

Document = dict[str, Any]
TIMEOUT_S = 30.0
"""For one call to a server."""


class Answers(Protocol):
    """Questions about flows, at the time `at`, or at the present one when that is None.

    Each raises Fault: USAGE for a question that has no answer, SERVER for a call that failed.
    """

    def check(self, eni: str, flow: Flow, at: Instant | None) -> Document:
        """One verdict with its region."""

    def check_many(
        self, questions: Iterable[FlowQuestion | FieldError], at: Instant | None, *, regions: bool
    ) -> Iterator[Document]:
        """One verdict or error for each question, in order."""

    def explain(self, eni: str, flow: Flow, at: Instant | None, rule: str, group: str) -> Document:
        """The account of one verdict; `rule` and `group` may be blank."""

    def path(self, question: PathQuestion, at: Instant | None) -> Document:
        """Both verdicts of a connection (§2.5)."""


def answers_from(
    server: str | None,
    bundle: Path | None,
    token: str | None = None,
    ca: str | None = None,
    at_least_revision: int | None = None,
) -> AbstractContextManager[Answers]:
    """The bundle or the server that was named, else the usual server. Raises Fault."""
    if server is not None and bundle is not None:
        raise Fault(ExitCode.USAGE, "name --bundle or --server, not both")
    if at_least_revision is not None and bundle is not None:
        raise Fault(ExitCode.USAGE, "a bundle has one revision; --at-least-revision is for a server")
    # The index brings numpy, a server's client brings grpc: a quarter of a second each, for who needs it alone.
    if bundle is not None:
        from pdp.cli.local import LocalAnswers  # noqa: PLC0415

        return LocalAnswers(bundle)
    from pdp.cli.remote import RemoteAnswers  # noqa: PLC0415

    chosen = connection(server, token, ca)
    return RemoteAnswers(chosen, TIMEOUT_S, at_least_revision or 0)

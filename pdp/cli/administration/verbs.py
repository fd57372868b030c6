"""Makes a verb of a function: adds the options that all share, opens the session, and prints what comes of it.

A function takes a Session first, then its own arguments as typer has them, and returns what is to be shown.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import typer

from pdp.cli.administration.session import open_session
from pdp.cli.administration.shown import Shown
from pdp.cli.answers import TIMEOUT_S, Document
from pdp.cli.connection import connection
from pdp.cli.options import Ca, ClientToken, DryRun, ExpectedRevision, Json, Limit, Server, Token
from pdp.cli.output import Page, print_json

Verb = Callable[..., Shown]
Options = dict[str, tuple[Any, object]]
"""Parameters by name: how typer declares them, and their defaults."""

READ: Options = {"server": (Server, None), "token": (Token, None), "ca": (Ca, None), "as_json": (Json, False)}
LIST: Options = {"limit": (Limit, None), **READ}
WRITE: Options = {
    "dry_run": (DryRun, False),
    "client_token": (ClientToken, ""),
    "expected_revision": (ExpectedRevision, None),
    **READ,
}


def things(name: str, what: str) -> typer.Typer:
    """The verbs of a thing."""
    return typer.Typer(name=name, help=what, no_args_is_help=True, rich_markup_mode="rich")


def verb(app: typer.Typer, name: str, options: Options, timeout_s: float = TIMEOUT_S) -> Callable[[Verb], Verb]:
    """Registers a function as `pdp THING NAME` with READ, LIST or WRITE options. `timeout_s` is for each call."""

    def register(function: Verb) -> Verb:
        @wraps(function)
        def run(**values: Any) -> None:  # noqa: ANN401 - as the command line gave them
            shared = {shared: values.pop(shared) for shared in options}
            run_verb(lambda session: function(session, **values), shared, timeout_s)

        _, *own = inspect.signature(function).parameters.values()
        added = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
            for name, (annotation, default) in options.items()
        ]
        run.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined] # typer reads it
        app.command(name)(run)
        return function

    return register


def run_verb(function: Verb, shared: Document, timeout_s: float) -> None:
    """Runs a verb with its shared options, and prints. Raises Fault."""
    chosen = connection(shared["server"], shared["token"], shared["ca"])
    with open_session(chosen, write_options_of(shared), shared.get("limit"), timeout_s) as session:
        shown = function(session)
    _show(shown, shared)
    if session.has_more and not shared["as_json"]:
        Page(on_stderr=True).line(f"These are the first {shared['limit']}; there are more.")


def _show(shown: Shown, shared: Document) -> None:
    if shared["as_json"]:
        print_json(shown.document)
        return
    page = Page()
    shown.show(page)
    if "dry_run" in shared:
        show_position(page, shown.document["position"], dry_run=shared["dry_run"])


def write_options_of(shared: Document) -> Document:
    """The contract's WriteOptions of the options given."""
    options = {
        "client_token": shared.get("client_token"),
        "expected_revision": shared.get("expected_revision"),
        "validate_only": shared.get("dry_run"),
    }
    return {name: value for name, value in options.items() if value is not None}


def show_position(page: Page, position: Document, *, dry_run: bool) -> None:
    """Where a write has led to, or would have begun."""
    if dry_run:
        page.line(("Nothing was written: --dry-run.", "bold"))
    page.field("revision", f"{position['revision']} of {position['store_id']}")

"""Options that several verbs share, so that each means the same everywhere."""

import os
from pathlib import Path
from typing import Annotated

import typer

from pdp.model.instants import Instant, parse_instant

DEFAULT_SERVER = "127.0.0.1:50051"
SERVER_VARIABLE = "PDP_SERVER"


def _or_of_the_root(context: typer.Context, value: bool) -> bool:
    """`pdp --json check …` means the same as `pdp check … --json`."""
    return value or bool(context.find_root().params.get("as_json"))


Json = Annotated[bool, typer.Option("--json", help="Print JSON.", callback=_or_of_the_root)]
Server = Annotated[
    str | None,
    typer.Option(
        help=f"Ask the server at HOST:PORT. Without it, ${SERVER_VARIABLE} or {DEFAULT_SERVER}.",
        metavar="HOST:PORT",
        show_default=False,
    ),
]
Bundle = Annotated[
    Path | None,
    typer.Option(help="Answer from the bundle in this directory, without a server.", metavar="DIR", show_default=False),
]
At = Annotated[
    Instant | None,
    typer.Option(
        help="Judge at this time instead of now (RFC 3339); a bundle's answers only.",
        metavar="TIME",
        parser=parse_instant,
        show_default=False,
    ),
]
Regions = Annotated[bool, typer.Option("--regions", help="Give each verdict its region.")]


def usual_server() -> str:
    """The server to ask when none is named: the environment's, or the one that `pdp serve` starts by default."""
    return os.environ.get(SERVER_VARIABLE) or DEFAULT_SERVER

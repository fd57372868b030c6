"""Options that several verbs share, so that each means the same everywhere."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pdp.cli.settings import VARIABLES, prefers_json
from pdp.model.instants import Instant, parse_instant

DEFAULT_SERVER = "127.0.0.1:50051"
SYSTEM_CA = "system"
"""In place of a CA's file: whoever this machine trusts on the web."""
LAST_REVISION = 2**64 - 1
"""What the contract's number can hold."""


def _as_json(context: typer.Context, parameter: typer.CallbackParam, value: bool) -> bool:
    """`pdp --json check …` means the same as `pdp check … --json`; without either, the settings decide."""
    source = context.get_parameter_source(parameter.name or "")
    if source is not None and source.name == "COMMANDLINE":
        return value
    of_the_root: Any = context.find_root().params.get("as_json")
    return prefers_json() if of_the_root is None else bool(of_the_root)


def _instant(text: str) -> Instant:
    """The time that an option names. A mere ValueError would be shown with words of the library's around it, or not."""
    try:
        return parse_instant(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def directory(text: str) -> Path:
    """The directory that a word names. A blank one, as of an unset variable, would be the present one."""
    if not text.strip():
        raise typer.BadParameter("it is blank; write . for the present directory")
    return Path(text)


Json = Annotated[bool, typer.Option("--json/--no-json", help="Print JSON.", callback=_as_json, show_default=False)]
Server = Annotated[
    str | None,
    typer.Option(
        help=f"Ask the server at HOST:PORT. Without it, ${VARIABLES['server']} or {DEFAULT_SERVER}.",
        metavar="HOST:PORT",
        show_default=False,
    ),
]
Token = Annotated[
    str | None,
    typer.Option(
        help=f"Who asks. Others of this machine may see it here; ${VARIABLES['token']} keeps it to yourself.",
        metavar="TOKEN",
        show_default=False,
    ),
]
Ca = Annotated[
    str | None,
    typer.Option(
        help=f"Use TLS and trust this CA's certificate (PEM), or `{SYSTEM_CA}`. Without it, ${VARIABLES['ca']}.",
        metavar="FILE",
        show_default=False,
    ),
]
Bundle = Annotated[
    Path | None,
    typer.Option(
        help="Answer from the bundle in this directory, without a server.",
        metavar="DIR",
        parser=directory,
        show_default=False,
    ),
]
BundleWord = Annotated[Path, typer.Argument(help="A directory of ECS API answers.", metavar="BUNDLE", parser=directory)]
At = Annotated[
    Instant | None,
    typer.Option(
        help="Judge at this time instead of now (RFC 3339); a bundle's answers only.",
        metavar="TIME",
        parser=_instant,
        show_default=False,
    ),
]
AtLeastRevision = Annotated[
    int | None,
    typer.Option(
        help="Have the server judge at this revision or a later one: that of a write whose effect you ask about.",
        metavar="N",
        min=0,
        max=LAST_REVISION,
        show_default=False,
    ),
]
Regions = Annotated[bool, typer.Option("--regions", help="Give each verdict its region.")]

DryRun = Annotated[bool, typer.Option("--dry-run", help="Do everything but write.")]
ClientToken = Annotated[
    str,
    typer.Option(
        help="Makes the write repeatable: the same words with the same token give the first answer.",
        metavar="TEXT",
        show_default=False,
    ),
]
ExpectedRevision = Annotated[
    int | None,
    typer.Option(
        help="Refuse unless the store is at this revision.", metavar="N", min=0, max=LAST_REVISION, show_default=False
    ),
]
Limit = Annotated[int | None, typer.Option(help="Give the first N only.", metavar="N", min=1, show_default=False)]
Account = Annotated[
    str,
    typer.Option(
        help="Of this account. Without it, your own; the operator must name one to write.",
        metavar="ID",
        show_default=False,
    ),
]

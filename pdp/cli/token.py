"""`pdp token`: a new token, and what a server's file of tokens gets of it (docs/who-may.md). Nothing is kept."""

import json
from typing import Annotated

import typer

from pdp.cli.exits import ExitCode, Fault
from pdp.cli.options import Json
from pdp.cli.output import Page, print_json
from pdp.model.errors import quoted
from pdp.model.identity import Caller, CallerKind
from pdp.model.ids import AccountId

KINDS = {kind.value: kind for kind in CallerKind if kind is not CallerKind.NOBODY}


def token(
    kind: Annotated[str, typer.Argument(help=f"Whose it is: {', '.join(KINDS)}.", metavar="KIND")],
    *,
    account: Annotated[
        str, typer.Option(help="The account, of an owner, a user or a role.", metavar="ID", show_default=False)
    ] = "",
    name: Annotated[str, typer.Option(help="The name, of all but an owner.", metavar="NAME", show_default=False)] = "",
    host: Annotated[
        list[str],
        typer.Option(help="Hosts whose ENIs an agent may ask about; without it, all.", metavar="HOST"),
    ] = [],  # noqa: B006 - typer makes a new one each time
    as_json: Json = False,
) -> None:
    """Make a token: pdp token user --account 1234 --name alice. No server is asked."""
    if kind not in KINDS:
        raise Fault(ExitCode.USAGE, f"{quoted(kind)} is none of {', '.join(KINDS)}")
    # The file's own reader says what is amiss; only this verb needs it.
    from pdp.server.credentials import FILE_VERSION, new_token, parse_entries  # noqa: PLC0415

    made = new_token(Caller(KINDS[kind], AccountId(account), name, tuple(host)))
    try:
        parse_entries(json.dumps({"version": FILE_VERSION, "tokens": [made.entry]}))
    except ValueError as error:
        raise Fault(ExitCode.USAGE, str(error).removeprefix("tokens[0]").lstrip(".: ")) from None
    if as_json:
        print_json({"token": made.token, "entry": made.entry})
        return
    page = Page()
    page.line(("The token, shown this once: give it to whom it is for, and to nobody else", "bold"))
    page.line(f"  {made.token}")
    page.heading("What the server's file of tokens gets")
    page.line(f"  {json.dumps(made.entry)}")

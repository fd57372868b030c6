"""The `pdp` command: which verbs there are, and how each of them may end (docs/cli.md)."""

import os
import sys
import traceback
from contextlib import suppress
from functools import partial
from importlib.metadata import version as installed_version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pdp.cli.administration import (
    accounts,
    enis,
    export_bundle,
    groups,
    import_bundle,
    instances,
    penalties,
    port_lists,
    prefix_lists,
    ram,
    vpcs,
)
from pdp.cli.administration.verbs import READ, WRITE, verb
from pdp.cli.check import check
from pdp.cli.ending import exit_code_of
from pdp.cli.evaluate import evaluate
from pdp.cli.exits import ExitCode
from pdp.cli.explain import explain
from pdp.cli.options import Json
from pdp.cli.output import complain, print_json
from pdp.cli.path import path
from pdp.cli.scenarios import run_scenarios
from pdp.cli.serve import serve
from pdp.cli.streams import prepare_streams
from pdp.cli.token import token
from pdp.cli.validate import validate


class Verbs(TyperGroup):
    """Ends a command line that cannot go on with one line on stderr and its exit code."""

    def main(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as typer declares it
        """Runs a command line, and ends the process unless `standalone_mode` is false."""
        run = partial(super().main, *args, **{**options, "standalone_mode": False})
        if not options.get("standalone_mode", True):
            return run()
        sys.exit(exit_code_of(run))


app = typer.Typer(name="pdp", cls=Verbs, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich")


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"pdp {installed_version('pdp')}\n")
        raise typer.Exit


@app.callback()
def root(
    *,
    as_json: Annotated[
        bool | None, typer.Option("--json/--no-json", help="Print JSON, whatever the verb.", show_default=False)
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Tell whether a flow may pass for an ENI, by which rule, and how far the answer reaches."""


app.command("serve")(serve)
app.command("eval")(evaluate)
app.command("check")(check)
app.command("path")(path)
app.command("explain")(explain)
app.command("validate")(validate)
app.command("test")(run_scenarios)
app.command("token")(token)

for thing in (
    groups.app,
    enis.app,
    instances.app,
    vpcs.app,
    prefix_lists.app,
    port_lists.app,
    accounts.quota,
    accounts.smtp,
    penalties.app,
    ram.app,
):
    app.add_typer(thing)
verb(app, "whoami", READ)(accounts.whoami)
verb(app, "import", WRITE, import_bundle.TIMEOUT_S)(import_bundle.import_bundle)
verb(app, "export", READ, import_bundle.TIMEOUT_S)(export_bundle.export_bundle)


@app.command()
def version(*, as_json: Json = False) -> None:
    """Print the version."""
    if as_json:
        print_json({"version": installed_version("pdp")})
    else:
        _show_version(wanted=True)


def main() -> None:
    """The entry point. What nobody foresaw ends here, with a traceback and a code that no answer has."""
    prepare_streams()
    # grpc reads it when it is imported; its lines would stand among ours, which are one to a fault, or JSON.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        app()
    except Exception:  # noqa: BLE001 - whatever it is, 1 would be an answer
        with suppress(OSError):
            traceback.print_exc()
        complain("this is a fault of pdp itself; please report it with the lines above")
        sys.exit(ExitCode.INTERNAL)

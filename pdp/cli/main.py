"""The `pdp` command: which verbs there are, and how each of them may end (docs/cli.md)."""

import os
import sys
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
from pdp.cli.evaluate import evaluate
from pdp.cli.exits import ExitCode, Fault
from pdp.cli.explain import explain
from pdp.cli.options import Json
from pdp.cli.output import complain, print_json
from pdp.cli.path import path
from pdp.cli.scenarios import run_scenarios
from pdp.cli.serve import serve
from pdp.cli.token import token
from pdp.cli.validate import validate


class Verbs(TyperGroup):
    """Ends a verb that cannot go on with one line on stderr and its exit code."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as typer declares it
        """Runs the verb."""
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except Fault as fault:
            complain(str(fault))
            raise typer.Exit(fault.exit_code) from None
        except BrokenPipeError:
            # What is still in the buffer would fail again when Python flushes it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(ExitCode.CLOSED_PIPE) from None


app = typer.Typer(name="pdp", cls=Verbs, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich")


@app.callback()
def root(
    *,
    as_json: Annotated[
        bool | None, typer.Option("--json/--no-json", help="Print JSON, whatever the verb.", show_default=False)
    ] = None,
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
    number = installed_version("pdp")
    if as_json:
        print_json({"version": number})
    else:
        sys.stdout.write(f"pdp {number}\n")


def main() -> None:
    """The entry point."""
    app()

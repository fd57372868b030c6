"""`pdp import`: brings a bundle into a server's policy with one commit, after showing what it would change.

Staging changes nothing, so that it may stop anywhere: the same directory goes on where it was. The commit is made
against the revision that was planned for, or not at all.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from pdp.cli.administration.bundle_parts import BundleParts, cut_bundle
from pdp.cli.administration.session import Session
from pdp.cli.administration.shown import Columns, Shown, show_table
from pdp.cli.administration.words import option
from pdp.cli.answers import Document
from pdp.cli.exits import ExitCode, Fault
from pdp.cli.options import directory
from pdp.cli.output import Page

TIMEOUT_S = 600.0
"""For one call: a plan reads the whole bundle."""

COUNTS: Columns = {
    "kind": lambda count: count["kind"].replace("_", " "),
    "new": "created",
    "changed": "changed",
    "removed": "removed",
    "as before": "unchanged",
}


def import_bundle(
    session: Session,
    bundle: Annotated[
        Path,
        typer.Argument(
            help="A directory of ECS API answers, or one that `pdp export` wrote.", metavar="BUNDLE", parser=directory
        ),
    ],
    *,
    remove_unnamed: Annotated[
        bool, option("Also remove all that the bundle does not name, so that it is all there is.", "--remove-unnamed")
    ] = False,
    yes: Annotated[bool, option("Do not ask.", "--yes", "-y")] = False,
) -> Shown:
    """Import a bundle with one commit: shows what would change, asks, and does it. The operator alone may."""
    parts = cut_bundle(bundle)
    dry_run = bool(session.write_options.get("validate_only"))
    _stage(session, parts)
    wanted = {
        "import_id": parts.import_id,
        "part_count": len(parts.parts),
        "remove_unnamed": remove_unnamed,
    }
    plan = session.ask("PlanImport", **wanted)
    _refuse_faults(bundle, plan)
    if not any(count[how] for count in plan["counts"] for how in ("created", "changed", "removed")):
        session.ask("AbortImport", import_id=parts.import_id)
        return _shown(plan, plan, parts, "Nothing to change: the policy is as the bundle says.")
    if not yes and not dry_run:
        _ask(plan, parts)
    answer = _commit(session, wanted, plan)
    done = "This would be imported." if dry_run else "Imported."
    # Whoever was asked has seen the plan.
    return _shown(plan, answer, parts, done) if yes or dry_run else _shown(plan, answer, None, done)


def _stage(session: Session, parts: BundleParts) -> None:
    """Sends the parts that the server does not have."""
    staged: set[int] = set()
    with _progress(sum(piece.size for part in parts.parts for piece in part)) as count:
        for number, part in enumerate(parts.parts, 1):
            if number not in staged:
                fields = {"import_id": parts.import_id, "part_number": number, "files": parts.files(part)}
                staged |= set(session.ask("StageBundlePart", **fields)["staged_parts"])
            count(sum(piece.size for piece in part))


def _commit(session: Session, wanted: Document, plan: Document) -> Document:
    """Commits what was planned. A lost answer leaves the token with which to ask again."""
    options = dict(session.write_options)
    options["client_token"] = options["client_token"] or f"import-{uuid4().hex}"
    options.setdefault("expected_revision", plan["position"]["revision"])
    try:
        return session.ask("CommitImport", **wanted, write_options=options)
    except Fault as fault:
        if fault.exit_code is not ExitCode.SERVER:
            raise
        hint = f"it may have been committed all the same; run this again with --client-token {options['client_token']}"
        raise Fault(fault.exit_code, f"{fault}; {hint}", fault.reason) from None


def _refuse_faults(bundle: Path, plan: Document) -> None:
    """Ends the verb for a bundle that the server does not take."""
    if not plan["fault_count"]:
        return
    first = plan["faults"][0]
    text = ": ".join(part for part in (first["file"], first["resource_id"], first["message"]) if part)
    more = f"; {plan['fault_count'] - 1} more" if plan["fault_count"] > 1 else ""
    raise Fault(ExitCode.POLICY, f"{text}{more}; `pdp validate {bundle}` lists all faults")


def _ask(plan: Document, parts: BundleParts) -> None:
    """Shows the plan on stderr and asks; ends the verb unless the answer is yes."""
    if not sys.stdin.isatty():
        raise Fault(ExitCode.USAGE, "nobody is there to ask; look at the plan with --dry-run, then give --yes")
    _show_plan(Page(on_stderr=True), plan, parts)
    if not typer.confirm("Import this?", err=True):
        raise Fault(ExitCode.NEGATIVE, "nothing was imported; the staged parts are forgotten in an hour")


def _shown(plan: Document, answer: Document, parts: BundleParts | None, outcome: str) -> Shown:
    """The plan, unless it has been seen, and what became of it."""

    def show(page: Page) -> None:
        if parts is not None:
            _show_plan(page, plan, parts)
        page.line((outcome, "bold"))

    return Shown({"plan": plan, "position": answer["position"]}, show)


def _show_plan(page: Page, plan: Document, parts: BundleParts) -> None:
    show_table(page, plan["counts"], COUNTS)
    if plan["note_count"] or parts.skipped:
        page.heading("Notes")
    for name in parts.skipped:
        page.line(f"  - {name}: skipped, since it is not named like a file of a bundle")
    for note in plan["notes"]:
        page.line(f"  - {': '.join(part for part in (note['file'], note['resource_id'], note['message']) if part)}")
    if plan["note_count"] > len(plan["notes"]):
        page.line(f"  and {plan['note_count'] - len(plan['notes'])} more")
    page.line()


@contextmanager
def _progress(size: int) -> Iterator[Callable[[int], None]]:
    """A bar of bytes on stderr, where a person sees it; gives what counts further bytes."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    # What draws it takes longer to import than any other verb needs.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn  # noqa: PLC0415

    columns = (TextColumn("staging"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("staging", total=size)
        yield lambda count: progress.advance(task, count)

"""`pdp validate`: all that is wrong with a bundle, and what is worth knowing about one that is not."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

from pdp.cli.exits import ExitCode
from pdp.cli.options import BundleWord, Json
from pdp.cli.output import Page, print_json
from pdp.formats.bundle import Bundle, BundleRefused, read_bundle
from pdp.formats.bundle import Fault as BundleFault
from pdp.model.errors import Refusal
from pdp.model.resources import Resources
from pdp.policy.bundle_policy import policy_of_bundle
from pdp.server.clock import CLOCK


def validate(
    bundle: BundleWord,
    *,
    as_json: Json = False,
) -> None:
    """Read a bundle and report every fault; end with 3 when it is refused."""
    try:
        report = accepted_report(bundle, read_bundle(bundle))
    except BundleRefused as refused:
        report = refused_report(bundle, refused.faults)
    except Refusal as refused:
        report = refused_report(bundle, [BundleFault("", refused.resource, refused.message)])
    if as_json:
        print_json(report)
    else:
        print_report(Page(), report)
    if not report["valid"]:
        raise typer.Exit(ExitCode.POLICY)


def accepted_report(directory: Path, bundle: Bundle) -> dict[str, Any]:
    """What a bundle holds, notes on reading it, and what is beyond limits or the rules for new requests (§4).

    Raises Refusal for what no policy can hold.
    """
    applied = policy_of_bundle(bundle.resources, CLOCK())
    return {
        "bundle": str(directory),
        "valid": True,
        "counts": counts_of(bundle.resources),
        "faults": [],
        "notes": list(bundle.notes),
        "findings": list(applied.notes),
    }


def refused_report(directory: Path, found: Iterable[BundleFault]) -> dict[str, Any]:
    """Every fault. One that only the whole policy shows is of no file."""
    faults = [{"file": fault.file, "id": fault.id, "message": fault.message} for fault in found]
    return {"bundle": str(directory), "valid": False, "faults": faults, "notes": [], "findings": []}


def counts_of(resources: Resources) -> dict[str, int]:
    """How many of each kind there are."""
    return {
        "vpcs": len(resources.vpcs),
        "groups": len(resources.groups),
        "rules": sum(len(group.rules) for group in resources.groups),
        "enis": len(resources.enis),
        "instances": len(resources.instances),
        "prefix_lists": len(resources.prefix_lists),
        "port_lists": len(resources.port_lists),
        "penalties": len(resources.penalties),
    }


def print_report(page: Page, report: dict[str, Any]) -> None:
    """The report for people."""
    if not report["valid"]:
        count = len(report["faults"])
        page.line(("REFUSED", "bold red"), f"  {report['bundle']}: {count} {'fault' if count == 1 else 'faults'}")
        for fault in report["faults"]:
            page.line(f"  - {': '.join(part for part in fault.values() if part)}")
        return
    page.line(("VALID", "bold green"), f"  {report['bundle']}")
    for kind, count in report["counts"].items():
        page.field(kind.replace("_", " "), str(count))
    for title, key in (
        ("Notes", "notes"),
        ("Beyond limits, or what a new request may not do (reported, never refused)", "findings"),
    ):
        if report[key]:
            page.heading(title)
            for text in report[key]:
                page.line(f"  - {text}")

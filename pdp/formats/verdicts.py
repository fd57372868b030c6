"""Verdicts and errors as JSON lines, one for each flow, in order."""

from pdp.model.errors import PdpError
from pdp.model.instants import format_instant
from pdp.model.protocols import protocol_name
from pdp.model.verdict import Region, Verdict


def verdict_line(verdict: Verdict, revision: int, logged_action: str | None = None) -> dict[str, object]:
    """One verdict. A rule whose export gave no id has a blank `rule`, and its `derived_rule` (§3.3)."""
    line: dict[str, object] = {"action": verdict.action.name, "reason": verdict.reason.name}
    if verdict.rule is not None:
        line["rule"] = "" if verdict.rule.id_is_derived else verdict.rule.id
        if verdict.rule.id_is_derived:
            line["derived_rule"] = verdict.rule.id
    if verdict.group is not None:
        line["group"] = verdict.group
    if verdict.rule is not None:
        line["priority"] = verdict.rule.priority
    line["revision"] = revision
    if verdict.idle_timeout_s is not None:
        line["idle_timeout_s"] = verdict.idle_timeout_s
    if verdict.valid_until is not None:
        line["valid_until"] = format_instant(verdict.valid_until)
    if verdict.region is not None:
        line["region"] = region_object(verdict.region)
    return _with_logged(line, logged_action)


def error_line(error: PdpError, logged_action: str | None = None) -> dict[str, object]:
    """The line of a flow that has no verdict."""
    line: dict[str, object] = {"action": "ERROR", "reason": error.reason.name, "message": error.message}
    return _with_logged(line, logged_action)


def region_object(region: Region) -> dict[str, object]:
    """The box in which a verdict holds, readable: CIDRs, and ports as `first/last`."""
    return {
        "eni": region.eni,
        "direction": region.direction.word,
        "protocol": protocol_name(region.protocol),
        "remote": str(region.remote),
        "own": str(region.own),
        "source_ports": str(region.source_ports),
        "destination_ports": str(region.destination_ports),
    }


def _with_logged(line: dict[str, object], logged_action: str | None) -> dict[str, object]:
    return line if logged_action is None else {**line, "logged_action": logged_action}

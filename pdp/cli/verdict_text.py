"""Verdicts in words: accept or drop, why, and how far the answer reaches."""

from typing import Any

from pdp.cli.output import ACTION_STYLES, Page
from pdp.model.protocols import EVERY_PORT

WHY = {
    "SAME_INSTANCE": "the remote address is another ENI of the same instance",
    "PENALTY": "a penalty blocks this instance's traffic",
    "SMTP_BLOCKED": "TCP port 25 to the internet is closed, and no rule opens it",
    "HEALTH_CHECK": "load balancers check health from 100.64.0.0/10",
    "DEFAULT": "no rule matches, so the groups' type decides",
}


def why(verdict: dict[str, Any]) -> str:
    """The reason of a verdict, by name and in words."""
    reason = verdict["reason"]
    if reason == "RULE":
        return f"RULE: {rule_name(verdict)} of {verdict['group']}, priority {verdict['priority']}"
    if reason == "SAME_GROUP":
        return f"SAME_GROUP: both are members of {verdict['group']}, whose members may talk"
    return f"{reason}: {WHY[reason]}"


def rule_name(document: dict[str, Any]) -> str:
    """A rule's id, or its derived one with a word that the export gave none."""
    return document["rule"] or f"{document['derived_rule']} (derived: the export has no id)"


def reach(region: dict[str, Any]) -> str:
    """A region in words: `TCP from 10.0.0.0/8 to port 22 of 10.0.0.5/32`."""
    ends = [
        end_text(region["remote"], region["source_ports" if region["direction"] == "ingress" else "destination_ports"]),
        end_text(region["own"], region["destination_ports" if region["direction"] == "ingress" else "source_ports"]),
    ]
    source, destination = ends if region["direction"] == "ingress" else reversed(ends)
    protocol = region["protocol"]
    return f"{'protocol ' if protocol.isdigit() else ''}{protocol} from {source} to {destination}"


def end_text(block: str, ports: str) -> str:
    """One side of a region; every address and every port are left unsaid."""
    address = "anywhere" if block in {"0.0.0.0/0", "::/0"} else block
    if ports == str(EVERY_PORT):
        return address
    first, _, last = ports.partition("/")
    return f"{address} port {first}" if first == last else f"{address} ports {first}-{last}"


def print_verdict(page: Page, verdict: dict[str, Any], asked: str) -> None:
    """A verdict with all that comes with it; `asked` is the flow."""
    page.line((verdict["action"], ACTION_STYLES[verdict["action"]]), f"  {why(verdict)}")
    page.field("flow", asked)
    if "region" in verdict:
        page.field("holds for", reach(verdict["region"]))
    if "idle_timeout_s" in verdict:
        page.field("timeout", f"an idle session ends after {verdict['idle_timeout_s']} s")
    if "valid_until" in verdict:
        page.field("until", f"{verdict['valid_until']}, when a penalty changes it")
    page.field("revision", f"{verdict['revision']} of {verdict['store']}")

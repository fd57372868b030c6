"""`pdp explain`: how a verdict comes about, stage by stage and rule by rule, and what to look at next."""

from typing import Annotated, Any

import typer

from pdp.cli.answers import answers_from
from pdp.cli.check import DestinationWord, DirectionWord, EniWord, ProtocolWord, SourceWord
from pdp.cli.options import At, AtLeastRevision, Bundle, Ca, Json, Server, Token
from pdp.cli.output import Page, print_json
from pdp.cli.verdict_text import print_verdict, rule_name
from pdp.cli.words import check_id, flow_from_words


def explain(
    eni: EniWord,
    direction: DirectionWord,
    protocol: ProtocolWord,
    source: SourceWord,
    destination: DestinationWord,
    *,
    rule: Annotated[str, typer.Option(help="Tell why this rule did or did not match.", metavar="ID")] = "",
    group: Annotated[str, typer.Option(help="Whose rule, when several groups have that id.", metavar="ID")] = "",
    server: Server = None,
    token: Token = None,
    ca: Ca = None,
    bundle: Bundle = None,
    at: At = None,
    at_least_revision: AtLeastRevision = None,
    as_json: Json = False,
) -> None:
    """Tell how the verdict of a flow comes about: pdp explain eni-bp1abc ingress tcp 198.51.100.7:40000 10.0.0.5:22."""
    for name, word in (("ENI", eni), ("--rule", rule), ("--group", group)):
        if word or name == "ENI":
            check_id(name, word)
    flow = flow_from_words(direction, protocol, source, destination)
    with answers_from(server, bundle, token, ca, at_least_revision) as answers:
        account = answers.explain(eni, flow, at, rule, group)
    if as_json:
        print_json(account)
    else:
        print_account(Page(), account, f"{eni} {flow}")


def print_account(page: Page, account: dict[str, Any], asked: str) -> None:
    """The whole account."""
    print_verdict(page, account["verdict"], asked)
    page.field("groups", ", ".join(account["groups"]))
    page.heading("Stages, first asked first")
    for stage in account["stages"]:
        mark, style = (">", "bold") if stage["answered"] else ("-", "") if stage["asked"] else (" ", "dim")
        page.line((f"  {mark} {stage['stage']:<14} {stage['account']}", style))
    if account["asked_rule"]:
        page.heading("The rule you asked about")
        _print_asked(page, account["asked_rule"])
    page.heading(f"Rules that match: {len(account['matched'])} of {account['rules_considered']} considered")
    for item in account["matched"]:
        _print_rule(page, item, "won" if item["won"] else f"lost: {item['lost_because']}")
    if account["near_misses"]:
        page.heading("Nearest misses: rules that fail by one condition")
        for item in account["near_misses"]:
            _print_rule(page, item, f"fails: {_failures(item)}")
    if account["hints"]:
        page.heading("What to look at next")
        for hint in account["hints"]:
            page.line(f"  - {hint}")


def _print_rule(page: Page, item: dict[str, Any], outcome: str) -> None:
    style = "bold" if item["won"] else ""
    page.line((f"  {rule_name(item)} of {item['group']}: {item['text']}", style))
    page.line((f"      {outcome}", style or "dim"))


def _print_asked(page: Page, item: dict[str, Any]) -> None:
    """One rule with all its conditions."""
    _print_rule(page, item, "won" if item["won"] else f"did not decide: {item['lost_because']}")
    for condition in item["conditions"]:
        mark, style = ("met", "green") if condition["met"] else ("NOT", "bold red")
        text = f" {condition['name']:<17}wants {condition['wanted']}, found {condition['found']}"
        page.line((f"      {mark}", style), text)


def _failures(item: dict[str, Any]) -> str:
    failed = [condition for condition in item["conditions"] if not condition["met"]]
    return "; ".join(f"{item['name']} wants {item['wanted']}, found {item['found']}" for item in failed)

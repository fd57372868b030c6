"""`pdp test`: holds a policy to what its owners wrote down about it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from pdp.cli.answers import Answers, Document, answers_from
from pdp.cli.exits import ExitCode, Fault
from pdp.cli.junit import junit_xml
from pdp.cli.options import Ca, Json, Token, directory
from pdp.cli.output import Page, print_json
from pdp.cli.verdict_text import why
from pdp.formats.flows import FlowQuestion
from pdp.formats.scenarios import Scenario, ScenarioUnreadable, read_scenarios

BUNDLE_BESIDE = "bundle"
"""The directory beside a scenario file that is asked when neither bundle nor server is named."""


class Outcome(NamedTuple):
    """One case and how it ended: `failure` is blank when it holds."""

    file: str
    name: str
    got: str
    failure: str


def run_scenarios(
    files: Annotated[list[Path], typer.Argument(help="Scenario files (YAML).", metavar="FILE...")],
    *,
    bundle: Annotated[
        Path | None,
        typer.Option(
            help=f"Ask the bundle in this directory. Without it and --server, the directory `{BUNDLE_BESIDE}` beside "
            "each file.",
            metavar="DIR",
            parser=directory,
            show_default=False,
        ),
    ] = None,
    server: Annotated[
        str | None, typer.Option(help="Ask the server at HOST:PORT.", metavar="HOST:PORT", show_default=False)
    ] = None,
    token: Token = None,
    ca: Ca = None,
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit XML report here too.", metavar="FILE")] = None,
    as_json: Json = False,
) -> None:
    """Run scenarios against a bundle or a server; without either, against the directory `bundle` beside each file."""
    is_named = bundle is not None or server is not None
    suites = [(file, bundle if is_named else _beside(file), _read(file)) for file in files]
    if server is not None:
        _refuse_times(suites)
    outcomes: list[Outcome] = []
    page = Page()
    for file, chosen, scenarios in suites:
        with answers_from(server, chosen, token, ca) as answers:
            for outcome in _run(answers, file, scenarios):
                outcomes.append(outcome)
                if not as_json:
                    _print_outcome(page, outcome)
    failed = sum(bool(outcome.failure) for outcome in outcomes)
    if as_json:
        cases = [{**outcome._asdict(), "passed": not outcome.failure} for outcome in outcomes]
        print_json({"passed": len(outcomes) - failed, "failed": failed, "cases": cases})
    else:
        page.line((f"{len(outcomes) - failed} hold, {failed} fail", "bold red" if failed else "bold green"))
    if junit is not None:
        _write(junit, junit_xml(outcomes))
    if failed:
        raise typer.Exit(ExitCode.NEGATIVE)


def judge(answers: Answers, scenario: Scenario) -> tuple[str, str]:
    """What was answered, in words, and why that is not what was expected (blank: it is).

    A question that has no verdict is a failure: whatever was expected, it did not come.
    """
    try:
        verdict = deciding_verdict(answers, scenario)
    except Fault as fault:
        if fault.exit_code is not ExitCode.USAGE:
            raise
        return "no verdict", f"no verdict: {fault}"
    got = f"{verdict['action']} by {why(verdict)}"
    expected = {
        "": (scenario.expect.name, verdict["action"]),
        "reason ": (scenario.reason and scenario.reason.name, verdict["reason"]),
        "rule ": (scenario.rule, verdict.get("rule") or verdict.get("derived_rule")),
        "group ": (scenario.group, verdict.get("group")),
    }
    wrong = [
        f"{key}{wanted}, not {found or 'none'}"
        for key, (wanted, found) in expected.items()
        if wanted is not None and wanted != found
    ]
    return got, f"expected {'; '.join(wrong)}; got {got}" if wrong else ""


def deciding_verdict(answers: Answers, scenario: Scenario) -> Document:
    """The verdict of a flow; of a path, the first that drops, else the last."""
    question = scenario.question
    if isinstance(question, FlowQuestion):
        return answers.check(question.eni, question.flow, scenario.at)
    path = answers.path(question, scenario.at)
    verdicts: list[Document] = [path[end] for end in ("egress", "ingress") if path[end]]
    return next((verdict for verdict in verdicts if verdict["action"] == "DROP"), verdicts[-1])


def _run(answers: Answers, file: Path, scenarios: list[Scenario]) -> Iterator[Outcome]:
    for scenario in scenarios:
        yield Outcome(str(file), scenario.name, *judge(answers, scenario))


def _beside(file: Path) -> Path:
    """The bundle beside a file. Nobody is asked unnamed: another policy's verdicts would say nothing of this one."""
    beside = file.parent / BUNDLE_BESIDE
    if not beside.is_dir():
        message = f"there is no directory {beside} to ask; give --bundle DIR or --server HOST:PORT"
        raise Fault(ExitCode.USAGE, message)
    return beside


def _refuse_times(suites: Iterable[tuple[Path, Path | None, list[Scenario]]]) -> None:
    for file, _, scenarios in suites:
        for scenario in scenarios:
            if scenario.at is not None:
                message = f"{file}: {scenario.name}: at: a server judges at its own time; give --bundle DIR"
                raise Fault(ExitCode.USAGE, message)


def _read(file: Path) -> list[Scenario]:
    try:
        return read_scenarios(file)
    except ScenarioUnreadable as error:
        raise Fault(ExitCode.USAGE, str(error)) from None


def _print_outcome(page: Page, outcome: Outcome) -> None:
    if outcome.failure:
        page.line(("FAIL", "bold red"), f"  {outcome.name}")
        page.line(f"      {outcome.failure}")
    else:
        page.line(("ok  ", "green"), f"  {outcome.name}", (f"  ({outcome.got})", "dim"))


def _write(junit: Path, text: str) -> None:
    try:
        junit.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Fault(ExitCode.USAGE, f"cannot write {junit}: {error.strerror}") from None

"""`pdp path`: may one end reach the other? Both ends' groups are asked at one revision and time (§2.5)."""

from typing import Annotated, Any

import typer

from pdp.cli.answers import answers_from
from pdp.cli.check import ExitCodeFlag, ProtocolWord
from pdp.cli.exits import ExitCode, Fault
from pdp.cli.options import At, AtLeastRevision, Bundle, Ca, Json, Server, Token
from pdp.cli.output import ACTION_STYLES, Page, print_json
from pdp.cli.verdict_text import reach, why
from pdp.cli.words import check_id, check_port_given, read_protocol, split_end
from pdp.formats.scenarios import PathEnd, PathQuestion
from pdp.model.addresses import parse_address
from pdp.model.protocols import protocol_name

ID_PREFIXES = ("eni-", "i-")
"""How an ENI's id begins, and an instance's, which is then answered with its ENIs."""


def path(
    source: Annotated[
        str, typer.Argument(help="ENI:PORT, HOST:PORT, or ENI@HOST:PORT for an address it routes for.", metavar="FROM")
    ],
    destination: Annotated[str, typer.Argument(help="Likewise; at least one of them names an ENI.", metavar="TO")],
    protocol: ProtocolWord,
    *,
    server: Server = None,
    token: Token = None,
    ca: Ca = None,
    bundle: Bundle = None,
    at: At = None,
    at_least_revision: AtLeastRevision = None,
    exit_code: ExitCodeFlag = False,
    as_json: Json = False,
) -> None:
    """Ask about a connection: pdp path eni-bp1app01:40000 eni-bp1db01:mysql tcp."""
    question = path_from_words(source, destination, protocol)
    with answers_from(server, bundle, token, ca, at_least_revision) as answers:
        answer = answers.path(question, at)
    if as_json:
        print_json(answer)
    else:
        print_path(Page(), question, answer)
    if exit_code and not answer["allowed"]:
        raise typer.Exit(ExitCode.NEGATIVE)


def path_from_words(source: str, destination: str, protocol: str) -> PathQuestion:
    """The question that three words describe. Raises Fault with USAGE."""
    number = read_protocol(protocol)
    (from_end, from_port), (to_end, to_port) = _read_end("source", source), _read_end("destination", destination)
    check_port_given("source", from_end.eni or from_end.address, number, from_port)
    check_port_given("destination", to_end.eni or to_end.address, number, to_port)
    return PathQuestion(from_end, to_end, number, from_port, to_port)


def print_path(page: Page, question: PathQuestion, answer: dict[str, Any]) -> None:
    """Both verdicts of a connection."""
    page.line(("ALLOWED", "bold green") if answer["allowed"] else ("NOT ALLOWED", "bold red"))
    ends = [answer["source"], answer["destination"]]
    if question.source_port is not None:
        ports = (question.source_port, question.destination_port)
        ends = [f"[{end}]:{port}" if ":" in end else f"{end}:{port}" for end, port in zip(ends, ports, strict=True)]
    page.field("flow", f"{protocol_name(question.protocol)} {ends[0]} -> {ends[1]}")
    for direction, end in (("egress", question.source), ("ingress", question.destination)):
        verdict = answer[direction]
        if verdict is None:
            page.field(direction, f"not judged: {end.address} is outside")
            continue
        action = verdict["action"]
        page.line((f"  {direction:<13}", "dim"), (action, ACTION_STYLES[action]), f"  {end.eni} by {why(verdict)}")
        page.field("", f"holds for {reach(verdict['region'])}")


def _read_end(name: str, word: str) -> tuple[PathEnd, int | None]:
    """`ENI`, `HOST` or `ENI@HOST`, each with or without a port."""
    eni, at_sign, rest = word.partition("@")
    host, port = split_end(name, rest if at_sign else word)
    if at_sign or host.startswith(ID_PREFIXES):
        check_id(name, eni if at_sign else host)
    if not at_sign and host.startswith(ID_PREFIXES):
        return PathEnd(eni=host), port
    try:
        address = str(parse_address(host))
    except ValueError as error:
        raise Fault(ExitCode.USAGE, f"{name} {error}, nor an ENI's id, which begins with eni-") from None
    return PathEnd(eni if at_sign else "", address), port

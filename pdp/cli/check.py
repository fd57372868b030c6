"""`pdp check`: whether one flow may pass, or with `--flows` each of a file's."""

from pathlib import Path
from typing import Annotated

import typer

from pdp.cli.answers import answers_from
from pdp.cli.evaluate import write_lines
from pdp.cli.exits import ExitCode, Fault
from pdp.cli.options import At, AtLeastRevision, Bundle, Ca, Json, Regions, Server, Token
from pdp.cli.output import Page, print_json
from pdp.cli.verdict_text import print_verdict
from pdp.cli.words import check_id, flow_from_words

EniWord = Annotated[str, typer.Argument(help="The ENI whose groups judge, such as eni-bp1abc.", metavar="ENI")]
DirectionWord = Annotated[str, typer.Argument(help="ingress or egress, as the ENI sees it.", metavar="DIRECTION")]
ProtocolWord = Annotated[
    str, typer.Argument(help="tcp, udp, icmp, icmpv6, gre, or an IANA number.", metavar="PROTOCOL")
]
SourceWord = Annotated[
    str, typer.Argument(help="HOST:PORT or [IPv6]:PORT; ports also by name, such as :ssh.", metavar="SOURCE")
]
DestinationWord = Annotated[
    str, typer.Argument(help="Likewise. Without ports where the protocol has none.", metavar="DESTINATION")
]
WORDS = ("ENI", "DIRECTION", "PROTOCOL", "SOURCE", "DESTINATION")
ExitCodeFlag = Annotated[bool, typer.Option("--exit-code", help="End with 1 unless everything is accepted.")]


def check(
    eni: EniWord = "",
    direction: DirectionWord = "",
    protocol: ProtocolWord = "",
    source: SourceWord = "",
    destination: DestinationWord = "",
    *,
    flows: Annotated[
        Path | None, typer.Option(help="Judge the flows of this file, - for stdin.", metavar="FILE")
    ] = None,
    server: Server = None,
    token: Token = None,
    ca: Ca = None,
    bundle: Bundle = None,
    at: At = None,
    at_least_revision: AtLeastRevision = None,
    regions: Regions = False,
    exit_code: ExitCodeFlag = False,
    as_json: Json = False,
) -> None:
    """Ask whether a flow may pass: pdp check eni-bp1abc ingress tcp 198.51.100.7:40000 10.0.0.5:ssh."""
    words = [eni, direction, protocol, source, destination]
    if flows is not None:
        if any(words):
            raise Fault(ExitCode.USAGE, "give one flow in words, or --flows FILE, not both")
        with answers_from(server, bundle, token, ca, at_least_revision) as answers:
            all_accepted = write_lines(answers, flows, at, regions=regions)
    else:
        missing = [name for name, word in zip(WORDS, words, strict=True) if not word.strip()]
        if missing:
            which = f"; {missing[0]} is missing or blank" if any(words) else ""
            raise Fault(ExitCode.USAGE, f"give {' '.join(WORDS)}, or --flows FILE{which}")
        check_id("ENI", eni)
        flow = flow_from_words(direction, protocol, source, destination)
        with answers_from(server, bundle, token, ca, at_least_revision) as answers:
            verdict = answers.check(eni, flow, at)
        if as_json:
            print_json(verdict)
        else:
            print_verdict(Page(), verdict, f"{eni} {flow}")
        all_accepted = verdict["action"] == "ACCEPT"
    if exit_code and not all_accepted:
        raise typer.Exit(ExitCode.NEGATIVE)

"""`pdp eval`: the verdict for each flow of a file, from a bundle alone. Nothing but verdict lines goes to stdout."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from pdp.cli.answers import Answers, answers_from
from pdp.cli.exits import ExitCode, Fault
from pdp.cli.options import At, BundleWord, Json, Regions
from pdp.cli.output import json_text
from pdp.formats.flows import bounded_lines, read_flow_lines
from pdp.model.instants import Instant

STDIN = Path("-")
PROGRESS_EVERY = 10_000


def evaluate(
    bundle: BundleWord,
    *,
    flows: Annotated[Path, typer.Option(help="Flows as JSON lines, - for stdin.", metavar="FILE")],
    at: At = None,
    regions: Regions = False,
    as_json: Json = False,  # noqa: ARG001 - the lines are JSON already
) -> None:
    """Judge a file of flows by a bundle, without a server; one verdict line for each, in order."""
    with answers_from(None, bundle) as answers:
        write_lines(answers, flows, at, regions=regions)


def write_lines(answers: Answers, flows: Path, at: Instant | None, *, regions: bool) -> bool:
    """Writes the line of each flow; whether all of them are accepted. Raises Fault when the file cannot be read."""
    all_accepted = True
    with _opened(flows) as stream, _progress() as progress:
        for line in answers.check_many(read_flow_lines(_lines(stream, flows)), at, regions=regions):
            sys.stdout.write(json_text(line) + "\n")
            all_accepted = all_accepted and line["action"] == "ACCEPT"
            progress.count()
            if flows == STDIN:
                # Whoever feeds flows one by one waits for each answer.
                sys.stdout.flush()
    return all_accepted


class _Progress:
    """How many flows have been judged, on stderr where a person sees it."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self.counted = 0

    def count(self) -> None:
        """One more."""
        self.counted += 1
        if self._shown and self.counted % PROGRESS_EVERY == 0:
            sys.stderr.write(f"\r{self.counted:,} flows")
            sys.stderr.flush()

    def clear(self) -> None:
        """Takes the count off the screen."""
        if self._shown and self.counted >= PROGRESS_EVERY:
            sys.stderr.write("\r\x1b[K")


@contextmanager
def _progress() -> Iterator[_Progress]:
    """Progress, when stderr is a terminal that the lines themselves do not go to."""
    progress = _Progress(shown=sys.stderr.isatty() and not sys.stdout.isatty())
    try:
        yield progress
    finally:
        progress.clear()


@contextmanager
def _opened(flows: Path) -> Iterator[BinaryIO]:
    if flows == STDIN:
        yield sys.stdin.buffer
        return
    try:
        stream = flows.open("rb")
    except OSError as error:
        raise _unreadable(flows, error) from None
    with stream:
        yield stream


def _lines(stream: BinaryIO, flows: Path) -> Iterator[bytes]:
    try:
        yield from bounded_lines(stream)
    except OSError as error:
        raise _unreadable(flows, error) from None


def _unreadable(flows: Path, error: OSError) -> Fault:
    return Fault(ExitCode.USAGE, f"cannot read flows from {'stdin' if flows == STDIN else flows}: {error.strerror}")

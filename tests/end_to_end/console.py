"""The commands of a page as a reader pastes them, from its top to its end, each with the output that it must give.

They stand in ```console blocks. A command begins with `$ ` and goes on while a quote is open or a line ends with a
backslash. What follows, up to the next command, is its output, both streams together; an exit code other than 0 stands
after it as `[exit code 3]`. A `pdp serve` in a ```sh block is what the reader starts in another terminal, in place of
the server before; a page without one is about the example's bundle.

What a server makes up (ids, tokens of lists, the present time) differs from run to run. A page shows that of one run:
the first time that such a name comes out, it is taken for the one at that place of the page, and for no other from then
on.
`python -m tests.end_to_end.console PAGE...` writes the present output into pages, for a person to review.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from examples.demo import server
from pdp.cli.settings import FILE_VARIABLE, VARIABLES
from tests.architecture.sources import ROOT
from tests.tools import TOOLS

PAGES = ("README.md", "clients/grpcurl/README.md", "clients/grpcurl/ADMINISTRATION.md", "docs/cli.md")
PRINTED_ADDRESS = "127.0.0.1:50051"
USUAL_SERVER = "--bundle examples/three-tier/bundle"
TIMEOUT_S = 60

BLOCK = re.compile(r"(?<=^```)(console|sh)\n(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)
SERVE = re.compile(r"^pdp serve ((?:.*\\\n)*.*)$", re.MULTILINE)
MADE = re.compile(
    r"(?:eni|i|pen|pl|prl|sg|sgr|vpc)-[0-9a-f]{20}\b"
    r"|(?<![:0-9a-f])[0-9a-f]{32}(?![0-9a-f])"  # a store's id; that of a bundle is made of its content
    r'|(?<="next_token": ")[^"]+'
)
TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")


class Step(NamedTuple):
    """One command and the output that the page shows."""

    command: str
    output: str


def steps_of(block: str) -> list[Step]:
    """The commands of one block, in order."""
    steps: list[Step] = []
    lines = iter(block.splitlines())
    for line in lines:
        if line.startswith("$ "):
            command = line[2:]
            while not is_whole(command):
                command += "\n" + next(lines)
            steps.append(Step(command, ""))
        else:
            assert steps, f"a block begins with a command, not {line!r}"
            command, output = steps.pop()
            steps.append(Step(command, f"{output}{line}\n"))
    return steps


def is_whole(command: str) -> bool:
    """Whether a shell would run this, rather than wait for more."""
    if command.endswith("\\"):
        return False
    try:
        shlex.split(command)
    except ValueError:
        return False
    return True


def steps_in(page: Path) -> list[Step]:
    """All commands of a page."""
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [step for kind, block in blocks if kind == "console" for step in steps_of(block)]


class Names:
    """What servers made up in this run, and what the page has in its place."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}
        self._present: dict[str, str] = {}
        self._began = datetime.now(UTC) - timedelta(seconds=1)

    def present(self, command: str) -> str:
        """A command of the page with the names of this run."""
        return MADE.sub(lambda name: self._present.get(name[0], name[0]), command)

    def shown(self, output: str, page: str) -> str:
        """An output of this run with the names of the page, whose output at this place is given."""
        new = (made for made in MADE.findall(output) if made not in self._shown)
        names = (name for name in MADE.findall(page) if name not in self._present)
        for made, name in zip(new, names, strict=False):
            self._shown[made], self._present[name] = name, made
        times = iter(TIME.findall(page))
        output = TIME.sub(lambda time: self._time(time[0], next(times, time[0])), output)
        return MADE.sub(lambda made: self._shown.get(made[0], made[0]), output)

    def _time(self, present: str, shown: str) -> str:
        is_made = self._began <= datetime.fromisoformat(present) <= datetime.now(UTC)
        return shown if is_made else present


class Reader:
    """Follows a page in a folder of its own, beside the examples: starts its servers and runs its commands."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = Names()
        self._server = ExitStack()
        self._address = ""

    def follow(self, page: str) -> str:
        """The page with the output of this run."""
        with self._server:
            return BLOCK.sub(self._block, page)

    def _block(self, block: re.Match[str]) -> str:
        kind, text = block.groups()
        if kind == "sh":
            for options in SERVE.findall(text):
                self._serve(options)
            return block[0]
        if not self._address:
            self._serve(USUAL_SERVER)
        return f"{kind}\n" + "".join(f"$ {step.command}\n{self._run(step)}" for step in steps_of(text))

    def _serve(self, options: str) -> None:
        self._server.close()
        self._address = self._server.enter_context(server(*shlex.split(options), directory=self._folder))

    def _run(self, step: Step) -> str:
        command = self._names.present(step.command).replace(PRINTED_ADDRESS, self._address)
        ended = subprocess.run(
            ["bash", "-c", command],
            cwd=self._folder,
            env=environment(self._folder / "bin", self._address),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_S,
            check=False,
            text=True,
        )
        output = self._names.shown(ended.stdout.replace(self._address, PRINTED_ADDRESS), step.output)
        if output and not output.endswith("\n"):
            output += "\n"
        return output + (f"[exit code {ended.returncode}]\n" if ended.returncode else "")


@contextmanager
def reader() -> Iterator[Reader]:
    """A reader with a `pdp` that runs this checkout, whatever is installed."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        for needed in ("examples", "tests"):
            (folder / needed).symlink_to(ROOT / needed)
        (folder / "bin").mkdir()
        put_pdp_into(folder / "bin")
        yield Reader(folder)


def environment(bin_directory: Path, address: str) -> dict[str, str]:
    """What a shell has: the `pdp` of that directory, the tools, a server, and no settings of this machine's user."""
    return {
        **os.environ,
        **dict.fromkeys(VARIABLES.values(), ""),
        FILE_VARIABLE: os.devnull,
        "PATH": os.pathsep.join([str(bin_directory), str(TOOLS), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
        "PDP_SERVER": address,
        "COLUMNS": "100",
    }


def put_pdp_into(directory: Path) -> Path:
    """A `pdp` that runs this checkout with this Python, whatever is installed."""
    script = directory / "pdp"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m pdp.cli "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return directory


def main() -> None:
    for name in sys.argv[1:] or PAGES:
        page = ROOT / name
        with reader() as fresh:
            page.write_text(fresh.follow(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()

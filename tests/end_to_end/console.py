"""The ```console blocks of a page: commands as a reader pastes them, each with the output that it must give.

A command begins with `$ ` and goes on while a quote is open or a line ends with a backslash. What follows, up to the
next command, is its output, both streams together; an exit code other than 0 stands after it as `[exit code 3]`.
`python -m tests.end_to_end.console PAGE...` writes the present output into pages, for a person to review.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from examples.demo import EXAMPLE, server
from tests.architecture.sources import ROOT
from tests.tools import TOOLS

PAGES = ("README.md", "clients/grpcurl/README.md", "docs/cli.md")
PRINTED_ADDRESS = "127.0.0.1:50051"
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
TIMEOUT_S = 60


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
    return [step for block in BLOCK.findall(page.read_text(encoding="utf-8")) for step in steps_of(block)]


def run(command: str, address: str, bin_directory: Path) -> str:
    """What a command prints when the server of the page listens at `address`, as the page would show it."""
    path = os.pathsep.join([str(bin_directory), str(TOOLS), os.environ["PATH"]])
    ended = subprocess.run(
        ["bash", "-c", command.replace(PRINTED_ADDRESS, address)],
        cwd=ROOT,
        env={**os.environ, "PATH": path, "PDP_SERVER": address, "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=TIMEOUT_S,
        check=False,
        text=True,
    )
    output = ended.stdout.replace(address, PRINTED_ADDRESS)
    if output and not output.endswith("\n"):
        output += "\n"
    return output + (f"[exit code {ended.returncode}]\n" if ended.returncode else "")


def put_pdp_into(directory: Path) -> Path:
    """A `pdp` that runs this checkout with this Python, whatever is installed."""
    script = directory / "pdp"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m pdp.cli "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return directory


def rewrite(page: Path, address: str, bin_directory: Path) -> None:
    """Puts the present output into a page."""

    def fresh(block: re.Match[str]) -> str:
        steps = steps_of(block.group())
        return "".join(f"$ {command}\n{run(command, address, bin_directory)}" for command, _ in steps)

    text = page.read_text(encoding="utf-8")
    page.write_text(BLOCK.sub(fresh, text), encoding="utf-8")


def main() -> None:
    with tempfile.TemporaryDirectory() as directory, server(EXAMPLE / "bundle") as address:
        for name in sys.argv[1:] or PAGES:
            rewrite(ROOT / name, address, put_pdp_into(Path(directory)))


if __name__ == "__main__":
    main()

"""Every command in the sh blocks of docs/cli.md does what it says, one after the other, at one server."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT
from tests.cli.administration.serving import serving
from tests.cli.administration.test_verbs import VERBS
from tests.cli.running import BUNDLE
from tests.end_to_end.console import environment, put_pdp_into

BLOCKS = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "docs/cli.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines()]


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    bin_directory = put_pdp_into(tmp_path_factory.mktemp("bin"))
    with serving("--bundle", BUNDLE) as address:
        yield environment(bin_directory, address)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    (folder / "examples").symlink_to(ROOT / "examples")
    return folder


def test_the_commands_of_the_page_succeed_in_order(shell: dict[str, str], folder: Path) -> None:
    assert len(COMMANDS) > 40
    for command in COMMANDS:
        ended = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=shell, capture_output=True, check=False, text=True
        )
        assert (ended.returncode, ended.stderr) == (0, ""), command


def test_the_page_names_what_is_done_to_each_thing() -> None:
    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?:a )?`([a-z -]+)`[^|]*\| (`[^|]*`) \|$", page, re.MULTILINE)
    named = {(thing, verb) for thing, verbs in rows for verb in re.findall(r"`([a-z-]+)`", verbs)}
    assert named == {(" ".join(words[:-1]), words[-1]) for words in VERBS if len(words) > 1}

"""Every command on a page gives what the page shows, with the real tools against the real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.demo import EXAMPLE, server
from tests.architecture.sources import ROOT
from tests.end_to_end.console import PAGES, Step, put_pdp_into, run, steps_in, steps_of
from tests.tools import find_tool

STEPS = [
    pytest.param(step, id=f"{page}-{number}") for page in PAGES for number, step in enumerate(steps_in(ROOT / page), 1)
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with server(EXAMPLE / "bundle") as address:
        yield address


@pytest.fixture(scope="module")
def bin_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put_pdp_into(tmp_path_factory.mktemp("bin"))


@pytest.mark.parametrize("step", STEPS)
def test_a_command_gives_what_the_page_shows(step: Step, address: str, bin_directory: Path) -> None:
    if "grpcurl" in step.command:
        find_tool("grpcurl")
    assert run(step.command, address, bin_directory) == step.output


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_commands(page: str) -> None:
    assert len(steps_in(ROOT / page)) >= 2


@pytest.mark.parametrize(
    "subject",
    [
        " list",
        " describe pdp.v1.DecisionService",
        " describe pdp.v1.Flow",
        " describe pdp.v1.DecisionService.CheckFlow",
        "DecisionService/CheckFlow",
        "DecisionService/BatchCheckFlows",
        "DecisionService/CheckFlowColumns",
        "DecisionService/ExplainFlow",
        "DecisionService/CheckPath",
        "grpc.health.v1.Health/Check",
        "-format-error",
    ],
)
def test_the_cookbook_has_a_recipe_for(subject: str) -> None:
    commands = [step.command for step in steps_in(ROOT / "clients" / "grpcurl" / "README.md")]
    assert any(subject in command for command in commands)


def test_a_command_may_span_lines_by_a_backslash_or_an_open_quote() -> None:
    assert steps_of("$ a 'b\nc' \\\n  d\nout\nmore\n$ e\n") == [Step("a 'b\nc' \\\n  d", "out\nmore\n"), Step("e", "")]


def test_a_command_that_fails_shows_its_exit_code(address: str, bin_directory: Path) -> None:
    assert run("echo so; exit 3", address, bin_directory) == "so\n[exit code 3]\n"

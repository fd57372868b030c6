"""Runs verbs in this process, and one real server on the example for those that ask it."""

from collections.abc import Iterator

import pytest
from typer.testing import CliRunner, Result

from examples.demo import EXAMPLE, server
from pdp.cli.main import app
from pdp.cli.settings import FILE_VARIABLE, VARIABLES
from tests.cli.running import Pdp

runner = CliRunner()


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whoever runs the tests may have set the very things that they are about."""
    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
    empty = tmp_path_factory.mktemp("settings") / "config.toml"
    empty.touch()
    monkeypatch.setenv(FILE_VARIABLE, str(empty))


@pytest.fixture
def pdp() -> Pdp:
    """`pdp("check", "eni-1", ...)`: the result, with `exit_code`, `stdout` and `stderr`."""

    def run(*words: object, stdin: str | None = None, env: dict[str, str | None] | None = None) -> Result:
        return runner.invoke(app, [str(word) for word in words], input=stdin, env=env, catch_exceptions=False)

    return run


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The real server, as `pdp serve` starts it, on the example's bundle."""
    with server("--bundle", EXAMPLE / "bundle") as address:
        yield address

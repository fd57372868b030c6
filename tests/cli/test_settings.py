"""What is set once: by flag, environment or file, in that order; and a file that cannot be meant is refused."""

import json
import re
from pathlib import Path

import pytest

from pdp.cli import settings
from pdp.cli.exits import ExitCode, Fault
from pdp.cli.settings import FILE_VARIABLE, VARIABLES, setting
from tests.architecture.sources import ROOT
from tests.cli.running import BUNDLE, SCRAPER, Pdp, fault_of


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "own.toml"
    monkeypatch.setenv(FILE_VARIABLE, str(path))
    return path


@pytest.mark.parametrize("name", VARIABLES)
def test_a_flag_goes_before_the_environment_and_that_before_the_file(
    name: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(f'{name} = "filed"\n')
    file.chmod(0o600)
    assert setting(name) == "filed"
    monkeypatch.setenv(VARIABLES[name], "around")
    assert setting(name) == "around"
    assert setting(name, "flagged") == "flagged"


def test_the_page_s_file_is_read(file: Path) -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    file.write_text(block)
    file.chmod(0o600)
    assert (setting("server"), setting("token")) == ("pdp.example:50051", "pdp_...")
    assert re.findall(r"^\| `[^|]* \| `(\w+)` \| `(\w+)` \|", page, re.MULTILINE) == [
        (variable, name) for name, variable in VARIABLES.items()
    ]


def test_a_blank_variable_is_not_set(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('server = "filed"\n')
    monkeypatch.setenv("PDP_SERVER", "")
    assert setting("server") == "filed"


def test_there_need_not_be_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FILE_VARIABLE)
    monkeypatch.setattr(settings, "USUAL_FILE", tmp_path / "none.toml")
    assert setting("server") == ""


def test_the_file_is_usually_in_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FILE_VARIABLE)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".config" / "pdp").mkdir(parents=True)
    (tmp_path / ".config" / "pdp" / "config.toml").write_text('server = "filed"\n')
    assert setting("server") == "filed"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('sever = "x"', "'sever' is not a setting; the settings are server, token, ca, output"),
        ("server = 1", "server must be a text in quotes"),
        ("server", "is not TOML"),
        ("\x00", "is not TOML"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(content: str, said: str, file: Path) -> None:
    file.write_text(content)
    with pytest.raises(Fault, match=said) as caught:
        setting("server")
    assert caught.value.exit_code is ExitCode.USAGE


def test_a_file_that_was_named_must_be_there(file: Path) -> None:
    with pytest.raises(Fault, match=f"cannot read {file}: No such file"):
        setting("server")


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_token_that_others_may_read_is_refused(mode: int, file: Path) -> None:
    file.write_text('token = "pdp_x"\n')
    file.chmod(mode)
    with pytest.raises(Fault, match=f"chmod 600 {file}"):
        setting("token")
    file.chmod(0o600)
    assert setting("token") == "pdp_x"


def test_the_output_may_be_set_once_for_every_verb(pdp: Pdp) -> None:
    words = ("check", *SCRAPER, "--bundle", BUNDLE)
    as_json = pdp(*words, env={"PDP_OUTPUT": "json"}).stdout
    assert json.loads(as_json)["action"] == "DROP"
    assert pdp(*words, "--json").stdout == as_json
    for text in (pdp(*words, "--no-json", env={"PDP_OUTPUT": "json"}), pdp(*words, env={"PDP_OUTPUT": "text"})):
        assert text.stdout.startswith("DROP  ")
    assert pdp("--no-json", *words, env={"PDP_OUTPUT": "json"}).stdout.startswith("DROP  ")


def test_an_output_that_there_is_not_is_refused(pdp: Pdp) -> None:
    result = pdp("version", env={"PDP_OUTPUT": "xml"})
    assert result.exit_code == ExitCode.USAGE
    assert fault_of(result) == "output 'xml' is neither text nor json; correct $PDP_OUTPUT"

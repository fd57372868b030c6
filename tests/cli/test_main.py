"""What holds for every verb: JSON anywhere, plain text off a terminal, and a quick start."""

import json
import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from pdp.cli.exits import ExitCode
from tests.architecture.sources import ROOT
from tests.cli.running import BUNDLE, FLOWS, SCENARIOS, SCRAPER, Pdp, fault_of

VERBS = {
    "serve",
    "eval",
    "check",
    "path",
    "explain",
    "validate",
    "test",
    "version",
    "whoami",
    "import",
    "export",
    "token",
}
THINGS = {"group", "eni", "instance", "vpc", "prefix-list", "port-list", "quota", "smtp", "penalty", "ram"}
ANSWERING: dict[str, tuple[object, ...]] = {
    "eval": ("eval", BUNDLE, "--flows", FLOWS),
    "check": ("check", *SCRAPER, "--bundle", BUNDLE),
    "check a file": ("check", "--flows", FLOWS, "--bundle", BUNDLE),
    "path": ("path", "eni-bp1app01:40000", "eni-bp1db01:mysql", "tcp", "--bundle", BUNDLE),
    "explain": ("explain", *SCRAPER, "--bundle", BUNDLE),
    "validate": ("validate", BUNDLE),
    "test": ("test", SCENARIOS),
    "version": ("version",),
}


@pytest.mark.parametrize("name", ANSWERING)
def test_json_may_stand_before_or_after_any_verb(name: str, pdp: Pdp) -> None:
    words = ANSWERING[name]
    before, after = pdp("--json", *words), pdp(*words, "--json")
    assert before.exit_code == after.exit_code == 0
    assert before.stdout == after.stdout
    assert all(isinstance(json.loads(line), dict) for line in after.stdout.splitlines())
    assert after.stderr == ""


@pytest.mark.parametrize("name", ANSWERING)
def test_there_are_no_colours_off_a_terminal(name: str, pdp: Pdp) -> None:
    assert "\x1b" not in pdp(*ANSWERING[name]).stdout


def test_help_names_every_verb(pdp: Pdp) -> None:
    text = pdp("--help").stdout
    assert {word for word in text.replace("│", " ").split() if word in VERBS | THINGS} == VERBS | THINGS


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_has_help(verb: str, pdp: Pdp) -> None:
    result = pdp(verb, "--help")
    assert result.exit_code == 0
    assert "--json" in result.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_is_told_how_to_complete(shell: str) -> None:
    command = [sys.executable, "-c", "from pdp.cli.main import app; app(prog_name='pdp')"]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "_PDP_COMPLETE": f"source_{shell}"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert "_PDP_COMPLETE" in ended.stdout


def test_the_verbs_of_a_thing_complete() -> None:
    command = [sys.executable, "-c", "from pdp.cli.main import app; app(prog_name='pdp')"]
    completing = {"_PDP_COMPLETE": "complete_bash", "COMP_WORDS": "pdp group cl", "COMP_CWORD": "2"}
    ended = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **completing}, capture_output=True, check=False, text=True
    )
    assert ended.stdout.split() == ["clone"]


@pytest.mark.parametrize("word", ["version", "--version"])
def test_version_is_the_package_s(word: str, pdp: Pdp) -> None:
    result = pdp(word)
    assert (result.exit_code, result.stdout) == (0, f"pdp {version('pdp')}\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nonsense",), "No such command 'nonsense'; see `pdp --help`"),
        (("check", "--nonsense"), "No such option: --nonsense"),
        (("eval",), "Missing argument 'BUNDLE'; see `pdp eval --help`"),
        (("path", "eni-a:1"), "Missing argument 'TO'; see `pdp path --help`"),
        (("group", "list", "--limit", "many"), "Invalid value for '--limit': "),
        (("eval", BUNDLE, "--flows", FLOWS, "--at", "x" * 100), f"Invalid value for '--at': '{'x' * 78}… is not an"),
    ],
)
def test_a_word_that_no_verb_knows_is_a_usage_error(words: tuple[object, ...], said: str, pdp: Pdp) -> None:
    result = pdp(*words)
    assert result.exit_code == ExitCode.USAGE
    assert fault_of(result).startswith(said)


@pytest.mark.parametrize("words", [(), ("group",), ("ram", "user")])
def test_without_a_verb_there_is_help(words: tuple[str, ...], pdp: Pdp) -> None:
    result = pdp(*words)
    assert (result.exit_code, result.stderr) == (ExitCode.USAGE, "")
    assert "--help" in result.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("eval", "", "--flows", FLOWS),
        ("validate", " "),
        ("check", *SCRAPER, "--bundle", ""),
        ("test", SCENARIOS, "--bundle", ""),
        ("import", ""),
        ("serve", "--bundle", ""),
    ],
)
def test_a_blank_directory_is_a_usage_error(words: tuple[object, ...], pdp: Pdp) -> None:
    """It would be the present one: a variable of the shell that is unset would choose the policy."""
    result = pdp(*words)
    assert result.exit_code == ExitCode.USAGE
    assert "it is blank; write . for the present directory" in fault_of(result)


def test_verbs_without_a_server_start_without_what_servers_need() -> None:
    words = ["eval", str(BUNDLE), "--flows", str(FLOWS)]
    code = f"""
import sys
from pdp.cli.main import app
app({words!r}, standalone_mode=False)
sys.stderr.write(" ".join(name for name in ("grpc", "structlog", "uvloop") if name in sys.modules))
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True)
    assert ended.stderr == ""
    assert ended.stdout.count("\n") == FLOWS.read_text().count("\n")


def test_the_page_lists_every_exit_code() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert [code for code in ExitCode if f"\n| {code.value} | " not in page] == []


def test_the_page_lists_every_verb() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert [verb for verb in sorted(VERBS | THINGS) if f"\n| `pdp {verb}` | " not in page] == []

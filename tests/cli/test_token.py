"""`pdp token`: what it prints is a token that a server with the printed entry knows, and nothing else."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pdp.model.identity import Caller, CallerKind
from pdp.model.ids import NO_ACCOUNT, AccountId
from pdp.server.credentials import open_credentials
from tests.architecture.sources import ROOT
from tests.cli.running import Pdp, fault_of

MADE: list[tuple[tuple[str, ...], Caller]] = [
    (("account", "--account", "1234"), Caller(CallerKind.ACCOUNT, AccountId("1234"))),
    (("user", "--account", "1234", "--name", "alice"), Caller(CallerKind.USER, AccountId("1234"), "alice")),
    (("role", "--account", "1234", "--name", "robot"), Caller(CallerKind.ROLE, AccountId("1234"), "robot")),
    (("operator", "--name", "ops"), Caller(CallerKind.OPERATOR, NO_ACCOUNT, "ops")),
    (("agent", "--name", "host-1"), Caller(CallerKind.AGENT, NO_ACCOUNT, "host-1")),
    (
        ("agent", "--name", "a", "--host", "hv-1", "--host", "hv-2"),
        Caller(CallerKind.AGENT, NO_ACCOUNT, "a", ("hv-1", "hv-2")),
    ),
]


def known_as(token: str, entry: dict[str, Any], folder: Path) -> Caller:
    """Whom a server with this entry takes the token for."""
    file = folder / "tokens.json"
    file.write_text(json.dumps({"version": 1, "tokens": [entry]}))
    return open_credentials(file).caller([("authorization", f"Bearer {token}")])


@pytest.mark.parametrize(("words", "caller"), MADE)
def test_a_server_with_the_entry_knows_the_token(
    words: tuple[str, ...], caller: Caller, pdp: Pdp, tmp_path: Path
) -> None:
    made = json.loads(pdp("token", *words, "--json").stdout)
    assert known_as(made["token"], made["entry"], tmp_path) == caller


def test_people_see_the_token_once_and_the_entry_as_it_goes_into_the_file(pdp: Pdp, tmp_path: Path) -> None:
    printed = pdp("token", "operator", "--name", "ops").stdout
    (token,) = re.findall(r"pdp_\S+", printed)
    (entry,) = re.findall(r"^  (\{.*\})$", printed, re.MULTILINE)
    assert known_as(token, json.loads(entry), tmp_path).name == "ops"


def test_the_page_shows_what_is_printed(pdp: Pdp) -> None:
    def without_secrets(text: str) -> str:
        return re.sub(r"\b[0-9a-f]{64}\b", "HASH", re.sub(r"pdp_[\w-]{43}(?![\w-])", "TOKEN", text))

    page = (ROOT / "docs" / "who-may.md").read_text(encoding="utf-8")
    ((words, output),) = re.findall(r"^```console\n\$ pdp (.*?)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert without_secrets(pdp(*words.split()).stdout) == without_secrets(output)


def test_no_token_is_made_twice(pdp: Pdp) -> None:
    words = ("token", "operator", "--name", "ops", "--json")
    assert pdp(*words).stdout != pdp(*words).stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("admin",), "'admin' is none of account, user, role, operator, agent"),
        (("nobody",), "'nobody' is none of"),
        (("user", "--account", "1234"), "name: is missing; a token of kind user needs it"),
        (("user", "--name", "alice"), "account: is missing; a token of kind user needs it"),
        (("account", "--account", "1234", "--name", "x"), "name: a token of kind account has none; take it away"),
        (("operator", "--name", "ops", "--host", "hv-1"), "hosts: a token of kind operator has none"),
        (("operator", "--name", "a b"), "'a b' is not a name"),
        (("account", "--account", "1/2"), "'1/2' is not an account"),
        (("agent", "--name", "a", "--host", ""), "hosts: must be a list of at least one host"),
    ],
)
def test_what_makes_no_caller_makes_no_token(words: tuple[str, ...], says: str, pdp: Pdp) -> None:
    result = pdp("token", *words)
    assert result.exit_code == 2
    assert fault_of(result).startswith(says)

"""What holds for all verbs that administer: each RPC has one, and shared options mean the same everywhere."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from pdp.cli.contract import SERVICES, method_named
from pdp.cli.main import app
from tests.architecture.sources import ROOT
from tests.cli.administration.serving import Shop
from tests.cli.running import Pdp
from tests.cli.test_main import THINGS

SOURCES = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "pdp/cli/administration").glob("*.py"))
RPCS = [
    rpc
    for file in SERVICES.values()
    for rpc in re.findall(r"^  rpc (\w+)", (ROOT / f"proto/pdp/v1/{file}.proto").read_text(), re.MULTILINE)
]


def commands_below(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not hasattr(command, "commands"):
        yield words, command
        return
    for name, inner in command.commands.items():
        yield from commands_below(inner, (*words, name))


VERBS = {
    words: command
    for words, command in commands_below(typer.main.get_command(app))
    if words[0] in THINGS | {"whoami", "import", "export"}
}


def named_in_sources(rpc: str) -> bool:
    """Some names are put together: a rule's by its direction, an address's by its family and what is done to it."""
    if f'"{rpc}"' in SOURCES:
        return True
    if rpc.endswith("Egress"):
        return f'"{rpc.removesuffix("Egress")}"' in SOURCES
    return re.fullmatch(r"(Una|A)ssign(Ipv6|PrivateIp)Addresses", rpc) is not None


def test_every_rpc_of_the_administering_services_has_a_verb() -> None:
    assert len(RPCS) > 60
    assert [rpc for rpc in RPCS if not named_in_sources(rpc)] == []


@pytest.mark.parametrize("rpc", RPCS)
def test_no_two_services_share_the_name_of_an_rpc(rpc: str) -> None:
    assert method_named(rpc).path.endswith(f"/{rpc}")
    assert RPCS.count(rpc) == 1


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_each_verb_has_help_and_the_shared_options(words: tuple[str, ...], pdp: Pdp) -> None:
    result = pdp(*words, "--help")
    assert result.exit_code == 0
    flags = {flag for parameter in VERBS[words].params for flag in parameter.opts}
    assert {"--server", "--token", "--ca", "--json"} <= flags
    written = {"--dry-run", "--client-token", "--expected-revision"}
    assert written <= flags or not written & flags
    assert all(getattr(parameter, "help", None) for parameter in VERBS[words].params if parameter.name != "help")


def test_writing_verbs_are_those_that_write() -> None:
    reading = {words for words, verb in VERBS.items() if "--dry-run" not in {f for p in verb.params for f in p.opts}}
    names = {words[-1] for words in reading}
    assert names == {"list", "show", "references", "export-rules", "whoami", "export"}


@pytest.mark.parametrize("words", [("group", "list"), ("eni", "list"), ("whoami",), ("quota", "list")])
def test_json_is_one_line_with_the_position(words: tuple[str, ...], shop: Shop) -> None:
    more = ("--account", "1418512345678901") if words[0] == "quota" else ()
    assert shop.text(*words, *more, "--json").count("\n") == 1
    assert shop.json(*words, *more)["position"].keys() == {"revision", "store_id"}


def test_a_server_that_is_not_there_has_an_exit_code_of_its_own(pdp: Pdp) -> None:
    result = pdp("group", "list", "--server", "127.0.0.1:1")
    assert result.exit_code == 4
    assert "pdp serve" in result.stderr


def test_the_server_may_stand_in_a_file(pdp: Pdp, store_address: str, tmp_path: Any) -> None:
    (tmp_path / "c.toml").write_text(f'server = "{store_address}"\noutput = "json"\n')
    result = pdp("whoami", env={"PDP_CONFIG": str(tmp_path / "c.toml")})
    assert result.stdout.startswith('{"identity_type":"operator"')

"""Callers by token, over TLS and on this machine: each verb is as free as its caller."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme

from pdp.model.identity import Caller, CallerKind
from pdp.model.ids import NO_ACCOUNT, AccountId
from pdp.server.credentials import new_token
from tests.cli.administration.serving import ACCOUNT, Shop, serving
from tests.cli.running import SCRAPER, Pdp

CALLERS = {
    "owner": Caller(CallerKind.ACCOUNT, AccountId(ACCOUNT)),
    "alice": Caller(CallerKind.USER, AccountId(ACCOUNT), "alice"),
    "other": Caller(CallerKind.ACCOUNT, AccountId("99")),
    "ops": Caller(CallerKind.OPERATOR, NO_ACCOUNT, "ops"),
    "host": Caller(CallerKind.AGENT, NO_ACCOUNT, "host"),
}


class Secured(NamedTuple):
    """A server with TLS and credentials: where, whom to trust, and everybody's token."""

    address: str
    ca: Path
    tokens: dict[str, str]


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    tokens = {name: new_token(caller) for name, caller in CALLERS.items()}
    (folder / "tokens.json").write_text(
        json.dumps({"version": 1, "tokens": [token.entry for token in tokens.values()]})
    )
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(folder / "tls.crt")
    issued.private_key_pem.write_to_path(folder / "tls.key")
    files = ("--credentials", folder / "tokens.json", "--tls-cert", folder / "tls.crt", "--tls-key", folder / "tls.key")
    with serving(*files) as address:
        yield Secured(address, folder / "ca.pem", {name: token.token for name, token in tokens.items()})


@pytest.fixture
def as_caller(pdp: Pdp, secured: Secured, monkeypatch: pytest.MonkeyPatch) -> dict[str, Shop]:
    monkeypatch.setenv("PDP_CA", str(secured.ca))
    return {name: Shop(pdp, secured.address, token) for name, token in secured.tokens.items()}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("owner", ["is", "account", "account", ACCOUNT, "arn", f"acs:ram::{ACCOUNT}:root"]),
        ("alice", ["is", "user", "account", ACCOUNT, "name", "alice", "arn", f"acs:ram::{ACCOUNT}:user/alice"]),
        ("ops", ["is", "operator", "name", "ops"]),
        ("host", ["is", "agent", "name", "host"]),
    ],
)
def test_whoami_tells_each_caller_who_they_are(as_caller: dict[str, Shop], name: str, said: list[str]) -> None:
    assert as_caller[name].text("whoami").split() == said


def test_an_owner_writes_a_user_needs_a_policy_and_others_may_nothing(
    as_caller: dict[str, Shop], tmp_path: Path
) -> None:
    owner, alice, other = (as_caller[name] for name in ("owner", "alice", "other"))
    group = owner.group(owner.vpc())
    for stranger in (alice, other):
        fault = stranger.refusal("group", "rename", group, "mine", code=5)
        assert fault.startswith("Forbidden.RAM: ")
        assert "`pdp whoami` tells who asks" in fault
    (tmp_path / "allow.json").write_text(
        '{"Version": "1", "Statement": {"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}}'
    )
    owner.text("ram", "user", "create", "alice")
    owner.text("ram", "policy", "create", "all", tmp_path / "allow.json")
    owner.text("ram", "user", "attach", "alice", "all")
    assert alice.text("group", "rename", group, "mine").startswith(f"{group} is 'mine'\n")
    assert "Forbidden.RAM" in other.refusal("group", "show", group, code=5)
    assert other.text("group", "list") == "none\n"


def test_what_is_the_operator_s_alone_is_told(as_caller: dict[str, Shop]) -> None:
    assert as_caller["owner"].refusal("quota", "version", "2026", code=5).startswith("OperationDenied.OperatorOnly: ")
    as_caller["ops"].text("quota", "version", "2026", "--dry-run")


def test_verbs_that_check_bear_the_token_too(as_caller: dict[str, Shop]) -> None:
    fault = as_caller["host"].refusal("check", *SCRAPER, code=2)
    assert fault.startswith("UNKNOWN_ENI: ")


def test_nobody_is_told_to_say_who_they_are(pdp: Pdp, secured: Secured) -> None:
    for words in (("group", "list"), ("check", *SCRAPER)):
        nobody = Shop(pdp, secured.address).refusal(*words, "--ca", secured.ca, code=5)
        assert nobody.startswith("InvalidToken: ")
        assert nobody.endswith("set the token with $PDP_TOKEN, --token or in the config file")
    wrong = Shop(pdp, secured.address, "pdp_wrong").refusal("group", "list", "--ca", secured.ca, code=5)
    assert "pdp_wrong" not in wrong


def test_a_server_that_another_ca_vouches_for_is_not_trusted(pdp: Pdp, secured: Secured, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    stranger = Shop(pdp, secured.address, secured.tokens["owner"])
    assert "no answer from a server" in stranger.refusal("whoami", "--ca", tmp_path / "ca.pem", code=4)


def test_all_may_stand_in_a_file(pdp: Pdp, secured: Secured, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.touch(0o600)
    file.write_text(f'server = "{secured.address}"\nca = "{secured.ca}"\ntoken = "{secured.tokens["alice"]}"\n')
    assert "alice" in pdp("whoami", env={"PDP_CONFIG": str(file)}).stdout

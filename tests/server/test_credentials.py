"""Who is calling (§6.5), and where a server may listen."""

import json
import os
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import grpc
import pytest
from structlog.testing import capture_logs

from pdp.model.codes import Code
from pdp.model.errors import PdpError
from pdp.model.identity import Caller, CallerKind
from pdp.model.ids import AccountId
from pdp.server import credentials
from pdp.server.credentials import (
    Credentials,
    CredentialsError,
    NoCredentials,
    check_exposure,
    new_token,
    open_credentials,
    parse_entries,
    read_entries,
)
from pdp.server.listening import ListenError
from pdp.server.reloading import Reloaded

HERE = AccountId("1234")
CALLERS = [
    Caller(CallerKind.ACCOUNT, HERE),
    Caller(CallerKind.USER, HERE, "alice"),
    Caller(CallerKind.ROLE, HERE, "robot"),
    Caller(CallerKind.OPERATOR, name="ops"),
    Caller(CallerKind.AGENT, name="agent-1"),
    Caller(CallerKind.AGENT, name="agent-2", hosts=("host-1", "host-2")),
]
ALICE = CALLERS[1]
HASH = sha256(b"pdp_x").hexdigest()


def document(*entries: Any, **more: Any) -> str:
    return json.dumps({"version": 1, "tokens": list(entries), **more})


def entry(**changes: Any) -> dict[str, Any]:
    """Alice's, with changes; None takes a member away."""
    members = {"sha256": HASH, "kind": "user", "account": "1234", "name": "alice", **changes}
    return {name: value for name, value in members.items() if value is not None}


def bearer(token: str) -> list[tuple[str, str | bytes]]:
    return [("user-agent", "x"), ("authorization", f"Bearer {token}")]


def write(path: Path, *entries: Any) -> None:
    path.write_text(document(*entries), encoding="utf-8")


def refusal(ask: Callable[[], object]) -> str:
    with pytest.raises(PdpError) as caught:
        ask()
    assert caught.value.reason is Code.UNAUTHENTICATED
    return caught.value.message


def test_a_token_tells_who_calls(tmp_path: Path) -> None:
    made = [new_token(caller) for caller in CALLERS]
    write(tmp_path / "tokens.json", *(new.entry for new in made))
    known = open_credentials(tmp_path / "tokens.json")
    assert [known.caller(bearer(new.token)) for new in made] == CALLERS


def test_tokens_are_long_different_and_not_in_the_file() -> None:
    first, second = new_token(ALICE), new_token(ALICE)
    assert first.token != second.token
    assert len(first.token) == len("pdp_") + 43
    assert first.token not in json.dumps(first.entry)
    assert first.entry == {
        "sha256": sha256(first.token.encode()).hexdigest(),
        "kind": "user",
        "account": "1234",
        "name": "alice",
    }


def test_every_entry_is_compared_also_after_one_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [new_token(caller) for caller in CALLERS]
    write(tmp_path / "tokens.json", *(new.entry for new in made))
    known = open_credentials(tmp_path / "tokens.json")
    compared: list[bytes] = []

    def counted(first: bytes, second: bytes) -> bool:
        compared.append(first)
        return first == second

    monkeypatch.setattr(credentials, "compare_digest", counted)
    known.caller(bearer(made[0].token))
    assert len(compared) == len(made)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ([], "wants to know who asks; send the metadata `authorization: Bearer TOKEN`"),
        (bearer("pdp_y"), "is not known here"),
        ([("authorization", "pdp_x")], "is not one bearer token"),
        ([("authorization", "Basic pdp_x")], "is not one bearer token"),
        ([("authorization", "Bearer ")], "is not one bearer token"),
        ([("authorization", "Bearer pdp_x pdp_x")], "is not one bearer token"),
        ([("authorization", "Bearer pdp_ẋ")], "is not one bearer token"),
        ([("authorization", "Bearer " + "x" * 600)], "is not one bearer token"),
        ([("authorization", b"Bearer pdp_x")], "is not one bearer token"),
        ([*bearer("pdp_x"), *bearer("pdp_x")], "is not one bearer token"),
    ],
)
def test_whoever_shows_no_known_token_is_told_what_to_do(
    tmp_path: Path, metadata: list[tuple[str, str | bytes]], message: str
) -> None:
    write(tmp_path / "tokens.json", entry())
    known = open_credentials(tmp_path / "tokens.json")
    assert known.caller(bearer("pdp_x")) == ALICE
    told = refusal(lambda: known.caller(metadata))
    assert message in told
    assert "pdp_" not in told


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_schemes_name_has_no_case(tmp_path: Path, scheme: str) -> None:
    write(tmp_path / "tokens.json", entry())
    assert open_credentials(tmp_path / "tokens.json").caller([("authorization", f"{scheme} pdp_x")]) == ALICE


def test_a_withdrawn_token_is_refused_once_the_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    write(path, entry())
    known = Credentials(Reloaded("credentials", [path], lambda: read_entries(path), interval_s=0))
    assert known.caller(bearer("pdp_x")) == ALICE
    write(path)
    assert "not known" in refusal(lambda: known.caller(bearer("pdp_x")))


def test_a_broken_file_leaves_everybody_who_they_were(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    write(path, entry())
    known = Credentials(Reloaded("credentials", [path], lambda: read_entries(path), interval_s=0))
    path.write_text("{", encoding="utf-8")
    with capture_logs() as logs:
        assert known.caller(bearer("pdp_x")) == ALICE
        assert known.caller(bearer("pdp_x")) == ALICE
    assert [line["log_level"] for line in logs] == ["error"]
    assert "not JSON" in logs[0]["why"]


def test_without_credentials_whoever_asks_is_the_operator() -> None:
    assert NoCredentials().caller([]) == Caller.local()
    assert Caller.local().kind is CallerKind.OPERATOR


def test_without_credentials_a_token_is_refused_and_not_ignored() -> None:
    """Its owner would else be more than they are."""
    assert "no credentials to hold the token against" in refusal(lambda: NoCredentials().caller(bearer("pdp_x")))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sha256": None}, r"tokens\[0\]: sha256 is missing"),
        ({"sha256": HASH.upper()}, r"tokens\[0\]\.sha256: must be the SHA-256"),
        ({"sha256": HASH[1:]}, r"tokens\[0\]\.sha256"),
        ({"sha256": 7}, r"tokens\[0\]\.sha256"),
        ({"kind": "root"}, r"tokens\[0\]\.kind: 'root' is not one of account, user, role, operator, agent"),
        ({"kind": "nobody"}, r"tokens\[0\]\.kind: 'nobody'"),
        ({"kind": []}, r"tokens\[0\]\.kind"),
        ({"account": None}, r"tokens\[0\]\.account: is missing; a token of kind user needs it"),
        ({"account": 1234}, r"tokens\[0\]: 1234 is not a text"),
        ({"account": ""}, r"tokens\[0\]: '' is not an account"),
        ({"account": "1/2"}, r"tokens\[0\]: '1/2' is not an account"),
        ({"name": None}, r"tokens\[0\]\.name: is missing"),
        ({"name": "a/b"}, r"tokens\[0\]: 'a/b' is not a name"),
        ({"name": "alice\n"}, r"tokens\[0\]: 'alice\\n' is not a name"),
        ({"kind": "account"}, r"tokens\[0\]\.name: a token of kind account has none"),
        ({"kind": "operator"}, r"tokens\[0\]\.account: a token of kind operator has none"),
        ({"hosts": ["h"]}, r"tokens\[0\]\.hosts: a token of kind user has none"),
        ({"kind": "agent", "account": None, "hosts": []}, r"tokens\[0\]\.hosts: must be a list of at least one"),
        ({"kind": "agent", "account": None, "hosts": "h"}, r"tokens\[0\]\.hosts"),
        ({"kind": "agent", "account": None, "hosts": [""]}, r"tokens\[0\]\.hosts"),
        ({"token": "pdp_x"}, r"tokens\[0\]: 'token' is not known; known are account, hosts"),
    ],
)
def test_an_entry_is_read_strictly(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_entries(document(entry(**changes)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[]", "the file: must be an object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"tokens": []}', "the file: version is missing"),
        ('{"version": 2, "tokens": []}', "version: 2 is not 1"),
        ('{"version": true, "tokens": []}', "version: true is not 1"),
        ('{"version": 1, "tokens": {}}', "tokens: must be a list"),
        ('{"version": 1, "tokens": ["x"]}', r"tokens\[0\]: must be an object"),
        ('{"version": 1, "version": 1, "tokens": []}', "the key 'version' stands twice"),
        (document(more=1), "'more' is not known"),
        (document(entry(), entry(name="bob")), "one token is there twice"),
    ],
)
def test_the_file_is_read_strictly(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_entries(text)


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    with pytest.raises(CredentialsError, match=r"credentials: .*tokens\.json"):
        open_credentials(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(CredentialsError, match=r"tokens\.json: not JSON"):
        open_credentials(path)


def test_a_file_that_everybody_may_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    write(path, entry())
    os.chmod(path, 0o666)  # noqa: S103, PTH101 - that is refused
    with pytest.raises(CredentialsError, match="everybody may write to it"):
        open_credentials(path)


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "[::1]:0", "localhost:1", "unix:/run/pdp.sock"])
@pytest.mark.parametrize("has_credentials", [True, False])
@pytest.mark.parametrize("has_tls", [True, False])
def test_what_only_this_machine_reaches_may_always_be_listened_on(
    listen: str, has_credentials: bool, has_tls: bool
) -> None:
    check_exposure(listen, has_credentials=has_credentials, has_tls=has_tls)


@pytest.mark.parametrize("listen", ["0.0.0.0:1", "[::]:1", "10.0.0.5:1", "pdp.example:1"])
def test_other_addresses_need_credentials_and_tls(listen: str) -> None:
    check_exposure(listen, has_credentials=True, has_tls=True)
    for has_tls in (True, False):
        with pytest.raises(ListenError, match="without credentials"):
            check_exposure(listen, has_credentials=False, has_tls=has_tls)
    with pytest.raises(ListenError, match="without TLS"):
        check_exposure(listen, has_credentials=True, has_tls=False)


async def test_a_token_travels_in_the_metadata_of_a_call(tmp_path: Path) -> None:
    made = new_token(ALICE)
    write(tmp_path / "tokens.json", made.entry)
    known = open_credentials(tmp_path / "tokens.json")

    async def who(_: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        return str(known.caller(context.invocation_metadata() or ())).encode()

    server = grpc.aio.server()
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(who)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("who", {"am": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            call: Callable[..., Awaitable[bytes]] = channel.unary_unary("/who/am")
            answer = await call(b"", metadata=(("authorization", f"Bearer {made.token}"),))
    finally:
        await server.stop(None)
    assert answer == b"acs:ram::1234:user/alice"

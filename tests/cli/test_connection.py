"""Which server is asked and as whom: above all, a token does not leave this machine in the clear."""

from pathlib import Path

import pytest

from pdp.cli.connection import Connection, connection
from pdp.cli.exits import ExitCode, Fault
from tests.cli.running import SCRAPER, Pdp, fault_of

TOKEN = "pdp_x"  # noqa: S105 - nobody's


def test_without_anything_the_usual_server_is_asked_by_nobody() -> None:
    assert connection() == Connection("127.0.0.1:50051", "", "")


@pytest.mark.parametrize("server", ["127.0.0.1:1", "[::1]:1", "localhost:1", "unix:/run/pdp.socket", "127.8.9.1:1"])
def test_a_token_may_go_to_this_machine_in_the_clear(server: str) -> None:
    assert connection(server, TOKEN).token == TOKEN


@pytest.mark.parametrize(
    "server",
    [
        "192.0.2.1:1",
        "[2001:db8::1]:1",
        "pdp.example:1",
        "dns:///localhost:1",
        "ipv4:127.0.0.1:1",
        "localhost.example:1",
    ],
)
def test_a_token_does_not_go_elsewhere_in_the_clear(server: str) -> None:
    with pytest.raises(Fault, match=r"is not sent to .* without TLS") as caught:
        connection(server, TOKEN)
    assert caught.value.exit_code is ExitCode.USAGE
    assert "--ca FILE" in str(caught.value)
    assert connection(server, TOKEN, "system").token == TOKEN
    assert connection(server).server == server


@pytest.mark.parametrize("token", ["pdp_x\n", "pdp x", "pdp_é", "pdp_\x00"])
def test_a_token_that_no_header_could_carry_is_refused(token: str) -> None:
    with pytest.raises(Fault, match="characters that no token has"):
        connection(None, token)


def test_roots_are_the_system_s_or_a_file_s(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(b"pem")
    assert Connection("a:1", "", "system").roots() is None
    assert Connection("a:1", "", str(tmp_path / "ca.pem")).roots() == b"pem"
    with pytest.raises(Fault, match=r"cannot read the CA none\.pem"):
        Connection("a:1", "", "none.pem").roots()


@pytest.mark.parametrize(
    "words", [("check", *SCRAPER), ("explain", *SCRAPER), ("path", "eni-a:1", "eni-b:2", "tcp"), ("whoami",)]
)
def test_every_verb_that_asks_a_server_keeps_the_token(words: tuple[str, ...], pdp: Pdp) -> None:
    result = pdp(*words, "--server", "192.0.2.1:1", env={"PDP_TOKEN": "pdp_secret"})
    assert result.exit_code == ExitCode.USAGE
    assert "pdp_secret" not in fault_of(result)

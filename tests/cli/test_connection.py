"""Which server is asked and as whom: above all, a token does not leave this machine in the clear."""

from pathlib import Path

import pytest
import trustme

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
    pem = "Zürich\n".encode() + trustme.CA().cert_pem.bytes()
    (tmp_path / "ca.pem").write_bytes(pem)
    assert Connection("a:1", "", "system").roots() is None
    assert Connection("a:1", "", str(tmp_path / "ca.pem")).roots() == pem
    with pytest.raises(Fault, match=r"cannot read the CA none\.pem"):
        Connection("a:1", "", "none.pem").roots()


@pytest.mark.parametrize(
    "content", [b"", b"pem", b"\xff", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_ca_without_a_certificate_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(content)
    with pytest.raises(Fault, match=r"ca\.pem holds no certificate") as caught:
        Connection("a:1", "", str(tmp_path / "ca.pem")).roots()
    assert caught.value.exit_code is ExitCode.USAGE


NO_SERVERS = (
    "127.0.0.1",
    "127.0.0.1:99999",
    "127.0.0.1:0",
    "127.0.0.1:abc",
    "http://127.0.0.1:50051",
    "dns:///localhost:1",
    "ipv4:127.0.0.1:1",
    "::1:50051",
    "[127.0.0.1]:50051",
    "a b:1",
    "unix:",
    "pdp.example\udcff:1",
    "unix:/run/\udcff",
)


@pytest.mark.parametrize("server", NO_SERVERS)
def test_what_names_no_server_is_refused(server: str) -> None:
    with pytest.raises(Fault, match="is no server; give HOST:PORT, such as") as caught:
        connection(server)
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize("words", [("check", *SCRAPER), ("whoami",)])
def test_a_server_of_the_environment_is_looked_at_too(words: tuple[str, ...], pdp: Pdp) -> None:
    result = pdp(*words, env={"PDP_SERVER": "127.0.0.1:99999"})
    assert result.exit_code == ExitCode.USAGE
    assert "'127.0.0.1:99999' is no server" in fault_of(result)


@pytest.mark.parametrize("server", ["pdp.example:1", "[2001:db8::1]:1", "unix:/run/pdp:0", "unix-abstract:pdp"])
def test_names_addresses_and_sockets_are_servers(server: str) -> None:
    assert connection(server).server == server


@pytest.mark.parametrize("name", ["server", "token", "ca"])
def test_a_blank_flag_is_refused(name: str, pdp: Pdp) -> None:
    result = pdp("whoami", f"--{name}", "")
    assert result.exit_code == ExitCode.USAGE
    assert fault_of(result).startswith(f"--{name} is blank")


@pytest.mark.parametrize(
    "words", [("check", *SCRAPER), ("explain", *SCRAPER), ("path", "eni-a:1", "eni-b:2", "tcp"), ("whoami",)]
)
def test_every_verb_that_asks_a_server_keeps_the_token(words: tuple[str, ...], pdp: Pdp) -> None:
    result = pdp(*words, "--server", "192.0.2.1:1", env={"PDP_TOKEN": "pdp_secret"})
    assert result.exit_code == ExitCode.USAGE
    assert "pdp_secret" not in fault_of(result)

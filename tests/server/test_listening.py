import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from pdp.server.listening import HostPort, ListenError, check_free, is_local, parse_host_port


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:50051", "127.0.0.1", 50051),
        ("localhost:0", "localhost", 0),
        ("[::1]:65535", "::1", 65535),
        ("pdp.example:1", "pdp.example", 1),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, host: str, port: int) -> None:
    assert parse_host_port(text) == HostPort(host, port)
    assert str(parse_host_port(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "50051",
        ":50051",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "::1:50051",
        "h:٢٢",
        "h:1 ",
        "[h]:1",
        "h/a:1",
        "h h:1",
    ],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ListenError, match=r"such as 127\.0\.0\.1:50051"):
        parse_host_port(text)


@pytest.mark.parametrize("text", ["127.0.0.1:1", "127.8.8.8:1", "[::1]:1", "localhost:1", "unix:/run/pdp.sock"])
def test_loopback_and_sockets_of_this_machine_are_local(text: str) -> None:
    assert is_local(text)


@pytest.mark.parametrize("text", ["unix:", "unix-abstract:"])
def test_a_socket_has_a_name(text: str) -> None:
    with pytest.raises(ListenError, match="names no socket"):
        is_local(text)


@pytest.mark.parametrize("text", ["0.0.0.0:1", "[::]:1", "10.0.0.5:1", "pdp.example:1"])
def test_everything_else_is_not(text: str) -> None:
    assert not is_local(text)


def test_a_socket_with_a_full_queue_is_taken(tmp_path: Path) -> None:
    """Whoever listens there may only be slow; and asking must not wait."""
    path = str(tmp_path / "busy.sock")
    with ExitStack() as held:
        server = held.enter_context(socket.socket(socket.AF_UNIX))
        server.bind(path)
        server.listen(0)
        waiting = held.enter_context(socket.socket(socket.AF_UNIX))
        waiting.connect(path)
        with pytest.raises(ListenError, match="it is in use"):
            check_free(f"unix:{path}")


@pytest.mark.parametrize("text", ["127.0.0.1:0", "[::1]:0", "no-such-host.invalid:50051", "192.0.2.1:50051"])
def test_what_nobody_has_is_free(text: str) -> None:
    """Whether it can be listened on is found out by listening."""
    check_free(text)

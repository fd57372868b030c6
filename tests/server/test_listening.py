import pytest

from pdp.server.listening import HostPort, ListenError, is_local, parse_host_port


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
    ["", "50051", ":50051", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:50051", "h:٢٢", "h:1 "],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ListenError, match=r"such as 127\.0\.0\.1:50051"):
        parse_host_port(text)


@pytest.mark.parametrize("text", ["127.0.0.1:1", "127.8.8.8:1", "[::1]:1", "localhost:1", "unix:/run/pdp.sock"])
def test_loopback_and_sockets_of_this_machine_are_local(text: str) -> None:
    assert is_local(text)


@pytest.mark.parametrize("text", ["0.0.0.0:1", "[::]:1", "10.0.0.5:1", "pdp.example:1"])
def test_everything_else_is_not(text: str) -> None:
    assert not is_local(text)

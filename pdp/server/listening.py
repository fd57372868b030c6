"""Addresses that a server listens on, and that it is asked at."""

import errno
import ipaddress
import socket
from contextlib import suppress
from typing import Any, NamedTuple

LOCAL_PREFIXES = ("unix:", "unix-abstract:")


class ListenError(Exception):
    """An address that cannot be listened on. The message says which, and what to do."""


class HostPort(NamedTuple):
    """A host without brackets, and a port from 0 to 65535, where 0 is any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_host_port(text: str) -> HostPort:
    """`127.0.0.1:50051`, `[::1]:0`, `localhost:50051`. Raises ListenError."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]") and ":" in host
    plain = port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535
    if not colon or not host or not plain or (not bracketed and any(sign in host for sign in ":[]/ ")):
        raise ListenError(
            f"{text!r} is no address to listen on; give HOST:PORT, such as 127.0.0.1:50051 or [::1]:50051"
        )
    return HostPort(host[1:-1] if bracketed else host, int(port))


def check_free(text: str) -> None:
    """Raises ListenError where somebody listens already.

    grpc would take over the name of a unix socket from a server that lives, and of a host's several addresses it takes
    those that it gets: then one name would lead to two policies.
    """
    if text.startswith(LOCAL_PREFIXES):
        scheme, _, name = text.partition(":")
        taken = _answers("\0" + name if scheme == "unix-abstract" else name)
    else:
        host, port = parse_host_port(text)
        taken = bool(port) and any(_is_bound(*address) for address in _addresses(host, port))
    if taken:
        raise ListenError(f"cannot listen on {text}: it is in use; stop what listens there or choose another")


def _answers(path: str) -> bool:
    """Whether somebody listens at a unix socket, and did not only leave it behind."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except BlockingIOError:
            return True  # so many wait to be heard that there is no room for one more
        except OSError:
            return False
        return True


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[Any, ...]]]:
    """The addresses of a host, none where it cannot be resolved: listening fails by itself then."""
    with suppress(OSError):
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return [(family, address) for family, _, _, _, address in found]
    return []


def _is_bound(family: socket.AddressFamily, address: tuple[Any, ...]) -> bool:
    """Whether a port is taken; an address that this machine has not is not."""
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False


def is_local(text: str) -> bool:
    """Whether only this machine can reach a server that listens there. Raises ListenError."""
    if text.startswith(LOCAL_PREFIXES):
        if text in LOCAL_PREFIXES:
            raise ListenError(f"{text!r} names no socket; give unix:PATH")
        return True
    host = parse_host_port(text).host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

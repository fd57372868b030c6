"""Addresses that a server listens on."""

import ipaddress
from typing import NamedTuple

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
    bracketed = host.startswith("[") and host.endswith("]")
    plain = port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535
    if not colon or not host or not plain or (":" in host and not bracketed):
        raise ListenError(
            f"{text!r} is no address to listen on; give HOST:PORT, such as 127.0.0.1:50051 or [::1]:50051"
        )
    return HostPort(host[1:-1] if bracketed else host, int(port))


def is_local(text: str) -> bool:
    """Whether only this machine can reach a server that listens there. Raises ListenError."""
    if text.startswith(LOCAL_PREFIXES):
        return True
    host = parse_host_port(text).host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""TLS: a certificate and its key from files, read again when they change, so that renewing one needs no restart.

grpc asks before each new connection's handshake. A pair that does not fit together, as while the two files are being
replaced, is never used: the last good pair stays.
"""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import grpc

from pdp.server.reloading import Reloaded


class TlsError(Exception):
    """A certificate or key that cannot be used. The message names the files and the fault."""


class Pair(NamedTuple):
    """A certificate's chain and its private key, both PEM."""

    certificate: bytes
    key: bytes


class Certificate:
    """The pair in force, as grpc takes it."""

    def __init__(self, pair: Reloaded[grpc.ServerCertificateConfiguration]) -> None:
        self._pair = pair
        self._given = pair.value

    def server_credentials(self) -> grpc.ServerCredentials:
        """What a grpc server listens with."""
        fetch: Callable[[], Any] = self._fetch  # None means no change, which the stubs do not know
        return grpc.dynamic_ssl_server_credentials(self._given, fetch)

    def _fetch(self) -> grpc.ServerCertificateConfiguration | None:
        """What changed since grpc last asked, or None. It asks on threads of its own."""
        present = self._pair.value
        if present is self._given:
            return None
        self._given = present
        return present


def open_certificate(certificate: Path, key: Path) -> Certificate:
    """The pair in two PEM files. Raises TlsError."""

    def read() -> grpc.ServerCertificateConfiguration:
        pair = read_pair(certificate, key)
        return grpc.ssl_server_certificate_configuration([(pair.key, pair.certificate)])

    try:
        return Certificate(Reloaded("TLS", [certificate, key], read, interval_s=0))
    except (OSError, ValueError) as error:
        raise TlsError(f"TLS: {error}") from None


def read_pair(certificate: Path, key: Path) -> Pair:
    """A pair that fits together. Raises OSError or ValueError."""
    pair = Pair(certificate.read_bytes(), key.read_bytes())
    try:
        # Without the password, OpenSSL would ask for it on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        raise ValueError(
            f"{certificate} and {key} are not a certificate and its key, both PEM and the key without a password: "
            f"{error.reason or error}"
        ) from None
    if pair != Pair(certificate.read_bytes(), key.read_bytes()):
        raise ValueError(f"{certificate} and {key} changed while they were read")
    return pair

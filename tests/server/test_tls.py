"""TLS with real certificates and real handshakes."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from structlog.testing import capture_logs

from pdp.server.tls import Certificate, TlsError, open_certificate

HOST = "127.0.0.1"


class Files:
    """A certificate and its key in two files."""

    def __init__(self, folder: Path) -> None:
        self.certificate, self.key = folder / "tls.crt", folder / "tls.key"

    def hold(self, issued: trustme.LeafCert) -> None:
        self.hold_certificate(issued)
        issued.private_key_pem.write_to_path(self.key)

    def hold_certificate(self, issued: trustme.LeafCert) -> None:
        self.certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))

    def open(self) -> Certificate:
        return open_certificate(self.certificate, self.key)


@pytest.fixture
def old() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def new() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(tmp_path: Path, old: trustme.CA) -> Files:
    files = Files(tmp_path)
    files.hold(old.issue_cert(HOST))
    return files


@pytest.fixture
def certificate(files: Files) -> Certificate:
    return files.open()


@pytest.fixture
async def address(certificate: Certificate) -> AsyncIterator[str]:
    """Of a server that answers everything with an echo."""

    async def echo(request: bytes, _: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        return request

    server = grpc.aio.server()
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(echo)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("echo", {"echo": handler}),))
    port = server.add_secure_port(f"{HOST}:0", certificate.server_credentials())
    await server.start()
    yield f"{HOST}:{port}"
    await server.stop(None)


async def echoes(address: str, trusted: trustme.CA) -> bool:
    """Whether a client that trusts one authority alone gets an answer, over a connection of its own."""
    trust = grpc.ssl_channel_credentials(trusted.cert_pem.bytes())
    # Channels to one address would share a connection that is open already.
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.secure_channel(address, trust, options) as channel:
        call: Callable[..., Any] = channel.unary_unary("/echo/echo")
        try:
            return bool(await call(b"hello", timeout=30) == b"hello")
        except grpc.aio.AioRpcError as error:
            assert error.code() is grpc.StatusCode.UNAVAILABLE
            return False


async def test_a_client_that_trusts_the_authority_is_answered(address: str, old: trustme.CA, new: trustme.CA) -> None:
    assert await echoes(address, old)
    assert not await echoes(address, new)


async def test_a_client_without_tls_is_not(address: str) -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        call: Callable[..., Any] = channel.unary_unary("/echo/echo")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(b"hello", timeout=30)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_renewed_certificate_is_used_from_the_next_connection_on(
    address: str, files: Files, old: trustme.CA, new: trustme.CA
) -> None:
    assert await echoes(address, old)
    files.hold(new.issue_cert(HOST))
    assert await echoes(address, new)
    assert not await echoes(address, old)


async def test_a_pair_that_does_not_fit_together_is_never_used(
    address: str, files: Files, old: trustme.CA, new: trustme.CA
) -> None:
    renewed = new.issue_cert(HOST)
    files.hold_certificate(renewed)
    with capture_logs() as logs:
        assert await echoes(address, old)
        assert await echoes(address, old)
    assert [line["log_level"] for line in logs] == ["error"]
    assert "are not a certificate and its key" in logs[0]["why"]
    files.hold(renewed)
    assert await echoes(address, new)


async def test_files_that_are_gone_leave_the_last_good_pair(address: str, files: Files, old: trustme.CA) -> None:
    files.key.unlink()
    assert await echoes(address, old)


def test_a_pair_that_cannot_be_used_at_the_start_is_refused_by_name(files: Files, new: trustme.CA) -> None:
    files.hold_certificate(new.issue_cert(HOST))
    with pytest.raises(TlsError, match=r"tls\.crt and .*tls\.key are not a certificate and its key"):
        files.open()
    files.key.write_text("no key", encoding="utf-8")
    with pytest.raises(TlsError, match=r"tls\.key"):
        files.open()
    files.key.unlink()
    with pytest.raises(TlsError, match=r"No such file.*tls\.key"):
        files.open()


def test_a_key_with_a_password_is_refused_and_not_asked_for(files: Files, old: trustme.CA) -> None:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    key = serialization.load_pem_private_key(old.issue_cert(HOST).private_key_pem.bytes(), None)
    locked = serialization.BestAvailableEncryption(b"secret")
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    files.key.write_bytes(pem)
    with pytest.raises(TlsError, match="without a password"):
        files.open()

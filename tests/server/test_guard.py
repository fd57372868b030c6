import asyncio
from typing import Any, NoReturn

import grpc
import pytest
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status
from structlog.testing import capture_logs

from pdp.model.codes import Code
from pdp.model.errors import PdpError, Reason
from pdp.server.counts import Counts
from pdp.server.guard import DETAILS_KEY, Guard, Method


class Aborted(Exception):
    """What a context raises when a call is ended."""


class Call:
    """A context that remembers how the call was ended."""

    def __init__(self) -> None:
        self.code: grpc.StatusCode | None = None
        self.status = Status()

    def time_remaining(self) -> float | None:
        return None

    def invocation_metadata(self) -> None:
        return None

    def peer(self) -> str:
        return "ipv4:192.0.2.7:50000"

    async def abort(
        self, code: grpc.StatusCode, details: str, trailing_metadata: tuple[tuple[str, bytes], ...]
    ) -> NoReturn:
        self.code = code
        self.status = Status.FromString(dict(trailing_metadata)[DETAILS_KEY])
        assert details == self.status.message
        raise Aborted


def guarded(method: Method, counts: Counts, most_at_once: int = 10) -> Any:
    return Guard(counts, most_at_once)._guarded("s/M", method)


async def echo(request: Any, _context: object) -> Any:
    return request


async def test_a_call_is_read_answered_and_written() -> None:
    counts = Counts()
    call = guarded(Method(bytes.decode, echo, str.encode), counts)
    assert await call(b"hello", Call()) == b"hello"
    assert sum(counts.method("s/M").buckets) == 1


async def ended(method: Method, counts: Counts) -> Call:
    context = Call()
    with pytest.raises(Aborted):
        await guarded(method, counts)(b"", context)
    assert counts.method("s/M").in_flight == 0
    assert sum(counts.method("s/M").buckets) == 1
    return context


async def test_a_refusal_is_a_status_and_is_counted() -> None:
    async def refuse(_request: object, _context: object) -> NoReturn:
        raise PdpError(Reason.INVALID_PORT, "no such port")

    counts = Counts()
    context = await ended(Method(bytes, refuse, bytes), counts)
    assert (context.code, context.status.message) == (grpc.StatusCode.INVALID_ARGUMENT, "no such port")
    assert counts.errors[Reason.INVALID_PORT.value] == 1


async def test_bytes_that_cannot_be_read_are_an_invalid_request() -> None:
    def unreadable(_data: bytes) -> NoReturn:
        raise DecodeError("odd bytes")

    counts = Counts()
    context = await ended(Method(unreadable, echo, bytes), counts)
    assert context.code is grpc.StatusCode.INVALID_ARGUMENT
    assert counts.errors[Reason.INVALID_REQUEST.value] == 1


async def test_the_bytes_of_who_may_not_enter_are_not_read() -> None:
    def unreadable(_data: bytes) -> NoReturn:
        raise DecodeError("odd bytes")

    def enter(_context: object) -> NoReturn:
        raise PdpError(Code.UNAUTHENTICATED, "who asks?")

    context = await ended(Method(unreadable, echo, bytes, enter), Counts())
    assert context.code is grpc.StatusCode.UNAUTHENTICATED


async def test_an_answer_that_cannot_be_written_is_an_incident_too() -> None:
    def unwritable(_answer: object) -> NoReturn:
        raise ValueError("a secret")

    counts = Counts()
    with capture_logs() as logs:
        context = await ended(Method(bytes, echo, unwritable), counts)
    assert context.code is grpc.StatusCode.INTERNAL
    assert "secret" not in str(context.status)
    assert counts.internal_errors == 1
    assert logs[0]["incident"] in context.status.message


async def test_a_cancelled_call_is_let_through() -> None:
    async def wait(_request: object, _context: object) -> None:
        await asyncio.Event().wait()

    counts = Counts()
    call = asyncio.ensure_future(guarded(Method(bytes, wait, bytes), counts)(b"", Call()))
    await asyncio.sleep(0)
    assert counts.method("s/M").in_flight == 1
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert counts.method("s/M").in_flight == 0
    assert counts.internal_errors == 0


async def test_the_limit_is_for_all_methods_together_and_frees_itself() -> None:
    async def wait(_request: object, _context: object) -> bytes:
        await gate.wait()
        return b""

    gate, counts = asyncio.Event(), Counts()
    guard = Guard(counts, 2)
    one, other = (
        guard._guarded("s/One", Method(bytes, wait, bytes)),
        guard._guarded("s/Other", Method(bytes, echo, bytes)),
    )
    waiting = [asyncio.ensure_future(one(b"", Call())) for _ in range(2)]
    await asyncio.sleep(0)
    context = Call()
    with pytest.raises(Aborted):
        await other(b"", context)
    assert context.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    gate.set()
    await asyncio.gather(*waiting)
    assert await other(b"now", Call()) == b"now"

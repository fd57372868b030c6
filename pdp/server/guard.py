"""What surrounds every method of our services: limits, errors as rich statuses, counts.

It wraps handlers once, when they are registered, instead of intercepting every call anew. So it can also read the
request and write the answer: bytes that are no message are refused like any other fault, and nothing that goes wrong in
either escapes as grpc's own text.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from secrets import token_hex
from time import perf_counter
from typing import Any, NamedTuple, NoReturn, Protocol

import grpc
import structlog
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status

from pdp.model.errors import PdpError, Reason
from pdp.server.counts import Counts
from pdp.server.status import code_of, internal_status, status_of

log = structlog.get_logger()

DETAILS_KEY = "grpc-status-details-bin"
NOT_A_MESSAGE = "the request is not a message of this method"


class Context(Protocol):
    """The part of a servicer context that handlers and this guard use; every server for these servicers has it."""

    def time_remaining(self) -> float | None:
        """Seconds to the deadline, or None."""

    def invocation_metadata(self) -> Iterable[tuple[str, str | bytes]] | None:
        """The call's metadata."""

    def peer(self) -> str:
        """Where the call comes from, such as `ipv4:127.0.0.1:50000`."""

    async def abort(
        self, code: grpc.StatusCode, details: str, trailing_metadata: tuple[tuple[str, bytes], ...]
    ) -> NoReturn:
        """Ends the call with an error."""


class Method(NamedTuple):
    """One unary method: `read` the request from bytes, `answer` it, `write` the answer as bytes.

    `enter`, where there is one, raises PdpError for a caller whose bytes are not even to be read: a message in memory
    is many times as large as it was on its way.
    """

    read: Callable[[bytes], Any]
    answer: Callable[[Any, Context], Awaitable[Any]]
    write: Callable[[Any], bytes]
    enter: Callable[[Context], object] | None = None


class Guard:
    """Guards the methods of one server. Used on one event loop."""

    def __init__(self, counts: Counts, most_at_once: int) -> None:
        self._counts = counts
        self._most_at_once = most_at_once
        self._at_once = 0

    def service(self, name: str, methods: Mapping[str, Method]) -> grpc.GenericRpcHandler:
        """A service, guarded, as any server for grpc.aio's servicers takes it."""
        return grpc.method_handlers_generic_handler(
            name,
            {
                method: grpc.unary_unary_rpc_method_handler(self._guarded(f"{name}/{method}", parts))
                for method, parts in methods.items()
            },
        )

    def _guarded(self, name: str, method: Method) -> Callable[[bytes, Context], Awaitable[bytes]]:
        counts = self._counts.method(name)
        read, answer, write, enter = method

        async def guarded(data: bytes, context: Context) -> bytes:
            started = perf_counter()
            self._at_once += 1
            counts.in_flight += 1
            try:
                self._admit()
                if enter is not None:
                    enter(context)
                return write(await answer(read(data), context))
            except PdpError as error:
                status = self._refused(error)
            except DecodeError:
                status = self._refused(PdpError(Reason.INVALID_REQUEST, NOT_A_MESSAGE))
            except Exception as error:  # noqa: BLE001 - whatever it is, the caller is told nothing of it
                status = self._incident(name, error)
            finally:
                self._at_once -= 1
                counts.in_flight -= 1
                counts.took(perf_counter() - started)
            return await abort(context, status)

        return guarded

    def _admit(self) -> None:
        """Raises PdpError with TOO_MANY_REQUESTS when the request just counted is one too many."""
        if self._at_once > self._most_at_once:
            raise PdpError(
                Reason.TOO_MANY_REQUESTS,
                f"the server answers {self._most_at_once} requests at once and has as many; ask again a little later",
            )

    def _refused(self, error: PdpError) -> Status:
        self._counts.error(error)
        return status_of(error)

    def _incident(self, name: str, error: Exception) -> Status:
        """Logs the error, and makes the status that leads there."""
        incident = token_hex(8)
        self._counts.internal_errors += 1
        log.error("unexpected error", incident=incident, method=name, exc_info=error)
        return internal_status(incident)


async def abort(context: Context, status: Status) -> NoReturn:
    """Ends a call with a status and its details."""
    await context.abort(code_of(status), status.message, ((DETAILS_KEY, status.SerializeToString()),))

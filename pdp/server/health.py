"""grpc.health.v1: every service, and the server as a whole under the blank name, serves or does not.

Services that write depend on the store besides: without it they do not serve, while the server as a whole goes on.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server

SERVICE_NAME: str = health.SERVICE_NAME
THE_SERVER = ""


LAST_NEWS_S = 0.1
"""How long those who watch have to be told of the end, before their streams end too."""


class _Servicer(health.aio.HealthServicer):
    """The stock servicer, whose watches end with the server instead of holding it until its grace is over."""

    def __init__(self) -> None:
        super().__init__()
        self._watching = 0
        self._ended = asyncio.Event()

    async def Watch(self, request: health_pb2.HealthCheckRequest, context: Any) -> None:  # noqa: N802, ANN401 - as there
        """Every change, until the client or the server ends."""
        watch = asyncio.ensure_future(super().Watch(request, context))
        ended = asyncio.ensure_future(self._ended.wait())
        self._watching += 1
        try:
            done, _ = await asyncio.wait((watch, ended), return_when=asyncio.FIRST_COMPLETED)
            if watch in done:
                watch.result()  # it ends by itself only when it fails
        finally:
            self._watching -= 1
            watch.cancel()
            ended.cancel()

    async def end(self) -> None:
        """Tells whoever watches, and ends the watches."""
        await self.enter_graceful_shutdown()
        if self._watching:
            await asyncio.sleep(LAST_NEWS_S)
        self._ended.set()


class Health:
    """Not serving from the start, serving once told so, and not serving again for good when the server ends.

    `writing` are the names of the services that need the store.
    """

    def __init__(self, service_names: Iterable[str], server: grpc.aio.Server, writing: Iterable[str] = ()) -> None:
        self._names = [THE_SERVER, *service_names]
        self._writing = tuple(writing)
        self._servicer = _Servicer()
        add_HealthServicer_to_server(self._servicer, server)

    async def not_serving_yet(self) -> None:
        """Until a policy is loaded."""
        await self._set(self._names, health_pb2.HealthCheckResponse.NOT_SERVING)

    async def serving(self) -> None:
        """From now on."""
        await self._set(self._names, health_pb2.HealthCheckResponse.SERVING)

    async def store_is_available(self, available: bool) -> None:
        """Whether services that write can, from now on."""
        response = health_pb2.HealthCheckResponse
        await self._set(self._writing, response.SERVING if available else response.NOT_SERVING)

    async def ending(self) -> None:
        """Not serving, whatever is said later."""
        await self._servicer.end()

    async def _set(self, names: Iterable[str], status: int) -> None:
        for name in names:
            await self._servicer.set(name, status)

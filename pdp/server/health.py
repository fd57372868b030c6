"""grpc.health.v1: every service, and the server as a whole under the blank name, serves or does not.

Services that write depend on the store besides: without it they do not serve, while the server as a whole goes on.
"""

from collections.abc import Iterable

import grpc
from grpc_health.v1 import health, health_pb2
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server

SERVICE_NAME: str = health.SERVICE_NAME
THE_SERVER = ""


class Health:
    """Not serving from the start, serving once told so, and not serving again for good when the server ends.

    `writing` are the names of the services that need the store.
    """

    def __init__(self, service_names: Iterable[str], server: grpc.aio.Server, writing: Iterable[str] = ()) -> None:
        self._names = [THE_SERVER, *service_names]
        self._writing = tuple(writing)
        self._servicer = health.aio.HealthServicer()
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
        await self._servicer.enter_graceful_shutdown()

    async def _set(self, names: Iterable[str], status: int) -> None:
        for name in names:
            await self._servicer.set(name, status)

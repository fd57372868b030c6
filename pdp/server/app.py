"""A server from start to end: listens, loads its policy, answers, and goes in an orderly way.

It listens before it loads, so that a port in use is known at once and health says NOT_SERVING meanwhile. It holds
everything it starts, since grpc.aio forgets a server that nobody holds.
"""

import asyncio
import gc
import signal
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

import grpc
import structlog
import uvloop

from pdp.index.cache import IndexCache
from pdp.index.checker import Checker
from pdp.policy.snapshot import Snapshot
from pdp.server import decision_service, health, reflection
from pdp.server.config import ServerConfig
from pdp.server.counts import Counts
from pdp.server.decision_service import DecisionService
from pdp.server.guard import Guard
from pdp.server.listening import LOCAL_PREFIXES, HostPort, ListenError, is_local, parse_host_port
from pdp.server.metrics import MetricsServer, ServerCollector
from pdp.server.source import PolicySource
from pdp.server.turns import Turns

log = structlog.get_logger()

SERVICES = (decision_service.SERVICE_NAME,)
"""Our own."""
SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""That end a server. One that comes a second time, while calls are still ending, ends the process."""

GARBAGE_THRESHOLD = 50_000
"""New objects after which a loaded server looks for cycles among them."""


class PolicyServer:
    """One server. `start`, then `publish` a policy, then `stop`; all on one event loop."""

    def __init__(self, config: ServerConfig) -> None:
        self.config = config
        self.counts = Counts()
        self.source = PolicySource()
        self.cache = IndexCache(config.index_cache_bytes)
        self.address = ""
        self.metrics: MetricsServer | None = None
        self._grpc = grpc.aio.server(options=config.grpc_options())
        self._guard = Guard(self.counts, config.most_requests_at_once)
        self._service = DecisionService(
            self.source,
            self.counts,
            Turns(),
            most_batch_rows=config.most_batch_rows,
            most_column_rows=config.most_column_rows,
        )
        self._grpc.add_generic_rpc_handlers(
            [self._guard.service(decision_service.SERVICE_NAME, self._service.methods())]
        )
        self._health = health.Health(SERVICES, self._grpc)
        reflection.add_reflection([*SERVICES, health.SERVICE_NAME], self._grpc)

    async def start(self) -> None:
        """Listens; `address` then is where, with the real port. Raises ListenError."""
        await self._health.not_serving_yet()
        self.address = self._bind(self.config.listen)
        await self._grpc.start()
        if self.config.metrics_listen is not None:
            self.metrics = self._start_metrics(self.config.metrics_listen)
            log.info("metrics", address=self.metrics.address)
        log.info("listening", address=self.address)
        if not is_local(self.config.listen):
            log.warning(
                "ANYBODY WHO REACHES THIS ADDRESS CAN READ THE POLICY: there is no TLS and there are no credentials; "
                "listen on 127.0.0.1, or behind something that checks who asks",
                address=self.address,
            )

    async def publish(self, checker: Checker) -> None:
        """Serves this policy from now on."""
        self.source.publish(checker)
        await self._health.serving()
        snapshot = checker.snapshot
        log.info(
            "serving",
            revision=snapshot.revision,
            store_id=snapshot.store,
            groups=len(snapshot.groups),
            enis=len(snapshot.enis),
        )

    async def stop(self) -> None:
        """Health says NOT_SERVING, calls being answered get `grace_s` to end, and all ports are given back."""
        await self._health.ending()
        await self._grpc.stop(self.config.grace_s)
        if self.metrics is not None:
            self.metrics.stop()

    def _bind(self, listen: str) -> str:
        """Binds the address and returns it with its real port. Raises ListenError."""
        try:
            if listen.startswith(LOCAL_PREFIXES):
                self._grpc.add_insecure_port(listen)
                return listen
            host_port = parse_host_port(listen)
            return str(HostPort(host_port.host, self._grpc.add_insecure_port(str(host_port))))
        except RuntimeError:
            raise ListenError(
                f"cannot listen on {listen}: it is in use, or not an address of this machine; stop what listens there "
                "or choose another"
            ) from None

    def _start_metrics(self, listen: str) -> MetricsServer:
        checker = self.source
        collector = ServerCollector(
            self.counts, self.cache, lambda: checker.checker.snapshot.revision if checker.checker else 0
        )
        try:
            return MetricsServer(collector, parse_host_port(listen))
        except OSError as error:
            raise ListenError(f"cannot listen on {listen} for metrics: {error.strerror}") from None


async def serve(config: ServerConfig, load: Callable[[], Snapshot]) -> None:
    """Serves what `load` gives, until SIGTERM or SIGINT.

    `load` runs on a thread of its own. What it raises ends the server and is raised from here; ListenError is raised
    when an address cannot be listened on.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stopping.set)
    told_to_stop = asyncio.ensure_future(stopping.wait())
    server = PolicyServer(config)
    try:
        await server.start()
        loading = _on_a_thread(lambda: _prepared(load(), server.cache))
        await asyncio.wait((loading, told_to_stop), return_when=asyncio.FIRST_COMPLETED)
        if loading.done():
            checker = loading.result()
            # What was loaded stays: no collection need ever walk it again.
            gc.collect()
            gc.freeze()
            # Requests make hardly any cycles: looking for them after every 700 new objects is time lost on each call.
            gc.set_threshold(GARBAGE_THRESHOLD, 20, 20)
            await server.publish(checker)
        await told_to_stop
        log.info("stopping", grace_s=config.grace_s)
    finally:
        told_to_stop.cancel()
        for number in SIGNALS:
            loop.remove_signal_handler(number)
        await server.stop()


def run(config: ServerConfig, load: Callable[[], Snapshot]) -> None:
    """`serve` in a process of its own, on uvloop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(config, load))


def _prepared(snapshot: Snapshot, cache: IndexCache) -> Checker:
    """A checker that keeps no check waiting."""
    checker = Checker(snapshot, cache)
    checker.prepare()
    return checker


def _on_a_thread(work: Callable[[], Checker]) -> asyncio.Future[Checker]:
    """The outcome of some work. Ending the process does not wait for it, as it would for an executor's."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Checker] = loop.create_future()

    def settle(checker: Checker | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        elif checker is not None:
            future.set_result(checker)

    def target() -> None:
        checker, failure = None, None
        try:
            checker = work()
        except BaseException as error:  # noqa: BLE001 - it is raised where the outcome is asked for
            failure = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, checker, failure)

    Thread(target=target, name="load", daemon=True).start()
    return future

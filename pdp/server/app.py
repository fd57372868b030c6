"""A server from start to end: listens, loads its policy, answers, and goes in an orderly way.

It listens before it loads, so that a port in use is known at once and health says NOT_SERVING meanwhile. It holds
everything it starts, since grpc.aio forgets a server that nobody holds.
"""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import TypeVar

import grpc
import structlog
import uvloop

from pdp.index.cache import IndexCache
from pdp.index.checker import Checker
from pdp.policy.snapshot import Snapshot
from pdp.server import health, reflection
from pdp.server.config import ServerConfig
from pdp.server.counts import Counts
from pdp.server.credentials import OPEN_NOTICE, check_exposure
from pdp.server.follower import Follower
from pdp.server.guard import Guard
from pdp.server.listening import LOCAL_PREFIXES, HostPort, ListenError, check_free, parse_host_port
from pdp.server.metrics import MetricsServer, ServerCollector
from pdp.server.opening import StoreToServe, begin_with_bundle
from pdp.server.policies import FixedPolicy, StoredPolicy
from pdp.server.services import SERVICES, WRITING_SERVICES, Security, Services
from pdp.server.source import PolicySource
from pdp.server.store_state import StoreState
from pdp.store.opening import open_store

log = structlog.get_logger()

T = TypeVar("T")

SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""That end a server. One that comes a second time, while calls are still ending, ends the process."""

GARBAGE_THRESHOLD = 50_000
"""New objects after which a loaded server looks for cycles among them."""
SWITCH_INTERVAL_S = 0.000_05
"""How long a thread that writes may keep the interpreter while a check wants it: less than a check takes."""


class PolicyServer:
    """One server. `start`, then `publish` a policy or `follow` a store, then `stop`; all on one event loop.

    Building one raises CredentialsError, TlsError and AuditError for files that cannot be used.
    """

    def __init__(self, config: ServerConfig) -> None:
        self.config = config
        self.counts = Counts()
        self.source = PolicySource()
        self.cache = IndexCache(config.index_cache_bytes)
        self.address = ""
        self.metrics: MetricsServer | None = None
        self.store_state: StoreState | None = None
        self._security = Security(config)
        self._services = Services(config, self._security, self.source, self.counts)
        self._grpc = grpc.aio.server(options=config.grpc_options())
        guard = Guard(self.counts, config.most_requests_at_once)
        self._grpc.add_generic_rpc_handlers(
            [guard.service(name, methods) for name, methods in self._services.methods().items()]
        )
        self._health = health.Health(SERVICES, self._grpc, WRITING_SERVICES)
        reflection.add_reflection([*SERVICES, health.SERVICE_NAME], self._grpc)
        self._follower: Follower | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._health_tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listens; `address` then is where, with the real port. Raises ListenError."""
        self._loop = asyncio.get_running_loop()
        check_exposure(self.config.listen, has_credentials=self._security.is_configured, has_tls=self._security.has_tls)
        await self._health.not_serving_yet()
        self.address = self._bind(self.config.listen)
        await self._grpc.start()
        if self.config.metrics_listen is not None:
            self.metrics = self._start_metrics(self.config.metrics_listen)
            log.info("metrics", address=self.metrics.address)
        log.info("listening", address=self.address, tls=self._security.has_tls)
        if not self._security.is_configured:
            log.info(OPEN_NOTICE, address=self.address)

    async def publish(self, checker: Checker) -> None:
        """Serves this policy from now on, which nobody can change through the server."""
        self._services.administration.policies = FixedPolicy(checker.snapshot)
        await self._serve(checker)

    def open_store(self, store: StoreToServe) -> StoredPolicy:
        """Opens a store, on any thread. Raises StoreRefused, StoreUnavailable, and what reading its bundle raises."""
        self.store_state = StoreState(self._store_changed)
        driver = open_store(store.place)
        try:
            policy = StoredPolicy(driver, self.cache, self.store_state, self._publish_soon)
            if store.bundle is not None:
                begin_with_bundle(policy, store.bundle)
        except BaseException:
            driver.close()
            raise
        return policy

    async def follow(self, policy: StoredPolicy) -> None:
        """Serves a store from now on, with every commit that comes."""
        self._follower = Follower(policy, self.config.history)
        self._services.administration.policies = policy
        await self._serve(policy.checker)
        self._follower.start()

    async def stop(self) -> None:
        """Health says NOT_SERVING, calls being answered get `grace_s` to end, and all ports are given back.

        What waits, for a revision or for news of health, is told at once: nothing more comes.
        """
        await self._health.ending()
        self.source.end()
        await self._grpc.stop(self.config.grace_s)
        self._services.stop()
        if self._follower is not None:
            self._follower.stop()
        if self.metrics is not None:
            self.metrics.stop()

    async def _serve(self, checker: Checker) -> None:
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

    def _publish_soon(self, checker: Checker) -> None:
        """From whichever thread brought the commit; in the order of the commits.

        What a store begins with is not served before all else is ready: `follow` publishes it.
        """

        def publish() -> None:
            if self._follower is not None:
                self.source.publish(checker)

        self._on_the_loop(publish)

    def _store_changed(self, available: bool) -> None:
        """From whichever thread found out."""

        def tell() -> None:
            task = asyncio.ensure_future(self._health.store_is_available(available))
            self._health_tasks.add(task)
            task.add_done_callback(self._health_tasks.discard)

        self._on_the_loop(tell)

    def _on_the_loop(self, work: Callable[[], None]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody asks any more
                self._loop.call_soon_threadsafe(work)

    def _bind(self, listen: str) -> str:
        """Binds the address and returns it with its real port. Raises ListenError."""
        check_free(listen)
        try:
            if listen.startswith(LOCAL_PREFIXES):
                self._add_port(listen)
                return listen
            host_port = parse_host_port(listen)
            return str(HostPort(host_port.host, self._add_port(str(host_port))))
        except RuntimeError:
            raise ListenError(
                f"cannot listen on {listen}: it is not an address of this machine, or this process may not use it; "
                "choose another"
            ) from None

    def _add_port(self, address: str) -> int:
        certificate = self._security.certificate
        if certificate is None:
            return self._grpc.add_insecure_port(address)
        return self._grpc.add_secure_port(address, certificate.server_credentials())

    def _start_metrics(self, listen: str) -> MetricsServer:
        source, services = self.source, self._services
        collector = ServerCollector(
            self.counts,
            self.cache,
            lambda: source.checker.snapshot.revision if source.checker else 0,
            lambda: self.store_state,
            lambda: services.audit_lost,
        )
        try:
            return MetricsServer(collector, parse_host_port(listen))
        except OSError as error:
            raise ListenError(f"cannot listen on {listen} for metrics: {error.strerror}") from None


async def serve(config: ServerConfig, policy: Callable[[], Snapshot] | StoreToServe) -> None:
    """Serves a store, or the snapshot that a function gives, until SIGTERM or SIGINT.

    It is loaded on a thread of its own. What that raises ends the server and is raised from here; ListenError is raised
    when an address cannot be listened on, and what `PolicyServer` raises.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stopping.set)
    told_to_stop = asyncio.ensure_future(stopping.wait())
    server = PolicyServer(config)
    try:
        await server.start()
        loading = _on_a_thread(lambda: _loaded(server, policy))
        await asyncio.wait((loading, told_to_stop), return_when=asyncio.FIRST_COMPLETED)
        if loading.done():
            loaded = loading.result()
            _settle()
            await (server.follow(loaded) if isinstance(loaded, StoredPolicy) else server.publish(loaded))
        await told_to_stop
        log.info("stopping", grace_s=config.grace_s)
    finally:
        told_to_stop.cancel()
        for number in SIGNALS:
            loop.remove_signal_handler(number)
        await server.stop()


def run(config: ServerConfig, policy: Callable[[], Snapshot] | StoreToServe) -> None:
    """`serve` in a process of its own, on uvloop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(config, policy))


def _settle() -> None:
    """Once a policy is loaded: what keeps checks waiting for the interpreter least."""
    # What was loaded stays: no collection need ever walk it again.
    gc.collect()
    gc.freeze()
    # Requests make hardly any cycles: looking for them after every 700 new objects is time lost on each call.
    gc.set_threshold(GARBAGE_THRESHOLD, 20, 20)
    sys.setswitchinterval(SWITCH_INTERVAL_S)


def _loaded(server: PolicyServer, policy: Callable[[], Snapshot] | StoreToServe) -> Checker | StoredPolicy:
    """A policy that keeps no check waiting."""
    if isinstance(policy, StoreToServe):
        return server.open_store(policy)
    checker = Checker(policy(), server.cache)
    checker.prepare()
    return checker


def _on_a_thread(work: Callable[[], T]) -> asyncio.Future[T]:
    """The outcome of some work. Ending the process does not wait for it, as it would for an executor's."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(outcome: Callable[[], None]) -> None:
        if not future.cancelled():
            outcome()

    def target() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - it is raised where the outcome is asked for
            outcome = partial(future.set_exception, error)
        else:
            outcome = partial(future.set_result, result)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, outcome)

    Thread(target=target, name="load", daemon=True).start()
    return future

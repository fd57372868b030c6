"""Sends wrong requests to every method of a real server: `python -m tests.fuzz_api --requests 10000`.

So many go to each service, by turns. Each must get a clear status: OK, or an error with an ErrorInfo that is neither
INTERNAL nor UNKNOWN. None may change the policy or its revision, nor may the server go on growing. The last line is a
summary; the exit code is 1 when any of that does not hold. A failure names its service and number:
`--seed S --service SERVICE --only NUMBER` repeats it.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from random import Random, SystemRandom
from typing import NamedTuple

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from pdp.model.instants import Instant
from pdp.policy.changes import Origin
from pdp.policy.snapshot import content_digest, resources_of
from pdp.server.guard import DETAILS_KEY
from pdp.server.status import DOMAIN
from pdp.store.journal import Journal, WriteRequest
from pdp.store.sqlite import SqliteStore
from pdp.v1 import (
    account_service_pb2,
    decision_service_pb2,
    import_service_pb2,
    network_service_pb2,
    security_group_service_pb2,
)
from tests.fuzz_requests import Requests
from tests.properties.histories import loadable, loading
from tests.store_server import StoreServer

SERVICES: dict[str, ServiceDescriptor] = {
    name: service
    for module in (
        account_service_pb2,
        decision_service_pb2,
        import_service_pb2,
        network_service_pb2,
        security_group_service_pb2,
    )
    for name, service in module.DESCRIPTOR.services_by_name.items()
}
WARM_UP = 1_000
"""Requests to each service before the server's memory is measured for the first time."""
MOST_GROWTH_KIB = 20 << 10
IN_FLIGHT = 8
PATIENCE_S = 60.0
"""How long an answer may take."""
WAITS_S = 0.25
"""The same, for a request that waits for a revision which never comes."""
UNCLEAR = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)
MOST_FAILURES_SHOWN = 20
PROGRESS_EVERY_S = 2.0


class Shot(NamedTuple):
    """One request: the service by its name, which of its requests, and what is sent where."""

    service: str
    number: int
    method: MethodDescriptor
    data: bytes


class State(NamedTuple):
    """What no request may change."""

    revision: int
    digest: str


class Fuzz:
    """One run. `failures` are lines that say how to repeat each."""

    def __init__(self, seed: int, store: Path) -> None:
        self.seed = seed
        self.store = store
        self.failures: list[str] = []
        self.codes: Counter[str] = Counter()
        self.reasons: dict[str, set[str]] = {name: set() for name in SERVICES}
        self.growth_kib = 0
        self._requests = Requests(Journal(SqliteStore(store, "")).snapshot)
        self._told = time.monotonic()

    def shot(self, service: str, number: int) -> Shot:
        """The request of a service and number: the same for the same seed."""
        rng = Random(f"{self.seed}/{service}/{number}")
        method = rng.choice(SERVICES[service].methods)
        return Shot(service, number, method, self._requests.request(rng, method))

    async def run(self, server: StoreServer, services: Sequence[str], numbers: range) -> None:
        """Sends all of it."""
        before = self.state()
        async with grpc.aio.insecure_channel(server.address(), options=[("grpc.max_receive_message_length", -1)]) as to:
            warm_up = min(WARM_UP, len(numbers) // 2)
            await self._send(to, services, numbers[:warm_up])
            grown_to = server.resident_kib()
            await self._send(to, services, numbers[warm_up:])
            self.growth_kib = server.resident_kib() - grown_to
            served = await served_revision(to)
        after = self.state()
        if not before == after == (served, before.digest):
            self.failures.append(f"the policy has changed: from {before} to {after}, and {served} is served")

    def state(self) -> State:
        """Of the file, whatever the server says."""
        store = SqliteStore(self.store, "")
        try:
            snapshot = Journal(store).snapshot
            return State(snapshot.revision, content_digest(resources_of(snapshot)))
        finally:
            store.close()

    async def _send(self, channel: grpc.aio.Channel, services: Sequence[str], numbers: range) -> None:
        shots = (self.shot(service, number) for number in numbers for service in services)

        async def sender() -> None:
            for shot in shots:
                await self._fire(channel, shot)
                self._tell()

        await asyncio.gather(*(sender() for _ in range(IN_FLIGHT)))

    async def _fire(self, channel: grpc.aio.Channel, shot: Shot) -> None:
        call = method_of(channel, shot.method)
        waits = waits_for_a_revision(shot)
        try:
            await call(shot.data, timeout=WAITS_S if waits else PATIENCE_S)
        except grpc.aio.AioRpcError as error:
            self._judge(shot, error, waits)
        else:
            self.codes["OK"] += 1

    def _judge(self, shot: Shot, error: grpc.aio.AioRpcError, waits: bool) -> None:
        code = error.code()
        self.codes[code.name] += 1
        if waits and code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return
        info = error_info(error)
        if code in UNCLEAR or info is None:
            self.fail(shot, f"{code.name}: {error.details()}")
        else:
            self.reasons[shot.service].add(info.reason)

    def fail(self, shot: Shot, text: str) -> None:
        """Notes what is wrong with the answer to a request."""
        sent = shot.data.hex() if len(shot.data) < 200 else f"{shot.data[:100].hex()}… ({len(shot.data):,} bytes)"
        repeat = f"--seed {self.seed} --service {shot.service} --only {shot.number}"
        self.failures.append(f"{shot.method.name}: {text}; {repeat}; sent {sent}")

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told >= PROGRESS_EVERY_S:
            self._told = now
            print(f"{self.codes.total():,} sent, {len(self.failures)} failures", file=sys.stderr, flush=True)


def waits_for_a_revision(shot: Shot) -> bool:
    """Whether the server may wait as long as it is given before it answers."""
    try:
        message = message_factory.GetMessageClass(shot.method.input_type).FromString(shot.data)
    except DecodeError:
        return False
    return getattr(message, "at_least_revision", 0) > 1


def method_of(channel: grpc.aio.Channel, method: MethodDescriptor) -> Callable[..., Awaitable[bytes]]:
    """A method of a channel, from bytes to bytes."""
    call: Callable[..., Awaitable[bytes]] = channel.unary_unary(f"/{method.containing_service.full_name}/{method.name}")
    return call


async def served_revision(channel: grpc.aio.Channel) -> int:
    """The revision that the server answers from."""
    identity = SERVICES["AccountService"].methods_by_name["GetCallerIdentity"]
    answer = await method_of(channel, identity)(b"")
    return account_service_pb2.GetCallerIdentityResponse.FromString(answer).position.revision


def error_info(error: grpc.aio.AioRpcError) -> ErrorInfo | None:
    """Our ErrorInfo in an error, or None when it has none that gives a reason."""
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            for detail in Status.FromString(value).details:
                info = ErrorInfo()
                if detail.Unpack(info) and info.domain == DOMAIN and info.reason:
                    return info
    return None


def populate(store: Path, seed: int) -> None:
    """A store with a random policy in which everything that is named exists."""
    changes = loading(loadable(Random(seed)))
    driver = SqliteStore(store, "fuzzed")
    write = WriteRequest(
        lambda _: (changes, None), lambda *_: b"", Origin.IMPORT, Instant(0), "operator:fuzz", "", "CommitImport"
    )
    Journal(driver).write(write)
    driver.close()


def report(fuzz: Fuzz, numbers: range, services: Sequence[str]) -> int:
    """Prints the outcome and gives the exit code."""
    for failure in fuzz.failures[:MOST_FAILURES_SHOWN]:
        print(failure)
    for service in services:
        reasons = sorted(fuzz.reasons[service])
        print(f"{service}: {len(reasons)} reasons: {' '.join(reasons)}")
    print(*shares(fuzz.codes))
    print(
        f"requests={fuzz.codes.total()} per_service={len(numbers)} services={len(services)} "
        f"failures={len(fuzz.failures)} growth_kib={fuzz.growth_kib} seed={fuzz.seed}"
    )
    return 1 if fuzz.failures or fuzz.growth_kib >= MOST_GROWTH_KIB else 0


def shares(codes: Counter[str]) -> Iterator[str]:
    """Which part of the answers had which code."""
    for code, count in sorted(codes.items()):
        yield f"{code}={count} ({count / codes.total():.1%})"


def main(arguments: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000, help="to each service")
    parser.add_argument("--service", action="append", choices=sorted(SERVICES), help="only this one; may be repeated")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1 << 32))
    parser.add_argument("--only", type=int, help="only the request of this number")
    options = parser.parse_args(None if arguments is None else list(arguments))
    print(f"seed={options.seed}", flush=True)
    services = options.service or sorted(SERVICES)
    numbers = range(options.requests) if options.only is None else range(options.only, options.only + 1)
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "policy.db"
        populate(store, options.seed)
        fuzz = Fuzz(options.seed, store)
        with StoreServer(store) as server:
            asyncio.run(fuzz.run(server, services, numbers))
            if fuzz.failures:
                print(server.log(), file=sys.stderr)
    return report(fuzz, numbers, services)


if __name__ == "__main__":
    sys.exit(main())

"""Servers to talk to: one in this process for a snapshot, or a process of its own for a bundle directory.

Both listen on a free port and are stopped when the test ends.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import grpc
import pytest

from pdp.index.checker import Checker
from pdp.policy.snapshot import Snapshot
from pdp.server.app import PolicyServer
from pdp.server.config import ServerConfig
from pdp.v1.decision_service_pb2_grpc import DecisionServiceStub
from tests.architecture.sources import ROOT

if TYPE_CHECKING:  # its name exists for type checkers only
    from pdp.v1.decision_service_pb2_grpc import DecisionServiceAsyncStub

ANY_PORT = "127.0.0.1:0"
PATIENCE_S = 30.0
"""How long a condition may take to come true before the test fails; never how long it does take."""


async def until(condition: Callable[[], bool]) -> None:
    """Lets everything else run until the condition holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - the condition is another's, who sets no event
            await asyncio.sleep(0.001)


def until_true(condition: Callable[[], bool]) -> None:
    """Waits until a condition of another process holds."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


class RunningServer(NamedTuple):
    """A server in this process and a client of it."""

    server: PolicyServer
    channel: grpc.aio.Channel
    stub: "DecisionServiceAsyncStub"

    @property
    def address(self) -> str:
        return self.server.address


StartServer = Callable[..., Awaitable[RunningServer]]


@pytest.fixture
async def start_server() -> AsyncIterator[StartServer]:
    """`await start_server(snapshot, most_batch_rows=3)`: without a snapshot, one that has no policy yet."""
    async with AsyncExitStack() as running:

        async def start(snapshot: Snapshot | None = None, **settings: object) -> RunningServer:
            config = replace(ServerConfig(listen=ANY_PORT, grace_s=0.1), **settings)  # type: ignore[arg-type]
            server = PolicyServer(config)
            await server.start()
            running.push_async_callback(server.stop)
            if snapshot is not None:
                await server.publish(Checker(snapshot, server.cache))
            channel = grpc.aio.insecure_channel(server.address, options=[("grpc.max_receive_message_length", -1)])
            running.push_async_callback(channel.close)
            return RunningServer(server, channel, DecisionServiceStub(channel))

        yield start


def serve_command(bundle: Path) -> list[str]:
    """The command that serves a bundle on any free port, and logs JSON lines to stderr."""
    return [sys.executable, "-m", "pdp.cli", "serve", "--bundle", str(bundle), "--listen", ANY_PORT, "--json"]


class ServerProcess(NamedTuple):
    """A server in a process of its own. `log` holds what it has logged until it was ready."""

    process: subprocess.Popen[str]
    address: str
    log: list[dict[str, object]]


StartProcess = Callable[[Path], ServerProcess]


@pytest.fixture
def start_process() -> Iterator[StartProcess]:
    """`start_process(bundle)`: the server on a bundle directory, ready to answer."""
    started: list[subprocess.Popen[str]] = []

    def start(bundle: Path) -> ServerProcess:
        process = subprocess.Popen(serve_command(bundle), cwd=ROOT, stderr=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stderr is not None
        log = []
        for line in process.stderr:
            entry = json.loads(line)
            log.append(entry)
            if entry["event"] == "serving":
                break
        address = next(str(entry["address"]) for entry in log if entry["event"] == "listening")
        return ServerProcess(process, address, log)

    yield start
    for process in started:
        process.kill()
        process.communicate()

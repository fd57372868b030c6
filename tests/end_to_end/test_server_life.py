"""A server from its start to its end: what health says, what signals do, and what stops it from starting."""

import asyncio
import signal
import socket
import subprocess
from pathlib import Path
from threading import Event
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub
from structlog.testing import capture_logs

from pdp.index.checker import Checker
from pdp.policy.snapshot import Snapshot, resources_of
from pdp.server.app import serve
from pdp.server.config import ServerConfig
from pdp.server.listening import ListenError
from pdp.server.opening import StoreToServe
from pdp.v1.decision_service_pb2 import CheckFlowRequest
from pdp.v1.decision_service_pb2_grpc import DecisionServiceStub
from tests.architecture.sources import ROOT
from tests.builders import eni, group, policy
from tests.end_to_end.conftest import ANY_PORT, RunningServer, StartProcess, StartServer, serve_command, until
from tests.server.messages import ssh

SNAPSHOT = policy([group("sg-a")], [eni("eni-1", "10.0.0.5", groups=["sg-a"])])
BUNDLE = ROOT / "tests" / "conformance" / "default-group" / "bundle"
NAMES = ["", "pdp.v1.DecisionService"]
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def health_stub(channel: grpc.aio.Channel) -> Any:
    """The stub, whose stubs for type checkers know no methods."""
    return HealthStub(channel)


async def health_of(running: RunningServer, name: str) -> int:
    answer = await health_stub(running.channel).Check(health_pb2.HealthCheckRequest(service=name))
    return int(answer.status)


@pytest.mark.parametrize("name", NAMES)
async def test_health_says_not_serving_until_a_policy_is_there(name: str, start_server: StartServer) -> None:
    assert await health_of(await start_server(), name) == NOT_SERVING
    assert await health_of(await start_server(SNAPSHOT), name) == SERVING


async def test_health_does_not_know_other_services(start_server: StartServer) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await health_of(await start_server(SNAPSHOT), "pdp.v1.Nothing")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_who_watches_health_hears_of_the_policy_and_of_the_end(start_server: StartServer) -> None:
    running = await start_server()
    watch = health_stub(running.channel).Watch(health_pb2.HealthCheckRequest(service=NAMES[1]))
    heard = [(await watch.read()).status]
    await running.server.publish(Checker(SNAPSHOT, running.server.cache))
    heard.append((await watch.read()).status)
    await running.server.stop()
    heard.append((await watch.read()).status)
    assert heard == [NOT_SERVING, SERVING, NOT_SERVING]


async def test_what_waits_does_not_hold_the_end_of_a_server(start_server: StartServer) -> None:
    running = await start_server(SNAPSHOT, grace_s=60)
    watch = health_stub(running.channel).Watch(health_pb2.HealthCheckRequest(service=NAMES[1]))
    await watch.read()
    waiting = asyncio.ensure_future(
        running.stub.CheckFlow(CheckFlowRequest(flow=ssh(), at_least_revision=99), timeout=50)
    )
    await asyncio.sleep(0.1)
    async with asyncio.timeout(30):
        await running.server.stop()
    assert (await watch.read()).status == NOT_SERVING
    assert await watch.read() is grpc.aio.EOF
    with pytest.raises(grpc.aio.AioRpcError, match="the server is stopping before revision 99") as caught:
        await waiting
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_what_a_store_begins_with_is_served_once_all_else_is_ready(start_server: StartServer) -> None:
    server = (await start_server()).server
    policy = server.open_store(StoreToServe("memory:", lambda: resources_of(SNAPSHOT)))
    await asyncio.sleep(0.05)
    assert (policy.snapshot.revision, server.source.checker) == (1, None)
    await server.follow(policy)
    assert server.source.loaded().snapshot.revision == 1


async def test_a_port_in_use_is_a_clear_error(start_server: StartServer) -> None:
    taken = (await start_server(SNAPSHOT)).address
    with pytest.raises(ListenError, match=f"cannot listen on {taken}: it is in use"):
        await start_server(SNAPSHOT, listen=taken)


async def test_localhost_with_one_of_its_addresses_in_use_is_a_clear_error(start_server: StartServer) -> None:
    """Else the name would lead to one server or the other."""
    port = (await start_server(SNAPSHOT, listen="127.0.0.1:0")).address.rpartition(":")[2]
    with pytest.raises(ListenError, match=f"cannot listen on localhost:{port}: it is in use"):
        await start_server(SNAPSHOT, listen=f"localhost:{port}")


async def test_a_unix_socket_is_not_taken_from_a_server_that_lives(start_server: StartServer, tmp_path: Path) -> None:
    listen = f"unix:{tmp_path}/pdp.sock"
    running = await start_server(SNAPSHOT, listen=listen)
    with pytest.raises(ListenError, match=f"cannot listen on {listen}: it is in use"):
        await start_server(SNAPSHOT, listen=listen)
    assert await health_of(running, "") == SERVING


async def test_a_unix_socket_that_was_left_behind_is_used_again(start_server: StartServer, tmp_path: Path) -> None:
    path = tmp_path / "pdp.sock"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    assert path.exists()
    assert await health_of(await start_server(SNAPSHOT, listen=f"unix:{path}"), "") == SERVING


async def test_a_unix_socket_without_its_folder_is_a_clear_error(start_server: StartServer, tmp_path: Path) -> None:
    listen = f"unix:{tmp_path}/none/pdp.sock"
    with pytest.raises(ListenError, match=f"cannot listen on {listen}: "):
        await start_server(SNAPSHOT, listen=listen)


async def test_a_metrics_port_in_use_is_a_clear_error(start_server: StartServer) -> None:
    first = (await start_server(SNAPSHOT, metrics_listen=ANY_PORT)).server
    assert first.metrics is not None
    with pytest.raises(ListenError, match="for metrics"):
        await start_server(SNAPSHOT, metrics_listen=first.metrics.address)


@pytest.mark.parametrize("listen", ["50051", "nowhere.invalid:1"])
async def test_an_address_that_is_none_is_a_clear_error(listen: str, start_server: StartServer) -> None:
    with pytest.raises(ListenError, match=listen):
        await start_server(SNAPSHOT, listen=listen)


async def test_a_server_can_listen_on_a_socket_file(start_server: StartServer, tmp_path: Path) -> None:
    running = await start_server(SNAPSHOT, listen=f"unix:{tmp_path}/pdp.sock")
    await running.stub.CheckFlow(CheckFlowRequest(flow=ssh()))


async def test_without_credentials_a_server_listens_on_loopback_alone(start_server: StartServer) -> None:
    with pytest.raises(ListenError, match="without credentials"):
        await start_server(SNAPSHOT, listen="0.0.0.0:0")


async def test_without_credentials_a_server_says_so(start_server: StartServer) -> None:
    with capture_logs() as logs:
        await start_server(SNAPSHOT)
    assert any("NO CREDENTIALS ARE CONFIGURED" in entry["event"] for entry in logs)
    assert {entry["log_level"] for entry in logs} == {"info"}


async def test_what_loading_raises_ends_the_server_and_is_raised() -> None:
    def load() -> Snapshot:
        raise LookupError("no such bundle")

    with pytest.raises(LookupError, match="no such bundle"):
        await serve(ServerConfig(listen=ANY_PORT), load)


async def test_a_server_listens_before_it_has_loaded_and_can_be_told_to_stop_then() -> None:
    loading, never = Event(), Event()

    def load() -> Snapshot:
        loading.set()
        never.wait()
        return SNAPSHOT

    with capture_logs() as logs:
        serving = asyncio.ensure_future(serve(ServerConfig(listen=ANY_PORT), load))
        await until(loading.is_set)
        address = next(entry["address"] for entry in logs if entry["event"] == "listening")
        async with grpc.aio.insecure_channel(address) as channel:
            answer = await health_stub(channel).Check(health_pb2.HealthCheckRequest())
        assert answer.status == NOT_SERVING
        signal.raise_signal(signal.SIGTERM)
        await serving
    never.set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_serving_process_in_order(number: signal.Signals, start_process: StartProcess) -> None:
    server = start_process(BUNDLE)
    with grpc.insecure_channel(server.address) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            DecisionServiceStub(channel).CheckFlow(CheckFlowRequest(flow=ssh(eni_id="eni-9")))
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        server.process.send_signal(number)
        _, rest = server.process.communicate(timeout=60)
    assert server.process.returncode == 0
    assert "Traceback" not in rest
    assert '"stopping"' in rest


def test_a_bundle_that_is_refused_ends_the_process() -> None:
    refused = BUNDLE.parents[1] / "refused-rules-page-missing" / "bundle"
    done = subprocess.run(
        serve_command(refused),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert "sg-a" in done.stderr
    assert "Traceback" not in done.stderr
    assert '"serving"' not in done.stderr

"""What people use on a server: grpcurl and ghz, both without a proto file."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.builders import eni, group, policy
from tests.end_to_end.conftest import RunningServer, StartServer
from tests.tools import find_tool

SNAPSHOT = policy([group("sg-a", "accept tcp/22 from 0.0.0.0/0")], [eni("eni-1", "10.0.0.5", groups=["sg-a"])])
SSH = {
    "flow": {
        "eni_id": "eni-1",
        "direction": "DIRECTION_INGRESS",
        "protocol": 6,
        "source": "198.51.100.7",
        "source_port": 40000,
        "destination": "10.0.0.5",
        "destination_port": 22,
    }
}
CHECK_FLOW = "pdp.v1.DecisionService.CheckFlow"


@pytest.fixture
async def running(start_server: StartServer) -> RunningServer:
    return await start_server(SNAPSHOT)


async def run(tool: Path, *arguments: str) -> tuple[int | None, str]:
    """Exit code and output, errors included. The server runs on this loop meanwhile."""
    process = await asyncio.create_subprocess_exec(
        tool, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def grpcurl(running: RunningServer, *arguments: str, data: object = None) -> tuple[int | None, str]:
    flags = ["-plaintext"] if data is None else ["-plaintext", "-d", json.dumps(data)]
    return await run(find_tool("grpcurl"), *flags, running.address, *arguments)


async def test_grpcurl_lists_all_services(running: RunningServer) -> None:
    code, output = await grpcurl(running, "list")
    assert code == 0
    assert output.split() == [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "pdp.v1.AccountService",
        "pdp.v1.DecisionService",
        "pdp.v1.ImportService",
        "pdp.v1.NetworkService",
        "pdp.v1.SecurityGroupService",
    ]


async def test_grpcurl_lists_the_methods_of_a_service(running: RunningServer) -> None:
    code, output = await grpcurl(running, "list", "pdp.v1.DecisionService")
    assert code == 0
    assert CHECK_FLOW in output.split()


@pytest.mark.parametrize(
    ("symbol", "shown"),
    [
        ("pdp.v1.DecisionService", "rpc CheckPath"),
        ("pdp.v1.CheckFlowRequest", "uint64 at_least_revision = 2;"),
        ("pdp.v1.Region", "string remote_cidr = 4;"),
        (CHECK_FLOW, "rpc CheckFlow ( .pdp.v1.CheckFlowRequest ) returns ( .pdp.v1.CheckFlowResponse );"),
        ("grpc.health.v1.Health.Check", "rpc Check"),
    ],
)
async def test_grpcurl_describes_services_messages_and_single_methods(
    symbol: str, shown: str, running: RunningServer
) -> None:
    code, output = await grpcurl(running, "describe", symbol)
    assert code == 0, output
    assert shown in output


async def test_grpcurl_describes_everything(running: RunningServer) -> None:
    code, output = await grpcurl(running, "describe")
    assert code == 0, output
    assert "grpc.reflection.v1.ServerReflection is a service" in output
    assert "rpc CheckFlow " in output


async def test_grpcurl_does_not_find_what_is_not_there(running: RunningServer) -> None:
    code, output = await grpcurl(running, "describe", "pdp.v1.DecisionService.Nothing")
    assert code != 0
    assert "not found" in output.lower()


async def test_grpcurl_checks_a_flow(running: RunningServer) -> None:
    code, output = await grpcurl(running, CHECK_FLOW, data=SSH)
    assert code == 0, output
    assert json.loads(output)["verdict"]["rule_id"] == "sgr-1"


async def test_grpcurl_shows_a_refusal_with_its_field(running: RunningServer) -> None:
    flow = {**SSH["flow"], "destination_port": 70000}
    code, output = await grpcurl(running, CHECK_FLOW, data={"flow": flow})
    assert code == 64 + 3
    assert "70000 is not a number from 0 to 65535" in output
    assert "flow.destination_port" in output


async def test_ghz_calls_a_method(running: RunningServer) -> None:
    code, output = await run(
        find_tool("ghz"),
        *("--insecure", "--call", CHECK_FLOW, "--data", json.dumps(SSH)),
        *("--total", "50", "--concurrency", "5", "--format", "json", running.address),
    )
    assert code == 0, output
    assert json.loads(output)["statusCodeDistribution"] == {"OK": 50}

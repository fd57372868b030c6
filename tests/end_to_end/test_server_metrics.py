"""Metrics, scraped from a server that was asked a few things."""

import asyncio
from urllib.request import urlopen

import grpc
import pytest
from prometheus_client.parser import text_string_to_metric_families

from pdp.v1.decision_service_pb2 import BatchCheckFlowsRequest, CheckFlowRequest
from tests.builders import eni, group, policy
from tests.end_to_end.conftest import ANY_PORT, RunningServer, StartServer
from tests.end_to_end.test_server_load import columns
from tests.server.messages import ssh

SNAPSHOT = policy([group("sg-a", "accept tcp/22 from 0.0.0.0/0")], [eni("eni-1", "10.0.0.5", groups=["sg-a"])])


async def scrape(running: RunningServer) -> dict[tuple[str, ...], float]:
    assert running.server.metrics is not None
    address = running.server.metrics.address

    def read() -> str:
        with urlopen(f"http://{address}/metrics") as answer:
            return str(answer.read().decode())

    text = await asyncio.to_thread(read)
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_what_was_asked_is_counted(start_server: StartServer) -> None:
    running = await start_server(SNAPSHOT, metrics_listen=ANY_PORT)
    await running.stub.CheckFlow(CheckFlowRequest(flow=ssh()))
    await running.stub.BatchCheckFlows(
        BatchCheckFlowsRequest(flows=[ssh(), ssh(destination_port=80), ssh(protocol=None)])
    )
    await running.stub.CheckFlowColumns(columns(4))
    with pytest.raises(grpc.aio.AioRpcError):
        await running.stub.CheckFlow(CheckFlowRequest(flow=ssh(eni_id="eni-9")))
    found = await scrape(running)
    assert found["pdp_verdicts_total", "ACCEPT", "RULE"] == 1 + 1 + 2
    assert found["pdp_verdicts_total", "DROP", "DEFAULT"] == 1 + 2
    assert found["pdp_errors_total", "INVALID_PROTOCOL"] == 1
    assert found["pdp_errors_total", "UNKNOWN_ENI"] == 1
    assert found["pdp_request_seconds_count", "pdp.v1.DecisionService/CheckFlow"] == 2
    assert found["pdp_requests_in_flight", "pdp.v1.DecisionService/CheckFlow"] == 0
    assert found["pdp_policy_revision",] == 1
    assert found["pdp_index_builds_total",] == 1
    assert found["pdp_index_bytes",] > 0


async def test_the_revision_is_0_until_a_policy_is_loaded(start_server: StartServer) -> None:
    assert (await scrape(await start_server(metrics_listen=ANY_PORT)))["pdp_policy_revision",] == 0


async def test_there_are_no_metrics_unless_asked_for(start_server: StartServer) -> None:
    assert (await start_server(SNAPSHOT)).server.metrics is None

"""Large requests: they work with the limits as they are, let others through, and stop when nobody waits any more."""

import asyncio
import struct
from dataclasses import replace

import grpc
import pytest

from pdp.index.checker import Checker
from pdp.model.ids import Revision
from pdp.server.config import MEBIBYTE, ServerConfig
from pdp.v1 import flow_pb2
from pdp.v1.decision_service_pb2 import BatchCheckFlowsRequest, CheckFlowColumnsRequest, CheckFlowRequest
from tests.builders import eni, group, policy
from tests.end_to_end.conftest import RunningServer, StartServer, until
from tests.server.messages import ssh

SNAPSHOT = policy(
    [group("sg-a", "accept tcp/22 from 198.51.100.0/24", "drop tcp/23 from 0.0.0.0/0 @5")],
    [eni("eni-1", "10.0.0.5", groups=["sg-a"])],
)
ROWS = ServerConfig().most_batch_rows


def batch(rows: int, at_least_revision: int = 0) -> BatchCheckFlowsRequest:
    """SSH and TELNET by turns, with a bad row at every tenth place."""
    ten = [ssh(destination_port=22 + place % 2) for place in range(9)] + [ssh(destination_port=70000)]
    return BatchCheckFlowsRequest(flows=[ten[row % 10] for row in range(rows)], at_least_revision=at_least_revision)


def columns(rows: int) -> CheckFlowColumnsRequest:
    return CheckFlowColumnsRequest(
        eni_ids=["eni-1"],
        directions=b"\x01" * rows,
        protocols=b"\x06" * rows,
        sources=bytes([198, 51, 100, 7]) * rows,
        destinations=bytes([10, 0, 0, 5]) * rows,
        source_ports=struct.pack(">H", 40000) * rows,
        destination_ports=b"".join(struct.pack(">H", 22 + row % 2) for row in range(rows)),
    )


def answered_rows(running: RunningServer) -> int:
    return sum(map(sum, running.server.counts.verdicts)) + sum(running.server.counts.errors)


async def test_a_batch_of_as_many_rows_as_allowed_is_answered_in_order(start_server: StartServer) -> None:
    running = await start_server(SNAPSHOT)
    answer = await running.stub.BatchCheckFlows(batch(ROWS))
    assert len(answer.items) == ROWS
    for place, item in enumerate(answer.items):
        if place % 10 == 9:
            assert item.error.reason == flow_pb2.ERROR_REASON_INVALID_PORT
        else:
            assert item.verdict.action == (1, 2)[place % 10 % 2]


async def test_one_row_more_is_refused(start_server: StartServer) -> None:
    running = await start_server(SNAPSHOT)
    with pytest.raises(grpc.aio.AioRpcError, match="100001 rows are more than the 100000"):
        await running.stub.BatchCheckFlows(batch(ROWS + 1))
    assert answered_rows(running) == 1  # the refusal itself


async def test_a_million_rows_of_columns_are_answered(start_server: StartServer) -> None:
    running = await start_server(SNAPSHOT)
    rows = running.server.config.most_column_rows
    answer = await running.stub.CheckFlowColumns(columns(rows))
    # Compared as truth values: the difference of a million bytes is nothing to print.
    assert bool(answer.actions == b"\x01\x02" * (rows // 2))
    rules = [answer.rules[place - 1].rule_id for place in struct.unpack_from(">II", answer.rule_index)]
    assert rules == ["sgr-1", "sgr-2"]
    assert bool(answer.rule_index == answer.rule_index[:8] * (rows // 2))
    assert answer.errors == b""


@pytest.mark.parametrize("method", ["BatchCheckFlows", "CheckFlowColumns"])
async def test_lone_checks_are_answered_while_a_large_request_is(method: str, start_server: StartServer) -> None:
    running = await start_server(SNAPSHOT)
    large = batch(ROWS) if method == "BatchCheckFlows" else columns(10 * ROWS)
    call = getattr(running.stub, method)(large)
    state = running.server.counts.method(f"pdp.v1.DecisionService/{method}")
    await until(lambda: state.in_flight == 1)
    answered = 0
    while state.in_flight:
        await running.stub.CheckFlow(CheckFlowRequest(flow=ssh()))
        answered += state.in_flight
    await call
    # One could slip in by chance before or after the work; a few cannot.
    assert answered >= 5


async def test_a_batch_that_is_cancelled_goes_no_further(start_server: StartServer) -> None:
    running = await start_server(SNAPSHOT)
    call = running.stub.BatchCheckFlows(batch(ROWS))
    await until(lambda: answered_rows(running) > 0)
    call.cancel()
    await until(lambda: in_flight(running) == 0)
    assert answered_rows(running) < ROWS


async def test_a_batch_whose_deadline_has_passed_goes_no_further(start_server: StartServer) -> None:
    running = await start_server(SNAPSHOT)
    # The first batch shows that the second one's deadline comes in the middle, however slow the machine is.
    calls = [running.stub.BatchCheckFlows(batch(ROWS), timeout=seconds) for seconds in (None, 0.3)]
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await calls[1]
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await calls[0]
    await until(lambda: in_flight(running) == 0)
    assert answered_rows(running) < 2 * ROWS


def in_flight(running: RunningServer) -> int:
    return running.server.counts.method("pdp.v1.DecisionService/BatchCheckFlows").in_flight


async def test_many_batches_at_once_are_all_answered(start_server: StartServer) -> None:
    running = await start_server(SNAPSHOT)
    answers = await asyncio.gather(*(running.stub.BatchCheckFlows(batch(3_000)) for _ in range(8)))
    assert {len(answer.items) for answer in answers} == {3_000}


async def test_a_message_above_the_limit_is_refused(start_server: StartServer) -> None:
    running = await start_server(SNAPSHOT, most_message_bytes=MEBIBYTE)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await running.stub.CheckFlow(CheckFlowRequest(flow=ssh(eni_id="e" * MEBIBYTE)))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("method", ["CheckFlow", "BatchCheckFlows"])
async def test_a_request_waits_for_its_revision(method: str, start_server: StartServer) -> None:
    running = await start_server(SNAPSHOT)
    request = (
        CheckFlowRequest(flow=ssh(), at_least_revision=2) if method == "CheckFlow" else batch(3, at_least_revision=2)
    )
    call = getattr(running.stub, method)(request, timeout=60)
    state = running.server.counts.method(f"pdp.v1.DecisionService/{method}")
    await until(lambda: state.in_flight == 1)
    await running.server.publish(Checker(replace(SNAPSHOT, revision=Revision(2)), running.server.cache))
    assert (await call).position.revision == 2

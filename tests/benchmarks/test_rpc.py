"""The server benchmark runs from start to end: real processes, tiny sizes, and no word about speed."""

import os
import signal

import pytest

from benchmarks.rpc import Plan, measure
from benchmarks.rpc_client import Client
from benchmarks.rpc_processes import Cores, sending, serving
from benchmarks.rpc_questions import Exam
from pdp.v1.decision_service_pb2 import CheckFlowRequest, CheckFlowResponse
from pdp.v1.flow_pb2 import PolicyPosition

TINY = Plan(
    rounds=2,
    seconds=0.02,
    beside_s=0.1,
    alone=6,
    in_flight=4,
    rules=(5, 20),
    members=10,
    flows=12,
    batch_rows=7,
    column_rows=11,
    large_rows=50,
)
MEMBERS = TINY.members

FIGURES = {
    *(f"{figure}_{name}" for name in ("5", "20", "empty") for figure in ("lone_p50_ms", "lone_p99_ms")),
    *(f"{figure}_{name}" for name in ("5", "20", "empty") for figure in ("loaded_rate", "server_cpu_us")),
    *(f"{ratio}{end}" for ratio in ("loaded_ratio_5", "loaded_ratio_20") for end in ("", "_min", "_max")),
    *(f"lone_ratio_20_to_5{end}" for end in ("", "_min", "_max")),
    "batch_7_flows_per_s",
    "columns_11_flows_per_s",
    *(f"lone_{part}_beside_{kind}_ms" for kind in ("batch", "columns") for part in ("p50", "p99", "max")),
    *(f"lone_calls_beside_{kind}" for kind in ("batch", "columns")),
    "batch_50_flows_per_s",
    "columns_50_flows_per_s",
}


async def test_every_figure_is_measured() -> None:
    assert (await measure(TINY, Cores())).keys() == FIGURES


async def test_the_empty_server_gives_its_answer_whatever_is_asked() -> None:
    constant = CheckFlowResponse(position=PolicyPosition(revision=7, store_id="none")).SerializeToString()
    with serving(rules=5, members=MEMBERS, core=None, constant=constant) as server:
        async with Client(server.address) as client:
            for request in (CheckFlowRequest(), CheckFlowRequest(omit_region=True)):
                assert await client.call("CheckFlow", request.SerializeToString()) == constant


async def test_a_server_of_another_policy_is_found_out() -> None:
    with serving(rules=5, members=MEMBERS, core=None) as server:
        async with Client(server.address) as client:
            with pytest.raises(AssertionError, match="a timed answer is wrong"):
                await client.ask(Exam(rules=20, members=MEMBERS, flows=3).batch())


def test_a_sender_that_finds_a_wrong_answer_fails(capfd: pytest.CaptureFixture[str]) -> None:
    with (
        serving(rules=5, members=MEMBERS, core=None) as server,
        pytest.raises(RuntimeError, match="the sender of batch has failed"),
        sending(server, "batch", rows=3, rules=20, members=MEMBERS, core=None),
    ):
        pass
    assert "a timed answer is wrong" in capfd.readouterr().err


def test_a_server_that_does_not_start_says_why() -> None:
    with pytest.raises(RuntimeError, match="invalid int value"), serving("many", MEMBERS, core=None):  # type: ignore[arg-type]
        pass


def test_a_server_that_ends_by_itself_fails_the_run() -> None:
    with pytest.raises(RuntimeError, match="the server ended with code -9"), serving(5, MEMBERS, core=None) as server:
        kill(server.pid)


def kill(pid: int) -> None:
    """Returns when the process has ended, and leaves it to its parent."""
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

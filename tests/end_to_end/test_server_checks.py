"""Every method of DecisionService, asked by a real client over a real socket."""

import json
import struct
from pathlib import Path

import pytest

from pdp.formats.bundle import read_bundle
from pdp.formats.flows import FlowQuestion, read_flow_lines
from pdp.model.addresses import Family
from pdp.policy.draft import snapshot_of
from pdp.v1 import flow_pb2
from pdp.v1.decision_service_pb2 import (
    BatchCheckFlowsRequest,
    CheckFlowColumnsRequest,
    CheckFlowRequest,
    CheckFlowResponse,
    ExplainFlowRequest,
)
from tests.architecture.sources import ROOT
from tests.builders import eni, group, penalty, policy
from tests.end_to_end.conftest import RunningServer, StartServer
from tests.server.messages import flow_message, path_message, ssh

SNAPSHOT = policy(
    [
        group("sg-web", "accept tcp/22 from 198.51.100.0/24 @10", "accept tcp/443 from 0.0.0.0/0"),
        group("sg-db", "accept tcp/3306 from sg-web", "drop all to 0.0.0.0/0 @100"),
    ],
    [
        eni("eni-1", "10.0.0.5", "fd00::5", groups=["sg-web"]),
        eni("eni-2", "10.0.0.6", groups=["sg-db"]),
        eni("eni-3", "10.0.0.7", groups=["sg-db"], instance="i-3"),
    ],
    penalties=[penalty("i-3", until="2999-01-01T00:00:00Z")],
)


@pytest.fixture
async def running(start_server: StartServer) -> RunningServer:
    return await start_server(SNAPSHOT)


async def check(running: RunningServer, flow: flow_pb2.Flow, **fields: bool) -> CheckFlowResponse:
    return await running.stub.CheckFlow(CheckFlowRequest(flow=flow, **fields))


async def test_a_check_names_verdict_rule_region_and_position(running: RunningServer) -> None:
    answer = await check(running, ssh())
    verdict = answer.verdict
    assert (verdict.action, verdict.reason) == (flow_pb2.ACTION_ACCEPT, flow_pb2.VERDICT_REASON_RULE)
    assert (verdict.rule_id, verdict.group_id, verdict.priority) == ("sgr-1", "sg-web", 10)
    assert verdict.idle_timeout_seconds == 910
    assert verdict.region.remote_cidr == "198.51.100.0/24"
    assert verdict.region.destination_ports == flow_pb2.PortRange(first=22, last=22)
    assert (answer.position.revision, answer.position.store_id) == (1, SNAPSHOT.store)


async def test_a_dropped_flow_is_an_answer(running: RunningServer) -> None:
    verdict = (await check(running, ssh(source="203.0.113.1"))).verdict
    assert (verdict.action, verdict.reason) == (flow_pb2.ACTION_DROP, flow_pb2.VERDICT_REASON_DEFAULT)
    assert not verdict.HasField("priority")
    assert not verdict.HasField("idle_timeout_seconds")


async def test_the_region_can_be_left_out(running: RunningServer) -> None:
    assert not (await check(running, ssh(), omit_region=True)).verdict.HasField("region")


async def test_an_ipv4_mapped_flow_is_the_ipv4_flow(running: RunningServer) -> None:
    mapped = ssh(source="::ffff:198.51.100.7", destination="::ffff:10.0.0.5")
    assert await check(running, mapped) == await check(running, ssh())


async def test_ipv6_is_judged_as_ipv6(running: RunningServer) -> None:
    flow = flow_message("in tcp [2001:db8::1]:40000 > [fd00::5]:443")
    verdict = (await check(running, flow)).verdict
    assert verdict.reason == flow_pb2.VERDICT_REASON_DEFAULT
    assert verdict.region.own_cidr == "::/0"


async def test_a_penalty_limits_the_answer(running: RunningServer) -> None:
    verdict = (await check(running, ssh(eni_id="eni-3"))).verdict
    assert verdict.reason == flow_pb2.VERDICT_REASON_PENALTY
    assert verdict.valid_until.ToJsonString() == "2999-01-01T00:00:00Z"


async def test_a_batch_answers_in_order_and_one_bad_row_spoils_nothing_else(running: RunningServer) -> None:
    rows = [ssh(), ssh(destination_port=70000), ssh(source="203.0.113.1"), ssh(eni_id="eni-9")]
    answer = await running.stub.BatchCheckFlows(BatchCheckFlowsRequest(flows=rows))
    alone = [(await check(running, rows[place], omit_region=True)).verdict for place in (0, 2)]
    assert [answer.items[place].verdict for place in (0, 2)] == alone
    assert answer.items[1].error.reason == flow_pb2.ERROR_REASON_INVALID_PORT
    assert answer.items[3].error.reason == flow_pb2.ERROR_REASON_UNKNOWN_ENI
    assert answer.position.store_id == SNAPSHOT.store


async def test_a_batch_gives_regions_when_asked(running: RunningServer) -> None:
    answer = await running.stub.BatchCheckFlows(BatchCheckFlowsRequest(flows=[ssh()], include_regions=True))
    assert answer.items[0].verdict == (await check(running, ssh())).verdict


async def test_columns_answer_rules_groups_and_errors_by_row(running: RunningServer) -> None:
    request = CheckFlowColumnsRequest(
        eni_ids=["eni-1", "eni-2", "eni-9"],
        eni_index=struct.pack(">4I", 0, 1, 2, 0),
        directions=bytes([1, 1, 1, 1]),
        protocols=bytes([6, 6, 6, 6]),
        sources=bytes([198, 51, 100, 7, 10, 0, 0, 5, 198, 51, 100, 7, 203, 0, 113, 1]),
        destinations=bytes([10, 0, 0, 5, 10, 0, 0, 6, 10, 0, 0, 5, 10, 0, 0, 5]),
        source_ports=struct.pack(">4H", 40000, 40000, 40000, 40000),
        destination_ports=struct.pack(">4H", 22, 3306, 22, 22),
    )
    answer = await running.stub.CheckFlowColumns(request)
    assert list(answer.actions) == [1, 1, 0, 2]
    assert list(answer.reasons) == [5, 5, 0, 7]
    assert list(answer.errors) == [0, 0, flow_pb2.ERROR_REASON_UNKNOWN_ENI, 0]
    by_row = struct.unpack(">4I", answer.rule_index)
    rules = [(answer.rules[place - 1].rule_id, answer.rules[place - 1].group_id) if place else None for place in by_row]
    assert rules == [("sgr-1", "sg-web"), ("sgr-1", "sg-db"), None, None]
    groups = [answer.group_ids[place - 1] if place else None for place in struct.unpack(">4I", answer.group_index)]
    assert groups == ["sg-web", "sg-db", None, None]
    assert answer.position.store_id == SNAPSHOT.store


async def test_an_explanation_accounts_for_the_verdict_of_the_check(running: RunningServer) -> None:
    answer = await running.stub.ExplainFlow(ExplainFlowRequest(flow=ssh(), rule_id="sgr-2"))
    assert answer.verdict == (await check(running, ssh())).verdict
    assert [stage.stage for stage in answer.stages if stage.answered] == [flow_pb2.VERDICT_REASON_RULE]
    assert [account.won for account in answer.matched] == [True]
    assert answer.asked_rule.rule_id == "sgr-2"
    assert {test.name for test in answer.asked_rule.conditions if not test.met} == {"destination port"}
    assert answer.rules_considered == 2
    assert answer.hints
    assert list(answer.group_ids) == ["sg-web"]


async def test_a_path_is_allowed_when_both_ends_accept(running: RunningServer) -> None:
    answer = await running.stub.CheckPath(
        path_message(source_eni="eni-1", destination_eni="eni-2", destination_port=3306)
    )
    assert answer.allowed
    assert (answer.source, answer.destination) == ("10.0.0.5", "10.0.0.6")
    assert answer.egress.reason == flow_pb2.VERDICT_REASON_DEFAULT
    assert answer.ingress.group_id == "sg-db"


async def test_a_path_is_not_allowed_when_one_end_drops(running: RunningServer) -> None:
    answer = await running.stub.CheckPath(
        path_message(source_eni="eni-2", destination_eni="eni-1", destination_port=443)
    )
    assert not answer.allowed
    assert answer.egress.action == flow_pb2.ACTION_DROP
    assert answer.ingress.action == flow_pb2.ACTION_ACCEPT


async def test_an_outside_end_has_no_verdict(running: RunningServer) -> None:
    answer = await running.stub.CheckPath(path_message(source="198.51.100.7", destination_eni="eni-1"))
    assert answer.allowed
    assert not answer.HasField("egress")


def asked_and_expected(case: Path) -> list[tuple[FlowQuestion, dict[str, object]]]:
    """The flows of a conformance case that hold a flow, with what is expected of them."""
    questions = read_flow_lines((case / "flows.jsonl").read_bytes().splitlines(keepends=True))
    expected = map(json.loads, (case / "expected.jsonl").read_text(encoding="utf-8").splitlines())
    return [pair for pair in zip(questions, expected, strict=True) if isinstance(pair[0], FlowQuestion)]  # type: ignore[misc]


CASES = sorted(path.parent for path in (ROOT / "tests" / "conformance").glob("*/expected.jsonl"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_batches_and_columns_answer_the_conformance_cases(case: Path, start_server: StartServer) -> None:
    running = await start_server(snapshot_of(read_bundle(case / "bundle").resources))
    pairs = asked_and_expected(case)
    messages = [message_of(question) for question, _ in pairs]
    batch = await running.stub.BatchCheckFlows(BatchCheckFlowsRequest(flows=messages))
    columns = await running.stub.CheckFlowColumns(columns_of([question for question, _ in pairs]))
    for row, ((_, expected), item) in enumerate(zip(pairs, batch.items, strict=True)):
        if expected["action"] == "ERROR":
            name = f"ERROR_REASON_{expected['reason']}"
            assert flow_pb2.ErrorReason.Name(item.error.reason) == name
            assert columns.errors[row] == item.error.reason
            continue
        verdict = item.verdict
        assert flow_pb2.Action.Name(verdict.action) == f"ACTION_{expected['action']}"
        assert flow_pb2.VerdictReason.Name(verdict.reason) == f"VERDICT_REASON_{expected['reason']}"
        assert (verdict.rule_id, verdict.group_id) == (expected.get("rule", ""), expected.get("group", ""))
        assert (columns.actions[row], columns.reasons[row]) == (verdict.action, verdict.reason)


def message_of(question: FlowQuestion) -> flow_pb2.Flow:
    flow = question.flow
    return flow_pb2.Flow(
        eni_id=question.eni,
        direction=flow.direction,  # type: ignore[arg-type]
        protocol=flow.protocol,
        source=str(flow.source),
        source_port=flow.source_port,
        destination=str(flow.destination),
        destination_port=flow.destination_port,
    )


def columns_of(questions: list[FlowQuestion]) -> CheckFlowColumnsRequest:
    eni_ids = sorted({question.eni for question in questions})
    flows = [question.flow for question in questions]
    return CheckFlowColumnsRequest(
        eni_ids=eni_ids,
        eni_index=b"".join(eni_ids.index(question.eni).to_bytes(4) for question in questions),
        directions=bytes(flow.direction for flow in flows),
        protocols=bytes(flow.protocol for flow in flows),
        sources=b"".join(packed(*flow.source) for flow in flows),
        destinations=b"".join(packed(*flow.destination) for flow in flows),
        source_ports=b"".join(flow.source_port.to_bytes(2) for flow in flows),
        destination_ports=b"".join(flow.destination_port.to_bytes(2) for flow in flows),
    )


def packed(family: Family, value: int) -> bytes:
    """16 bytes; IPv4 is mapped."""
    return (value | (0xFFFF << 32 if family is Family.IPV4 else 0)).to_bytes(16)

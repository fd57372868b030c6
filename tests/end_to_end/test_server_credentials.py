"""A server with credentials: who asks is known from a token, and each caller sees and changes what it may."""

import asyncio
import json
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest

from pdp.index.checker import Checker
from pdp.model.identity import Caller, CallerKind
from pdp.model.ids import AccountId
from pdp.server.credentials import new_token
from pdp.v1.account_service_pb2 import GetCallerIdentityRequest
from pdp.v1.account_service_pb2_grpc import AccountServiceStub
from pdp.v1.decision_service_pb2 import (
    BatchCheckFlowsRequest,
    CheckFlowColumnsRequest,
    CheckFlowRequest,
    CheckPathRequest,
    ExplainFlowRequest,
    PathEnd,
)
from pdp.v1.security_group_service_pb2 import DescribeSecurityGroupsRequest
from pdp.v1.security_group_service_pb2_grpc import SecurityGroupServiceStub
from tests.builders import ACCOUNT, eni, group, policy
from tests.end_to_end.conftest import RunningServer, StartServer
from tests.server.messages import ssh

SNAPSHOT = policy(
    [group("sg-a"), group("sg-b", account="2000")],
    [
        eni("eni-1", "10.0.0.5", groups=["sg-a"], host="host-1"),
        eni("eni-2", "10.0.0.6", groups=["sg-b"], host="host-2", account="2000"),
    ],
)
CALLERS = {
    "owner": Caller(CallerKind.ACCOUNT, ACCOUNT),
    "user": Caller(CallerKind.USER, ACCOUNT, "alice"),
    "other": Caller(CallerKind.ACCOUNT, AccountId("2000")),
    "operator": Caller(CallerKind.OPERATOR, name="ops"),
    "agent": Caller(CallerKind.AGENT, name="any"),
    "host agent": Caller(CallerKind.AGENT, name="one", hosts=("host-1",)),
}
FORBIDDEN, UNAUTHENTICATED = grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED
Metadata = tuple[tuple[str, str], ...]


class Guarded(NamedTuple):
    """A server with credentials, and each caller's metadata."""

    running: RunningServer
    metadata: dict[str, Metadata]
    audit_log: Path


@pytest.fixture
async def guarded(start_server: StartServer, tmp_path: Path) -> Guarded:
    tokens = {name: new_token(caller) for name, caller in CALLERS.items()}
    file, audit_log = tmp_path / "tokens.json", tmp_path / "audit.log"
    file.write_text(json.dumps({"version": 1, "tokens": [token.entry for token in tokens.values()]}))
    running = await start_server(credentials=file, audit_log=audit_log)
    await running.server.publish(Checker(SNAPSHOT, running.server.cache))
    metadata = {name: (("authorization", f"Bearer {token.token}"),) for name, token in tokens.items()}
    return Guarded(running, {**metadata, "nobody": ()}, audit_log)


async def code_of(call: Any) -> grpc.StatusCode:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def checks_of(guarded: Guarded, caller: str, *enis: str) -> list[Any]:
    """Each method of DecisionService about some ENIs."""
    stub, metadata = guarded.running.stub, guarded.metadata[caller]
    rows = len(enis)
    columns = CheckFlowColumnsRequest(
        eni_ids=enis,
        eni_index=b"".join(place.to_bytes(4) for place in range(rows)) if rows > 1 else b"",
        directions=b"\1" * rows,
        protocols=b"\6" * rows,
        sources=bytes(4 * rows),
        destinations=bytes(4 * rows),
        source_ports=bytes(2 * rows),
        destination_ports=bytes(2 * rows),
    )
    path = CheckPathRequest(
        source=PathEnd(eni_id=enis[0]),
        destination=PathEnd(eni_id=enis[-1]) if rows > 1 else PathEnd(address="10.9.9.9"),
        protocol=6,
        source_port=1,
        destination_port=22,
    )
    single = [
        call
        for eni_id in enis
        for call in (
            stub.CheckFlow(CheckFlowRequest(flow=ssh(eni_id=eni_id)), metadata=metadata),
            stub.ExplainFlow(ExplainFlowRequest(flow=ssh(eni_id=eni_id)), metadata=metadata),
        )
    ]
    batch = BatchCheckFlowsRequest(flows=[ssh(eni_id=eni_id) for eni_id in enis])
    return [
        *single,
        stub.BatchCheckFlows(batch, metadata=metadata),
        stub.CheckFlowColumns(columns, metadata=metadata),
        stub.CheckPath(path, metadata=metadata),
    ]


@pytest.mark.parametrize(
    ("caller", "eni_id", "expected"),
    [
        ("owner", "eni-1", grpc.StatusCode.OK),
        ("owner", "eni-2", FORBIDDEN),
        ("other", "eni-2", grpc.StatusCode.OK),
        ("other", "eni-1", FORBIDDEN),
        ("user", "eni-1", FORBIDDEN),
        ("operator", "eni-1", grpc.StatusCode.OK),
        ("agent", "eni-2", grpc.StatusCode.OK),
        ("host agent", "eni-1", grpc.StatusCode.OK),
        ("host agent", "eni-2", FORBIDDEN),
        ("nobody", "eni-1", UNAUTHENTICATED),
    ],
)
async def test_every_check_asks_whose_eni_it_is(
    caller: str, eni_id: str, expected: grpc.StatusCode, guarded: Guarded
) -> None:
    codes = await asyncio.gather(*map(code_of, checks_of(guarded, caller, eni_id)))
    assert codes == [expected] * 5


async def test_one_eni_of_others_refuses_the_whole_request(guarded: Guarded) -> None:
    codes = await asyncio.gather(*map(code_of, checks_of(guarded, "owner", "eni-1", "eni-2")))
    assert codes[-3:] == [FORBIDDEN] * 3


async def test_an_eni_that_does_not_exist_is_unknown_to_whoever_asks(guarded: Guarded) -> None:
    for caller in ("owner", "host agent", "agent"):
        call = guarded.running.stub.CheckFlow(
            CheckFlowRequest(flow=ssh(eni_id="eni-none")), metadata=guarded.metadata[caller]
        )
        assert await code_of(call) is grpc.StatusCode.NOT_FOUND


async def test_each_caller_is_told_who_it_is(guarded: Guarded) -> None:
    stub = AccountServiceStub(guarded.running.channel)
    for name, caller in CALLERS.items():
        answer = await stub.GetCallerIdentity(GetCallerIdentityRequest(), metadata=guarded.metadata[name])
        assert (answer.identity_type, answer.account_id) == (caller.kind.value, caller.account)
    assert await code_of(stub.GetCallerIdentity(GetCallerIdentityRequest())) is UNAUTHENTICATED


async def test_a_list_shows_the_caller_s_own(guarded: Guarded) -> None:
    stub = SecurityGroupServiceStub(guarded.running.channel)
    shown = {}
    for name in ("owner", "other", "operator"):
        answer = await stub.DescribeSecurityGroups(DescribeSecurityGroupsRequest(), metadata=guarded.metadata[name])
        shown[name] = [group.security_group_id for group in answer.security_groups]
    assert shown == {"owner": ["sg-a"], "other": ["sg-b"], "operator": ["sg-a", "sg-b"]}


async def test_refusals_are_in_the_audit_log(guarded: Guarded) -> None:
    await asyncio.gather(*map(code_of, checks_of(guarded, "other", "eni-1")))
    await asyncio.gather(*map(code_of, checks_of(guarded, "nobody", "eni-1")))
    await guarded.running.server.stop()
    lines = [json.loads(line) for line in guarded.audit_log.read_text().splitlines()]
    assert sorted(line["code"] for line in lines) == ["Forbidden.RAM"] * 5 + ["InvalidToken"] * 5
    assert {line["method"] for line in lines} >= {"CheckFlow", "BatchCheckFlows"}


async def test_reflection_and_health_are_open(guarded: Guarded) -> None:
    unary: Any = guarded.running.channel.unary_unary("/grpc.health.v1.Health/Check")
    assert await unary(b"") == b"\x08\x01"

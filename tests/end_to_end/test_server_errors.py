"""Every reason why there may be no verdict, as a client sees it."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, ResourceInfo, RetryInfo
from google.rpc.status_pb2 import Status
from structlog.testing import capture_logs

from pdp.model.errors import Reason
from pdp.server.status import TREATMENTS
from pdp.v1 import decision_service_pb2 as messages
from pdp.v1 import flow_pb2
from tests.builders import eni, group, policy
from tests.end_to_end.conftest import RunningServer, StartServer, until
from tests.server.messages import path_message, ssh

SNAPSHOT = policy([group("sg-a")], [eni("eni-1", "10.0.0.5", groups=["sg-a"])])

FILE_ONLY = {Reason.FLOW_NOT_LOGGED, Reason.INVALID_TIME, Reason.UNREADABLE_POLICY}
"""No request can have these faults: flow logs, times and policies come in files."""


class Refusal:
    """What a refused call told."""

    def __init__(self) -> None:
        self.code = grpc.StatusCode.OK
        self.status = Status()

    def detail(self, kind: type) -> object:
        for packed in self.status.details:
            found = kind()
            if packed.Unpack(found):
                return found
        raise AssertionError(f"the status has no {kind.__name__}: {self.status}")

    @property
    def reason(self) -> str:
        info = self.detail(ErrorInfo)
        assert isinstance(info, ErrorInfo)
        assert info.domain == "pdp"
        return str(info.reason)

    @property
    def fields(self) -> list[str]:
        bad = self.detail(BadRequest)
        assert isinstance(bad, BadRequest)
        return [violation.field for violation in bad.field_violations]


@contextmanager
def refused() -> Iterator[Refusal]:
    """The refusal of the call made inside, to be read afterwards."""
    refusal = Refusal()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        yield refusal
    refusal.code = caught.value.code()
    # Not every grpcio's metadata is what dict() takes for pairs.
    trailing = dict(iter(caught.value.trailing_metadata() or ()))
    refusal.status = Status.FromString(trailing["grpc-status-details-bin"])
    assert refusal.status.message == caught.value.details()
    assert refusal.status.code == refusal.code.value[0]


def columns(**changes: object) -> messages.CheckFlowColumnsRequest:
    """Two rows of SSH, with changes."""
    parts: dict[str, object] = {
        "eni_ids": ["eni-1"],
        "directions": b"\x01\x01",
        "protocols": b"\x06\x06",
        "sources": bytes(8),
        "destinations": bytes(8),
        "source_ports": bytes(4),
        "destination_ports": bytes(4),
    }
    return messages.CheckFlowColumnsRequest(**{**parts, **changes})  # type: ignore[arg-type]


Ask = Callable[[RunningServer], Awaitable[object]]


def checking(flow: flow_pb2.Flow) -> Ask:
    return lambda running: running.stub.CheckFlow(messages.CheckFlowRequest(flow=flow))


def asking_columns(**changes: object) -> Ask:
    return lambda running: running.stub.CheckFlowColumns(columns(**changes))


def bytes_that_are_no_message(running: RunningServer) -> Awaitable[object]:
    call: Callable[[bytes], Awaitable[object]] = running.channel.unary_unary("/pdp.v1.DecisionService/CheckFlow")  # type: ignore[assignment]
    return call(b"\xff\xff")


ASKED: dict[Reason, tuple[Ask, list[str]]] = {
    # reason: what to ask, and the fields that the refusal names
    Reason.UNKNOWN_ENI: (checking(ssh(eni_id="eni-9")), ["flow.eni_id"]),
    Reason.MISSING_ENI: (checking(ssh(eni_id=None)), ["flow.eni_id"]),
    Reason.INVALID_DIRECTION: (checking(ssh(direction=9)), ["flow.direction"]),
    Reason.INVALID_PROTOCOL: (checking(ssh(protocol=None)), ["flow.protocol"]),
    Reason.INVALID_ADDRESS: (checking(ssh(source="10.0.0.0/8")), ["flow.source"]),
    Reason.MIXED_ADDRESS_FAMILIES: (checking(ssh(source="fd00::1")), ["flow.destination"]),
    Reason.INVALID_PORT: (checking(ssh(destination_port=70000)), ["flow.destination_port"]),
    Reason.MISSING_PORT: (checking(ssh(destination_port=None)), ["flow.destination_port"]),
    Reason.INVALID_FLOW: (lambda running: running.stub.CheckFlow(messages.CheckFlowRequest()), ["flow"]),
    Reason.BATCH_TOO_LARGE: (
        lambda running: running.stub.BatchCheckFlows(messages.BatchCheckFlowsRequest(flows=[ssh()] * 4)),
        ["flows"],
    ),
    Reason.UNEQUAL_COLUMNS: (asking_columns(sources=bytes(12)), ["sources"]),
    Reason.INVALID_COLUMN: (asking_columns(destination_ports=b""), ["destination_ports"]),
    Reason.INVALID_PATH: (lambda running: running.stub.CheckPath(path_message(source_eni="eni-1")), ["destination"]),
    Reason.UNKNOWN_RULE: (
        lambda running: running.stub.ExplainFlow(messages.ExplainFlowRequest(flow=ssh(), rule_id="sgr-9")),
        ["rule_id"],
    ),
    Reason.REVISION_NOT_REACHED: (
        lambda running: running.stub.CheckFlow(messages.CheckFlowRequest(flow=ssh(), at_least_revision=2), timeout=0.5),
        [],
    ),
    Reason.INVALID_REQUEST: (bytes_that_are_no_message, []),
}
ELSEWHERE = {Reason.NOT_READY, Reason.TOO_MANY_REQUESTS}
"""Of a server in another state; each has a test of its own below."""


def test_every_reason_is_asked_for_or_known_to_be_of_files_only() -> None:
    assert set(Reason) == set(ASKED) | ELSEWHERE | FILE_ONLY
    assert not set(ASKED) & FILE_ONLY


@pytest.mark.parametrize("reason", ASKED)
async def test_a_refusal_has_its_code_its_reason_and_names_its_field(reason: Reason, start_server: StartServer) -> None:
    ask, fields = ASKED[reason]
    running = await start_server(SNAPSHOT, most_batch_rows=3)
    with refused() as refusal:
        await ask(running)
    assert refusal.reason == reason.name
    assert refusal.code is TREATMENTS[reason].code
    if fields:
        assert refusal.fields == fields


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"directions": b"\x01"}, Reason.UNEQUAL_COLUMNS, "directions"),
        ({"destinations": bytes(16)}, Reason.UNEQUAL_COLUMNS, "destinations"),
        ({"source_ports": bytes(2)}, Reason.UNEQUAL_COLUMNS, "source_ports"),
        ({"eni_index": bytes(4)}, Reason.UNEQUAL_COLUMNS, "eni_index"),
        ({"protocols": b""}, Reason.INVALID_COLUMN, "protocols"),
        ({"eni_ids": []}, Reason.INVALID_COLUMN, "eni_ids"),
        ({"eni_ids": ["eni-1", "eni-2"]}, Reason.INVALID_COLUMN, "eni_index"),
        ({"sources": b""}, Reason.INVALID_COLUMN, "sources"),
        ({"protocols": bytes(6)}, Reason.BATCH_TOO_LARGE, "protocols"),
    ],
)
async def test_a_faulty_column_is_named(
    changes: dict[str, object], reason: Reason, field: str, start_server: StartServer
) -> None:
    running = await start_server(SNAPSHOT, most_column_rows=5)
    with refused() as refusal:
        await running.stub.CheckFlowColumns(columns(**changes))
    assert (refusal.reason, refusal.fields) == (reason.name, [field])


async def test_a_server_without_a_policy_says_that_it_is_not_ready(start_server: StartServer) -> None:
    running = await start_server()
    with refused() as refusal:
        await running.stub.CheckFlow(messages.CheckFlowRequest(flow=ssh()))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAVAILABLE, "NOT_READY")
    assert isinstance(refusal.detail(RetryInfo), RetryInfo)


async def test_one_request_too_many_is_refused_and_the_next_is_answered(start_server: StartServer) -> None:
    running = await start_server(SNAPSHOT, most_requests_at_once=1)
    waiting = running.stub.CheckFlow(messages.CheckFlowRequest(flow=ssh(), at_least_revision=2))
    await has_in_flight(running, 1)
    with refused() as refusal:
        await running.stub.CheckFlow(messages.CheckFlowRequest(flow=ssh()))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_REQUESTS")
    assert isinstance(refusal.detail(RetryInfo), RetryInfo)
    waiting.cancel()
    await has_in_flight(running, 0)
    await running.stub.CheckFlow(messages.CheckFlowRequest(flow=ssh()))


async def test_an_unknown_eni_is_named_as_a_resource(start_server: StartServer) -> None:
    running = await start_server(SNAPSHOT)
    with refused() as refusal:
        await running.stub.CheckFlow(messages.CheckFlowRequest(flow=ssh(eni_id="eni-9")))
    resource = refusal.detail(ResourceInfo)
    assert isinstance(resource, ResourceInfo)
    assert resource.resource_name == "eni-9"


async def test_a_very_long_value_still_gets_a_readable_refusal(start_server: StartServer) -> None:
    running = await start_server(SNAPSHOT)
    with refused() as refusal:
        await running.stub.CheckFlow(messages.CheckFlowRequest(flow=ssh(eni_id="é€😀" * 100_000)))
    assert refusal.reason == "UNKNOWN_ENI"


async def test_an_unexpected_error_leads_to_the_log_and_tells_nothing(start_server: StartServer) -> None:
    running = await start_server(SNAPSHOT)
    running.server.source.checker = "not a checker"  # type: ignore[assignment]
    with capture_logs() as logs, refused() as refusal:
        await running.stub.CheckFlow(messages.CheckFlowRequest(flow=ssh()))
    info = refusal.detail(ErrorInfo)
    assert isinstance(info, ErrorInfo)
    assert (refusal.code, info.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert "checker" not in str(refusal.status)
    assert "str" not in str(refusal.status.message)
    (entry,) = [entry for entry in logs if entry["event"] == "unexpected error"]
    assert entry["incident"] == info.metadata["incident"]
    assert isinstance(entry["exc_info"], AttributeError)
    assert running.server.counts.internal_errors == 1


async def has_in_flight(running: RunningServer, count: int) -> None:
    """Waits until the server answers so many calls of CheckFlow."""
    method = running.server.counts.method("pdp.v1.DecisionService/CheckFlow")
    await until(lambda: method.in_flight == count)

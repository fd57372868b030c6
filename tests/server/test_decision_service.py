"""What a servicer does by itself; what it answers is asked end to end."""

import pytest

from pdp.index.cache import IndexCache
from pdp.index.checker import Checker
from pdp.model.errors import PdpError, Reason
from pdp.model.instants import Instant
from pdp.server import decision_service
from pdp.server.counts import Counts
from pdp.server.decision_service import DecisionService
from pdp.server.source import PolicySource
from pdp.server.turns import Turns
from pdp.v1 import flow_pb2
from pdp.v1.decision_service_pb2 import DESCRIPTOR, CheckFlowRequest, CheckFlowResponse
from tests.builders import at, eni, group, penalty, policy
from tests.server.messages import ssh
from tests.server.test_guard import Call

UNTIL = at("2026-02-01T00:00:00Z")
SNAPSHOT = policy(
    [group("sg-a", "accept tcp/22 from 0.0.0.0/0")],
    [eni("eni-1", "10.0.0.5", groups=["sg-a"], instance="i-1")],
    penalties=[penalty("i-1", until="2026-02-01T00:00:00Z")],
)


def service(now: int = 0) -> DecisionService:
    source = PolicySource()
    source.publish(Checker(SNAPSHOT, IndexCache()))
    return DecisionService(source, Counts(), Turns(), most_batch_rows=10, most_column_rows=10, now=lambda: Instant(now))


def test_every_method_of_the_contract_is_served() -> None:
    contract = DESCRIPTOR.services_by_name["DecisionService"]
    assert set(service().methods()) == {method.name for method in contract.methods}
    assert contract.full_name == decision_service.SERVICE_NAME


@pytest.mark.parametrize(
    ("now", "reason"),
    [(UNTIL - 1, flow_pb2.VERDICT_REASON_PENALTY), (UNTIL, flow_pb2.VERDICT_REASON_RULE)],
)
async def test_the_time_of_a_check_is_the_clocks_to_the_nanosecond(now: int, reason: int) -> None:
    answer = await service(now).CheckFlow(CheckFlowRequest(flow=ssh()), Call())
    assert CheckFlowResponse.FromString(answer).verdict.reason == reason


async def test_without_a_deadline_a_request_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_service, "LONGEST_WAIT_S", 0.01)
    with pytest.raises(PdpError) as refusal:
        await service().CheckFlow(CheckFlowRequest(flow=ssh(), at_least_revision=2), Call())
    assert refusal.value.reason is Reason.REVISION_NOT_REACHED


def test_a_check_of_a_loaded_policy_never_waits() -> None:
    check = service().CheckFlow(CheckFlowRequest(flow=ssh(), at_least_revision=1), Call())
    with pytest.raises(StopIteration) as finished:
        check.send(None)
    assert CheckFlowResponse.FromString(finished.value.value).position.revision == 1

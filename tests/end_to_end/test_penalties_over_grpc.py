"""Penalties (§7) over a socket: no step of an owner's ends one, and its times come true by themselves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from time import time_ns
from typing import Any, NamedTuple

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from pdp.model.instants import SECOND
from pdp.v1 import flow_pb2
from pdp.v1.account_service_pb2 import (
    FileAppealRequest,
    ImposePenaltyRequest,
    LiftPenaltyRequest,
    ListPenaltiesRequest,
    RequestUnblockRequest,
    UpholdPenaltyRequest,
)
from pdp.v1.flow_pb2 import Verdict
from pdp.v1.network_service_pb2 import ModifyInstanceAttributeRequest
from pdp.v1.resources_pb2 import Penalty
from tests.end_to_end.administered import Administered, Client, administered, permission
from tests.end_to_end.conftest import PATIENCE_S
from tests.end_to_end.refusals import refused_by

ACCEPT, DROP = flow_pb2.ACTION_ACCEPT, flow_pb2.ACTION_DROP
BLOCK = ImposePenaltyRequest(penalty_class="malicious_behaviour", action="BLOCK_TRAFFIC", reason="scans ports")
WINDOW = 2 * SECOND
"""Long against the time that one check takes, even where much else runs."""


class Target(NamedTuple):
    """An instance that accepts SSH, unless it is blocked."""

    vpc: str
    instance: str
    eni: str
    group: str


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Administered]:
    async with administered(tmp_path) as running:
        yield running


@pytest.fixture
async def target(served: Administered) -> Target:
    vpc = await served.owner.vpc()
    group = await served.owner.group(vpc)
    await served.owner.authorize(group, permission(22))
    instance, eni = await served.owner.instance(vpc, group)
    assert (await served.owner.check(eni)).verdict.action == ACCEPT
    return Target(vpc, instance, eni, group)


async def impose(served: Administered, target: Target, **fields: Any) -> Penalty:
    request = ImposePenaltyRequest(instance_id=target.instance, **fields)
    request.MergeFrom(BLOCK)
    return (await served.operator.accounts.ImposePenalty(request)).penalty


async def assert_blocked(by: Client, target: Target, revision: int) -> None:
    answer = await by.check(target.eni, revision)
    assert answer.position.revision == revision
    verdict = answer.verdict
    assert (verdict.action, verdict.reason) == (DROP, flow_pb2.VERDICT_REASON_PENALTY)
    assert not verdict.HasField("valid_until")


async def code_of(call: Awaitable[Any]) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return refused_by(caught.value).info.reason


async def test_an_appeal_leaves_the_instance_blocked_and_lifting_opens_it(served: Administered, target: Target) -> None:
    """§7.2, §7.4."""
    penalty = await impose(served, target)
    assert penalty.state == "in_force"
    appeal = await served.owner.accounts.FileAppeal(
        FileAppealRequest(penalty_id=penalty.penalty_id, statement="it was a test")
    )
    assert (appeal.penalty.state, appeal.penalty.statement) == ("appeal_filed", "it was a test")
    await assert_blocked(served.owner, target, appeal.position.revision)
    upheld = await served.operator.accounts.UpholdPenalty(UpholdPenaltyRequest(penalty_id=penalty.penalty_id))
    assert upheld.penalty.state == "upheld"
    await assert_blocked(served.owner, target, upheld.position.revision)
    lifted = await served.operator.accounts.LiftPenalty(LiftPenaltyRequest(penalty_id=penalty.penalty_id))
    assert lifted.penalty.state == "lifted"
    opened = await served.owner.check(target.eni, lifted.position.revision)
    assert (opened.verdict.action, opened.verdict.group_id) == (ACCEPT, target.group)


async def test_a_request_leaves_the_instance_blocked(served: Administered, target: Target) -> None:
    """§7.4."""
    penalty = await impose(served, target)
    asked = await served.owner.accounts.RequestUnblock(
        RequestUnblockRequest(penalty_id=penalty.penalty_id, statement="we closed the hole")
    )
    assert asked.penalty.state == "unblock_requested"
    await assert_blocked(served.owner, target, asked.position.revision)


async def test_no_step_of_the_operator_s_is_the_owner_s(served: Administered, target: Target) -> None:
    """§7.2: who is blocked neither lifts the block nor upholds another's, and a stranger does not even ask."""
    penalty = await impose(served, target)
    lift = LiftPenaltyRequest(penalty_id=penalty.penalty_id)
    uphold = UpholdPenaltyRequest(penalty_id=penalty.penalty_id)
    appeal = FileAppealRequest(penalty_id=penalty.penalty_id, statement="let them go")
    assert await code_of(served.owner.accounts.LiftPenalty(lift)) == "OperationDenied.OperatorOnly"
    assert await code_of(served.owner.accounts.UpholdPenalty(uphold)) == "OperationDenied.OperatorOnly"
    assert await code_of(served.other.accounts.FileAppeal(appeal)) == "Forbidden.RAM"
    [listed] = (await served.owner.accounts.ListPenalties(ListPenaltiesRequest())).penalties
    assert listed == penalty
    await assert_blocked(served.owner, target, served.snapshot.revision)


async def test_a_lock_stops_changes_of_groups_and_no_traffic(served: Administered, target: Target) -> None:
    """§7.3: rules and groups themselves may still change."""
    await served.operator.accounts.ImposePenalty(
        ImposePenaltyRequest(penalty_class="malicious_behaviour", action="LOCK", instance_id=target.instance)
    )
    assert (await served.owner.check(target.eni)).verdict.action == ACCEPT
    other = await served.owner.group(target.vpc)
    change = ModifyInstanceAttributeRequest(instance_id=target.instance, security_group_ids=[other])
    assert await code_of(served.owner.network.ModifyInstanceAttribute(change)) == "InstanceLockedForSecurity"
    await served.owner.authorize(target.group, permission(23))


def instant_of(stamp: Timestamp) -> int:
    return stamp.seconds * SECOND + stamp.nanos


def stamp_of(instant: int) -> Timestamp:
    return Timestamp(seconds=instant // SECOND, nanos=instant % SECOND)


def seen_in(verdict: Verdict) -> tuple[int, int | None]:
    """The action, and the instant until which the verdict says that it holds."""
    return verdict.action, instant_of(verdict.valid_until) if verdict.HasField("valid_until") else None


async def test_since_and_until_take_effect_on_time_without_a_commit(served: Administered, target: Target) -> None:
    """§7.4: from `since` on, and no longer once `until` is reached; `valid_until` names what comes next."""
    since = time_ns() + WINDOW
    until = since + WINDOW
    await impose(served, target, since=stamp_of(since), until=stamp_of(until))
    revision = served.snapshot.revision
    before, during, after = (ACCEPT, since), (DROP, until), (ACCEPT, None)
    seen: list[tuple[int, int | None]] = []
    async with asyncio.timeout(PATIENCE_S):
        while after not in seen:
            asked, answer, answered = time_ns(), await served.owner.check(target.eni), time_ns()
            if not seen or seen[-1] != seen_in(answer.verdict):
                seen.append(seen_in(answer.verdict))
            assert answer.position.revision == revision
            if answered < since:
                assert seen[-1] == before
            elif since <= asked and answered < until:
                assert seen[-1] == during
            elif until <= asked:
                assert seen[-1] == after
            await asyncio.sleep(0.01)
    assert seen == [before, during, after]

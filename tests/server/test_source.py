import asyncio

import pytest

from pdp.index.cache import IndexCache
from pdp.index.checker import Checker
from pdp.model.codes import Code
from pdp.model.errors import PdpError, Reason
from pdp.model.ids import Revision
from pdp.policy.draft import snapshot_of
from pdp.server.source import PolicySource
from tests.builders import resources

LONG_S = 60.0


def checker(revision: int) -> Checker:
    return Checker(snapshot_of(resources(), revision=Revision(revision)), IndexCache())


def reason_of(refusal: pytest.ExceptionInfo[PdpError]) -> Reason | Code:
    return refusal.value.reason


async def test_nothing_is_ready_before_a_policy_is_published() -> None:
    source = PolicySource()
    with pytest.raises(PdpError) as refusal:
        source.loaded()
    assert reason_of(refusal) is Reason.NOT_READY


async def test_waiting_for_a_revision_does_not_wait_for_a_first_policy() -> None:
    with pytest.raises(PdpError) as refusal:
        await PolicySource().at_least(1, LONG_S)
    assert reason_of(refusal) is Reason.NOT_READY


async def test_who_waits_is_told_of_the_end() -> None:
    source = PolicySource()
    source.publish(checker(3))
    waiting = asyncio.ensure_future(source.at_least(4, LONG_S))
    await asyncio.sleep(0)
    source.end()
    with pytest.raises(PdpError, match="the server is stopping before revision 4") as refusal:
        await waiting
    assert reason_of(refusal) is Reason.NOT_READY


async def test_a_reached_revision_is_answered_at_once() -> None:
    source = PolicySource()
    source.publish(checker(3))
    assert await source.at_least(2, LONG_S) is source.checker


async def test_who_waits_is_woken_by_the_revision_and_not_by_one_below() -> None:
    source = PolicySource()
    source.publish(checker(1))
    waiting = asyncio.ensure_future(source.at_least(3, LONG_S))
    for revision in (2, 4):
        await asyncio.sleep(0)
        assert not waiting.done()
        source.publish(checker(revision))
    assert (await waiting).snapshot.revision == 4


async def test_a_revision_not_reached_in_time_is_an_error_that_says_where_the_store_is() -> None:
    source = PolicySource()
    source.publish(checker(5))
    with pytest.raises(PdpError, match=r"revision 6 .* at 5") as refusal:
        await source.at_least(6, 0.001)
    assert reason_of(refusal) is Reason.REVISION_NOT_REACHED


async def test_a_cancelled_wait_is_cancelled() -> None:
    source = PolicySource()
    source.publish(checker(1))
    waiting = asyncio.ensure_future(source.at_least(2, LONG_S))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

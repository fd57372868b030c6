import asyncio
from collections.abc import Iterator
from itertools import pairwise

import pytest

from pdp.server.turns import ROUNDS, Turns

EACH_STEP = Turns(slice_s=0)
"""Every step is a slice of its own."""


def steps(count: int, done: list[str], name: str) -> Iterator[None]:
    for _ in range(count):
        done.append(name)
        yield


async def test_work_is_done_to_its_end() -> None:
    done: list[str] = []
    await EACH_STEP.run(steps(5, done, "a"))
    assert done == ["a"] * 5


async def test_two_pieces_of_work_take_turns() -> None:
    done: list[str] = []
    turns = Turns(slice_s=0)
    await asyncio.gather(turns.run(steps(4, done, "a")), turns.run(steps(4, done, "b")))
    assert done == ["a", "b"] * 4


async def test_others_on_the_loop_get_all_rounds_of_a_check_between_slices_however_much_work_there_is() -> None:
    done: list[str] = []
    turns = Turns(slice_s=0)
    work = asyncio.gather(*(turns.run(steps(20, done, name)) for name in "abc"))
    rounds = []
    while not work.done():
        before = len(done)
        await asyncio.sleep(0)
        rounds.append(len(done) - before)
    slices = [number for number, steps_done in enumerate(rounds) if steps_done]
    assert sum(rounds) == len(done) == len(slices) == 60
    assert min(later - earlier for earlier, later in pairwise(slices)) >= ROUNDS


async def test_cancelled_work_goes_no_further_and_holds_nobody_up() -> None:
    done: list[str] = []
    turns = Turns(slice_s=0)
    endless = asyncio.create_task(turns.run(steps(1_000_000_000, done, "endless")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    endless.cancel()
    await turns.run(steps(3, done, "next"))
    with pytest.raises(asyncio.CancelledError):
        await endless
    assert done.count("endless") < 5
    assert done[-3:] == ["next"] * 3


async def test_an_error_in_the_work_is_the_callers() -> None:
    def failing() -> Iterator[None]:
        yield
        raise ValueError("broken")

    turns = Turns(slice_s=0)
    with pytest.raises(ValueError, match="broken"):
        await turns.run(failing())
    await turns.run(iter(()))

"""Callers: one that asks alone, or many at once, each checking every answer that it gets when its clock has stopped.

Requests and answers pass as bytes, so that a caller costs less than the server that it measures.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import islice, takewhile
from time import perf_counter
from typing import NamedTuple, Self

import grpc

from benchmarks.rpc_questions import Question
from pdp.v1 import decision_service_pb2

SERVICE = decision_service_pb2.DESCRIPTOR.services_by_name["DecisionService"]
NO_LIMIT = -1
Call = Callable[[bytes], Awaitable[bytes]]
"""A method, from a serialised request to a serialised answer."""


class Answered(NamedTuple):
    """Flows answered in so many seconds."""

    flows: int
    seconds: float

    @property
    def per_s(self) -> float:
        """The rate."""
        return self.flows / self.seconds


class Client:
    """A connection to a server; `async with` closes it."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.aio.insecure_channel(
            address, options=[("grpc.max_receive_message_length", NO_LIMIT), ("grpc.use_local_subchannel_pool", 1)]
        )
        self._calls: dict[str, Call] = {
            method.name: self._channel.unary_unary(f"/{SERVICE.full_name}/{method.name}", bytes, bytes)
            for method in SERVICE.methods
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._channel.close()

    async def ask(self, question: Question) -> None:
        """One call. Raises AssertionError for a wrong answer, and what grpc raises for none."""
        question.verify(await self.call(question.method, question.request))

    async def call(self, method: str, request: bytes) -> bytes:
        """One call of a method, from bytes to bytes."""
        return await self._calls[method](request)

    async def alone(self, questions: Iterator[Question], calls: int) -> list[float]:
        """So many calls one after another: the milliseconds that each took."""
        return await self._one_by_one(islice(questions, calls))

    async def alone_for(self, questions: Iterator[Question], seconds: float) -> list[float]:
        """Calls one after another for so long: the milliseconds that each took."""
        end = perf_counter() + seconds
        return await self._one_by_one(takewhile(lambda _: perf_counter() < end, questions))

    async def _one_by_one(self, questions: Iterable[Question]) -> list[float]:
        took = []
        for question in questions:
            start = perf_counter()
            answer = await self.call(question.method, question.request)
            took.append((perf_counter() - start) * 1000)
            question.verify(answer)
        return took

    async def together(self, questions: Iterator[Question], in_flight: int, seconds: float) -> Answered:
        """So many calls in flight for so long."""
        answers: list[tuple[Question, bytes]] = []
        start = perf_counter()

        async def caller() -> None:
            while perf_counter() < start + seconds:
                question = next(questions)
                answers.append((question, await self.call(question.method, question.request)))

        await asyncio.gather(*(caller() for _ in range(in_flight)))
        answered = Answered(sum(question.flows for question, _ in answers), perf_counter() - start)
        for question, answer in answers:
            question.verify(answer)
        return answered

"""No answer is taken on trust: each question knows its answer before it is sent."""

from collections.abc import AsyncIterator, Callable

import pytest

from benchmarks.rpc_client import Client
from benchmarks.rpc_processes import serving
from benchmarks.rpc_questions import Exam, Question, middle_answer, with_answer
from pdp.v1.decision_service_pb2 import BatchCheckFlowsResponse, CheckFlowColumnsResponse, CheckFlowResponse
from pdp.v1.flow_pb2 import Verdict

EXAM = Exam(rules=20, members=10, flows=30)


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[Client]:
    with serving(rules=20, members=10, core=None) as server:
        async with Client(server.address) as client:
            yield client


async def right_answer(client: Client, question: Question) -> bytes:
    await client.ask(question)
    return question.answer


async def test_right_answers_are_taken(client: Client) -> None:
    for question in (*EXAM.singles(), EXAM.batch(), EXAM.columns()):
        assert question.answer == b""
        assert await right_answer(client, question) != b""


SINGLE_FAULTS: list[Callable[[CheckFlowResponse], object]] = [
    lambda answer: setattr(answer.verdict, "action", 3 - answer.verdict.action),
    lambda answer: setattr(answer.verdict, "reason", 1 + answer.verdict.reason % 7),
    lambda answer: setattr(answer.verdict, "rule_id", "sgr-other"),
    lambda answer: setattr(answer.verdict, "group_id", "sg-other"),
    lambda answer: setattr(answer.verdict, "priority", answer.verdict.priority + 1),
    lambda answer: setattr(answer.verdict, "idle_timeout_seconds", 1),
    lambda answer: answer.verdict.ClearField("region"),
    lambda answer: setattr(answer.verdict.region, "remote_cidr", "192.0.2.1/32"),
    lambda answer: setattr(answer.position, "revision", 9),
    lambda answer: setattr(answer.position, "store_id", "other"),
    lambda answer: answer.Clear(),
]


@pytest.mark.parametrize("spoil", SINGLE_FAULTS)
async def test_a_wrong_single_answer_is_seen(spoil: Callable[[CheckFlowResponse], object], client: Client) -> None:
    question = EXAM.singles()[0]
    answer = CheckFlowResponse.FromString(await right_answer(client, question))
    spoil(answer)
    with pytest.raises((AssertionError, ValueError)):
        question.verify(answer.SerializeToString())


async def test_one_wrong_item_of_a_batch_is_seen(client: Client) -> None:
    question = EXAM.batch()
    answer = BatchCheckFlowsResponse.FromString(await right_answer(client, question))
    answer.items[17].verdict.action = 3 - answer.items[17].verdict.action  # type: ignore[assignment]
    with pytest.raises(AssertionError):
        question.verify(answer.SerializeToString())


async def test_an_item_too_few_is_seen(client: Client) -> None:
    question = EXAM.batch()
    answer = BatchCheckFlowsResponse.FromString(await right_answer(client, question))
    del answer.items[-1]
    with pytest.raises(ValueError, match="argument 2 is longer"):
        question.verify(answer.SerializeToString())


@pytest.mark.parametrize("column", ["actions", "reasons", "rule_index", "group_index"])
async def test_one_wrong_row_of_columns_is_seen(column: str, client: Client) -> None:
    question = EXAM.columns()
    answer = CheckFlowColumnsResponse.FromString(await right_answer(client, question))
    spoiled = bytearray(getattr(answer, column))
    spoiled[-1] ^= 1
    setattr(answer, column, bytes(spoiled))
    with pytest.raises(AssertionError):
        question.verify(answer.SerializeToString())


def test_the_constant_answer_is_one_of_middle_size() -> None:
    questions = [Question("CheckFlow", b"", 1, lambda _: None) for _ in range(3)]
    answers = [CheckFlowResponse(verdict=Verdict(group_id="g" * length)).SerializeToString() for length in (9, 1, 4)]
    for question, answer in zip(questions, answers, strict=True):
        question.verify(answer)
    assert middle_answer(questions) == answers[2]


def test_a_constant_answer_is_checked_too() -> None:
    question = with_answer(EXAM.singles(), b"always")[0]
    question.verify(b"always")
    with pytest.raises(AssertionError):
        question.verify(b"never")

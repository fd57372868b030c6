"""Refusals as a client reads them, and what has to come back of each."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, cast

import grpc
import pytest
from google.rpc import error_details_pb2
from google.rpc.error_details_pb2 import ErrorInfo
from grpc import StatusCode
from grpc_status.rpc_status import from_call

from tests.end_to_end.administered import Administered

FIELD, STATE, LIMIT, RESOURCE = "BadRequest", "PreconditionFailure", "QuotaFailure", "ResourceInfo"
INVALID, PRECONDITION = StatusCode.INVALID_ARGUMENT, StatusCode.FAILED_PRECONDITION
EXHAUSTED, NOT_FOUND = StatusCode.RESOURCE_EXHAUSTED, StatusCode.NOT_FOUND


class Refused(NamedTuple):
    """A refusal as a client reads it: status, message, ErrorInfo, and all other details by the name of their type."""

    status: grpc.StatusCode
    message: str
    info: ErrorInfo
    details: dict[str, Any]

    @property
    def numbers(self) -> tuple[int, int, int]:
        """Of a limit: its value, the count there is and the count that was wanted."""
        of = self.info.metadata
        return int(of["value"]), int(of["present"]), int(of["wanted"])


def refused_by(error: grpc.aio.AioRpcError) -> Refused:
    """What an error says, each of its details once."""
    status = from_call(cast(Any, error))  # which tells the same as a call does
    assert status is not None
    details: dict[str, Any] = {}
    for packed in status.details:
        name = packed.TypeName().rpartition(".")[2]
        detail = getattr(error_details_pb2, name)()
        assert packed.Unpack(detail)
        assert name not in details
        details[name] = detail
    return Refused(error.code(), status.message, details.pop("ErrorInfo"), details)


class Asked(NamedTuple):
    """A request that is to be refused, and what stands in its way: the subject of a detail, or the field at fault."""

    call: Awaitable[Any]
    subject: str = ""
    numbers: tuple[int, int, int] | None = None


class Case(NamedTuple):
    """How a code is raised and what has to come back: a status, and the details beside ErrorInfo."""

    ask: Callable[[Administered], Awaitable[Asked]]
    status: StatusCode
    details: tuple[str, ...]


def subject_of(details: dict[str, Any]) -> str:
    """What the details say is in the way; a field where they tell of nothing else; blank where there are none."""
    if RESOURCE in details:
        return str(details[RESOURCE].resource_name)
    for name in (LIMIT, STATE):
        if name in details:
            [violation] = details[name].violations
            return str(violation.subject)
    return str(details[FIELD].field_violations[0].field) if FIELD in details else ""


async def assert_raised(code: str, case: Case, served: Administered) -> None:
    """The code comes back with its status and details, its numbers in words too, and nothing has changed."""
    asked = await case.ask(served)
    before = served.snapshot
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await asked.call
    refused = refused_by(caught.value)
    assert (refused.info.reason, refused.info.domain, refused.status) == (code, "pdp", case.status)
    assert sorted(refused.details) == sorted(case.details)
    assert subject_of(refused.details) == asked.subject
    if STATE in case.details:
        assert refused.details[STATE].violations[0].type == code
    if asked.numbers is not None:
        assert refused.numbers == asked.numbers
        told = refused.details[LIMIT].violations[0].description
        assert all(str(number) in told for number in asked.numbers)
    assert served.snapshot is before

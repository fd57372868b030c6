"""Calls to a running server: the only module of the command line that imports grpc.

It carries questions and answers and judges nothing; `refused` says what a call that failed ends a verb with.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from pdp.cli.connection import Connection
from pdp.cli.contract import document_of, method_named, request_of
from pdp.cli.exits import ExitCode, Fault
from pdp.cli.messages import explanation_document, flow_message, item_line, path_document, verdict_document
from pdp.cli.refused import ServerError, fault_of
from pdp.formats.flows import FlowQuestion
from pdp.formats.scenarios import PathQuestion
from pdp.formats.verdicts import error_line
from pdp.model.errors import FieldError, Reason
from pdp.model.flow import Flow
from pdp.model.instants import Instant
from pdp.v1 import decision_service_pb2
from pdp.v1.decision_service_pb2_grpc import DecisionServiceStub

Response = TypeVar("Response")

CHUNK = 5_000
"""Flows in one call: enough to make the call's own cost small, few enough to stay far below every usual limit."""
MOST_RECEIVED_BYTES = 64 << 20
PATIENCE = {
    "methodConfig": [
        {
            "name": [{"service": "pdp.v1.DecisionService"}],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.1s",
                "maxBackoff": "2s",
                "backoffMultiplier": 3,
                "retryableStatusCodes": ["RESOURCE_EXHAUSTED"],
            },
        }
    ]
}
"""A question that a server has no room for just now is asked again, a few times; a write never is."""


class Remote:
    """A connection to a server. `timeout_s` bounds each call."""

    def __init__(self, connection: Connection, timeout_s: float) -> None:
        self.server = connection.server
        self._timeout_s = timeout_s
        self._metadata = [("authorization", f"Bearer {connection.token}")] if connection.token else []
        # A proxy of the environment is for the web; it would be asked for 127.0.0.1 too.
        options: list[tuple[str, int | str]] = [
            ("grpc.max_receive_message_length", MOST_RECEIVED_BYTES),
            ("grpc.enable_http_proxy", 0),
            ("grpc.service_config", json.dumps(PATIENCE)),
        ]
        if connection.ca:
            credentials = grpc.ssl_channel_credentials(connection.roots())
            self.channel = grpc.secure_channel(connection.server, credentials, options)
        else:
            self.channel = grpc.insecure_channel(connection.server, options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.channel.close()

    def ask(self, method: Callable[..., Response], request: object) -> Response:
        """What a method of a stub answers. Raises Fault."""
        try:
            return method(request, timeout=self._timeout_s, metadata=self._metadata)
        except grpc.RpcError as error:
            raise fault_of(_server_error(error), self.server) from None

    def call(self, name: str, fields: dict[str, Any]) -> dict[str, Any]:
        """What an RPC of the administering services answers, both as documents. Raises Fault."""
        method = method_named(name)
        rpc = self.channel.unary_unary(
            method.path,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
        return document_of(self.ask(rpc, request_of(method, fields)))


class RemoteAnswers:
    """Answers from a server, at a revision not before this one. `timeout_s` bounds each call."""

    def __init__(self, connection: Connection, timeout_s: float, at_least_revision: int) -> None:
        self._remote = Remote(connection, timeout_s)
        self._at_least_revision = at_least_revision
        self._stub = DecisionServiceStub(self._remote.channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._remote.__exit__(kind, error, at)

    def check(self, eni: str, flow: Flow, at: Instant | None) -> dict[str, Any]:
        """One verdict with its region."""
        _refuse_time(at)
        request = decision_service_pb2.CheckFlowRequest(
            flow=flow_message(eni, flow), at_least_revision=self._at_least_revision
        )
        answer = self._remote.ask(self._stub.CheckFlow, request)
        return verdict_document(answer.verdict, answer.position)

    def check_many(
        self, questions: Iterable[FlowQuestion | FieldError], at: Instant | None, *, regions: bool
    ) -> Iterator[dict[str, Any]]:
        """One line for each question. Those of a chunk have one revision; a bad line never reaches the server.

        A chunk that is too large for the server is halved, and so are all that follow.
        """
        _refuse_time(at)
        waiting, size = iter(questions), CHUNK
        while chunk := list(islice(waiting, size)):
            asked = [question for question in chunk if isinstance(question, FlowQuestion)]
            try:
                answer = self._ask_batch(asked, regions=regions)
            except Fault as fault:
                if fault.reason != Reason.BATCH_TOO_LARGE.name or len(asked) == 1:
                    raise
                waiting, size = chain(chunk, waiting), len(chunk) // 2
                continue
            items = iter(answer.items)
            for question in chunk:
                if isinstance(question, FieldError):
                    yield error_line(question)
                else:
                    yield item_line(next(items), answer.position, question)

    def _ask_batch(
        self, asked: Sequence[FlowQuestion], *, regions: bool
    ) -> decision_service_pb2.BatchCheckFlowsResponse:
        """One item for each flow, in order. Raises Fault."""
        request = decision_service_pb2.BatchCheckFlowsRequest(
            flows=[flow_message(question.eni, question.flow) for question in asked],
            include_regions=regions,
            at_least_revision=self._at_least_revision,
        )
        answer = self._remote.ask(self._stub.BatchCheckFlows, request)
        if len(answer.items) != len(asked):
            message = f"{self._remote.server} gave {len(answer.items)} answers to {len(asked)} flows"
            raise Fault(ExitCode.SERVER, message)
        return answer

    def explain(self, eni: str, flow: Flow, at: Instant | None, rule: str, group: str) -> dict[str, Any]:
        """The account of one verdict."""
        _refuse_time(at)
        request = decision_service_pb2.ExplainFlowRequest(
            flow=flow_message(eni, flow), rule_id=rule, group_id=group, at_least_revision=self._at_least_revision
        )
        answer = self._remote.ask(self._stub.ExplainFlow, request)
        return explanation_document(answer)

    def path(self, question: PathQuestion, at: Instant | None) -> dict[str, Any]:
        """Both verdicts of a connection."""
        _refuse_time(at)
        source, destination, protocol, source_port, destination_port = question
        request = decision_service_pb2.CheckPathRequest(
            source=decision_service_pb2.PathEnd(eni_id=source.eni, address=source.address),
            destination=decision_service_pb2.PathEnd(eni_id=destination.eni, address=destination.address),
            protocol=protocol,
            source_port=source_port,
            destination_port=destination_port,
            at_least_revision=self._at_least_revision,
        )
        answer = self._remote.ask(self._stub.CheckPath, request)
        return path_document(answer)


def _refuse_time(at: Instant | None) -> None:
    if at is not None:
        raise Fault(ExitCode.USAGE, "a server judges at its own time; to ask about another, name a bundle")


def _server_error(error: grpc.RpcError) -> ServerError:
    """What a failed call says. The reason is blank when the status is not one of a server of ours."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type] # a failed call is both
    code, message = error.code().name, error.details() or "no details"
    for detail in status.details if status else ():
        info = ErrorInfo()
        if detail.Unpack(info):
            return ServerError(code, message, info.reason)
    return ServerError(code, message)

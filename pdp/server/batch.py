"""A batch as it is worked off: rows in, items out, in order and in small steps.

Equal verdicts are many in a batch and are written once. A row that cannot be answered gets its error and spoils nothing
else. It never waits, and never asks for the time: all rows are answered at one snapshot and instant.
"""

from collections.abc import Iterable, Iterator

from google.protobuf.message import DecodeError

from pdp.index.checker import Checker
from pdp.model.errors import FieldError, PdpError, Reason
from pdp.model.instants import Instant
from pdp.model.verdict import Verdict
from pdp.server.answers import WrittenVerdicts, failed_item, position_of
from pdp.server.convert import flow_from_proto, unknown_resource
from pdp.server.counts import Counts
from pdp.server.slices import SlicedMessage, framed
from pdp.v1.decision_service_pb2 import BatchCheckFlowsRequest, BatchCheckFlowsResponse
from pdp.v1.flow_pb2 import Flow

ITEMS = BatchCheckFlowsResponse.ITEMS_FIELD_NUMBER


class BatchRequest(SlicedMessage):
    """A serialised BatchCheckFlowsRequest, its flows still unread."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data, BatchCheckFlowsRequest.FLOWS_FIELD_NUMBER)

    def head(self) -> BatchCheckFlowsRequest:
        """The request without its flows. To be asked after the scan. Raises DecodeError."""
        return BatchCheckFlowsRequest.FromString(self.rest)

    def find_enis(self, found: set[str]) -> Iterator[None]:
        """Adds the ENIs of all readable flows, yielding after each run."""
        for run in self.runs:
            found |= {flow.eni_id for flow in self.flows(run) if flow is not None}
            yield

    def flows(self, run: tuple[int, int]) -> Iterable[Flow | None]:
        """The flows of a run, None for each that is not readable."""
        start, end = run
        try:
            return BatchCheckFlowsRequest.FromString(self.data[start:end]).flows
        except DecodeError:
            return [_readable(entry) for entry in self.entries(run)]


def _readable(entry: bytes) -> Flow | None:
    try:
        return Flow.FromString(entry)
    except DecodeError:
        return None


class BatchAnswers:
    """The items of a response, growing."""

    def __init__(self, checker: Checker, at: Instant, counts: Counts, *, include_regions: bool) -> None:
        self._check = checker.check_region if include_regions else checker.check
        self._position = position_of(checker.snapshot)
        self._at = at
        self._counts = counts
        self._parts: list[bytes] = []
        self._written = WrittenVerdicts(checker.snapshot)

    def answer(self, request: BatchRequest) -> Iterator[None]:
        """Answers all rows, yielding after each."""
        for run in request.runs:
            items = []
            for flow in request.flows(run):
                items.append(self._item(flow))
                yield
            self._parts.append(b"".join(items))

    def response(self) -> bytes:
        """The serialised BatchCheckFlowsResponse."""
        return b"".join((*self._parts, BatchCheckFlowsResponse(position=self._position).SerializeToString()))

    def _item(self, message: Flow | None) -> bytes:
        try:
            verdict = self._verdict(message)
        except PdpError as error:
            self._counts.error(error)
            return framed(ITEMS, failed_item(error).SerializeToString())
        self._counts.verdict(verdict)
        return framed(ITEMS, self._written.field(verdict))

    def _verdict(self, message: Flow | None) -> Verdict:
        if message is None:
            raise FieldError(Reason.INVALID_FLOW, "flow", "the flow is not readable")
        eni_id, flow = flow_from_proto(message)
        try:
            return self._check(eni_id, flow, self._at)
        except PdpError as error:
            raise unknown_resource(error, "flow.eni_id", eni_id) from None

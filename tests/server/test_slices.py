from collections.abc import Iterator

import pytest
from google.protobuf.message import DecodeError
from hypothesis import example, given
from hypothesis import strategies as st

from pdp.server.batch import BatchRequest
from pdp.server.slices import RUN, SlicedMessage, framed
from pdp.v1.decision_service_pb2 import BatchCheckFlowsRequest, BatchCheckFlowsResponse, BatchItem
from pdp.v1.flow_pb2 import Flow, FlowError
from tests.server.test_convert import ANY_FLOW

REQUESTS = st.builds(
    BatchCheckFlowsRequest,
    flows=st.lists(ANY_FLOW, max_size=40),
    at_least_revision=st.integers(0, 2**64 - 1),
    include_regions=st.booleans(),
)


def scanned(data: bytes) -> BatchRequest:
    request = BatchRequest(data)
    for _ in request.scan():
        pass
    return request


def flows(request: BatchRequest) -> Iterator[Flow | None]:
    for run in request.runs:
        yield from request.flows(run)


def together(request: BatchRequest) -> BatchCheckFlowsRequest:
    """The message put together from its pieces."""
    message = request.head()
    message.flows.extend(flow for flow in flows(request) if flow is not None)
    return message


@given(REQUESTS)
def test_the_pieces_are_the_message(message: BatchCheckFlowsRequest) -> None:
    request = scanned(message.SerializeToString())
    assert together(request) == message
    assert request.count == len(message.flows)


@given(st.lists(REQUESTS, min_size=2, max_size=4))
def test_fields_may_come_in_any_order_and_more_than_once(messages: list[BatchCheckFlowsRequest]) -> None:
    data = b"".join(message.SerializeToString() for message in messages)
    assert together(scanned(data)) == BatchCheckFlowsRequest.FromString(data)


UNKNOWN_FIELDS = {
    "a number": b"\x20\xac\x02",
    "eight bytes": b"\x21" + bytes(8),
    "four bytes": b"\x25" + bytes(4),
    "text": b"\x22\x03abc",
    "flows' number as another type": b"\x08\x01",
    "a high field number": b"\xfa\x7f\x01x",
}


@pytest.mark.parametrize("unknown", UNKNOWN_FIELDS.values(), ids=UNKNOWN_FIELDS)
def test_unknown_fields_are_passed_over(unknown: bytes) -> None:
    message = BatchCheckFlowsRequest(flows=[Flow(eni_id="eni-1")], at_least_revision=7)
    request = scanned(unknown + message.SerializeToString() + unknown)
    assert [flow.eni_id for flow in flows(request) if flow] == ["eni-1"]
    assert request.head().at_least_revision == 7


def test_a_tag_may_be_written_longer_than_it_need_be() -> None:
    data = b"\x8a\x00\x07" + Flow(eni_id="eni-1").SerializeToString()
    assert together(scanned(data)) == BatchCheckFlowsRequest.FromString(data)
    assert scanned(data).count == 1


def test_a_flow_of_many_bytes_is_found() -> None:
    message = BatchCheckFlowsRequest(flows=[Flow(eni_id="e" * size) for size in (1, 125, 126, 200, 20_000, 1)])
    assert together(scanned(message.SerializeToString())) == message


def test_many_flows_make_many_runs() -> None:
    request = scanned(BatchCheckFlowsRequest(flows=[Flow()] * (3 * RUN + 1)).SerializeToString())
    assert len(request.runs) == 4
    assert request.count == 3 * RUN + 1


def test_no_bytes_are_a_message_without_flows() -> None:
    assert scanned(b"").count == 0


@given(REQUESTS, st.floats(0, 1))
@example(BatchCheckFlowsRequest(flows=[Flow(eni_id="eni-1")]), 0.9)
def test_a_message_cut_short_is_refused_or_read_as_it_stands(message: BatchCheckFlowsRequest, share: float) -> None:
    whole = message.SerializeToString()
    part = whole[: round(len(whole) * share)]
    assert None in flows_or_nothing(part) or outcome_of_pieces(part) == outcome_of_the_whole(part)


@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from([b"\x0a", b"\x00", b"\x02", b"\x80", b"\x10", b"\x01"])).map(b"".join)
)
def test_any_bytes_are_refused_or_read_as_protobuf_reads_them(data: bytes) -> None:
    ours, theirs = outcome_of_pieces(data), outcome_of_the_whole(data)
    # They differ in two ways only: groups, which proto3 does not have, and a bad flow, which spoils itself alone.
    assert ours == theirs or ours is None or None in flows_or_nothing(data)


def flows_or_nothing(data: bytes) -> list[Flow | None]:
    try:
        return list(flows(scanned(data)))
    except DecodeError:
        return []


def outcome_of_pieces(data: bytes) -> BatchCheckFlowsRequest | None:
    try:
        return together(scanned(data))
    except DecodeError:
        return None


def outcome_of_the_whole(data: bytes) -> BatchCheckFlowsRequest | None:
    try:
        return BatchCheckFlowsRequest.FromString(data)
    except DecodeError:
        return None


def test_an_unreadable_flow_is_none_and_its_neighbours_are_read() -> None:
    bad_text = b"\x0a\x02\xff\xfe"
    entries = [Flow(eni_id="eni-1").SerializeToString(), bad_text, Flow(eni_id="eni-2").SerializeToString()]
    found = list(flows(scanned(b"".join(framed(1, entry) for entry in entries))))
    assert found == [Flow(eni_id="eni-1"), None, Flow(eni_id="eni-2")]


@pytest.mark.parametrize(
    "data", [b"\x0a", b"\x0a\x05abc", b"\x0a\xff\xff\xff\xff\x0f", b"\x80" * 11, b"\x10", b"\x21\x00", b"\x0b\x0c"]
)
def test_bytes_that_are_no_message_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        scanned(data)


@given(st.lists(st.builds(BatchItem, error=st.builds(FlowError, message=st.text(max_size=300))), max_size=20))
def test_framed_items_are_a_response(items: list[BatchItem]) -> None:
    data = b"".join(framed(1, item.SerializeToString()) for item in items)
    assert data == BatchCheckFlowsResponse(items=items).SerializeToString()


@pytest.mark.parametrize("size", [0, 127, 128, 16_383, 16_384, 3_000_000])
def test_a_frame_tells_its_length(size: int) -> None:
    message = SlicedMessage(framed(3, bytes(size)), 3)
    for _ in message.scan():
        pass
    assert [list(map(len, message.entries(run))) for run in message.runs] == [[size]]

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.index.cache import IndexCache
from pdp.index.checker import Checker
from pdp.model.errors import Reason
from pdp.model.instants import Instant
from pdp.server.answers import verdict_to_proto
from pdp.server.batch import BatchAnswers, BatchRequest
from pdp.server.convert import flow_from_proto
from pdp.server.counts import Counts
from pdp.server.slices import framed
from pdp.v1.decision_service_pb2 import BatchCheckFlowsRequest, BatchCheckFlowsResponse, BatchItem
from pdp.v1.flow_pb2 import ErrorReason, Flow
from tests.builders import NOW, at, eni, group, penalty, policy
from tests.server.messages import flow_message, ssh

CHECKER = Checker(
    policy(
        [
            group("sg-a", "accept tcp/22 from 0.0.0.0/0 @10", "drop tcp/22 from 198.51.100.0/24 @10 derived"),
            group("sg-b", "accept all from 0.0.0.0/0"),
        ],
        [
            eni("eni-1", "10.0.0.5", groups=["sg-a"]),
            eni("eni-2", "10.0.0.6", groups=["sg-a", "sg-b"]),
            eni("eni-3", "10.0.0.7", groups=["sg-b"], instance="i-3"),
        ],
        penalties=[penalty("i-3", since="2026-01-01T00:00:00Z", until="2026-02-01T00:00:00Z")],
    ),
    IndexCache(),
)

ROWS = [
    ssh(),
    ssh(source="203.0.113.1"),
    ssh(eni_id="eni-2"),
    ssh(eni_id="eni-3"),
    flow_message("out udp 10.0.0.5:40000 > 198.51.100.7:53"),
    ssh(eni_id="eni-9"),
    ssh(destination_port=70000),
    Flow(),
]


def answered(
    rows: Sequence[Flow], instant: Instant = NOW, *, include_regions: bool = False, counts: Counts | None = None
) -> BatchCheckFlowsResponse:
    request = BatchRequest(BatchCheckFlowsRequest(flows=rows).SerializeToString())
    for _ in request.scan():
        pass
    answers = BatchAnswers(CHECKER, instant, counts or Counts(), include_regions=include_regions)
    for _ in answers.answer(request):
        pass
    return BatchCheckFlowsResponse.FromString(answers.response())


@pytest.mark.parametrize("include_regions", [False, True])
@pytest.mark.parametrize("row", ROWS[:5], ids=str)
def test_each_row_is_answered_as_if_alone(row: Flow, *, include_regions: bool) -> None:
    eni_id, flow = flow_from_proto(row)
    alone = (CHECKER.check_region if include_regions else CHECKER.check)(eni_id, flow, NOW)
    response = answered([*ROWS, row], include_regions=include_regions)
    assert response.items[-1].verdict == verdict_to_proto(alone)


@given(st.lists(st.sampled_from(ROWS), max_size=30), st.integers(0, 30))
def test_splitting_a_batch_changes_nothing(rows: list[Flow], place: int) -> None:
    halves = [*answered(rows[:place]).items, *answered(rows[place:]).items]
    assert list(answered(rows).items) == halves


@given(st.permutations(range(len(ROWS))))
def test_permuting_the_rows_permutes_the_items(order: list[int]) -> None:
    items = answered(ROWS).items
    assert list(answered([ROWS[place] for place in order]).items) == [items[place] for place in order]


def test_a_bad_row_has_its_error_and_spoils_nothing_else() -> None:
    good, bad, after = answered([ssh(), ssh(destination_port=70000), ssh()]).items
    assert good == after
    assert good.HasField("verdict")
    assert bad.error.reason == ErrorReason.ERROR_REASON_INVALID_PORT
    assert bad.error.field == "flow.destination_port"
    assert "70000" in bad.error.message


def test_an_unknown_eni_is_an_error_of_its_row() -> None:
    assert answered([ssh(eni_id="eni-9")]).items[0].error.field == "flow.eni_id"


def test_a_row_that_is_not_readable_is_an_invalid_flow() -> None:
    rows = [ssh().SerializeToString(), b"\x0a\x01\xff", ssh().SerializeToString()]
    request = BatchRequest(b"".join(framed(1, row) for row in rows))
    for _ in request.scan():
        pass
    answers = BatchAnswers(CHECKER, NOW, Counts(), include_regions=False)
    for _ in answers.answer(request):
        pass
    first, bad, last = BatchCheckFlowsResponse.FromString(answers.response()).items
    assert bad.error.reason == ErrorReason.ERROR_REASON_INVALID_FLOW
    assert first == last == answered([ssh()]).items[0]


def test_verdicts_that_differ_in_time_only_are_not_mixed_up() -> None:
    until = at("2026-02-01T00:00:00Z")
    blocked, free = (answered([ssh(eni_id="eni-3")], Instant(instant)).items[0] for instant in (until - 1, until))
    assert blocked.verdict.valid_until.ToNanoseconds() == until
    assert not free.verdict.HasField("valid_until")


def test_a_response_says_where_it_comes_from() -> None:
    position = answered([]).position
    assert (position.revision, position.store_id) == (CHECKER.snapshot.revision, CHECKER.snapshot.store)


def test_a_batch_without_rows_has_no_items() -> None:
    assert list(answered([]).items) == []


def test_regions_come_when_asked_for() -> None:
    without, with_region = (answered([ssh()], include_regions=wanted).items[0].verdict for wanted in (False, True))
    assert not without.HasField("region")
    assert with_region.region.destination_ports.first == 22


def test_every_row_is_counted() -> None:
    counts = Counts()
    items = answered(ROWS, counts=counts).items
    assert sum(map(sum, counts.verdicts)) == sum(item.HasField("verdict") for item in items)
    assert counts.errors[Reason.INVALID_PORT.value] == 1
    assert counts.errors[Reason.UNKNOWN_ENI.value] == 1
    assert counts.errors[Reason.MISSING_ENI.value] == 1


def test_an_item_is_either_a_verdict_or_an_error() -> None:
    kinds = [BatchItem.WhichOneof(item, "result") for item in answered(ROWS).items]
    assert kinds == ["verdict"] * 5 + ["error"] * 3

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.index.batch import ColumnCheck
from pdp.index.cache import IndexCache
from pdp.index.checker import Checker
from pdp.model.errors import FieldError, PdpError, Reason
from pdp.model.flow import Flow
from pdp.model.instants import Instant
from pdp.server.column_answers import ColumnAnswers
from pdp.server.columns import columns_from_proto
from pdp.server.counts import Counts
from pdp.v1.decision_service_pb2 import CheckFlowColumnsRequest, CheckFlowColumnsResponse
from tests.builders import NOW, eni, flow, group, penalty, policy

CHECKER = Checker(
    policy(
        [
            group("sg-a", "accept tcp/22 from 0.0.0.0/0", "drop tcp/23 from 0.0.0.0/0 derived"),
            group("sg-b", "accept all from ::/0"),
        ],
        [
            eni("eni-1", "10.0.0.5", "fd00::5", groups=["sg-a"]),
            eni("eni-2", "10.0.0.6", groups=["sg-a", "sg-b"], instance="i-2"),
        ],
        penalties=[penalty("i-2", since="2026-02-01T00:00:00Z")],
    ),
    IndexCache(),
)
ENI_IDS = ["eni-1", "eni-2", "eni-9"]
FLOWS = [
    flow("in tcp 198.51.100.7:40000 > 10.0.0.5:22"),
    flow("in tcp 198.51.100.7:40000 > 10.0.0.5:23"),
    flow("out udp 10.0.0.5:40000 > 198.51.100.7:53"),
    flow("in icmp 198.51.100.7 > 10.0.0.5"),
    flow("in tcp [2001:db8::1]:40000 > [fd00::5]:443"),
]
ROWS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(FLOWS)), max_size=60)


def request_of(rows: list[tuple[int, Flow]]) -> CheckFlowColumnsRequest:
    """All addresses in 16 bytes, IPv4 mapped."""
    flows = [asked for _, asked in rows]

    def packed(value: int, version: int) -> bytes:
        return (value | (0xFFFF << 32 if version == 4 else 0)).to_bytes(16)

    return CheckFlowColumnsRequest(
        eni_ids=ENI_IDS,
        eni_index=b"".join(place.to_bytes(4) for place, _ in rows),
        directions=bytes(asked.direction for asked in flows),
        protocols=bytes(asked.protocol for asked in flows),
        sources=b"".join(packed(asked.source.value, asked.family) for asked in flows),
        destinations=b"".join(packed(asked.destination.value, asked.family) for asked in flows),
        source_ports=b"".join(asked.source_port.to_bytes(2) for asked in flows),
        destination_ports=b"".join(asked.destination_port.to_bytes(2) for asked in flows),
    )


def answered(
    request: CheckFlowColumnsRequest, instant: Instant = NOW, counts: Counts | None = None
) -> CheckFlowColumnsResponse:
    check = ColumnCheck(CHECKER, columns_from_proto(request, 1_000), instant)
    check.judge()
    answers = ColumnAnswers(check, counts or Counts())
    for _ in answers.pack():
        pass
    return answers.response()


def entries(packed: bytes, rows: int) -> list[int]:
    return list(struct.unpack(f">{rows}I", packed)) if packed else [0] * rows


@given(ROWS)
def test_each_row_is_answered_as_if_alone(rows: list[tuple[int, Flow]]) -> None:
    counts = Counts()
    answer = answered(request_of(rows), counts=counts)
    rule_index, group_index = entries(answer.rule_index, len(rows)), entries(answer.group_index, len(rows))
    alone = Counts()
    for row, (place, asked) in enumerate(rows):
        if place == len(ENI_IDS):
            assert answer.errors[row] == Reason.INVALID_COLUMN.value
            alone.errors[Reason.INVALID_COLUMN.value] += 1
            continue
        try:
            verdict = CHECKER.check(ENI_IDS[place], asked, NOW)
        except PdpError as error:
            alone.error(error)
            found = (answer.actions[row], answer.reasons[row], answer.errors[row], rule_index[row], group_index[row])
            assert found == (0, 0, error.reason.value, 0, 0)
            continue
        alone.verdict(verdict)
        assert (answer.actions[row], answer.reasons[row]) == (verdict.action, verdict.reason)
        assert not answer.errors or answer.errors[row] == 0
        named = answer.rules[rule_index[row] - 1] if rule_index[row] else None
        if verdict.rule is None:
            assert named is None
        else:
            assert named is not None
            assert (named.rule_id or named.derived_rule_id) == verdict.rule.id
            assert bool(named.derived_rule_id) == verdict.rule.id_is_derived
            assert (named.group_id, named.priority) == (verdict.group, verdict.rule.priority)
        assert (answer.group_ids[group_index[row] - 1] if group_index[row] else None) == verdict.group
    assert (counts.verdicts, counts.errors) == (alone.verdicts, alone.errors)


@given(ROWS)
def test_rules_and_groups_are_named_once(rows: list[tuple[int, Flow]]) -> None:
    answer = answered(request_of(rows))
    assert len({(rule.rule_id, rule.derived_rule_id, rule.group_id) for rule in answer.rules}) == len(answer.rules)
    assert len(set(answer.group_ids)) == len(answer.group_ids)


def test_no_rows_are_no_answers() -> None:
    answer = answered(CheckFlowColumnsRequest())
    assert (answer.actions, answer.errors, answer.rule_index) == (b"", b"", b"")
    assert answer.position.store_id == CHECKER.snapshot.store


def test_addresses_of_4_bytes_are_those_of_16() -> None:
    wide = request_of([(0, FLOWS[0]), (1, FLOWS[1])])
    narrow = CheckFlowColumnsRequest()
    narrow.CopyFrom(wide)
    narrow.sources, narrow.destinations = (
        bytes(np.frombuffer(packed, np.uint8).reshape(-1, 16)[:, 12:].tobytes())
        for packed in (wide.sources, wide.destinations)
    )
    assert len(narrow.sources) == 8
    assert answered(narrow) == answered(wide)


def test_one_eni_needs_no_index() -> None:
    full = request_of([(0, FLOWS[0])] * 3)
    del full.eni_ids[1:]
    short = CheckFlowColumnsRequest()
    short.CopyFrom(full)
    short.eni_index = b""
    assert answered(short) == answered(full)


def test_the_earliest_change_limits_the_whole_answer() -> None:
    answer = answered(request_of([(0, FLOWS[0]), (1, FLOWS[0])]))
    assert answer.valid_until.ToJsonString() == "2026-02-01T00:00:00Z"
    assert not answered(request_of([(0, FLOWS[0])])).HasField("valid_until")


def test_ports_mean_nothing_where_the_protocol_has_none() -> None:
    plain, odd = request_of([(0, FLOWS[3])]), request_of([(0, FLOWS[3])])
    odd.source_ports = odd.destination_ports = b"\x00\x17"
    assert answered(odd) == answered(plain)


def test_a_direction_that_is_none_is_an_error_of_its_row() -> None:
    request = request_of([(0, FLOWS[0])] * 3)
    request.directions = bytes([1, 7, 1])
    answer = answered(request)
    assert list(answer.errors) == [0, Reason.INVALID_DIRECTION.value, 0]
    assert list(answer.actions) == [1, 0, 1]


def test_families_that_differ_are_an_error_of_their_row() -> None:
    request = request_of([(0, FLOWS[0]), (0, FLOWS[4])])
    request.sources = request.sources[16:] + request.sources[16:]
    assert list(answered(request).errors) == [Reason.MIXED_ADDRESS_FAMILIES.value, 0]


@pytest.mark.parametrize(
    ("name", "packed", "reason"),
    [
        ("protocols", b"", Reason.INVALID_COLUMN),
        ("directions", bytes(2), Reason.UNEQUAL_COLUMNS),
        ("directions", b"", Reason.INVALID_COLUMN),
        ("sources", bytes(13), Reason.UNEQUAL_COLUMNS),
        ("destinations", bytes(3 * 8), Reason.UNEQUAL_COLUMNS),
        ("source_ports", bytes(3), Reason.UNEQUAL_COLUMNS),
        ("destination_ports", b"", Reason.INVALID_COLUMN),
        ("eni_index", bytes(3), Reason.UNEQUAL_COLUMNS),
        ("eni_index", b"", Reason.INVALID_COLUMN),
    ],
)
def test_a_column_of_another_length_is_refused_by_name(name: str, packed: bytes, reason: Reason) -> None:
    request = request_of([(0, FLOWS[0])] * 3)
    setattr(request, name, packed)
    with pytest.raises(FieldError) as refusal:
        columns_from_proto(request, 1_000)
    assert (refusal.value.reason, refusal.value.field) == (reason, name)


def test_too_many_rows_are_refused() -> None:
    with pytest.raises(FieldError) as refusal:
        columns_from_proto(request_of([(0, FLOWS[0])] * 3), 2)
    assert (refusal.value.reason, refusal.value.field) == (Reason.BATCH_TOO_LARGE, "protocols")


def test_too_many_enis_are_refused() -> None:
    request = request_of([(0, FLOWS[0])] * 3)
    request.eni_ids.extend(["eni-1"] * 3)
    with pytest.raises(FieldError) as refusal:
        columns_from_proto(request, 3)
    assert (refusal.value.reason, refusal.value.field) == (Reason.BATCH_TOO_LARGE, "eni_ids")


def test_rows_that_have_no_verdict_pause_as_well() -> None:
    """However many are unknown or faulty, others get their turn between."""
    unknown = request_of([(0, FLOWS[0])] * 100)
    unknown.eni_ids[:] = [f"eni-x{number}" for number in range(100)]
    unknown.eni_index = b"".join(number.to_bytes(4) for number in range(100))
    assert len(list(ColumnCheck(CHECKER, columns_from_proto(unknown, 1_000), NOW).steps())) >= 100
    faulty = request_of([(0, FLOWS[0])] * 100)
    faulty.directions = bytes(100)
    assert list(ColumnCheck(CHECKER, columns_from_proto(faulty, 1_000), NOW).steps())

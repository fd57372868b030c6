"""Questions as columns, and the answers of a column check as verdicts that can be compared."""

from collections.abc import Sequence
from random import Random

import numpy as np

from pdp.index.batch import SMALL_GROUP_ROWS, ColumnCheck, Columns
from pdp.index.checker import Checker
from pdp.model.addresses import MAPPED_FIRST, Address, Family
from pdp.model.errors import Reason
from pdp.model.ids import GroupId
from pdp.model.instants import Instant
from pdp.model.protocols import LAST_PORT, has_ports
from pdp.model.rules import Action, Rule
from pdp.model.verdict import Stage, Verdict
from tests.aimed_flows import Question

Row = tuple[Action, Stage, Rule | None, GroupId | None] | Reason
"""What columns say of one flow, or why they say nothing."""

ENOUGH = SMALL_GROUP_ROWS
"""So many copies of each row, and every group of rows is large enough to be answered by numpy."""


ARRAYS = (
    "eni_index",
    "directions",
    "protocols",
    "sources",
    "destinations",
    "source_ports",
    "destination_ports",
)


def row_of(verdict: Verdict) -> Row:
    """What columns should say where a single check gives this verdict."""
    return verdict.action, verdict.reason, verdict.rule, verdict.group


def columns_of(questions: Sequence[Question], rng: Random, copies: int = 1) -> Columns:
    """The questions as columns, all of them one after the other `copies` times.

    Addresses are 4 bytes wide if all are IPv4, else 16. Ports that no one should read are random.
    """
    flows = [flow for _, flow, _ in questions]
    names = sorted({eni_id for eni_id, _, _ in questions})
    width = 4 if all(flow.family is Family.IPV4 for flow in flows) else 16
    spare = [rng.randint(0, LAST_PORT) for _ in flows]
    ports = [
        (flow.source_port, flow.destination_port) if has_ports(flow.protocol) else (unread, unread)
        for flow, unread in zip(flows, spare, strict=True)
    ]

    def packed(addresses: list[Address]) -> bytes:
        return b"".join(pack(address, width) for address in addresses) * copies

    return Columns(
        eni_ids=names,
        eni_index=np.array([names.index(eni_id) for eni_id, _, _ in questions] * copies, np.uint32),
        directions=np.array([flow.direction for flow in flows] * copies, np.uint8),
        protocols=np.array([flow.protocol for flow in flows] * copies, np.uint8),
        sources=np.frombuffer(packed([flow.source for flow in flows]), np.uint8).reshape(-1, width),
        destinations=np.frombuffer(packed([flow.destination for flow in flows]), np.uint8).reshape(-1, width),
        source_ports=np.array([source for source, _ in ports] * copies, np.uint16),
        destination_ports=np.array([destination for _, destination in ports] * copies, np.uint16),
    )


def pack(address: Address, width: int) -> bytes:
    """An address as columns carry it: in 16 bytes, IPv4 is mapped (§2.2)."""
    mapped = width == 16 and address.family is Family.IPV4
    return (address.value + MAPPED_FIRST if mapped else address.value).to_bytes(width)


def part(columns: Columns, start: int, end: int) -> Columns:
    """Rows `start` up to but without `end`."""
    arrays = {name: getattr(columns, name)[start:end] for name in ARRAYS}
    return Columns(eni_ids=columns.eni_ids, **arrays)


def judged(checker: Checker, columns: Columns, at: Instant) -> ColumnCheck:
    """The column check of all rows."""
    check = ColumnCheck(checker, columns, at)
    check.judge()
    return check


def rows_of(check: ColumnCheck) -> list[Row]:
    """The answers, row by row; the group that the rules' table names must be the group that the row names."""
    return [_row(check, row) for row in range(len(check.columns))]


def _row(check: ColumnCheck, row: int) -> Row:
    if check.errors[row]:
        said = (check.actions[row], check.reasons[row], check.rule_index[row], check.group_index[row])
        assert not any(said)
        return Reason(int(check.errors[row]))
    group = check.groups[check.group_index[row] - 1] if check.group_index[row] else None
    rule = None
    if check.rule_index[row]:
        rule, owner = check.rules[check.rule_index[row] - 1]
        assert owner == group
    return Action(int(check.actions[row])), Stage(int(check.reasons[row])), rule, group

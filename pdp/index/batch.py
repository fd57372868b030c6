"""Checks by columns: the verdicts of `pdp.policy.decide` for very many flows, with numpy.

Rows are grouped by ENI, direction and family; each group runs the stages in the order of a single check. A row that
cannot be judged gets the number of its error and spoils nothing else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdp.index.answer_table import AnswerTable
from pdp.index.checker import Checker
from pdp.index.column_group import Decided, RowGroup
from pdp.index.columns import Addresses, Places
from pdp.model.addresses import MAPPED_FIRST, Family
from pdp.model.errors import PdpError, Reason
from pdp.model.flow import Direction, Flow
from pdp.model.ids import GroupId
from pdp.model.instants import Instant
from pdp.model.protocols import has_ports
from pdp.model.verdict import Verdict
from pdp.policy.context import OwnedRule

GROUPED_ROWS = 20_000
"""Rows among which those of one ENI are looked for."""
STEP_ROWS = 10_240
"""Rows of one group that are sorted together; sorting and finding so many takes half a millisecond."""
SMALL_GROUP_ROWS = 32
"""A group of fewer rows is judged row by row, which is then faster."""

_INGRESS, _EGRESS = int(Direction.INGRESS), int(Direction.EGRESS)
"""As plain numbers: numpy takes ten times as long to compare an array with an enum's member."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Flows as columns of n rows.

    `eni_index` (uint32) points into `eni_ids`; `directions` and `protocols` are uint8; `sources` and `destinations` are
    uint8 of shape (n, 4), or (n, 16) in which IPv4 is mapped; ports are uint16, ignored where the protocol has none.
    """

    eni_ids: Sequence[str]
    eni_index: NDArray[np.uint32]
    directions: NDArray[np.uint8]
    protocols: NDArray[np.uint8]
    sources: NDArray[np.uint8]
    destinations: NDArray[np.uint8]
    source_ports: NDArray[np.uint16]
    destination_ports: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.protocols)


class Side:
    """One side's addresses in both forms; `is_ipv6` tells which one counts (§2.2)."""

    def __init__(self, packed: NDArray[np.uint8]) -> None:
        self._ipv4: NDArray[np.uint32]
        self._ipv6: NDArray[np.uint64] | None
        if packed.shape[1] == 4:
            self._ipv4 = np.ascontiguousarray(packed).view(">u4")[:, 0].astype(np.uint32)
            self._ipv6 = None
            self.is_ipv6 = np.zeros(len(packed), np.bool_)
        else:
            self._ipv6 = np.ascontiguousarray(packed).view(">u8").astype(np.uint64)
            self._ipv4 = self._ipv6[:, 1].astype(np.uint32)
            mapped = (self._ipv6[:, 0] == 0) & (self._ipv6[:, 1] >> np.uint64(32) == np.uint64(MAPPED_FIRST >> 32))
            self.is_ipv6 = ~mapped

    def addresses(self, rows: Places, family: Family) -> Addresses:
        """The addresses of some rows, all of one family."""
        # Of two halves each, `take` copies whole rows, ten times as fast as indexing does.
        return self._ipv4[rows] if self._ipv6 is None or family is Family.IPV4 else self._ipv6.take(rows, axis=0)

    def sort_keys(self, rows: Places, family: Family) -> NDArray[np.uint32] | NDArray[np.uint64]:
        """Keys that bring near addresses together: look-ups in that order are several times faster."""
        addresses = self.addresses(rows, family)
        return addresses if addresses.ndim == 1 else addresses[:, 0]

    def integer(self, row: int) -> int:
        """One row's address as an integer of its family."""
        if self._ipv6 is None or not self.is_ipv6[row]:
            return int(self._ipv4[row])
        return int(self._ipv6[row, 0]) << 64 | int(self._ipv6[row, 1])


class ColumnCheck:
    """The check of some columns at one snapshot and time. Judge all rows, in slices as small as others need.

    Answers per row: `actions`, `reasons` and `errors` hold the numbers of Action, Stage and Reason, 0 for none;
    `rule_index` and `group_index` are 0 or 1 + the position in `rules` and `groups`.
    """

    def __init__(self, checker: Checker, columns: Columns, at: Instant) -> None:
        count = len(columns)
        self.checker = checker
        self.columns = columns
        self.at = at
        self.actions = np.zeros(count, np.uint8)
        self.reasons = np.zeros(count, np.uint8)
        self.errors = np.zeros(count, np.uint8)
        self.rule_index = np.zeros(count, np.uint32)
        self.group_index = np.zeros(count, np.uint32)
        self.valid_until: Instant | None = None
        self._rules: AnswerTable[OwnedRule] = AnswerTable()
        self._groups: AnswerTable[GroupId] = AnswerTable()

    @property
    def rules(self) -> list[OwnedRule]:
        """The rules named so far; one that was found through several sets of groups may stand there several times."""
        return self._rules.items

    @property
    def groups(self) -> list[GroupId]:
        """The groups named so far, likewise."""
        return self._groups.items

    def judge(self) -> None:
        """Judges all rows."""
        for _ in self.steps():
            pass

    def steps(self) -> Iterator[None]:
        """Judges all rows, a millisecond or so of work at each step, so that others can have their turn between."""
        for start in range(0, len(self.columns), GROUPED_ROWS):
            yield from self._judge_part(start, min(start + GROUPED_ROWS, len(self.columns)))

    def _judge_part(self, start: int, end: int) -> Iterator[None]:
        columns = self.columns
        sources, destinations = Side(columns.sources[start:end]), Side(columns.destinations[start:end])
        errors = self._row_errors(start, end, sources, destinations)
        self.errors[start:end] = errors
        good = np.flatnonzero(errors == 0)
        for rows in self._grouped(start, good, sources):
            for place in range(0, len(rows), STEP_ROWS):
                yield from self._judge_group(start, rows[place : place + STEP_ROWS], sources, destinations)
        yield

    def _row_errors(self, start: int, end: int, sources: Side, destinations: Side) -> NDArray[np.uint8]:
        """What is wrong with each row by itself; the first fault in the order of a single check's fields counts."""
        columns = self.columns
        errors = np.zeros(end - start, np.uint8)
        mixed = sources.is_ipv6 != destinations.is_ipv6
        errors[mixed] = Reason.MIXED_ADDRESS_FAMILIES.value
        directions = columns.directions[start:end]
        errors[(directions != _INGRESS) & (directions != _EGRESS)] = Reason.INVALID_DIRECTION.value
        errors[columns.eni_index[start:end] >= len(columns.eni_ids)] = Reason.INVALID_COLUMN.value
        return errors

    def _grouped(self, start: int, rows: Places, sources: Side) -> Iterator[Places]:
        """The rows, relative to `start`, in groups of one ENI, direction and family each."""
        if not len(rows):
            return
        absolute = rows + start
        keys = self.columns.eni_index[absolute].astype(np.int64) << 3
        keys |= self.columns.directions[absolute].astype(np.int64) << 1
        keys |= sources.is_ipv6[rows]
        if (keys == keys[0]).all():
            yield rows
            return
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        yield from np.split(rows[order], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1)

    def _judge_group(self, start: int, rows: Places, sources: Side, destinations: Side) -> Iterator[None]:
        """Judges the rows of one group, yielding whenever some of them are decided."""
        columns = self.columns
        first = int(rows[0])
        eni_id = columns.eni_ids[columns.eni_index[start + first]]
        direction = Direction(int(columns.directions[start + first]))
        family = Family.IPV6 if sources.is_ipv6[first] else Family.IPV4
        try:
            view = self.checker.view(eni_id, direction, family)
        except PdpError as error:
            self.errors[rows + start] = error.reason.value
            yield
            return
        remote, own = (sources, destinations) if direction is Direction.INGRESS else (destinations, sources)
        if len(rows) < SMALL_GROUP_ROWS:
            for row in rows.tolist():
                self._judge_row(eni_id, start + row, self._flow(direction, family, remote, own, start, row))
            yield
            return
        rows = rows[np.argsort(remote.sort_keys(rows, family))]
        absolute = rows + start
        group = RowGroup(
            self.checker,
            view,
            columns.protocols[absolute],
            remote.addresses(rows, family),
            own.addresses(rows, family),
            columns.source_ports[absolute],
            columns.destination_ports[absolute],
        )
        for decided in group.judge(self.at):
            self._record(absolute[decided.rows], decided)
            yield
        self._limit(group.valid_until(self.at, self.reasons[absolute]))

    def _flow(self, direction: Direction, family: Family, remote: Side, own: Side, start: int, row: int) -> Flow:
        columns = self.columns
        protocol = int(columns.protocols[start + row])
        ports = (0, 0)
        if has_ports(protocol):
            ports = (int(columns.source_ports[start + row]), int(columns.destination_ports[start + row]))
        return Flow(direction, protocol, family, remote.integer(row), own.integer(row), *ports)

    def _judge_row(self, eni_id: str, row: int, flow: Flow) -> None:
        verdict: Verdict = self.checker.check(eni_id, flow, self.at)
        self.actions[row] = verdict.action
        self.reasons[row] = verdict.reason
        if verdict.group is not None:
            self.group_index[row] = self._groups.number(verdict.group, verdict.group)
            if verdict.rule is not None:
                self.rule_index[row] = self._rules.number(
                    OwnedRule(verdict.rule, verdict.group), (id(verdict.rule), verdict.group)
                )
        self._limit(verdict.valid_until)

    def _record(self, rows: Places, decided: Decided) -> None:
        """Writes the verdicts of one stage for some rows."""
        self.actions[rows] = decided.actions
        self.reasons[rows] = decided.stage
        if decided.rules is not None:
            self.rule_index[rows] = self._rules.numbers(decided.rules)
        if decided.groups is not None:
            self.group_index[rows] = self._groups.numbers(decided.groups)

    def _limit(self, valid_until: Instant | None) -> None:
        if valid_until is not None:
            self.valid_until = valid_until if self.valid_until is None else min(self.valid_until, valid_until)

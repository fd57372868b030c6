"""The stages of §2 for many flows of one ENI, direction and family at once.

Each stage takes the rows that no stage before it has decided, and names those that it decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdp.index.answer_table import Choice
from pdp.index.checker import Checker, View
from pdp.index.columns import Addresses, Places, address_array, inside
from pdp.model.addresses import Prefix
from pdp.model.ids import GroupId
from pdp.model.instants import Instant
from pdp.model.protocols import TCP
from pdp.model.rules import ACCEPT, DROP, Action
from pdp.model.verdict import Stage
from pdp.policy.context import OwnedRule
from pdp.policy.penalties import is_blocked, next_change
from pdp.policy.stages import HEALTH_CHECK_BLOCK, SMTP_PORT, order_for, smtp_exempt_blocks

MASK_ROWS = 2_560
"""Rows whose masks are looked at together. Memory for more goes back to the system each time, to be had anew."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What one stage decides: positions in the group, and for each the action and the group and rule it names."""

    stage: Stage
    rows: Places
    actions: NDArray[np.uint8] | Action
    groups: Choice[GroupId] | None = None
    rules: Choice[OwnedRule] | None = None


class RowGroup:
    """Flows of one context, as arrays of one length."""

    def __init__(
        self,
        checker: Checker,
        view: View,
        protocols: NDArray[np.uint8],
        remote: Addresses,
        own: Addresses,
        source_ports: NDArray[np.uint16],
        destination_ports: NDArray[np.uint16],
    ) -> None:
        self.checker = checker
        self.context = view.context
        self.cached = view.cached
        self.protocols = protocols
        self.remote = remote
        self.own = own
        self.source_ports = source_ports
        self.destination_ports = destination_ports
        self.book = view.book.columns
        self._places: Places | None = None

    def judge(self, at: Instant) -> Iterator[Decided]:
        """Every row is in exactly one of the answers."""
        stages = {
            Stage.SAME_INSTANCE: self._same_instance,
            Stage.PENALTY: lambda rows: self._penalty(rows, at),
            Stage.SMTP_BLOCKED: self._smtp,
            Stage.SAME_GROUP: self._same_group,
            Stage.RULE: self._rules,
            Stage.HEALTH_CHECK: self._health_check,
            Stage.DEFAULT: self._default,
        }
        pending = np.arange(len(self.protocols))
        decided = np.zeros(len(self.protocols), np.bool_)
        for stage in order_for(self.context.settings):
            if not len(pending):
                return
            if stage.applies(self.context):
                for answer in stages[stage.stage](pending):
                    decided[answer.rows] = True
                    yield answer
                pending = np.flatnonzero(~decided)

    def valid_until(self, at: Instant, reasons: NDArray[np.uint8]) -> Instant | None:
        """The next change of the instance's penalties, unless every row stands above them."""
        if not self.context.blocks or (reasons == Stage.SAME_INSTANCE).all():
            return None
        return next_change(self.context.blocks, at)

    def _owner_places(self, rows: Places) -> Places:
        """Where the rows' remote addresses are in the address book."""
        if self._places is None:
            self._places = self.book.bounds.places(self.remote)
        return self._places[rows]

    def _same_instance(self, rows: Places) -> Iterator[Decided]:
        siblings = np.array(list(self._sibling_places()), np.intp)
        yield Decided(Stage.SAME_INSTANCE, rows[np.isin(self._owner_places(rows), siblings)], ACCEPT)

    def _sibling_places(self) -> Iterator[int]:
        """The segments of the address book that a sibling ENI owns."""
        eni, snapshot = self.context.eni, self.checker.snapshot
        for sibling in (snapshot.enis[other] for other in snapshot.instance_enis[eni.instance] if other != eni.id):
            if sibling.vpc == eni.vpc and not sibling.own_namespace:
                for prefix in sibling.member_prefixes:
                    if prefix.family is self.context.family:
                        yield from self._places_of(prefix)

    def _places_of(self, prefix: Prefix) -> range:
        first, last = self.book.bounds.places(address_array(prefix.family, (prefix.first, prefix.last))).tolist()
        return range(first, last + 1)

    def _penalty(self, rows: Places, at: Instant) -> Iterator[Decided]:
        if is_blocked(self.context.blocks, at):
            yield Decided(Stage.PENALTY, rows, DROP)

    def _smtp(self, rows: Places) -> Iterator[Decided]:
        rows = rows[(self.protocols[rows] == TCP) & (self.destination_ports[rows] == SMTP_PORT)]
        for block in smtp_exempt_blocks(self.context):
            rows = rows[~inside(self.remote[rows], block)]
        yield Decided(Stage.SMTP_BLOCKED, rows, DROP)

    def _same_group(self, rows: Places) -> Iterator[Decided]:
        owners = self.cached.columns.owners(self.book)
        shared = owners.smallest_shared(self._owner_places(rows))
        decided = np.flatnonzero(shared)
        yield Decided(Stage.SAME_GROUP, rows[decided], ACCEPT, Choice(owners.sharing, shared[decided] - 1))

    def _rules(self, rows: Places) -> Iterator[Decided]:
        index = self.cached.columns
        for start in range(0, len(rows), MASK_ROWS):
            part = rows[start : start + MASK_ROWS]
            best = self._winners(part)
            won = np.flatnonzero(best >= 0)
            bits = best[won]
            yield Decided(
                Stage.RULE,
                part[won],
                index.actions[bits],
                Choice(index.groups, index.group_of[bits]),
                Choice(index.index.ordered, bits),
            )

    def _winners(self, rows: Places) -> NDArray[np.int64]:
        """For each row, the position of the winning rule among those of the index, or -1."""
        index = self.cached.columns
        return index.winners(
            self.protocols[rows],
            self.remote.take(rows, axis=0),
            self.own.take(rows, axis=0),
            self.source_ports[rows],
            self.destination_ports[rows],
            (index.owners(self.book), self._owner_places(rows)) if index.index.peers else None,
        )

    def _health_check(self, rows: Places) -> Iterator[Decided]:
        yield Decided(Stage.HEALTH_CHECK, rows[inside(self.remote[rows], HEALTH_CHECK_BLOCK)], ACCEPT)

    def _default(self, rows: Places) -> Iterator[Decided]:
        yield Decided(Stage.DEFAULT, rows, self.context.default_action)

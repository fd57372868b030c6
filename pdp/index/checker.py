"""Answers checks on one snapshot by index: the verdicts of `pdp.policy.decide`, with their regions.

It runs the very stages of the definition; who has an address and which rule wins are looked up instead of searched.
"""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass

from pdp.index.address_book import address_book
from pdp.index.axis import Axis
from pdp.index.cache import CachedIndex, IndexCache
from pdp.index.column_index import BookColumns
from pdp.model.addresses import Family
from pdp.model.flow import Direction, Flow
from pdp.model.ids import VpcId
from pdp.model.instants import Instant
from pdp.model.network import Eni
from pdp.model.verdict import Verdict
from pdp.policy.box import Box
from pdp.policy.context import Context, context_of
from pdp.policy.owners import Owners
from pdp.policy.snapshot import Snapshot
from pdp.policy.stages import Answer, answer_for

MOST_VIEWS = 100_000
"""Views kept for a direction and family; past that all are dropped and made anew as they are asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What a check of one ENI in one direction and family needs at hand."""

    context: Context
    answer: Answer
    book: Axis[Owners]
    cached: CachedIndex


class Checker:
    """Checks on one snapshot. A new snapshot gets a new checker; the cache of indexes goes along."""

    def __init__(self, snapshot: Snapshot, cache: IndexCache) -> None:
        self.snapshot = snapshot
        self._cache = cache
        self._evictions = cache.evictions
        # By direction + family, which add up to four different numbers: an index is found faster than a key.
        self._views: list[dict[str, View]] = [{} for _ in range(max(Direction) + max(Family) + 1)]
        self._books: dict[tuple[VpcId, Family], Axis[Owners]] = {}
        self._book_columns: dict[tuple[VpcId, Family], BookColumns] = {}
        self._vpc_enis: dict[VpcId, list[Eni]] = defaultdict(list)
        for eni in snapshot.enis.values():
            self._vpc_enis[eni.vpc].append(eni)

    def prepare(self) -> None:
        """Makes the address books of all VPCs now, so that no check has to wait for one.

        A large VPC's book takes seconds. Indexes are small and are made when they are first asked for.
        """
        for vpc in self._vpc_enis:
            for family in Family:
                self.book(vpc, family)

    def check(self, eni_id: str, flow: Flow, at: Instant) -> Verdict:
        """The verdict without its region. Raises PdpError with MISSING_ENI or UNKNOWN_ENI (§2.1)."""
        view = self._views[flow.direction + flow.family].get(eni_id) or self._make_view(
            eni_id, flow.direction, flow.family
        )
        owners = view.book.values[bisect_right(view.book.bounds, flow.remote)]
        return view.answer(flow, owners, at, None)

    def check_region(self, eni_id: str, flow: Flow, at: Instant) -> Verdict:
        """The verdict with its region: the intersection of the boxes of all stages up to the one that answers."""
        view = self._views[flow.direction + flow.family].get(eni_id) or self._make_view(
            eni_id, flow.direction, flow.family
        )
        bounds = view.book.bounds
        place = bisect_right(bounds, flow.remote)
        box = Box(flow, bounds[place - 1], bounds[place] - 1)
        verdict = view.answer(flow, view.book.values[place], at, box)
        return verdict.within(box.region(view.context.eni.id, flow))

    def view(self, eni_id: str, direction: Direction, family: Family) -> View:
        """The view of an ENI, made when it is first asked for. Raises like `check`."""
        view = self._views[direction + family].get(eni_id)
        return view if view is not None else self._make_view(eni_id, direction, family)

    def _make_view(self, eni_id: str, direction: Direction, family: Family) -> View:
        eni = self.snapshot.eni(eni_id)
        cached = self._cache.index(self.snapshot, self.snapshot.groups_of(eni), direction, family)
        self._drop_views_after_evictions()
        context = context_of(self.snapshot, eni, direction, family, cached.index)
        view = View(context, answer_for(context), self.book(eni.vpc, family), cached)
        views = self._views[direction + family]
        if len(views) >= MOST_VIEWS:
            views.clear()
        views[eni_id] = view
        return view

    def _drop_views_after_evictions(self) -> None:
        """A view keeps its index alive; without this, the bound of the cache would bound nothing."""
        if self._evictions != self._cache.evictions:
            self._evictions = self._cache.evictions
            for views in self._views:
                views.clear()

    def book(self, vpc: VpcId, family: Family) -> Axis[Owners]:
        """The address book of a VPC and family."""
        book = self._books.get((vpc, family))
        if book is None:
            book = self._books[vpc, family] = address_book(self._vpc_enis[vpc], family)
        return book

    def book_columns(self, vpc: VpcId, family: Family) -> BookColumns:
        """The address book of a VPC and family as columns."""
        columns = self._book_columns.get((vpc, family))
        if columns is None:
            columns = self._book_columns[vpc, family] = BookColumns(self.book(vpc, family), family)
        return columns

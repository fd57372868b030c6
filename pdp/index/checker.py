"""Answers checks on one snapshot by index: the verdicts of `pdp.policy.decide`, with their regions.

It runs the very stages of the definition; who has an address and which rule wins are looked up instead of searched.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from immutables import Map

from pdp.index.address_book import AddressBook, address_book
from pdp.index.cache import CachedIndex, IndexCache
from pdp.model.addresses import Family
from pdp.model.flow import Direction, Flow
from pdp.model.ids import EniId, VpcId
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
    book: AddressBook
    cached: CachedIndex


Books = Map[tuple[VpcId, Family], AddressBook]


class Checker:
    """Checks on one snapshot, and on that alone, however many others there are.

    All that it keeps is its own, or immutable, or found by the identity of all that it is made of. So while a batch
    goes on with one checker, another thread may derive the next one from it.
    """

    def __init__(self, snapshot: Snapshot, cache: IndexCache) -> None:
        self.snapshot = snapshot
        self._cache = cache
        self._evictions = cache.evictions
        # By direction + family, which add up to four different numbers: an index is found faster than a key.
        self._views: list[dict[str, View]] = [{} for _ in range(max(Direction) + max(Family) + 1)]
        self._books: Books = Map()
        self._is_prepared = False

    def prepare(self) -> None:
        """Makes the address books of all VPCs now, so that no check has to wait for one.

        A large VPC's book takes seconds. Indexes are small and are made when they are first asked for.
        """
        if not self._is_prepared:
            for vpc in self._vpc_enis:
                for family in Family:
                    self.book(vpc, family)
            self._is_prepared = True

    def after(self, snapshot: Snapshot, enis: Iterable[EniId]) -> "Checker":
        """The checker of a later snapshot of the same store, prepared, which shares all address books it can.

        `enis` are all that came, went or changed, and may be more. The cost is theirs, however many others there are
        and whatever else differs: views are made anew as they are asked for, from indexes that are kept.
        """
        self.prepare()
        checker = Checker(snapshot, self._cache)
        checker._books = _books_after(self._books, self.snapshot, snapshot, enis)
        checker._is_prepared = True
        return checker

    def check(self, eni_id: str, flow: Flow, at: Instant) -> Verdict:
        """The verdict without its region. Raises PdpError with MISSING_ENI or UNKNOWN_ENI (§2.1)."""
        direction, _, family, remote, _, _, _ = flow
        view = self._views[direction + family].get(eni_id) or self._make_view(eni_id, direction, family)
        pages = view.book.pages
        page = pages.values[bisect_right(pages.bounds, remote)]
        return view.answer(flow, page.values[bisect_right(page.bounds, remote)], at, None)

    def check_region(self, eni_id: str, flow: Flow, at: Instant) -> Verdict:
        """The verdict with its region: the intersection of the boxes of all stages up to the one that answers."""
        direction, _, family, remote, _, _, _ = flow
        view = self._views[direction + family].get(eni_id) or self._make_view(eni_id, direction, family)
        pages = view.book.pages
        page = pages.values[bisect_right(pages.bounds, remote)]
        bounds = page.bounds
        place = bisect_right(bounds, remote)
        box = Box(family.last)
        verdict = view.answer(flow, page.values[place], at, box)
        if box.asks_owners:
            box.keep_remote(bounds[place - 1], bounds[place] - 1)
        return verdict.within(box.region(view.context.eni.id, flow))

    def view(self, eni_id: str, direction: Direction, family: Family) -> View:
        """The view of an ENI, made when it is first asked for. Raises like `check`."""
        view = self._views[direction + family].get(eni_id)
        return view if view is not None else self._make_view(eni_id, direction, family)

    def owners(self, of: Eni, family: Family, address: int) -> Owners:
        """Who has the address in the VPC of an ENI (§3.8)."""
        return self.book(of.vpc, family).at(address)

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

    def book(self, vpc: VpcId, family: Family) -> AddressBook:
        """The address book of a VPC and family."""
        book = self._books.get((vpc, family))
        if book is None:
            book = address_book(() if self._is_prepared else self._vpc_enis[vpc], family)
            self._books = self._books.set((vpc, family), book)
        return book

    @cached_property
    def _vpc_enis(self) -> Mapping[VpcId, list[Eni]]:
        """The ENIs of each VPC."""
        vpc_enis: dict[VpcId, list[Eni]] = defaultdict(list)
        for eni in self.snapshot.enis.values():
            vpc_enis[eni.vpc].append(eni)
        return vpc_enis


def _books_after(books: Books, before: Snapshot, after: Snapshot, enis: Iterable[EniId]) -> Books:
    """All books of a snapshot, from all those of an earlier one and the ids of the ENIs that may differ."""
    removed: dict[VpcId, list[Eni]] = defaultdict(list)
    added: dict[VpcId, list[Eni]] = defaultdict(list)
    for eni_id in enis:
        old, new = before.enis.get(eni_id), after.enis.get(eni_id)
        if old is not new:
            if old is not None:
                removed[old.vpc].append(old)
            if new is not None:
                added[new.vpc].append(new)
    for vpc in removed.keys() | added.keys():
        for family in Family:
            book = books.get((vpc, family))
            if book is None:
                book = address_book((), family)
            books = books.set((vpc, family), book.replaced(removed[vpc], added[vpc]))
    return books

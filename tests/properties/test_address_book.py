"""The address book says who has an address as a scan of all ENIs does, and how far that stays so (§3.8).

A book that was changed time and again says what a fresh one says, and a book is never changed itself.
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given

from pdp.index import address_book as module
from pdp.index.address_book import AddressBook, address_book
from pdp.index.columns import address_array
from pdp.model.addresses import Address, Family, Prefix, normalise, prefix_around
from pdp.model.ids import EniId
from pdp.model.network import Eni
from pdp.policy.draft import snapshot_of
from pdp.policy.owners import NOBODY, Owners, find_owners
from tests import builders
from tests.properties.policies import few, resources_of, seeds
from tests.workloads import PolicyMaker

ADDRESSES = 400
"""Addresses that ENIs take turns on: few enough to be shared, more than fit on several pages."""
FIRST = {Family.IPV4: 0x0A000000, Family.IPV6: 0xFD00 << 112}


def segments_of(book: AddressBook) -> list[tuple[int, int, Owners]]:
    """All segments, in order; they leave no gap, and neighbours differ."""
    segments = [book.segment(0)]
    while segments[-1][1] < book.family.last:
        segments.append(book.segment(segments[-1][1] + 1))
    assert all(one[1] + 1 == other[0] and one[2] != other[2] for one, other in pairwise(segments))
    assert len(segments) == len(book)
    return segments


def near_edges(enis: Iterable[Eni], family: Family) -> list[int]:
    """Both ends of every block, one beside them, and of the whole family."""
    blocks = [block for eni in enis for block in eni.member_prefixes if block.family is family]
    near = {bound + step for block in blocks for bound in (block.first, block.last) for step in (-1, 0, 1)}
    return sorted({0, family.last, *(value for value in near if 0 <= value <= family.last)})


def check_pages(book: AddressBook) -> None:
    """The form of the pages: in order, none too long, each over just what the list of pages says."""
    bounds, pages = book.pages.bounds, book.pages.values[1:]
    assert (bounds[0], bounds[-1]) == (0, book.family.last + 1)
    assert [(page.bounds[0], page.bounds[-1]) for page in pages] == list(pairwise(bounds))
    assert all(1 <= len(page) <= module.PAGE_SEGMENTS for page in pages)
    assert all(owners.enis or owners is NOBODY for page in pages for owners in page.values)


@few
@given(seeds)
def test_the_address_book_finds_the_owners_of_every_edge(seed: int) -> None:
    snapshot = snapshot_of(resources_of(seed))
    for vpc in sorted({eni.vpc for eni in snapshot.enis.values()}):
        enis = [eni for eni in snapshot.enis.values() if eni.vpc == vpc]
        for family in Family:
            book = address_book(enis, family)
            for value in near_edges(enis, family):
                owners = find_owners(snapshot, enis[0], family, value)
                assert book.at(value) == owners
                first, last, _ = book.segment(value)
                assert first == 0 or find_owners(snapshot, enis[0], family, first - 1) != owners
                assert last == family.last or find_owners(snapshot, enis[0], family, last + 1) != owners


@few
@given(seeds)
def test_the_order_of_enis_does_not_change_the_address_book(seed: int) -> None:
    enis = resources_of(seed).enis
    for family in Family:
        assert segments_of(address_book(enis, family)) == segments_of(address_book(enis[::-1], family))


def check_columns(book: AddressBook, addresses: list[int]) -> None:
    """As columns, the book says the same of every address."""
    columns = book.columns
    places = columns.bounds.places(address_array(book.family, addresses))
    assert [columns.group_sets[number] for number in columns.group_set[places]] == [
        book.at(address).groups for address in addresses
    ]


class Changing:
    """ENIs that come, go and move: over crowded anchors, or over addresses that fill many pages."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.maker = PolicyMaker(rng)
        self.enis: dict[EniId, Eni] = {}

    def drawn(self, eni_id: EniId) -> Eni:
        rng, family = self.rng, self.rng.choice(tuple(Family))
        prefixes = (self.prefix(family),) if rng.random() < 0.3 else ()
        made = builders.eni(eni_id, groups=[f"sg-{rng.randint(1, 3)}"])
        return replace(made, addresses=tuple({self.address() for _ in range(rng.randint(0, 3))}), prefixes=prefixes)

    def prefix(self, family: Family) -> Prefix:
        """One around several of the addresses, or any."""
        if self.rng.random() < 0.5:
            return self.maker.prefix(family)
        first = FIRST[family] + self.rng.randrange(ADDRESSES)
        return prefix_around(family, first, family.bits - self.rng.randint(0, 9))

    def address(self) -> Address:
        """One of many addresses side by side, one at an anchor, or an IPv4 one in its mapped form."""
        rng, family = self.rng, self.rng.choice(tuple(Family))
        if rng.random() < 0.1:
            return normalise(Family.IPV6, 0xFFFF_0A00_0000 + rng.randrange(ADDRESSES))
        return (
            Address(family, FIRST[family] + rng.randrange(ADDRESSES))
            if rng.random() < 0.8
            else self.maker.address(family)
        )

    def step(self) -> tuple[list[Eni], list[Eni]]:
        """The ENIs that leave and those that come: one, or many at once; one that moves does both."""
        ids = [EniId(f"eni-{n}") for n in range(120)]
        touched = self.rng.sample(ids, self.rng.choice((1, 1, 1, 2, 5, 40, 120)))
        removed = [self.enis.pop(eni_id) for eni_id in touched if eni_id in self.enis]
        staying = self.rng.choice((0.2, 0.9, 1.0))
        added = [self.drawn(eni_id) for eni_id in touched if self.rng.random() < staying]
        self.enis.update({eni.id: eni for eni in added})
        return removed, added


@few
@given(seeds)
@pytest.mark.parametrize("page_segments", [1, 2, 5, 128])
def test_a_book_changed_time_and_again_is_the_fresh_one(page_segments: int, seed: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PAGE_SEGMENTS", page_segments)
        changing = Changing(Random(seed))
        books = {family: address_book((), family) for family in Family}
        for _ in range(8):
            removed, added = changing.step()
            for family, before in books.items():
                kept = segments_of(before)
                after = books[family] = before.replaced(removed, added)
                fresh = address_book(changing.enis.values(), family)
                check_pages(after)
                assert segments_of(after) == segments_of(fresh)
                assert segments_of(before) == kept
                check_columns(after, near_edges(changing.enis.values(), family))
                for value in near_edges([*removed, *added], family):
                    assert after.at(value) == fresh.at(value)
                    assert after.segment(value) == fresh.segment(value)


@few
@given(seeds)
def test_a_book_shares_the_pages_in_which_nothing_changed(seed: int) -> None:
    rng = Random(seed)
    book = address_book(
        [builders.eni(f"eni-{n}", f"10.{n // 200}.0.{n % 200}", groups=["sg-1"]) for n in range(2_000)], Family.IPV4
    )
    moved = rng.randrange(2_000)
    leaving = builders.eni(f"eni-{moved}", f"10.{moved // 200}.0.{moved % 200}", groups=["sg-1"])
    coming = replace(leaving, groups=())
    after = book.replaced([leaving], [coming])
    kept = {id(page) for page in book.pages.values}
    assert 0 < sum(id(page) not in kept for page in after.pages.values) <= 3


def test_a_change_in_the_other_family_gives_the_same_book() -> None:
    book = address_book([builders.eni("eni-1", "10.0.0.1", groups=["sg-1"])], Family.IPV4)
    assert book.replaced([], [builders.eni("eni-2", "fd00::1", groups=["sg-1"])]) is book

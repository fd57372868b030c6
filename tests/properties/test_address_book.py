"""The address book says who has an address as a scan of all ENIs does, and how far that stays so (§3.8)."""

from hypothesis import given

from pdp.index.address_book import address_book
from pdp.model.addresses import Family
from pdp.policy.owners import find_owners
from pdp.policy.snapshot import snapshot_of
from tests.properties.policies import few, resources_of, seeds


@few
@given(seeds)
def test_the_address_book_finds_the_owners_of_every_edge(seed: int) -> None:
    snapshot = snapshot_of(resources_of(seed))
    for vpc in sorted({eni.vpc for eni in snapshot.enis.values()}):
        enis = [eni for eni in snapshot.enis.values() if eni.vpc == vpc]
        for family in Family:
            book = address_book(enis, family)
            blocks = [block for eni in enis for block in eni.member_prefixes if block.family is family]
            near = {bound + step for block in blocks for bound in (block.first, block.last) for step in (-1, 0, 1)}
            for value in sorted({0, family.last, *(value for value in near if 0 <= value <= family.last)}):
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
        book, again = address_book(enis, family), address_book(enis[::-1], family)
        assert (book.bounds, book.values) == (again.bounds, again.values)

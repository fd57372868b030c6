"""The address book of one VPC and family: who has an address, and how far around it that stays the same (§3.8).

Groups are never expanded into addresses. A check looks its remote address up here once, and siblings, same group and
group peers all read the answer. A book is immutable; the next one shares all pages in which no address changed hands,
so that a changed ENI costs the same in a large VPC as in a small one.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property

from pdp.index.axis import Axis
from pdp.index.book_columns import BookColumns, PageColumns
from pdp.index.prefix_trie import PrefixTrie
from pdp.model.addresses import Family, Prefix
from pdp.model.ids import EniId
from pdp.model.network import Eni
from pdp.policy.owners import NOBODY, Owners, owners_of

PAGE_SEGMENTS = 128
"""The most segments of a page. A change walks the whole page, and copies the list of all pages."""

Page = Axis[Owners]


class AddressBook:
    """Pages over all addresses of a family, in `pages`, whose segments have the owners.

    The owners differ from segment to segment, from one page to the next as well. Where pages begin depends on the past;
    no answer does.
    """

    def __init__(self, pages: Axis[Page], family: Family, known: Mapping[int, PageColumns]) -> None:
        """`known` are the columns of pages of an earlier book, by the identity of the page."""
        self.pages = pages
        self.family = family
        self._known = known

    def at(self, address: int) -> Owners:
        """The owners of an address."""
        return self.pages.at(address).at(address)

    def segment(self, address: int) -> tuple[int, int, Owners]:
        """The first and last of the addresses around one that have its owners, and these."""
        return self.pages.at(address).segment(address)

    def __len__(self) -> int:
        return sum(map(len, self.pages.values[1:]))

    @cached_property
    def columns(self) -> BookColumns:
        """The book in the form that answers many flows at once."""
        columns = BookColumns(self.pages.values[1:], self.family, self._known)
        self._known = columns.by_page
        return columns

    def replaced(self, removed: Iterable[Eni], added: Iterable[Eni]) -> "AddressBook":
        """The book without some ENIs, which are in it as given, and with others. It is the same one if none matters."""
        removed, added = list(removed), list(added)
        blocks = [block for eni in (*removed, *added) for block in eni.member_prefixes if block.family is self.family]
        if not blocks:
            return self
        leaving, coming = {eni.id for eni in removed}, _axis(added, self.family)
        pages = self.pages
        # From the last run to the first: the places before it stay what they are.
        for first, end in reversed(self._runs(blocks)):
            pages = _rewritten(pages, first, end, leaving, coming)
        return AddressBook(pages, self.family, self._known)

    def _runs(self, blocks: Iterable[Prefix]) -> list[tuple[int, int]]:
        """The places of the pages that some blocks touch, as ascending ranges with a page between any two."""
        bounds = self.pages.bounds
        runs: list[tuple[int, int]] = []
        for first, end in sorted((bisect_right(bounds, b.first), bisect_right(bounds, b.last) + 1) for b in blocks):
            if runs and first <= runs[-1][1]:
                runs[-1] = runs[-1][0], max(runs[-1][1], end)
            else:
                runs.append((first, end))
        return runs


def address_book(enis: Iterable[Eni], family: Family) -> AddressBook:
    """The book of some ENIs, all of one VPC."""
    return AddressBook(_axis_of_pages(_axis(enis, family)), family, {})


def _axis(enis: Iterable[Eni], family: Family) -> Axis[Owners]:
    """The owners of every address of a family."""
    owners: dict[Prefix, Owners] = {}
    for eni in enis:
        own = owners_of([eni])
        for prefix in eni.member_prefixes:
            if prefix.family is family:
                owners[prefix] = _union(owners[prefix], own) if prefix in owners else own
    return PrefixTrie(family, owners, NOBODY, _union).freeze()


def _axis_of_pages(axis: Axis[Owners]) -> Axis[Page]:
    """The segments of an axis, cut into pages."""
    return Axis(((page.bounds[0], page) for page in axis.cut(PAGE_SEGMENTS)), axis.bounds[-1] - 1)


def _rewritten(pages: Axis[Page], first: int, end: int, leaving: Collection[EniId], coming: Axis[Owners]) -> Axis[Page]:
    """The pages with those at places `first` up to but without `end` made anew.

    Where the owners beyond a border are now the same as within, the page there is taken in, so that no segment ends at
    a border. One page on each side is enough: no other has an end there that changed.
    """
    segments = list(_overlaid(pages.values[first:end], leaving, coming))
    if first > 1 and pages.values[first - 1].values[-1] == segments[0][1]:
        first -= 1
        segments[:0] = pages.values[first].pairs()
    if end < len(pages.values) and pages.values[end].values[1] == segments[-1][1]:
        segments += pages.values[end].pairs()
        end += 1
    return pages.spliced(first, end, _axis_of_pages(Axis(segments, pages.bounds[end - 1] - 1)))


def _overlaid(pages: Iterable[Page], leaving: Collection[EniId], coming: Axis[Owners]) -> Iterator[tuple[int, Owners]]:
    """Starts and owners of the segments of adjacent pages without who leaves and with who comes.

    Neighbours may be equal. Owners are whole ENIs, and all blocks of an ENI come or leave together: so nothing inside a
    segment can differ but where a block of who comes begins or ends.
    """
    for page in pages:
        start, end = page.bounds[0], page.bounds[-1]
        further = coming.bounds[bisect_right(coming.bounds, start) : bisect_left(coming.bounds, end)]
        for start in sorted({*page.bounds[:-1], *further}) if further else page.bounds[:-1]:
            yield start, _union(_without(page.at(start), leaving), coming.at(start))


def _union(some: Owners, more: Owners) -> Owners:
    """All who own either."""
    if some is NOBODY:
        return more
    if more is NOBODY:
        return some
    return owners_of({eni.id: eni for eni in (*some.enis, *more.enis)}.values())


def _without(owners: Owners, leaving: Collection[EniId]) -> Owners:
    """The owners but for some."""
    staying = [eni for eni in owners.enis if eni.id not in leaving]
    if len(staying) == len(owners.enis):
        return owners
    return owners_of(staying) if staying else NOBODY

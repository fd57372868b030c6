"""An address book in the form that answers many flows at once.

Pages are turned into columns once and then shared as the pages themselves are: of a book that was changed, only the
pages that are new have to be read, and the columns of all are joined.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from pdp.index.axis import Axis
from pdp.index.columns import AddressBounds, address_array
from pdp.model.addresses import Family
from pdp.model.ids import GroupId
from pdp.policy.owners import Owners

Groups = frozenset[GroupId]


class PageColumns:
    """One page: where its segments start, and for each the position in `group_sets` of its owners' groups."""

    def __init__(self, page: Axis[Owners], family: Family) -> None:
        self.page = page  # held, so that no other page can take its identity
        self.starts = address_array(family, page.bounds[:-1])
        numbers: dict[Groups, int] = {}
        self.group_set = np.array(
            [numbers.setdefault(owners.groups, len(numbers)) for owners in page.values[1:]], np.intp
        )
        self.group_sets = list(numbers)


class BookColumns:
    """All segments of a book: the owners at a place have the groups `group_sets[group_set[place]]`.

    Places count from 1 on, through all pages. `known` are the columns of pages, by identity, among which are most of
    this book's; `by_page` are those of this one.
    """

    def __init__(self, pages: Iterable[Axis[Owners]], family: Family, known: Mapping[int, PageColumns]) -> None:
        self.by_page = {id(page): known.get(id(page)) or PageColumns(page, family) for page in pages}
        parts = list(self.by_page.values())
        self.bounds = AddressBounds(np.concatenate([part.starts for part in parts]))
        numbers: dict[Groups, int] = {frozenset(): 0}
        renumbered = np.array(
            [numbers.setdefault(groups, len(numbers)) for part in parts for groups in part.group_sets], np.intp
        )
        before = np.cumsum([0, *(len(part.group_sets) for part in parts[:-1])])
        local = np.concatenate([part.group_set + offset for part, offset in zip(parts, before, strict=True)])
        self.group_set = np.concatenate([np.zeros(1, np.intp), renumbered[local]])
        self.group_sets = list(numbers)

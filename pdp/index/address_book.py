"""The address book of one VPC and family: who has an address, and how far around it that stays the same (§3.8).

Groups are never expanded into addresses. A check looks its remote address up here once, and siblings, same group and
group peers all read the answer.
"""

from collections.abc import Iterable

from pdp.index.axis import Axis
from pdp.index.prefix_trie import PrefixTrie
from pdp.model.addresses import Family, Prefix
from pdp.model.network import Eni
from pdp.policy.owners import NOBODY, Owners, owners_of


def address_book(enis: Iterable[Eni], family: Family) -> Axis[Owners]:
    """The owners of every address of a family; `enis` are all of one VPC."""
    owners: dict[Prefix, Owners] = {}
    for eni in enis:
        own = owners_of([eni])
        for prefix in eni.member_prefixes:
            if prefix.family is family:
                owners[prefix] = _union(owners[prefix], own) if prefix in owners else own
    return PrefixTrie(family, owners, NOBODY, _union).freeze()


def _union(some: Owners, more: Owners) -> Owners:
    """All who own either."""
    if some is NOBODY:
        return more
    return owners_of({eni.id: eni for eni in (*some.enis, *more.enis)}.values())

"""Who has an address (§3.8): the one thing that same-instance, same-group and group peers all ask."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from pdp.model.addresses import Family
from pdp.model.ids import GroupId
from pdp.model.network import Eni
from pdp.policy.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Owners:
    """Every ENI of one VPC that has an address or a prefix around it, by id, and the union of their groups."""

    enis: tuple[Eni, ...]
    groups: frozenset[GroupId]


NOBODY = Owners((), frozenset())

KEPT_UNIONS = 16_384
"""Unions of groups that are found again instead of being made anew."""


def owners_of(enis: Iterable[Eni]) -> Owners:
    """The owners made of some ENIs, in any order."""
    ordered = tuple(sorted(enis, key=lambda eni: eni.id))
    return Owners(ordered, _union_of(tuple(eni.groups for eni in ordered)))


@lru_cache(KEPT_UNIONS)
def _union_of(groups: tuple[tuple[GroupId, ...], ...]) -> frozenset[GroupId]:
    """The union of the groups of some ENIs, one object for all ENIs of a role: a book of 10,000 has few roles."""
    return frozenset(chain.from_iterable(groups))


def find_owners(snapshot: Snapshot, of: Eni, family: Family, address: int) -> Owners:
    """Who has the address in the VPC of an ENI, by looking at every ENI: the definition."""
    return owners_of(
        eni
        for eni in snapshot.enis.values()
        if eni.vpc == of.vpc
        and any(block.family is family and block.first <= address <= block.last for block in eni.member_prefixes)
    )

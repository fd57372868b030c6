"""Which resources differ between two snapshots: so that what is derived from one is carried over to the next."""

from dataclasses import dataclass

from pdp.model.ids import EniId, GroupId, InstanceId, PortListId, PrefixListId, VpcId


@dataclass(frozen=True, slots=True)
class Touched:
    """The ids of all that was added, changed or removed, by kind.

    It may name more than differs, never less. `instances` are also those whose penalties differ; `settings` and
    `accounts` tell whether any of those differ.
    """

    groups: frozenset[GroupId] = frozenset()
    enis: frozenset[EniId] = frozenset()
    vpcs: frozenset[VpcId] = frozenset()
    instances: frozenset[InstanceId] = frozenset()
    prefix_lists: frozenset[PrefixListId] = frozenset()
    port_lists: frozenset[PortListId] = frozenset()
    settings: bool = False
    accounts: bool = False

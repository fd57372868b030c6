"""Everything that a policy consists of, as plain collections: what a bundle is read into and a snapshot is made of."""

from dataclasses import dataclass

from pdp.model.groups import SecurityGroup
from pdp.model.network import DEFAULT_SETTINGS, Account, Eni, Instance, Penalty, Settings, Vpc
from pdp.model.ram import RamPolicy, RamUser
from pdp.model.rules import PortList, PrefixList


@dataclass(frozen=True, slots=True)
class Resources:
    """Resources in no particular order, each id once. References among them have been checked by who built it."""

    groups: tuple[SecurityGroup, ...] = ()
    enis: tuple[Eni, ...] = ()
    vpcs: tuple[Vpc, ...] = ()
    instances: tuple[Instance, ...] = ()
    prefix_lists: tuple[PrefixList, ...] = ()
    port_lists: tuple[PortList, ...] = ()
    accounts: tuple[Account, ...] = ()
    penalties: tuple[Penalty, ...] = ()
    users: tuple[RamUser, ...] = ()
    policies: tuple[RamPolicy, ...] = ()
    settings: Settings = DEFAULT_SETTINGS

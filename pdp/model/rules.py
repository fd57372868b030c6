"""Rules and their peers (§1.3, §1.4, §3)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from pdp.model.addresses import Cidr, Family, Prefix
from pdp.model.flow import Direction
from pdp.model.ids import NO_ACCOUNT, AccountId, GroupId, PortListId, PrefixListId, RuleId
from pdp.model.protocols import WITH_PORTS, PortRange, protocol_name


class Action(IntEnum):
    """What happens to a flow. The values are those of the contract."""

    ACCEPT = 1
    DROP = 2


ACCEPT = Action.ACCEPT
DROP = Action.DROP
"""The same members for code that runs once per check: a look-up on the class costs as much as a dictionary's."""


class GroupPeer(NamedTuple):
    """All private addresses of a group's ENIs in the same VPC (§3.8). `account` is blank for the own account."""

    group: GroupId
    account: AccountId

    def __str__(self) -> str:
        return str(self.group)


class PrefixListPeer(NamedTuple):
    """The present entries of a prefix list (§3.9)."""

    prefix_list: PrefixListId

    def __str__(self) -> str:
        return str(self.prefix_list)


Peer = Cidr | GroupPeer | PrefixListPeer


USER_ORIGIN = "user"
SYSTEM_ORIGIN = "system"
"""Who added a rule (§1.3); else the cloud service that did, by its name."""


@dataclass(frozen=True, slots=True)
class PrefixList:
    """A named list of blocks of one family. Quotas count `max_entries`, not the entries (§1.5, §4.11)."""

    id: PrefixListId
    family: Family
    max_entries: int
    entries: tuple[Prefix, ...]
    account: AccountId = NO_ACCOUNT
    name: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class PortList:
    """A named list of port ranges. Quotas count `max_entries`, not the entries (§1.5, §4.11)."""

    id: PortListId
    max_entries: int
    entries: tuple[PortRange, ...]
    account: AccountId = NO_ACCOUNT
    name: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a group (§1.3).

    `protocol` is an IANA number, or None for ALL. `ports` are the destination ports: None is all of them, port 0
    included. `port_list` is set in place of `ports`. `source_ports` and `own_cidr` narrow the rule and are None when
    they restrict nothing (§3.2). A rule whose export gave no id has a derived one, which compares as blank (§3.3).
    """

    id: RuleId
    direction: Direction
    action: Action
    priority: int
    protocol: int | None
    peer: Peer
    ports: PortRange | None = None
    port_list: PortListId | None = None
    source_ports: PortRange | None = None
    own_cidr: Cidr | None = None
    description: str = ""
    created: str = ""
    id_is_derived: bool = False
    origin: str = USER_ORIGIN

    @property
    def lacks_ports(self) -> bool:
        """Whether it is of TCP or UDP and for all ports, as -1/-1, which no new rule may be (§3.6)."""
        return self.protocol in WITH_PORTS and self.ports is None and self.port_list is None

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes two rules of a group the same rule (§5.1): everything but id, description, time and origin."""
        # A CIDR by what it matches, not as it is written; a group by its id alone, which says whose it is.
        peer = self.peer[0]
        own = self.own_cidr.prefix if self.own_cidr is not None else None
        traffic = (self.protocol, self.ports, self.port_list)
        return (self.direction, self.action, self.priority, *traffic, type(self.peer), peer, self.source_ports, own)

    def precedence(self, group: GroupId) -> tuple[int, bool, str, str, str]:
        """Sorts the winner first: priority, drop before accept, then rule id and group id as text (§3.3)."""
        named = "" if self.id_is_derived else self.id
        return (self.priority, self.action is ACCEPT, named, group, self.id)

    def __str__(self) -> str:
        ports = str(self.port_list or self.ports or "-1/-1")
        side = "from" if self.direction is Direction.INGRESS else "to"
        text = f"{self.action.name.lower()} {protocol_name(self.protocol)} {ports} {side} {self.peer}"
        if self.source_ports:
            text += f" source ports {self.source_ports}"
        if self.own_cidr:
            text += f" own side {self.own_cidr}"
        return f"{text} priority {self.priority}"

"""What a check is answered with: a verdict and the region in which it holds (§2)."""

from enum import IntEnum
from typing import NamedTuple

from pdp.model.addresses import Family, Prefix
from pdp.model.flow import Direction
from pdp.model.ids import EniId, GroupId
from pdp.model.instants import Instant
from pdp.model.protocols import PortRange
from pdp.model.rules import Action, Rule


class Stage(IntEnum):
    """The stages of §2; a verdict's reason is the stage that answered. The values are those of the contract."""

    SAME_INSTANCE = 1
    PENALTY = 2
    SMTP_BLOCKED = 3
    SAME_GROUP = 4
    RULE = 5
    HEALTH_CHECK = 6
    DEFAULT = 7


class Region(NamedTuple):
    """A box of flows of one ENI with one verdict: same action, reason, rule, group and idle timeout.

    It speaks of normalised addresses (§2.2), of one protocol number, and holds at one revision of one store until the
    verdict's `valid_until`. Port bounds are inclusive, 0..65535 on a protocol that has none. It is flat, since one is
    made for every answer; `remote`, `own`, `source_ports` and `destination_ports` are its sides as values.
    """

    eni: EniId
    direction: Direction
    protocol: int
    own_first: int
    own_length: int
    source_port_first: int
    source_port_last: int
    destination_port_first: int
    destination_port_last: int
    family: Family
    remote_first: int
    remote_length: int

    @property
    def remote(self) -> Prefix:
        """The block of remote addresses."""
        return Prefix(self.family, self.remote_first, self.remote_length)

    @property
    def own(self) -> Prefix:
        """The block of addresses on the ENI's side."""
        return Prefix(self.family, self.own_first, self.own_length)

    @property
    def source_ports(self) -> PortRange:
        """The source ports."""
        return PortRange(self.source_port_first, self.source_port_last)

    @property
    def destination_ports(self) -> PortRange:
        """The destination ports."""
        return PortRange(self.destination_port_first, self.destination_port_last)


class Verdict(NamedTuple):
    """The answer to one check.

    `rule` is set when `reason` is RULE; `group` then is that rule's group, and with SAME_GROUP the smallest shared
    one. `idle_timeout_s` is the session's, set on ACCEPT of TCP and UDP (§2.3). `valid_until` is the next instant at
    which a penalty's start or end changes the answer, or None. `region` is None where it was not asked for.
    """

    action: Action
    reason: Stage
    rule: Rule | None = None
    group: GroupId | None = None
    idle_timeout_s: int | None = None
    valid_until: Instant | None = None
    region: Region | None = None

    def within(self, region: Region) -> "Verdict":
        """The same verdict with a region."""
        action, reason, rule, group, idle_timeout_s, valid_until, _ = self
        return tuple.__new__(Verdict, (action, reason, rule, group, idle_timeout_s, valid_until, region))

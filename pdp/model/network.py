"""VPCs, instances, ENIs, penalties and settings (§1, §7)."""

from dataclasses import dataclass
from enum import Enum

from pdp.model.addresses import Address, Family, Prefix, host_prefix
from pdp.model.ids import (
    NO_ACCOUNT,
    NO_INSTANCE,
    NO_PENALTY,
    AccountId,
    EniId,
    GroupId,
    InstanceId,
    PenaltyId,
    VpcId,
)
from pdp.model.instants import Instant

TCP_ESTABLISHED_TIMEOUTS_S = (30, 60, 80, 100, 200, 300, 500, 700, 910)
UDP_TIMEOUTS_S = (10, 20, 30, 60, 80, 100)
"""Idle timeouts in seconds that an ENI may be set to (§2.3)."""


@dataclass(frozen=True, slots=True)
class Vpc:
    """A VPC and its blocks of both families. One that no answer lists has none."""

    id: VpcId
    account: AccountId
    cidr_blocks: tuple[Prefix, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance with its locks, sorted. `security` is a penalty's: it blocks changes, never traffic (§2, §7.3)."""

    id: InstanceId
    account: AccountId = NO_ACCOUNT
    status: str = ""
    locks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Eni:
    """A cloud network interface (§1.6).

    `addresses` holds the private IPv4 addresses, the primary first, then the IPv6 ones; `prefixes` the assigned blocks.
    `groups` are sorted ids. `instance` is blank when it is attached to none.
    """

    id: EniId
    vpc: VpcId
    account: AccountId
    groups: tuple[GroupId, ...]
    instance: InstanceId = NO_INSTANCE
    primary: bool = False
    addresses: tuple[Address, ...] = ()
    prefixes: tuple[Prefix, ...] = ()
    own_namespace: bool = False
    host: str = ""
    tcp_established_timeout_s: int = 910
    udp_timeout_s: int = 30
    service_managed: bool = False

    @property
    def member_prefixes(self) -> tuple[Prefix, ...]:
        """All that a group peer naming one of this ENI's groups matches (§2.0, §3.8), as blocks."""
        return tuple(host_prefix(address) for address in self.addresses) + self.prefixes

    def primary_address(self, family: Family) -> Address | None:
        """The first address of a family, or None."""
        return next((address for address in self.addresses if address.family is family), None)


class PenaltyClass(Enum):
    """Why an instance is under a penalty (§7.1)."""

    HARMFUL_INFORMATION = "harmful_information"
    MALICIOUS_BEHAVIOUR = "malicious_behaviour"


class PenaltyAction(Enum):
    """What a penalty does. Only BLOCK_TRAFFIC touches verdicts (§2 stage 2)."""

    BLOCK_TRAFFIC = "BLOCK_TRAFFIC"
    LOCK = "LOCK"
    BLOCK_DOMAIN = "BLOCK_DOMAIN"


class PenaltyState(Enum):
    """Where a penalty is on its way (§7.2). Only LIFTED ends its effect (§7.4)."""

    IN_FORCE = "in_force"
    UNBLOCK_REQUESTED = "unblock_requested"
    APPEAL_FILED = "appeal_filed"
    LIFTED = "lifted"
    UPHELD = "upheld"


@dataclass(frozen=True, slots=True)
class Penalty:
    """A penalty. It has effect from `since` (None: always) until the instant `until` (None: no end) (§7.4).

    `statement` is what the owner last said with a request or an appeal.
    """

    penalty_class: PenaltyClass
    action: PenaltyAction
    instance: InstanceId = NO_INSTANCE
    domain: str = ""
    url: str = ""
    reason: str = ""
    since: Instant | None = None
    until: Instant | None = None
    id: PenaltyId = NO_PENALTY
    state: PenaltyState = PenaltyState.IN_FORCE
    statement: str = ""


class SameGroupPrecedence(Enum):
    """Where stage 4 stands (§2)."""

    ABOVE_RULES = "above_rules"
    BELOW_RULES = "below_rules"


class SmtpScope(Enum):
    """Which destinations stage 3 blocks (§2)."""

    INTERNET = "internet"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Settings:
    """Choices where the sources are silent."""

    same_group_precedence: SameGroupPrecedence = SameGroupPrecedence.ABOVE_RULES
    smtp_scope: SmtpScope = SmtpScope.INTERNET
    limits: str = "2024"


DEFAULT_SETTINGS = Settings()


@dataclass(frozen=True, slots=True)
class Account:
    """An account: whether it may send mail from TCP port 25 (§2 stage 3), and its adjusted limits (§4.10).

    `quotas` holds (name of the limit, value), sorted; what it does not name is as in the version of the settings.
    """

    id: AccountId
    smtp_exempt: bool = False
    quotas: tuple[tuple[str, int], ...] = ()

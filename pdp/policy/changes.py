"""The kinds of change: everything that can happen to a policy (§4, §5, §7).

A change says what is wished. Whether it may be is decided where it is applied, and nowhere else.
"""

from dataclasses import dataclass
from enum import Enum

from pdp.model.groups import SecurityGroup
from pdp.model.ids import EniId, GroupId, RuleId
from pdp.model.network import Account, Eni, Instance, Penalty, Settings, Vpc
from pdp.model.ram import RamPolicy, RamUser
from pdp.model.rules import PortList, PrefixList, Rule

Resource = (
    SecurityGroup | Eni | Vpc | Instance | PrefixList | PortList | Account | Penalty | RamUser | RamPolicy | Settings
)


class Origin(Enum):
    """Where changes come from, which says what they must obey.

    REQUEST and OPERATOR obey every rule; the operator may do what §6.5 leaves to him (penalties, managed groups, the
    limits' version). IMPORT obeys structure alone, as a bundle is read: what runs in the cloud today must load.
    """

    REQUEST = "request"
    OPERATOR = "operator"
    IMPORT = "import"


class Kind(Enum):
    """The kinds of resource. The values are their names in the store."""

    GROUP = "group"
    ENI = "eni"
    VPC = "vpc"
    INSTANCE = "instance"
    PREFIX_LIST = "prefix_list"
    PORT_LIST = "port_list"
    ACCOUNT = "account"
    PENALTY = "penalty"
    USER = "user"
    POLICY = "policy"
    SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class Put:
    """The resource is to be so: made, or replaced as a whole."""

    resource: Resource


@dataclass(frozen=True, slots=True)
class Delete:
    """The resource is to be gone. `id` is its id; a user's or policy's `key`."""

    kind: Kind
    id: str


@dataclass(frozen=True, slots=True)
class AddRules:
    """Rules for a group, each with a new id. One that the group has already (§5.1) adds nothing."""

    group: GroupId
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class RemoveRules:
    """Rules of a group that are to go, by id; an unknown id is refused (§5.2)."""

    group: GroupId
    rule_ids: tuple[RuleId, ...]


@dataclass(frozen=True, slots=True)
class ReplaceRule:
    """The rule of a group with this rule's id is to be so (§5.3)."""

    group: GroupId
    rule: Rule


@dataclass(frozen=True, slots=True)
class JoinGroup:
    """The ENI is to be a member of the group."""

    eni: EniId
    group: GroupId


@dataclass(frozen=True, slots=True)
class LeaveGroup:
    """The ENI is to be no member of the group."""

    eni: EniId
    group: GroupId


Change = Put | Delete | AddRules | RemoveRules | ReplaceRule | JoinGroup | LeaveGroup

KINDS: dict[type[Resource], Kind] = {
    SecurityGroup: Kind.GROUP,
    Eni: Kind.ENI,
    Vpc: Kind.VPC,
    Instance: Kind.INSTANCE,
    PrefixList: Kind.PREFIX_LIST,
    PortList: Kind.PORT_LIST,
    Account: Kind.ACCOUNT,
    Penalty: Kind.PENALTY,
    RamUser: Kind.USER,
    RamPolicy: Kind.POLICY,
    Settings: Kind.SETTINGS,
}
"""The kind of each type of resource."""


def kind_of(resource: Resource) -> Kind:
    """The kind of a resource."""
    return KINDS[type(resource)]


def key_of(resource: Resource) -> str:
    """What tells a resource apart from others of its kind. There is one of settings, whose key is blank."""
    if isinstance(resource, Settings):
        return ""
    return resource.key if isinstance(resource, RamUser | RamPolicy) else resource.id

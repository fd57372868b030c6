"""Security groups (§1.2)."""

from dataclasses import dataclass
from enum import Enum

from pdp.model.ids import AccountId, GroupId, VpcId
from pdp.model.rules import Action, Rule


class GroupType(Enum):
    """The two types. The values are the API's own words."""

    BASIC = "normal"
    ADVANCED = "enterprise"


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A group with all its rules, of both directions, by id. `inner_access` is what members may do among themselves.

    `is_default` marks the one that its VPC gives to ENIs that name none (§4.1).
    """

    id: GroupId
    account: AccountId
    vpc: VpcId
    type: GroupType
    inner_access: Action
    rules: tuple[Rule, ...] = ()
    name: str = ""
    description: str = ""
    service_managed: bool = False
    tags: tuple[tuple[str, str], ...] = ()
    created: str = ""
    is_default: bool = False

    @property
    def lets_members_talk(self) -> bool:
        """Whether stage 4 applies among this group's members: basic groups with inner access Accept (§2)."""
        return self.type is GroupType.BASIC and self.inner_access is Action.ACCEPT

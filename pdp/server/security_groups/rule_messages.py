"""Rules as the contract's Permissions, whose fields are the API's keys in another spelling and hold the same texts."""

from pdp.formats.permissions import permission_of
from pdp.model.flow import Direction
from pdp.model.groups import SecurityGroup
from pdp.model.rules import Rule
from pdp.v1.resources_pb2 import Permission

KEY_OF_FIELD = {
    name: "".join(word.capitalize() for word in name.split("_")) for name in Permission.DESCRIPTOR.fields_by_name
}
"""`source_cidr_ip` to `SourceCidrIp`."""
FIELD_OF_KEY = {key: name for name, key in KEY_OF_FIELD.items()}

_SOURCE_PEERS = frozenset(("SourceCidrIp", "Ipv6SourceCidrIp", "SourceGroupId", "SourcePrefixListId"))
_DESTINATION_PEERS = frozenset(("DestCidrIp", "Ipv6DestCidrIp", "DestGroupId", "DestPrefixListId"))
_SOURCE_ONLY_PEERS = ("SourceGroupId", "SourceGroupOwnerAccount", "SourcePrefixListId")
_DESTINATION_ONLY_PEERS = ("DestGroupId", "DestGroupOwnerAccount", "DestPrefixListId")


def permission_message(rule: Rule) -> Permission:
    """A rule of a group."""
    texts = {FIELD_OF_KEY[key]: text for key, text in permission_of(rule).items()}
    return Permission(**texts, origin=rule.origin)


def values_of(permission: Permission) -> dict[str, str]:
    """The API's keys of a Permission with their texts, blank ones left out."""
    return {KEY_OF_FIELD[field.name]: value for field, value in permission.ListFields() if value}


def present_values(permission: Permission) -> dict[str, str]:
    """The API's keys of all fields that are present, blank ones too."""
    return {KEY_OF_FIELD[field.name]: value for field, value in permission.ListFields()}


def remote_keys(direction: Direction) -> frozenset[str]:
    """The keys that name a peer."""
    return _SOURCE_PEERS if direction is Direction.INGRESS else _DESTINATION_PEERS


def unused_keys(direction: Direction) -> tuple[str, ...]:
    """The keys of the ENI's own side that no rule of this direction can use."""
    return _DESTINATION_ONLY_PEERS if direction is Direction.INGRESS else _SOURCE_ONLY_PEERS


def in_order(group: SecurityGroup) -> list[Rule]:
    """A group's rules: ingress before egress, then the one that wins first."""
    return sorted(group.rules, key=lambda rule: (rule.direction, rule.precedence(group.id)))

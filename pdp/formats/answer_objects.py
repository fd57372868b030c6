"""Resources as the objects that answers of the ECS API list (§8.1): the way back from what `pdp.formats` reads.

Blank fields are left out. What the API has no word for is written elsewhere.
"""

from collections.abc import Iterable

from pdp.formats.permissions import derived_id, permission_of
from pdp.model.addresses import MAPPED_LENGTH, Address, Family, Prefix, format_address
from pdp.model.groups import SecurityGroup
from pdp.model.network import Eni, Instance, Vpc
from pdp.model.rules import PortList, PrefixList, Rule

Object = dict[str, object]


def group_object(group: SecurityGroup) -> Object:
    """A group as DescribeSecurityGroups lists it."""
    return filled(
        {
            "SecurityGroupId": group.id,
            "SecurityGroupName": group.name,
            "Description": group.description,
            "SecurityGroupType": group.type.value,
            "VpcId": group.vpc,
            "ServiceManaged": group.service_managed,
            "Tags": _nested("Tag", ({"TagKey": key, "TagValue": value} for key, value in sorted(group.tags))),
            "CreationTime": group.created,
        }
    )


def attribute_head(group: SecurityGroup) -> Object:
    """What stands beside the rules in an answer of DescribeSecurityGroupAttribute."""
    return {
        "SecurityGroupId": group.id,
        "VpcId": group.vpc,
        "InnerAccessPolicy": group.inner_access.name.capitalize(),
    }


def has_readable_id(group: SecurityGroup, rule: Rule) -> bool:
    """Whether a rule's id is one that reading derives again, so that it is written without (§3.3)."""
    return rule.id_is_derived and derived_id(group.id, rule) == rule.id


def permission_object(group: SecurityGroup, rule: Rule) -> Object:
    """A rule as DescribeSecurityGroupAttribute lists it."""
    permission = permission_of(rule)
    if has_readable_id(group, rule):
        del permission["SecurityGroupRuleId"]
    return dict(permission)


def eni_object(eni: Eni) -> Object:
    """An ENI as DescribeNetworkInterfaces lists it."""
    ipv4 = [str(address) for address in eni.addresses if address.family is Family.IPV4]
    return filled(
        {
            "NetworkInterfaceId": eni.id,
            "Type": "Primary" if eni.primary else "Secondary",
            "InstanceId": eni.instance,
            "VpcId": eni.vpc,
            "OwnerId": eni.account,
            "PrivateIpAddress": ipv4[0] if ipv4 else "",
            "PrivateIpSets": _nested("PrivateIpSet", ({"PrivateIpAddress": address} for address in ipv4)),
            "Ipv6Sets": _nested("Ipv6Set", ({"Ipv6Address": text} for text in _of(eni.addresses, Family.IPV6))),
            "Ipv4PrefixSets": _nested(
                "Ipv4PrefixSet", ({"Ipv4Prefix": text} for text in _of(eni.prefixes, Family.IPV4))
            ),
            "Ipv6PrefixSets": _nested(
                "Ipv6PrefixSet", ({"Ipv6Prefix": text} for text in _of(eni.prefixes, Family.IPV6))
            ),
            "SecurityGroupIds": _nested("SecurityGroupId", eni.groups),
            "ServiceManaged": eni.service_managed,
        }
    )


def vpc_object(vpc: Vpc) -> Object:
    """A VPC as DescribeVpcs lists it."""
    first, *further = _of(vpc.cidr_blocks, Family.IPV4) or [""]
    ipv6 = _of(vpc.cidr_blocks, Family.IPV6)
    return filled(
        {
            "VpcId": vpc.id,
            "VpcName": vpc.name,
            "OwnerId": vpc.account,
            "CidrBlock": first,
            "SecondaryCidrBlocks": _nested("SecondaryCidrBlock", further),
            "Ipv6CidrBlocks": _nested("Ipv6CidrBlock", ({"Ipv6CidrBlock": text} for text in ipv6)),
        }
    )


def instance_object(instance: Instance) -> Object:
    """An instance as DescribeInstances lists it."""
    locks = _nested("LockReason", ({"LockReason": lock} for lock in instance.locks))
    return filled({"InstanceId": instance.id, "Status": instance.status, "OperationLocks": locks})


def prefix_list_head(prefix_list: PrefixList) -> Object:
    """What stands beside the entries in an answer of DescribePrefixListAttributes."""
    return filled(
        {
            "PrefixListId": prefix_list.id,
            "PrefixListName": prefix_list.name,
            "Description": prefix_list.description,
            "AddressFamily": f"IPv{prefix_list.family:d}",
            "MaxEntries": prefix_list.max_entries,
        }
    )


def entry_object(prefix_list: PrefixList, entry: Prefix) -> Object:
    """An entry of a prefix list; an IPv4 block of an IPv6 list is written as the IPv6 that it was read from (§2.2)."""
    if prefix_list.family is Family.IPV6 and entry.family is Family.IPV4:
        return {"Cidr": f"::ffff:{format_address(*entry[:2])}/{entry.length + MAPPED_LENGTH}"}
    return {"Cidr": str(entry)}


def port_list_object(port_list: PortList) -> Object:
    """A port list as DescribePortRangeLists lists it."""
    return filled(
        {
            "PortRangeListId": port_list.id,
            "PortRangeListName": port_list.name,
            "Description": port_list.description,
            "MaxEntries": port_list.max_entries,
        }
    )


def _of(items: Iterable[Address | Prefix], family: Family) -> list[str]:
    return [str(item) for item in items if item.family is family]


def _nested(key: str, items: Iterable[object]) -> Object:
    """A list as the API nests it; nothing when it is empty."""
    inner = list(items)
    return {key: inner} if inner else {}


def filled(values: Object) -> Object:
    """The object without members that say nothing: blank, empty and false ones."""
    return {key: value for key, value in values.items() if value}

"""A small whole bundle as plain values, to change one thing in and write to disk."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Files = dict[str, Any]
"""File names to JSON values, or to bytes that are written as they stand."""


def permission(**changes: Any) -> dict[str, Any]:
    """An ingress rule for TCP 22 from 10.0.0.0/8 with some fields changed; None leaves a field out."""
    fields = {
        "SecurityGroupRuleId": "sgr-1",
        "Direction": "ingress",
        "Policy": "Accept",
        "Priority": 1,
        "IpProtocol": "TCP",
        "PortRange": "22/22",
        "SourceCidrIp": "10.0.0.0/8",
        "NicType": "intranet",
    }
    return {key: value for key, value in (fields | changes).items() if value is not None}


def eni(eni_id: str, *groups: str, **changes: Any) -> dict[str, Any]:
    """A primary ENI of an instance of its own."""
    number = sum(eni_id.encode()) % 250
    return {
        "NetworkInterfaceId": eni_id,
        "Type": "Primary",
        "InstanceId": eni_id.replace("eni-", "i-"),
        "VpcId": "vpc-1",
        "OwnerId": "1000",
        "PrivateIpAddress": f"10.0.0.{number}",
        "SecurityGroupIds": {"SecurityGroupId": list(groups)},
    } | changes


def listed_group(group_id: str, **changes: Any) -> dict[str, Any]:
    """A basic group as DescribeSecurityGroups lists it."""
    return {"SecurityGroupId": group_id, "SecurityGroupType": "normal", "VpcId": "vpc-1"} | changes


def attribute(group_id: str, *permissions: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A page of a group's rules."""
    body = {"SecurityGroupId": group_id, "VpcId": "vpc-1", "InnerAccessPolicy": "Accept", "NextToken": ""}
    return body | {"Permissions": {"Permission": list(permissions)}} | changes


def groups_answer(*groups: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A page of DescribeSecurityGroups."""
    return {"SecurityGroups": {"SecurityGroup": list(groups)}} | changes


def enis_answer(*enis: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A page of DescribeNetworkInterfaces."""
    return {"NetworkInterfaceSets": {"NetworkInterfaceSet": list(enis)}} | changes


def vpcs_answer(*vpcs: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A page of DescribeVpcs."""
    return {"Vpcs": {"Vpc": list(vpcs)}} | changes


def instances_answer(*instances: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A page of DescribeInstances."""
    return {"Instances": {"Instance": list(instances)}} | changes


def vpc(vpc_id: str, **changes: Any) -> dict[str, Any]:
    """A VPC of account 1000."""
    return {"VpcId": vpc_id, "OwnerId": "1000", "CidrBlock": "10.0.0.0/16"} | changes


GROUPS = "DescribeSecurityGroups.json"
SG_A = "DescribeSecurityGroupAttribute.sg-a.json"
SG_B = "DescribeSecurityGroupAttribute.sg-b.json"
ENIS = "DescribeNetworkInterfaces.json"
VPCS = "DescribeVpcs.json"
INSTANCES = "DescribeInstances.json"
PREFIX_LIST = "DescribePrefixListAttributes.pl-1.json"
PORT_LISTS = "DescribePortRangeLists.json"
PORT_LIST = "DescribePortRangeListEntries.prl-1.json"


def whole() -> Files:
    """Two groups, an ENI in each, a VPC, an instance, a prefix list and a port list."""
    return {
        GROUPS: groups_answer(listed_group("sg-a"), listed_group("sg-b")),
        SG_A: attribute("sg-a", permission()),
        SG_B: attribute("sg-b"),
        ENIS: enis_answer(eni("eni-a", "sg-a"), eni("eni-b", "sg-b")),
        VPCS: vpcs_answer(vpc("vpc-1")),
        INSTANCES: instances_answer({"InstanceId": "i-a", "Status": "Running"}),
        PREFIX_LIST: {
            "PrefixListId": "pl-1",
            "AddressFamily": "IPv4",
            "MaxEntries": 5,
            "Entries": {"Entry": [{"Cidr": "192.0.2.0/24"}]},
        },
        PORT_LISTS: {"PortRangeLists": [{"PortRangeListId": "prl-1", "MaxEntries": 3}]},
        PORT_LIST: {"Entries": [{"PortRange": "80/80"}, {"PortRange": "443/443"}]},
    }


def with_rule(**changes: Any) -> Files:
    """The bundle with one rule of sg-a changed."""
    return whole() | {SG_A: attribute("sg-a", permission(**changes))}


def with_eni(*groups: str, **changes: Any) -> Files:
    """The bundle with eni-a changed."""
    return whole() | {ENIS: enis_answer(eni("eni-a", *groups, **changes), eni("eni-b", "sg-b"))}


def without(*names: str) -> Files:
    """The bundle without some files."""
    return {name: body for name, body in whole().items() if name not in names}


def write(directory: Path, files: Files) -> Path:
    """Writes the files of a bundle into a directory, which it makes."""
    directory.mkdir(exist_ok=True)
    for name, body in files.items():
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        (directory / name).write_bytes(data)
    return directory

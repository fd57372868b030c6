"""One bundle for each thing that refuses it; the fault names the file and the id."""

import json
from pathlib import Path
from typing import Any

import pytest

from pdp.formats.bundle import BundleRefused, Fault, read_bundle
from pdp.model.errors import Reason
from tests.formats.bundles import (
    ENIS,
    GROUPS,
    INSTANCES,
    PORT_LIST,
    PORT_LISTS,
    PREFIX_LIST,
    SG_A,
    SG_B,
    VPCS,
    Files,
    attribute,
    eni,
    enis_answer,
    groups_answer,
    listed_group,
    permission,
    vpc,
    vpcs_answer,
    whole,
    with_eni,
    with_rule,
    without,
    write,
)

SG_A_2 = "DescribeSecurityGroupAttribute.sg-a.2.json"
SG_A_3 = "DescribeSecurityGroupAttribute.sg-a.3.json"
TWO_RULES = (permission(), permission(SecurityGroupRuleId="sgr-2"))


def refused(tmp_path: Path, files: Files) -> BundleRefused:
    with pytest.raises(BundleRefused) as caught:
        read_bundle(write(tmp_path / "bundle", files))
    assert caught.value.reason is Reason.UNREADABLE_POLICY
    assert "\n" not in str(caught.value)
    return caught.value


def only_fault(tmp_path: Path, files: Files) -> Fault:
    faults = refused(tmp_path, files).faults
    assert len(faults) == 1, faults
    return faults[0]


def test_an_id_that_another_rule_gets_by_derivation_is_refused(tmp_path: Path) -> None:
    """§3.1: all the rules count; of two with one id, one would vanish."""
    unnamed = permission(SecurityGroupRuleId=None)
    (derived,) = read_bundle(write(tmp_path / "bundle", with_rule(SecurityGroupRuleId=None))).resources.groups[0].rules
    named = permission(SecurityGroupRuleId=derived.id, Policy="Drop")
    for rules in ((unnamed, named), (named, unnamed)):
        fault = only_fault(tmp_path, whole() | {SG_A: attribute("sg-a", *rules)})
        assert fault.file == SG_A
        assert f"{derived.id} is also the id that is derived" in fault.message


THE_SET: dict[str, tuple[Files, str, str, str]] = {
    "no list of groups": (without(GROUPS, SG_A, SG_B), GROUPS, "", "is missing"),
    "no list of ENIs": (without(ENIS), ENIS, "", "is missing"),
    "first page missing": (
        without(VPCS) | {"DescribeVpcs.2.json": vpcs_answer(vpc("vpc-1"))},
        "DescribeVpcs.2.json",
        "",
        "page 1 is missing",
    ),
    "page in the middle missing": (
        whole() | {SG_A: attribute("sg-a", NextToken="t"), SG_A_3: attribute("sg-a", permission())},
        SG_A_3,
        "sg-a",
        "page 2 is missing",
    ),
    "last page missing": (
        whole() | {SG_A: attribute("sg-a", permission(), NextToken="t")},
        SG_A,
        "sg-a",
        "there is no page 2",
    ),
    "last page of port ranges missing": (
        whole() | {PORT_LIST: {"Entries": [{"PortRange": "80/80"}], "NextToken": "t"}},
        PORT_LIST,
        "prl-1",
        "there is no page 2",
    ),
    "page after a blank token": (
        whole()
        | {
            SG_A: attribute("sg-a", TWO_RULES[0], NextToken="t"),
            SG_A_2: attribute("sg-a"),
            SG_A_3: attribute("sg-a", TWO_RULES[1]),
        },
        SG_A_3,
        "sg-a",
        "left-over",
    ),
    "left-over page of an older export": (
        whole() | {SG_A_2: attribute("sg-a", TWO_RULES[1])},
        SG_A_2,
        "sg-a",
        "left-over",
    ),
    "page after one without token or total": (
        whole() | {VPCS: vpcs_answer(vpc("vpc-1")), "DescribeVpcs.2.json": vpcs_answer(vpc("vpc-2"))},
        "DescribeVpcs.2.json",
        "",
        "left-over",
    ),
    "fewer objects than TotalCount": (
        whole() | {ENIS: enis_answer(eni("eni-a", "sg-a"), eni("eni-b", "sg-b"), TotalCount=1024)},
        ENIS,
        "",
        "2 objects found, but TotalCount is 1024",
    ),
    "more objects than TotalCount": (
        whole() | {GROUPS: groups_answer(listed_group("sg-a"), listed_group("sg-b"), TotalCount=1)},
        GROUPS,
        "",
        "2 objects found, but TotalCount is 1",
    ),
    "the same page saved twice": (
        whole()
        | {
            ENIS: enis_answer(eni("eni-a", "sg-a"), TotalCount=2, PageNumber=1),
            "DescribeNetworkInterfaces.2.json": enis_answer(eni("eni-a", "sg-a"), TotalCount=2, PageNumber=1),
        },
        "DescribeNetworkInterfaces.2.json",
        "",
        "1 objects found, but TotalCount is 2",
    ),
    "totals that disagree": (
        whole()
        | {
            ENIS: enis_answer(eni("eni-a", "sg-a"), TotalCount=2),
            "DescribeNetworkInterfaces.2.json": enis_answer(eni("eni-b", "sg-b"), TotalCount="3"),
        },
        "DescribeNetworkInterfaces.2.json",
        "",
        "TotalCount is 3",
    ),
    "rules that are not all there": (
        whole() | {SG_A: attribute("sg-a", permission(), TotalCount=7)},
        SG_A,
        "sg-a",
        "TotalCount is 7",
    ),
    "a TotalCount that is no number": (whole() | {VPCS: vpcs_answer(vpc("vpc-1"), TotalCount=1.0)}, VPCS, "", "1.0"),
    "a TotalCount that is true": (
        whole() | {VPCS: vpcs_answer(vpc("vpc-1"), TotalCount=True)},
        VPCS,
        "",
        "TotalCount true is not",
    ),
    "a token that is no text": (whole() | {VPCS: vpcs_answer(vpc("vpc-1"), NextToken=[])}, VPCS, "", "NextToken"),
    "not JSON": (whole() | {INSTANCES: b"<html>"}, INSTANCES, "", "not JSON"),
    "an empty file": (whole() | {INSTANCES: b""}, INSTANCES, "", "not JSON: it is empty"),
    "half a file": (whole() | {SG_A: json.dumps(attribute("sg-a")).encode()[:-9]}, SG_A, "sg-a", "not JSON"),
    "neither UTF-8 nor UTF-16": (whole() | {INSTANCES: b'{"Instances": "\xff"}'}, INSTANCES, "", "UTF-8"),
    "UTF-16 without a mark": (whole() | {INSTANCES: "{}".encode("utf-16-le")}, INSTANCES, "", "not JSON"),
    "deeper than anyone nests": (whole() | {INSTANCES: b"[" * 100_000}, INSTANCES, "", "too deeply"),
    "a number beyond any sense": (whole() | {INSTANCES: b'{"a": 1' + b"0" * 5000 + b"}"}, INSTANCES, "", "number"),
    "NaN": (whole() | {INSTANCES: b'{"Instances": {"Instance": []}, "a": NaN}'}, INSTANCES, "", "NaN"),
    "a key twice": (
        whole() | {INSTANCES: b'{"Instances": {"Instance": [], "Instance": []}}'},
        INSTANCES,
        "",
        "'Instance' stands twice",
    ),
    "half a surrogate pair": (
        whole() | {INSTANCES: b'{"Instances": {"Instance": [{"InstanceId": "i-\\ud800"}]}}'},
        INSTANCES,
        "",
        "surrogate",
    ),
    "a list for an object": (whole() | {INSTANCES: []}, INSTANCES, "", "not a JSON object"),
    "a saved error answer": (
        whole() | {SG_A: {"Code": "Throttling", "Message": "Request was denied", "RequestId": "R"}},
        SG_A,
        "sg-a",
        "Throttling",
    ),
    "a list that is no list": (whole() | {VPCS: {"Vpcs": {"Vpc": {"VpcId": "vpc-1"}}}}, VPCS, "", "no list Vpcs.Vpc"),
    "a list in the wrong place": (
        whole() | {PORT_LISTS: {"PortRangeLists": {"PortRangeList": []}}},
        PORT_LISTS,
        "",
        "",
    ),
    "an object that is no object": (whole() | {VPCS: vpcs_answer("vpc-1")}, VPCS, "", "not an object"),  # type: ignore[arg-type]
    "an object without its id": (whole() | {VPCS: vpcs_answer({"OwnerId": "1"})}, VPCS, "Vpc 1", "VpcId is missing"),
    "an id that is a number": (whole() | {VPCS: vpcs_answer({"VpcId": 7})}, VPCS, "Vpc 1", "VpcId 7 is not a text"),
    "another id than the file's name": (whole() | {SG_A: attribute("sg-c")}, SG_A, "sg-a", "'sg-c'"),
    "no id where the file's name has one": (
        whole() | {SG_A: {"InnerAccessPolicy": "Accept", "Permissions": {"Permission": []}}},
        SG_A,
        "sg-a",
        "SecurityGroupId is ''",
    ),
    "another prefix list's id": (
        whole() | {PREFIX_LIST: whole()[PREFIX_LIST] | {"PrefixListId": "pl-2"}},
        PREFIX_LIST,
        "pl-1",
        "pl-2",
    ),
    "another port list's id": (
        whole() | {PORT_LIST: whole()[PORT_LIST] | {"PortRangeListId": "prl-2"}},
        PORT_LIST,
        "prl-1",
        "prl-2",
    ),
    "the same page in two files": (whole() | {"DescribeVpcs.1.json": whole()[VPCS]}, "DescribeVpcs.1.json", "", VPCS),
    "page 1 and page 01": (
        without(VPCS) | {"DescribeVpcs.1.json": whole()[VPCS], "DescribeVpcs.01.json": whole()[VPCS]},
        "DescribeVpcs.01.json",
        "",
        "DescribeVpcs.1.json",
    ),
    "page 0": (whole() | {"DescribeVpcs.0.json": vpcs_answer()}, "DescribeVpcs.0.json", "", "count from 1"),
    "an id twice with different content": (
        whole() | {ENIS: enis_answer(eni("eni-a", "sg-a"), eni("eni-a", "sg-b"))},
        ENIS,
        "eni-a",
        "different content",
    ),
    "a rule's id twice with different content": (
        whole()
        | {
            SG_A: attribute("sg-a", permission(), NextToken="t"),
            SG_A_2: attribute("sg-a", permission(Policy="Drop")),
        },
        SG_A_2,
        "sgr-1",
        f"also in {SG_A}",
    ),
}

A_GROUP: dict[str, tuple[Files, str, str, str]] = {
    "without its attribute file": (without(SG_B), GROUPS, "sg-b", SG_B),
    "without InnerAccessPolicy": (whole() | {SG_B: attribute("sg-b", InnerAccessPolicy="")}, SG_B, "sg-b", "Inner"),
    "with an unknown InnerAccessPolicy": (
        whole() | {SG_B: attribute("sg-b", InnerAccessPolicy="Allow")},
        SG_B,
        "sg-b",
        "'Allow'",
    ),
    "with pages that disagree": (
        whole()
        | {SG_A: attribute("sg-a", NextToken="t"), SG_A_2: attribute("sg-a", permission(), InnerAccessPolicy="drop")},
        SG_A_2,
        "sg-a",
        "InnerAccessPolicy differs",
    ),
    "with an attribute file but not listed": (
        whole() | {"DescribeSecurityGroupAttribute.sg-c.json": attribute("sg-c")},
        "DescribeSecurityGroupAttribute.sg-c.json",
        "sg-c",
        "not listed",
    ),
    "without a VPC": (
        whole()
        | {
            GROUPS: groups_answer(listed_group("sg-a"), listed_group("sg-b"), listed_group("sg-c", VpcId="")),
            "DescribeSecurityGroupAttribute.sg-c.json": attribute("sg-c", VpcId=""),
        },
        GROUPS,
        "sg-c",
        "classic",
    ),
    "of a VPC in one answer only": (whole() | {SG_B: attribute("sg-b", VpcId="")}, SG_B, "sg-b", "classic"),
    "of two VPCs": (whole() | {SG_B: attribute("sg-b", VpcId="vpc-2")}, SG_B, "sg-b", "vpc-2"),
    "without a type": (
        whole() | {GROUPS: groups_answer(listed_group("sg-a", SecurityGroupType=""), listed_group("sg-b"))},
        GROUPS,
        "sg-a",
        "SecurityGroupType",
    ),
}

AN_ENI: dict[str, tuple[Files, str, str, str]] = {
    "with an unknown group": (with_eni("sg-a", "sg-x"), ENIS, "eni-a", "sg-x"),
    "with a group of another VPC": (with_eni("sg-a", VpcId="vpc-2"), ENIS, "eni-a", "vpc-2"),
    "with groups of both types": (
        with_eni("sg-a", "sg-b")
        | {GROUPS: groups_answer(listed_group("sg-a"), listed_group("sg-b", SecurityGroupType="enterprise"))},
        ENIS,
        "eni-a",
        "mixes",
    ),
    "without a group": (with_eni(), ENIS, "eni-a", "no security group"),
    "service-managed with an unknown group": (with_eni("sg-x", ServiceManaged=True), ENIS, "eni-a", "sg-x"),
    "service-managed in words": (with_eni("sg-a", ServiceManaged="true"), ENIS, "eni-a", "ServiceManaged"),
    "without a VPC": (with_eni("sg-a", VpcId=""), ENIS, "eni-a", "VpcId"),
    "with groups that are no list": (with_eni(SecurityGroupIds={"SecurityGroupId": "sg-a"}), ENIS, "eni-a", ""),
    "with an unreadable address": (with_eni("sg-a", PrivateIpAddress="10.0.0.05x"), ENIS, "eni-a", "10.0.0.05x"),
    "with an address of the wrong family": (with_eni("sg-a", PrivateIpAddress="2001:db8::1"), ENIS, "eni-a", "IPv4"),
    "with an unreadable prefix": (
        with_eni("sg-a", Ipv4PrefixSets={"Ipv4PrefixSet": [{"Ipv4Prefix": "10.0.1.0/33"}]}),
        ENIS,
        "eni-a",
        "10.0.1.0/33",
    ),
    "with a set that lacks its key": (
        with_eni("sg-a", Ipv6Sets={"Ipv6Set": [{"Ipv6": "2001:db8::1"}]}),
        ENIS,
        "eni-a",
        "Ipv6Address",
    ),
    "of an account that is a fraction": (with_eni("sg-a", OwnerId=1e15), ENIS, "eni-a", "OwnerId"),
}


@pytest.mark.parametrize(
    ("files", "file", "object_id", "message"),
    [pytest.param(*case, id=name) for table in (THE_SET, A_GROUP, AN_ENI) for name, case in table.items()],
)
def test_a_bundle_is_refused(tmp_path: Path, files: Files, file: str, object_id: str, message: str) -> None:
    fault = refused(tmp_path, files).faults[0]
    assert (fault.file, fault.id) == (file, object_id)
    assert message in fault.message


A_RULE: dict[str, tuple[dict[str, Any], str]] = {
    "without a peer": ({"SourceCidrIp": ""}, "no peer"),
    "with a peer on the own side only": ({"SourceCidrIp": None, "DestCidrIp": "10.0.0.0/8"}, "no peer"),
    "with a group on the own side only": ({"SourceCidrIp": None, "DestGroupId": "sg-b"}, "no peer"),
    "without Direction": ({"Direction": None}, "Direction is missing"),
    "without Policy": ({"Policy": ""}, "Policy is missing"),
    "without IpProtocol": ({"IpProtocol": None}, "IpProtocol is missing"),
    "with TCP and neither range nor list": ({"PortRange": None}, "both missing"),
    "with UDP by number and neither range nor list": ({"IpProtocol": "17", "PortRange": ""}, "both missing"),
    "with CIDRs of both families": ({"Ipv6SourceCidrIp": "2001:db8::/32"}, "both set"),
    "with own-side CIDRs of both families": ({"DestCidrIp": "10.0.0.1", "Ipv6DestCidrIp": "2001:db8::1"}, "both set"),
    "with ports on ICMP": ({"IpProtocol": "ICMP"}, "has no ports"),
    "with ports on ALL": ({"IpProtocol": "ALL", "PortRange": "1/65535"}, "has no ports"),
    "with ports on a protocol by number": ({"IpProtocol": "132"}, "has no ports"),
    "with a port list on GRE": ({"IpProtocol": "GRE", "PortRange": "-1/-1", "PortRangeListId": "prl-1"}, "no ports"),
    "with priority 0": ({"Priority": 0}, "from 1 to 110"),
    "with priority 111": ({"Priority": "111"}, "from 1 to 110"),
    "with a negative priority": ({"Priority": -1}, "'-1'"),
    "with NicType internet": ({"NicType": "Internet"}, "classic"),
    "with an unknown NicType": ({"NicType": "extranet"}, "'extranet'"),
    "with a prefix list that has no file": (
        {"SourceCidrIp": None, "SourcePrefixListId": "pl-9"},
        "pl-9.json; export it with `aliyun ecs DescribePrefixListAttributes --PrefixListId pl-9`",
    ),
    "with a port list that has no file": (
        {"PortRange": "", "PortRangeListId": "prl-9"},
        "prl-9.json; export it with `aliyun ecs DescribePortRangeListEntries --PortRangeListId prl-9`",
    ),
    "with an unknown peer group": ({"SourceCidrIp": None, "SourceGroupId": "sg-x"}, "'sg-x'"),
    "with an unknown peer group and a blank account": (
        {"SourceCidrIp": None, "SourceGroupId": "sg-x", "SourceGroupOwnerAccount": ""},
        "SourceGroupOwnerAccount",
    ),
    "with an unknown peer group on egress": (
        {"Direction": "egress", "DestGroupId": "sg-x", "SourceGroupOwnerAccount": "1000"},
        "DestGroupOwnerAccount",
    ),
    "with a direction in other letters": ({"Direction": "\N{LATIN SMALL LETTER DOTLESS I}ngress"}, "Direction"),
    "with a policy in other letters": ({"Policy": "Accept\N{ZERO WIDTH SPACE}"}, "Policy"),
    "with a policy of another cloud": ({"Policy": "Allow"}, "'Allow'"),
    "with a policy that is true": ({"Policy": True}, "not a text"),
    "with an unknown protocol": ({"IpProtocol": "SCTP"}, "'SCTP'"),
    "with a protocol beyond 255": ({"IpProtocol": "256"}, "'256'"),
    "with a protocol in other digits": ({"IpProtocol": "٦"}, "IpProtocol"),
    "with a protocol in other letters": ({"IpProtocol": "\N{FULLWIDTH LATIN CAPITAL LETTER T}CP"}, "IpProtocol"),
    "with a negative protocol": ({"IpProtocol": "-1", "PortRange": "-1/-1"}, "'-1'"),
    "with a priority that is true": ({"Priority": True}, "Priority true is"),
    "with a priority that is a fraction": ({"Priority": 1.0}, "1.0"),
    "with a priority with a fraction": ({"Priority": "1.0"}, "'1.0'"),
    "with a grouped priority": ({"Priority": "1_0"}, "'1_0'"),
    "with a signed priority": ({"Priority": "+1"}, "'+1'"),
    "with a priority in other digits": ({"Priority": "٢٢"}, "Priority"),
    "with a priority with a blank": ({"Priority": " 1"}, "' 1'"),
    "with a priority that is a list": ({"Priority": [1]}, "[1]"),
    "with one port": ({"PortRange": "22"}, "'22'"),
    "with ports the wrong way round": ({"PortRange": "23/22"}, "'23/22'"),
    "with port 0": ({"PortRange": "0/22"}, "'0/22'"),
    "with port 65536": ({"PortRange": "1/65536"}, "'1/65536'"),
    "with half of all ports": ({"PortRange": "-1/22"}, "'-1/22'"),
    "with ports in other digits": ({"PortRange": "٢٢/٢٢"}, "PortRange"),
    "with grouped ports": ({"PortRange": "1_0/2_0"}, "'1_0/2_0'"),
    "with a port that is a number": ({"PortRange": 22}, "not a text"),
    "with unreadable source ports": ({"SourcePortRange": "70000/70000"}, "SourcePortRange"),
    "with unreadable source ports on ICMP": (
        {"IpProtocol": "ICMP", "PortRange": "", "SourcePortRange": "any"},
        "SourcePortRange",
    ),
    "with a mask": ({"SourceCidrIp": "10.0.0.0/0.0.0.255"}, "10.0.0.0/0.0.0.255"),
    "with a netmask": ({"SourceCidrIp": "10.0.0.0/255.0.0.0"}, "10.0.0.0/255.0.0.0"),
    "with a grouped length": ({"SourceCidrIp": "10.0.0.0/1_0"}, "1_0"),
    "with a length in other digits": ({"SourceCidrIp": "10.0.0.0/٢"}, "SourceCidrIp"),
    "with a signed length": ({"SourceCidrIp": "10.0.0.0/+8"}, "+8"),
    "with no length after the slash": ({"SourceCidrIp": "10.0.0.0/"}, "10.0.0.0/"),
    "with a length beyond 32": ({"SourceCidrIp": "10.0.0.0/33"}, "/33"),
    "with a zone": ({"SourceCidrIp": "", "Ipv6SourceCidrIp": "fe80::1%eth0/64"}, "eth0"),
    "with a range of addresses": ({"SourceCidrIp": "10.0.0.0-10.0.31.255"}, "10.0.0.0/19"),
    "with a short address": ({"SourceCidrIp": "10.0/8"}, "10.0/8"),
    "with an address as a number": ({"SourceCidrIp": 167772160}, "not a text"),
    "with false for a CIDR beside a group": ({"SourceCidrIp": False, "SourceGroupId": "sg-b"}, "SourceCidrIp false is"),
    "with a CIDR that is blank but for a space": ({"SourceCidrIp": " ", "SourceGroupId": "sg-b"}, "' '"),
    "with IPv6 in the IPv4 field": ({"SourceCidrIp": "2001:db8::/32"}, "IPv4"),
    "with IPv4 in the IPv6 field": ({"SourceCidrIp": "", "Ipv6SourceCidrIp": "10.0.0.0/8"}, "IPv6"),
    "with an unreadable own side": ({"DestCidrIp": "10.0.0.256"}, "DestCidrIp"),
    "with a description that is no text": ({"Description": {}}, "Description"),
}


@pytest.mark.parametrize(("changes", "message"), [pytest.param(*case, id=name) for name, case in A_RULE.items()])
def test_a_rule_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    fault = only_fault(tmp_path, with_rule(**changes))
    assert (fault.file, fault.id) == (SG_A, "sgr-1")
    assert message in fault.message


def test_a_rule_without_an_id_is_named_by_its_place(tmp_path: Path) -> None:
    files = whole() | {SG_A: attribute("sg-a", permission(), permission(SecurityGroupRuleId="", Priority=0))}
    assert only_fault(tmp_path, files).id == "Permission 2"


LISTS: dict[str, tuple[Files, str, str, str]] = {
    "no family": (
        whole() | {PREFIX_LIST: whole()[PREFIX_LIST] | {"AddressFamily": ""}},
        PREFIX_LIST,
        "pl-1",
        "Address",
    ),
    "an unreadable entry": (
        whole() | {PREFIX_LIST: whole()[PREFIX_LIST] | {"Entries": {"Entry": [{"Cidr": "10.0.0.0/0.0.0.255"}]}}},
        PREFIX_LIST,
        "pl-1",
        "0.0.0.255",
    ),
    "an entry of the other family": (
        whole() | {PREFIX_LIST: whole()[PREFIX_LIST] | {"Entries": {"Entry": [{"Cidr": "::/0"}]}}},
        PREFIX_LIST,
        "pl-1",
        "IPv4",
    ),
    "an entry without its key": (
        whole() | {PREFIX_LIST: whole()[PREFIX_LIST] | {"Entries": {"Entry": [{"cidr": "10.0.0.0/8"}]}}},
        PREFIX_LIST,
        "pl-1",
        "Cidr is missing",
    ),
    "a size that is no number": (
        whole() | {PREFIX_LIST: whole()[PREFIX_LIST] | {"MaxEntries": "5.0"}},
        PREFIX_LIST,
        "pl-1",
        "MaxEntries",
    ),
    "all ports as an entry": (
        whole() | {PORT_LIST: {"Entries": [{"PortRange": "-1/-1"}]}},
        PORT_LIST,
        "prl-1",
        "-1/-1",
    ),
    "one port as an entry": (whole() | {PORT_LIST: {"Entries": [{"PortRange": "80"}]}}, PORT_LIST, "prl-1", "'80'"),
    "an unreadable VPC block": (whole() | {VPCS: vpcs_answer(vpc("vpc-1", CidrBlock="10/8"))}, VPCS, "vpc-1", "10/8"),
}


@pytest.mark.parametrize(
    ("files", "file", "object_id", "message"), [pytest.param(*case, id=name) for name, case in LISTS.items()]
)
def test_a_list_is_refused(tmp_path: Path, files: Files, file: str, object_id: str, message: str) -> None:
    fault = only_fault(tmp_path, files)
    assert (fault.file, fault.id) == (file, object_id)
    assert message in fault.message


def test_every_fault_is_listed_and_the_line_says_how_many(tmp_path: Path) -> None:
    files = whole() | {
        SG_A: attribute("sg-a", permission(Priority=0, Policy="Allow", SourceCidrIp="10.0.0.0/33")),
        ENIS: enis_answer(eni("eni-a", "sg-a", "sg-x"), eni("eni-b", "sg-b")),
        "pdp.json": {"enis": {"eni-x": {}}},
    }
    refusal = refused(tmp_path, files)
    assert sorted((fault.file, fault.id) for fault in refusal.faults) == sorted(
        [(SG_A, "sgr-1")] * 3 + [(ENIS, "eni-a"), ("pdp.json", "enis.eni-x")]
    )
    assert str(refusal).startswith(str(refusal.faults[0]))
    assert "4 more faults" in str(refusal)
    assert len(refusal.violations) == 5


@pytest.mark.parametrize("name", [GROUPS, ENIS, SG_A])
def test_an_unreadable_answer_makes_nothing_else_unknown(tmp_path: Path, name: str) -> None:
    files = whole() | {name: b"{", "pdp.json": {"enis": {"eni-a": {}}}}
    assert only_fault(tmp_path, files).file == name


def test_an_unreadable_list_is_not_said_to_have_no_file(tmp_path: Path) -> None:
    files = with_rule(SourceCidrIp=None, SourcePrefixListId="pl-1") | {PREFIX_LIST: b"{"}
    assert only_fault(tmp_path, files).file == PREFIX_LIST


def test_a_message_stays_on_one_line_whatever_an_id_holds(tmp_path: Path) -> None:
    files = with_eni("sg-a\nACCEPT", "sg-\x1b[2J") | {"DescribeVpcs.\n.json": b""}
    for fault in refused(tmp_path, files).faults:
        assert str(fault).isprintable()


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match="nowhere"):
        read_bundle(tmp_path / "nowhere")


def test_a_file_for_a_directory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("{}")
    with pytest.raises(BundleRefused, match="directory"):
        read_bundle(path)


def test_a_directory_for_a_file_is_refused(tmp_path: Path) -> None:
    directory = write(tmp_path / "bundle", without(VPCS))
    (directory / VPCS).mkdir()
    with pytest.raises(BundleRefused, match=VPCS):
        read_bundle(directory)


def test_an_empty_directory_is_refused(tmp_path: Path) -> None:
    assert {fault.file for fault in refused(tmp_path, {}).faults} == {GROUPS, ENIS}

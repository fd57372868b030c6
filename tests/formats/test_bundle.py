"""What a bundle that is not refused is read as."""

import json
from pathlib import Path
from typing import Any

import pytest

from pdp.formats.bundle import Bundle, read_bundle
from pdp.model.addresses import parse_address, parse_cidr
from pdp.model.flow import Direction
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import AccountId, InstanceId, VpcId
from pdp.model.network import Eni, Vpc
from pdp.model.protocols import PortRange
from pdp.model.rules import Action, GroupPeer, PrefixListPeer, Rule
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
    instances_answer,
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


def read(tmp_path: Path, files: Files) -> Bundle:
    return read_bundle(write(tmp_path / "bundle", files))


def group_a(tmp_path: Path, files: Files) -> SecurityGroup:
    return read(tmp_path, files).resources.groups[0]


def rules(tmp_path: Path, *permissions: dict[str, Any]) -> tuple[Rule, ...]:
    return group_a(tmp_path, whole() | {SG_A: attribute("sg-a", *permissions)}).rules


def rule(tmp_path: Path, **changes: Any) -> Rule:
    return rules(tmp_path, permission(**changes))[0]


def eni_a(tmp_path: Path, files: Files) -> Eni:
    return read(tmp_path, files).resources.enis[0]


# Files and pages


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_text_is_utf8_or_utf16_with_a_mark(tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding in {"utf-16-le", "utf-16-be"} else ""
    body = groups_answer(listed_group("sg-a", SecurityGroupName="数据库"), listed_group("sg-b"))
    encoded = (mark + json.dumps(body, ensure_ascii=False)).encode(encoding)
    assert group_a(tmp_path, whole() | {GROUPS: encoded}).name == "数据库"


def test_pages_are_joined_in_the_order_of_numbers(tmp_path: Path) -> None:
    pages = {
        f"DescribeSecurityGroupAttribute.sg-a.{page}.json": attribute(
            "sg-a", permission(SecurityGroupRuleId=f"sgr-{page}"), NextToken="t" if page < 12 else ""
        )
        for page in range(2, 13)
    }
    files = whole() | {SG_A: attribute("sg-a", permission(), NextToken="t")} | pages
    assert len(group_a(tmp_path, files).rules) == 12


def test_pages_with_a_total_need_no_tokens(tmp_path: Path) -> None:
    files = whole() | {
        VPCS: vpcs_answer(vpc("vpc-1"), TotalCount=2, PageNumber=1),
        "DescribeVpcs.2.json": vpcs_answer(vpc("vpc-2"), TotalCount=2, PageNumber=2),
    }
    assert [item.id for item in read(tmp_path, files).resources.vpcs] == ["vpc-1", "vpc-2"]


def test_a_total_does_not_count_beside_tokens(tmp_path: Path) -> None:
    files = whole() | {
        VPCS: vpcs_answer(vpc("vpc-1"), TotalCount=9, NextToken="t"),
        "DescribeVpcs.2.json": vpcs_answer(vpc("vpc-2"), TotalCount=9),
    }
    assert len(read(tmp_path, files).resources.vpcs) == 2


@pytest.mark.parametrize("total", [0, "0", "", None, 1, "1"])
def test_a_total_that_says_nothing_or_is_right_refuses_nothing(tmp_path: Path, total: object) -> None:
    assert read(tmp_path, whole() | {VPCS: vpcs_answer(vpc("vpc-1"), TotalCount=total)}).notes == ()


def test_a_total_of_an_empty_list_is_right(tmp_path: Path) -> None:
    assert group_a(tmp_path, whole() | {SG_A: attribute("sg-a", TotalCount=0)}).rules == ()


def test_an_object_on_two_pages_counts_once(tmp_path: Path) -> None:
    again = eni("eni-a", "sg-a") | {"Description": "", "Tags": None}
    files = whole() | {
        ENIS: enis_answer(eni("eni-a", "sg-a"), TotalCount=2),
        "DescribeNetworkInterfaces.2.json": enis_answer(again, eni("eni-b", "sg-b"), TotalCount=2),
    }
    assert [item.id for item in read(tmp_path, files).resources.enis] == ["eni-a", "eni-b"]


def test_a_first_page_may_be_numbered(tmp_path: Path) -> None:
    files = without(VPCS) | {"DescribeVpcs.01.json": whole()[VPCS]}
    assert read(tmp_path, files).notes == ()


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "DescribeDisks.json",
        "DescribeSecurityGroups.json.bak",
        "DescribeSecurityGroups.old.json",
        "DescribeSecurityGroupAttribute.json",
        "DescribeSecurityGroupAttribute.2.json",
        "DescribeVpcs.vpc-1.json",
        "DescribePrefixListAttributes.prl-1.json",
        "describesecuritygroups.2.json",
        "DescribeVpcs.٢.json",
        "pdp.2.json",
        f"DescribeVpcs.{'9' * 200}.json",
    ],
)
def test_other_files_are_reported_and_skipped(tmp_path: Path, name: str) -> None:
    (note,) = read(tmp_path, whole() | {name: b"\xff"}).notes
    assert name in note


def test_only_groups_and_enis_are_required(tmp_path: Path) -> None:
    files = without(VPCS, INSTANCES, PREFIX_LIST, PORT_LISTS, PORT_LIST)
    bundle = read(tmp_path, files)
    assert bundle.resources.vpcs == (Vpc(VpcId("vpc-1"), AccountId("")),)
    assert [note for note in bundle.notes if "vpc-1" in note]


# Rules


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"action": Action.ACCEPT, "priority": 1, "protocol": 6, "ports": PortRange(22, 22)}),
        ({"Policy": "DROP", "Direction": "INGRESS"}, {"action": Action.DROP, "direction": Direction.INGRESS}),
        ({"Priority": "110"}, {"priority": 110}),
        ({"Priority": None}, {"priority": 1}),
        ({"Priority": ""}, {"priority": 1}),
        ({"IpProtocol": "udp"}, {"protocol": 17}),
        ({"IpProtocol": "17"}, {"protocol": 17}),
        ({"IpProtocol": 17}, {"protocol": 17}),
        ({"IpProtocol": "all", "PortRange": "-1/-1"}, {"protocol": None, "ports": None}),
        ({"IpProtocol": "icmpV6", "PortRange": ""}, {"protocol": 58, "ports": None}),
        ({"IpProtocol": "0", "PortRange": None}, {"protocol": 0, "ports": None}),
        ({"PortRange": "-1/-1"}, {"ports": None, "port_list": None}),
        ({"PortRange": "", "PortRangeListId": "prl-1"}, {"ports": None, "port_list": "prl-1"}),
        ({"PortRange": "-1/-1", "PortRangeListId": "prl-1"}, {"ports": None, "port_list": "prl-1"}),
        ({"PortRangeListId": "prl-1"}, {"ports": PortRange(22, 22), "port_list": None}),
        ({"PortRangeListId": "prl-unknown"}, {"ports": PortRange(22, 22), "port_list": None}),
        ({"PortRangeListId": 7}, {"ports": PortRange(22, 22), "port_list": None}),
        ({"SourcePortRange": "1/1023"}, {"source_ports": PortRange(1, 1023)}),
        ({"SourcePortRange": "-1/-1"}, {"source_ports": None}),
        (
            {"SourcePortRange": "53/53", "IpProtocol": "ALL", "PortRange": "-1/-1"},
            {"protocol": None, "source_ports": PortRange(53, 53)},
        ),
        ({"DestCidrIp": "10.0.0.5"}, {"own_cidr": parse_cidr("10.0.0.5")}),
        ({"Ipv6DestCidrIp": "2001:db8::/32"}, {"own_cidr": parse_cidr("2001:db8::/32")}),
        ({"NicType": ""}, {"priority": 1}),
        ({"Description": None, "CreateTime": "2024-08-01T03:08:46Z"}, {"description": ""}),
    ],
)
def test_fields_of_a_rule(tmp_path: Path, changes: dict[str, Any], expected: dict[str, object]) -> None:
    read_as = rule(tmp_path, **changes)
    assert {name: getattr(read_as, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("changes", "peer"),
    [
        ({"SourceCidrIp": "10.1.2.3/8"}, parse_cidr("10.1.2.3/8")),
        ({"SourceCidrIp": "10.1.2.3"}, parse_cidr("10.1.2.3")),
        ({"SourceCidrIp": "", "Ipv6SourceCidrIp": "2001:DB8::1/32"}, parse_cidr("2001:DB8::1/32")),
        ({"SourceCidrIp": "", "Ipv6SourceCidrIp": "::ffff:10.0.0.0/104"}, parse_cidr("::ffff:10.0.0.0/104")),
        ({"SourceCidrIp": "", "SourceGroupId": "sg-b"}, GroupPeer("sg-b", "")),  # type: ignore[arg-type]
        (
            {"SourceCidrIp": None, "SourceGroupId": "sg-x", "SourceGroupOwnerAccount": 2000},
            GroupPeer("sg-x", "2000"),  # type: ignore[arg-type]
        ),
        ({"SourceCidrIp": "", "SourcePrefixListId": "pl-1"}, PrefixListPeer("pl-1")),  # type: ignore[arg-type]
        ({"SourceGroupId": "sg-unknown", "SourcePrefixListId": "pl-unknown"}, parse_cidr("10.0.0.0/8")),
        ({"SourceGroupId": 7}, parse_cidr("10.0.0.0/8")),
        (
            {"SourceCidrIp": "", "SourceGroupId": "sg-b", "SourcePrefixListId": "pl-unknown"},
            GroupPeer("sg-b", ""),  # type: ignore[arg-type]
        ),
        (
            {"Direction": "egress", "DestCidrIp": "192.0.2.0/24", "SourceCidrIp": "10.0.0.5"},
            parse_cidr("192.0.2.0/24"),
        ),
        (
            {"Direction": "egress", "SourceCidrIp": "", "DestGroupId": "sg-x", "DestGroupOwnerAccount": "2"},
            GroupPeer("sg-x", "2"),  # type: ignore[arg-type]
        ),
    ],
)
def test_the_peer_that_counts(tmp_path: Path, changes: dict[str, Any], peer: object) -> None:
    assert rule(tmp_path, **changes).peer == peer


def test_a_mapped_cidr_is_the_ipv4_cidr(tmp_path: Path) -> None:
    mapped = rule(tmp_path, SourceCidrIp="", Ipv6SourceCidrIp="::ffff:10.0.0.0/104").peer
    assert str(getattr(mapped, "prefix", None)) == "10.0.0.0/8"


def test_the_own_side_of_an_egress_rule_is_its_source(tmp_path: Path) -> None:
    changes = {"Direction": "egress", "DestCidrIp": "192.0.2.0/24", "SourceCidrIp": "10.0.0.5"}
    assert rule(tmp_path, **changes).own_cidr == parse_cidr("10.0.0.5")


def test_a_group_on_the_own_side_is_reported_and_ignored(tmp_path: Path) -> None:
    bundle = read(tmp_path, with_rule(DestGroupId="sg-unknown", DestPrefixListId="pl-unknown"))
    assert [("sgr-1" in note, "DestGroupId" in note) for note in bundle.notes] == [(True, True), (True, False)]
    assert bundle.resources.groups[0].rules == rules(tmp_path, permission())


# Ids that are derived


def derived_id(tmp_path: Path, **changes: Any) -> str:
    made = rule(tmp_path, SecurityGroupRuleId=None, **changes)
    assert made.id_is_derived
    return made.id


def test_a_derived_id_is_the_same_however_a_rule_is_spelled(tmp_path: Path) -> None:
    spelled = {"IpProtocol": "6", "Policy": "accept", "Priority": "1", "Description": "x", "SourceGroupId": "sg-b"}
    assert derived_id(tmp_path) == derived_id(tmp_path, **spelled)


def test_a_derived_id_is_the_same_in_every_version(tmp_path: Path) -> None:
    assert derived_id(tmp_path) == "sgr-derived-4ddaaf8913d844fabdae"


@pytest.mark.parametrize(
    "changes",
    [
        {"Direction": "egress", "DestCidrIp": "10.0.0.0/8", "SourceCidrIp": ""},
        {"Policy": "Drop"},
        {"Priority": 2},
        {"IpProtocol": "UDP"},
        {"PortRange": "22/23"},
        {"PortRange": "-1/-1"},
        {"PortRange": "", "PortRangeListId": "prl-1"},
        {"SourceCidrIp": "10.0.0.0/9"},
        {"SourceCidrIp": "", "SourceGroupId": "sg-b"},
        {"SourceCidrIp": "", "SourceGroupId": "sg-b", "SourceGroupOwnerAccount": "2"},
        {"SourceCidrIp": "", "SourcePrefixListId": "pl-1"},
        {"SourcePortRange": "1/2"},
        {"DestCidrIp": "10.0.0.5"},
    ],
)
def test_a_derived_id_differs_with_every_part_of_the_identity(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert derived_id(tmp_path, **changes) != derived_id(tmp_path)


def test_a_derived_id_differs_with_the_group(tmp_path: Path) -> None:
    same = permission(SecurityGroupRuleId="")
    groups = read(tmp_path, whole() | {SG_A: attribute("sg-a", same), SG_B: attribute("sg-b", same)}).resources.groups
    assert groups[0].rules[0].id != groups[1].rules[0].id


@pytest.mark.parametrize("order", [1, -1])
def test_equal_rules_without_ids_are_one_rule_whatever_their_order(tmp_path: Path, order: int) -> None:
    pair = [permission(SecurityGroupRuleId=None, Description=text) for text in ("a", "b")]
    (one,) = rules(tmp_path, *pair[::order])
    assert one.description == "a"


def test_equal_rules_with_ids_stay_two(tmp_path: Path) -> None:
    assert [made.id for made in rules(tmp_path, permission(SecurityGroupRuleId="sgr-2"), permission())] == [
        "sgr-1",
        "sgr-2",
    ]


# Groups, ENIs, VPCs, instances, lists


def test_a_group_is_joined_from_both_answers(tmp_path: Path) -> None:
    listed = listed_group(
        "sg-a",
        SecurityGroupName="db",
        Description="d",
        SecurityGroupType="Enterprise",
        ServiceManaged=True,
        CreationTime="2024-08-01T03:00:00Z",
        Tags={"Tag": [{"TagKey": "b", "TagValue": ""}, {"TagKey": "a", "TagValue": "1"}]},
    )
    files = whole() | {
        GROUPS: groups_answer(listed, listed_group("sg-b")),
        SG_A: attribute("sg-a", InnerAccessPolicy="DROP"),
    }
    read_as = group_a(tmp_path, files)
    assert (read_as.type, read_as.inner_access, read_as.account) == (GroupType.ADVANCED, Action.DROP, "1000")
    assert (read_as.name, read_as.description, read_as.service_managed) == ("db", "d", True)
    assert (read_as.tags, read_as.created) == ((("a", "1"), ("b", "")), "2024-08-01T03:00:00Z")


def test_an_account_may_be_a_number(tmp_path: Path) -> None:
    files = with_eni("sg-a", OwnerId=2000) | {VPCS: vpcs_answer(vpc("vpc-1", OwnerId=3000))}
    assert eni_a(tmp_path, files).account == "2000"
    assert group_a(tmp_path, files).account == "3000"


def test_an_eni_has_all_its_addresses_the_primary_first(tmp_path: Path) -> None:
    files = with_eni(
        "sg-a",
        PrivateIpAddress="10.0.0.9",
        PrivateIpSets={"PrivateIpSet": [{"PrivateIpAddress": "10.0.0.8"}, {"PrivateIpAddress": "10.0.0.9"}]},
        Ipv6Sets={"Ipv6Set": [{"Ipv6Address": "2001:DB8::1"}, {"Ipv6Address": "::ffff:10.0.0.7"}]},
        Ipv4PrefixSets={"Ipv4PrefixSet": [{"Ipv4Prefix": "10.0.1.5/28"}]},
        Ipv6PrefixSets={"Ipv6PrefixSet": [{"Ipv6Prefix": "2001:db8:1::/80"}]},
    )
    read_as = eni_a(tmp_path, files)
    assert read_as.addresses == tuple(map(parse_address, ("10.0.0.9", "10.0.0.8", "10.0.0.7", "2001:db8::1")))
    assert list(map(str, read_as.prefixes)) == ["10.0.1.0/28", "2001:db8:1::/80"]


def test_the_primary_address_may_be_marked_instead(tmp_path: Path) -> None:
    sets = [{"PrivateIpAddress": "10.0.0.8", "Primary": False}, {"PrivateIpAddress": "10.0.0.9", "Primary": True}]
    files = with_eni("sg-a", PrivateIpAddress="", PrivateIpSets={"PrivateIpSet": sets})
    assert list(map(str, eni_a(tmp_path, files).addresses)) == ["10.0.0.9", "10.0.0.8"]


@pytest.mark.parametrize("blank", [None, "", {}, {"Ipv6Set": []}, {"Ipv6Set": None}])
def test_a_blank_set_is_an_absent_one(tmp_path: Path, blank: object) -> None:
    assert len(eni_a(tmp_path, with_eni("sg-a", Ipv6Sets=blank)).addresses) == 1


def test_an_object_that_comes_again_with_a_blank_for_an_absent_field_is_the_same(tmp_path: Path) -> None:
    once, again = eni("eni-a", "sg-a"), eni("eni-a", "sg-a", Description="", Ipv6Sets={"Ipv6Set": []})
    files = {**with_eni("sg-a"), "DescribeNetworkInterfaces.json": enis_answer(once, again)}
    assert [found.id for found in read(tmp_path, files).resources.enis] == ["eni-a"]


@pytest.mark.parametrize(
    ("type_name", "primary"), [("Primary", True), ("Secondary", False), ("Trunk", False), ("", False)]
)
def test_an_eni_is_primary_by_its_type(tmp_path: Path, type_name: str, primary: bool) -> None:
    assert eni_a(tmp_path, with_eni("sg-a", Type=type_name)).primary is primary


def test_an_eni_of_no_instance_has_none(tmp_path: Path) -> None:
    assert eni_a(tmp_path, with_eni("sg-a", InstanceId="")).instance == ""


def test_a_service_managed_eni_without_groups_is_left_out_and_reported(tmp_path: Path) -> None:
    bundle = read(tmp_path, with_eni(ServiceManaged=True) | {"pdp.json": {"enis": {"eni-a": {"host": "h"}}}})
    assert [item.id for item in bundle.resources.enis] == ["eni-b"]
    assert [note for note in bundle.notes if "eni-a" in note]


def test_a_service_managed_eni_with_groups_is_an_eni(tmp_path: Path) -> None:
    assert eni_a(tmp_path, with_eni("sg-a", ServiceManaged=True)).service_managed


def test_a_vpc_has_the_blocks_of_all_fields_once(tmp_path: Path) -> None:
    listed = vpc(
        "vpc-1",
        SecondaryCidrBlocks={"SecondaryCidrBlock": ["172.16.0.0/12", "10.0.0.0/16"]},
        Ipv6CidrBlock="2001:db8::/56",
        Ipv6CidrBlocks={"Ipv6CidrBlock": [{"Ipv6CidrBlock": "2001:db8::/56"}, {"Ipv6CidrBlock": "2001:db8:1::/56"}]},
    )
    (read_as,) = read(tmp_path, whole() | {VPCS: vpcs_answer(listed)}).resources.vpcs
    assert list(map(str, read_as.cidr_blocks)) == ["10.0.0.0/16", "172.16.0.0/12", "2001:db8::/56", "2001:db8:1::/56"]


def test_a_vpc_that_no_answer_lists_has_no_blocks_and_no_account(tmp_path: Path) -> None:
    files = whole() | {VPCS: vpcs_answer(vpc("vpc-2"))}
    bundle = read(tmp_path, files)
    assert bundle.resources.vpcs[0] == Vpc(VpcId("vpc-1"), AccountId(""))
    assert bundle.resources.groups[0].account == ""
    assert [note for note in bundle.notes if "vpc-1" in note]


def test_an_instance_has_its_locks(tmp_path: Path) -> None:
    listed = {"InstanceId": "i-a", "Status": "Stopped", "OperationLocks": {"LockReason": [{"LockReason": "security"}]}}
    (instance,) = read(tmp_path, whole() | {INSTANCES: instances_answer(listed)}).resources.instances
    assert (instance.id, instance.status, instance.locks) == (InstanceId("i-a"), "Stopped", ("security",))


def test_lists_hold_their_present_entries_and_their_size(tmp_path: Path) -> None:
    resources = read(tmp_path, whole()).resources
    assert [(item.id, item.max_entries, list(map(str, item.entries))) for item in resources.prefix_lists] == [
        ("pl-1", 5, ["192.0.2.0/24"])
    ]
    assert [(item.id, item.max_entries, item.entries) for item in resources.port_lists] == [
        ("prl-1", 3, (PortRange(80, 80), PortRange(443, 443)))
    ]


def test_entries_of_a_port_list_may_be_paged(tmp_path: Path) -> None:
    files = whole() | {
        PORT_LIST: {"Entries": [{"PortRange": "80/80"}], "NextToken": "t"},
        "DescribePortRangeListEntries.prl-1.2.json": {"Entries": [{"PortRange": "81/81"}]},
    }
    assert read(tmp_path, files).resources.port_lists[0].entries == (PortRange(80, 80), PortRange(81, 81))


def test_an_unlisted_port_list_counts_its_entries(tmp_path: Path) -> None:
    bundle = read(tmp_path, without(PORT_LISTS))
    assert bundle.resources.port_lists[0].max_entries == 2
    assert [note for note in bundle.notes if "prl-1" in note]

from dataclasses import replace
from typing import Any

import pytest

from pdp.model.codes import Code
from pdp.model.groups import GroupType
from pdp.model.ids import AccountId, EniId, GroupId, InstanceId
from pdp.model.network import TCP_ESTABLISHED_TIMEOUTS_S, UDP_TIMEOUTS_S, Eni, Instance, PenaltyAction
from pdp.server.network.service import NETWORK_SERVICE
from tests.builders import ACCOUNT, eni, group, penalty, policy
from tests.server.planning import OPERATOR, STRANGER, Planning, over_limit, refused

ONE = Instance(InstanceId("i-1"), ACCOUNT, "Running")
FOREIGN = Instance(InstanceId("i-o"), AccountId("2000"))
PRIMARY = eni("eni-p", "10.0.0.5", groups=["sg-a"], instance="i-1", primary=True)
FREE = eni("eni-f", "10.0.0.6", groups=["sg-a"])
ATTACHED = eni("eni-s", "10.0.0.7", groups=["sg-a"], instance="i-1")
GROUPS = [group("sg-a"), group("sg-b"), group("sg-x", type=GroupType.ADVANCED)]


def network(*more: Eni, **kwargs: Any) -> Planning:
    snapshot = policy(GROUPS, [PRIMARY, FREE, ATTACHED, *more], instances=[ONE, FOREIGN], **kwargs)
    return Planning(NETWORK_SERVICE, snapshot)


def made(planning: Planning, eni_id: str) -> Eni:
    return planning.snapshot.enis[EniId(eni_id)]


def test_a_new_eni_is_secondary_and_attached_to_nothing() -> None:
    planning = network()
    answer = planning(
        "CreateNetworkInterface",
        network_interface_id="eni-7",
        vpc_id="vpc-1",
        security_group_ids=["sg-b", "sg-a"],
        primary_ip_address="10.0.0.9",
        private_ip_addresses=["10.0.0.8", "10.0.0.9"],
        ipv6_addresses=["fd00::1"],
        ipv4_prefixes=["10.1.0.0/28"],
        ipv6_prefixes=["fd00:0:1::/80"],
        host="host-1",
        own_namespace=True,
        tcp_established_timeout_seconds=30,
        udp_timeout_seconds=100,
    )
    assert (answer.network_interface_id, list(answer.security_group_ids)) == ("eni-7", ["sg-a", "sg-b"])
    (shown,) = planning("DescribeNetworkInterfaces", network_interface_ids=["eni-7"]).network_interfaces
    assert (shown.type, shown.instance_id, shown.owner_id) == ("Secondary", "", ACCOUNT)
    assert (shown.private_ip_address, list(shown.private_ip_addresses)) == ("10.0.0.9", ["10.0.0.9", "10.0.0.8"])
    assert (list(shown.ipv6_addresses), list(shown.ipv4_prefixes)) == (["fd00::1"], ["10.1.0.0/28"])
    assert (list(shown.ipv6_prefixes), shown.host, shown.own_namespace) == (["fd00:0:1::/80"], "host-1", True)
    assert (shown.tcp_established_timeout_seconds, shown.udp_timeout_seconds) == (30, 100)


def test_an_eni_has_the_usual_timeouts_unless_they_are_given() -> None:
    """§2.3."""
    planning = network()
    planning("CreateNetworkInterface", network_interface_id="eni-7", vpc_id="vpc-1", security_group_ids=["sg-a"])
    eni_7 = made(planning, "eni-7")
    assert (eni_7.tcp_established_timeout_s, eni_7.udp_timeout_s) == (910, 30)


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"network_interface_id": "eni-p"}, Code.ALREADY_EXISTS, "network_interface_id"),
        ({"network_interface_id": "eni-É"}, Code.INVALID_PARAMETER, "network_interface_id"),
        ({"vpc_id": "vpc-9"}, Code.VPC_NOT_FOUND, "vpc_id"),
        ({"private_ip_addresses": ["10.0.0.9"]}, Code.MISSING_PARAMETER, "primary_ip_address"),
        ({"primary_ip_address": "10.0.0.256"}, Code.INVALID_PARAMETER, "primary_ip_address"),
        (
            {"primary_ip_address": "10.0.0.9", "private_ip_addresses": ["fd00::1"]},
            Code.INVALID_PARAMETER,
            "private_ip_addresses[0]",
        ),
        ({"ipv6_addresses": ["::ffff:10.0.0.1"]}, Code.INVALID_PARAMETER, "ipv6_addresses[0]"),
        ({"ipv4_prefixes": ["10.1.0.1/28"]}, Code.INVALID_PARAMETER, "ipv4_prefixes[0]"),
        ({"ipv4_prefixes": ["fd00::/80"]}, Code.INVALID_PARAMETER, "ipv4_prefixes[0]"),
        ({"ipv6_prefixes": ["fd00::/80", "fd00::1/80"]}, Code.INVALID_PARAMETER, "ipv6_prefixes[1]"),
        ({"tcp_established_timeout_seconds": 0}, Code.INVALID_PARAMETER, "tcp_established_timeout_seconds"),
        ({"udp_timeout_seconds": 910}, Code.INVALID_PARAMETER, "udp_timeout_seconds"),
        ({"host": "a\tb"}, Code.INVALID_PARAMETER, "host"),
        ({"security_group_ids": ["sg-9"]}, Code.GROUP_NOT_FOUND, "security_group_ids[0]"),
        ({"account_id": "2000"}, Code.FORBIDDEN, "account_id"),
    ],
)
def test_what_is_not_taken_is_named(fields: dict[str, Any], code: Code, field: str) -> None:
    with refused(code, field):
        network()("CreateNetworkInterface", **{"vpc_id": "vpc-1", **fields})


def test_host_bits_are_refused_with_the_block_around_them() -> None:
    with refused(Code.INVALID_PARAMETER, "ipv4_prefixes[0]", saying="10.1.0.0/28"):
        network()("CreateNetworkInterface", vpc_id="vpc-1", ipv4_prefixes=["10.1.0.5/28"])


@pytest.mark.parametrize("seconds", TCP_ESTABLISHED_TIMEOUTS_S)
def test_each_tcp_timeout_of_the_product_is_taken(seconds: int) -> None:
    """§2.3."""
    planning = network()
    planning("ModifyNetworkInterfaceAttribute", network_interface_id="eni-p", tcp_established_timeout_seconds=seconds)
    assert made(planning, "eni-p").tcp_established_timeout_s == seconds


@pytest.mark.parametrize("seconds", UDP_TIMEOUTS_S)
def test_each_udp_timeout_of_the_product_is_taken(seconds: int) -> None:
    """§2.3."""
    planning = network()
    planning("ModifyNetworkInterfaceAttribute", network_interface_id="eni-p", udp_timeout_seconds=seconds)
    assert made(planning, "eni-p").udp_timeout_s == seconds


@pytest.mark.parametrize(
    "field", [{"tcp_established_timeout_seconds": 900}, {"udp_timeout_seconds": 0}, {"udp_timeout_seconds": 31}]
)
def test_any_other_timeout_is_refused(field: dict[str, Any]) -> None:
    """§2.3."""
    with refused(Code.INVALID_PARAMETER, *field):
        network()("ModifyNetworkInterfaceAttribute", network_interface_id="eni-f", **field)


def test_what_is_absent_stays_as_it_is() -> None:
    planning = network()
    planning("ModifyNetworkInterfaceAttribute", network_interface_id="eni-f", host="host-2", own_namespace=True)
    assert made(planning, "eni-f") == replace(FREE, host="host-2", own_namespace=True)
    planning("ModifyNetworkInterfaceAttribute", network_interface_id="eni-f", host="", own_namespace=False)
    assert made(planning, "eni-f") == FREE
    assert planning.ignored("ModifyNetworkInterfaceAttribute", network_interface_id="eni-f")


def test_a_secondary_enis_groups_are_its_own() -> None:
    """§4.7, and §4.3: the type may change with the whole set."""
    planning = network()
    planning("ModifyNetworkInterfaceAttribute", network_interface_id="eni-s", security_group_ids=["sg-x"])
    assert made(planning, "eni-s").groups == ("sg-x",)
    assert made(planning, "eni-p").groups == ("sg-a",)


def test_a_primary_enis_groups_are_changed_through_its_instance() -> None:
    """§4.7."""
    with refused(Code.PRIMARY_ENI, "network_interface_id", saying="ModifyInstanceAttribute"):
        network()("ModifyNetworkInterfaceAttribute", network_interface_id="eni-p", security_group_ids=["sg-b"])


def test_types_are_never_mixed() -> None:
    """§4.3."""
    with refused(Code.MULTI_GROUP_TYPE):
        network()("ModifyNetworkInterfaceAttribute", network_interface_id="eni-f", security_group_ids=["sg-a", "sg-x"])


def test_groups_of_a_locked_instances_secondary_eni_stay_too() -> None:
    """§7.3."""
    planning = network(penalties=[penalty("i-1", action=PenaltyAction.LOCK)])
    with refused(Code.LOCKED_FOR_SECURITY):
        planning("ModifyNetworkInterfaceAttribute", network_interface_id="eni-s", security_group_ids=["sg-b"])
    with refused(Code.LOCKED_FOR_SECURITY):
        planning("DetachNetworkInterface", network_interface_id="eni-s", instance_id="i-1")


def test_no_eni_with_other_groups_comes_to_a_locked_instance() -> None:
    """§7.3."""
    planning = network(penalties=[penalty("i-1", action=PenaltyAction.LOCK)])
    with refused(Code.LOCKED_FOR_SECURITY):
        planning("AttachNetworkInterface", network_interface_id="eni-f", instance_id="i-1")


def test_a_free_secondary_eni_goes() -> None:
    planning = network()
    planning("DeleteNetworkInterface", network_interface_id="eni-f")
    assert EniId("eni-f") not in planning.snapshot.enis


def test_a_primary_and_an_attached_eni_stay() -> None:
    with refused(Code.PRIMARY_ENI, "network_interface_id", saying="instance"):
        network()("DeleteNetworkInterface", network_interface_id="eni-p")
    with refused(Code.DEPENDENCY_VIOLATION, saying="detach"):
        network()("DeleteNetworkInterface", network_interface_id="eni-s")


def test_an_eni_is_attached_and_detached() -> None:
    planning = network()
    planning("AttachNetworkInterface", network_interface_id="eni-f", instance_id="i-1")
    assert planning.snapshot.instance_enis[InstanceId("i-1")] == ("eni-f", "eni-p", "eni-s")
    planning("DetachNetworkInterface", network_interface_id="eni-f", instance_id="i-1")
    assert made(planning, "eni-f") == FREE


@pytest.mark.parametrize(
    ("eni_id", "instance_id", "code", "field"),
    [
        ("eni-p", "i-1", Code.PRIMARY_ENI, "network_interface_id"),
        ("eni-s", "i-1", Code.DEPENDENCY_VIOLATION, "network_interface_id"),
        ("eni-f", "i-9", Code.INSTANCE_NOT_FOUND, "instance_id"),
        ("eni-f", "i-o", Code.FORBIDDEN, "instance_id"),
        ("eni-f", "", Code.MISSING_PARAMETER, "instance_id"),
    ],
)
def test_only_a_free_secondary_eni_is_attached(eni_id: str, instance_id: str, code: Code, field: str) -> None:
    with refused(code, field):
        network()("AttachNetworkInterface", network_interface_id=eni_id, instance_id=instance_id)


def test_the_operator_attaches_within_one_account_too() -> None:
    with refused(Code.INVALID_PARAMETER, "instance_id", saying="another account"):
        network()("AttachNetworkInterface", OPERATOR, network_interface_id="eni-f", instance_id="i-o")


@pytest.mark.parametrize(
    ("eni_id", "code", "field"),
    [
        ("eni-p", Code.PRIMARY_ENI, "network_interface_id"),
        ("eni-f", Code.INVALID_PARAMETER, "instance_id"),
    ],
)
def test_only_an_eni_of_that_instance_is_detached(eni_id: str, code: Code, field: str) -> None:
    with refused(code, field):
        network()("DetachNetworkInterface", network_interface_id=eni_id, instance_id="i-1")


NAMING_AN_ENI = [
    "DeleteNetworkInterface",
    "ModifyNetworkInterfaceAttribute",
    "AttachNetworkInterface",
    "DetachNetworkInterface",
    "AssignPrivateIpAddresses",
    "UnassignPrivateIpAddresses",
    "AssignIpv6Addresses",
    "UnassignIpv6Addresses",
]


@pytest.mark.parametrize("method", NAMING_AN_ENI)
def test_an_eni_is_named_and_exists_and_is_the_callers(method: str) -> None:
    with refused(Code.MISSING_PARAMETER, "network_interface_id"):
        network()(method)
    with refused(Code.ENI_NOT_FOUND, "network_interface_id"):
        network()(method, network_interface_id="eni-9")
    with refused(Code.FORBIDDEN, "network_interface_id"):
        network()(method, STRANGER, network_interface_id="eni-f")


def test_an_eni_without_an_owner_is_its_vpcs() -> None:
    planning = network(eni("eni-n", groups=["sg-a"], account=""))
    planning("ModifyNetworkInterfaceAttribute", network_interface_id="eni-n", host="host-1")
    (shown,) = planning("DescribeNetworkInterfaces", network_interface_ids=["eni-n"]).network_interfaces
    assert shown.owner_id == ACCOUNT


LISTED = eni("eni-q", "10.0.0.9", "10.2.0.0/16", "fd00::9", "fd02::/80", groups=["sg-b"], host="host-9")
EVERY = ["eni-f", "eni-p", "eni-q", "eni-s"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, EVERY),
        ({"network_interface_ids": ["eni-q", "eni-9", "eni-f"]}, ["eni-f", "eni-q"]),
        ({"vpc_id": "vpc-1"}, EVERY),
        ({"vpc_id": "vpc-2"}, []),
        ({"instance_id": "i-1"}, ["eni-p", "eni-s"]),
        ({"instance_id": "i-1", "network_interface_ids": ["eni-f", "eni-s"]}, ["eni-s"]),
        ({"instance_id": "i-9"}, []),
        ({"security_group_id": "sg-b"}, ["eni-q"]),
        ({"type": "Primary"}, ["eni-p"]),
        ({"type": "Secondary"}, ["eni-f", "eni-q", "eni-s"]),
        ({"private_ip_address": "10.0.0.9"}, ["eni-q"]),
        ({"private_ip_address": "::ffff:10.0.0.9"}, ["eni-q"]),
        ({"private_ip_address": "10.2.255.255"}, ["eni-q"]),
        ({"private_ip_address": "10.3.0.0"}, []),
        ({"private_ip_address": "fd02::1"}, ["eni-q"]),
        ({"host": "host-9"}, ["eni-q"]),
    ],
)
def test_enis_are_listed_by_what_they_are(filters: dict[str, Any], found: list[str]) -> None:
    foreign = eni("eni-o", groups=["sg-a"], account="2000")
    answer = network(LISTED, foreign)("DescribeNetworkInterfaces", **filters)
    assert [shown.network_interface_id for shown in answer.network_interfaces] == found


def test_the_pages_of_a_list_are_the_whole_list() -> None:
    planning, token, found = network(LISTED), "", []
    for _ in EVERY:
        answer = planning("DescribeNetworkInterfaces", max_results=1, next_token=token)
        found += [shown.network_interface_id for shown in answer.network_interfaces]
        token = answer.next_token
    assert (found, token) == (EVERY, "")


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"type": "primary"}, "type"),
        ({"private_ip_address": "10.0.0.9/32"}, "private_ip_address"),
        ({"network_interface_ids": ["eni-1"] * 101}, "network_interface_ids"),
        ({"max_results": 1001}, "max_results"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(filters: dict[str, Any], field: str) -> None:
    with refused(Code.INVALID_PARAMETER, field):
        network()("DescribeNetworkInterfaces", **filters)


def addresses(planning: Planning, eni_id: str) -> list[str]:
    return [str(one) for one in (*made(planning, eni_id).addresses, *made(planning, eni_id).prefixes)]


@pytest.mark.parametrize(
    ("method", "field", "given"),
    [
        ("CreateNetworkInterface", "primary_ip_address", "8.8.8.8"),
        ("CreateNetworkInterface", "private_ip_addresses", ["10.0.0.8", "8.8.8.8"]),
        ("CreateNetworkInterface", "ipv6_addresses", ["2001:db8::8"]),
        ("CreateNetworkInterface", "ipv4_prefixes", ["8.8.8.0/28"]),
        ("CreateNetworkInterface", "ipv6_prefixes", ["2001:db8::/80"]),
        ("CreateInstance", "private_ip_address", "8.8.8.8"),
        ("CreateInstance", "ipv6_addresses", ["2001:db8::8"]),
    ],
)
def test_an_address_that_a_new_eni_cannot_have_is_named_by_its_field(method: str, field: str, given: object) -> None:
    ipv4 = {"primary_ip_address": "10.0.0.8"} if method == "CreateNetworkInterface" else {}
    fields: dict[str, Any] = {**ipv4, field: given}
    with refused(Code.INVALID_PARAMETER, field, saying="is no private address of vpc-1, whose addresses are in"):
        network()(method, vpc_id="vpc-1", security_group_ids=["sg-a"], **fields)


def test_addresses_are_assigned_and_unassigned_by_family() -> None:
    """§2.0: an ENI's addresses are its primary, secondary and IPv6 ones and its prefixes."""
    planning = network()
    one: dict[str, Any] = {"network_interface_id": "eni-f"}
    planning("AssignIpv6Addresses", **one, ipv6_addresses=["fd00::1"], ipv6_prefixes=["fd00:0:1::/80"])
    planning("AssignPrivateIpAddresses", **one, private_ip_addresses=["10.0.0.9"], ipv4_prefixes=["10.1.0.0/28"])
    assert addresses(planning, "eni-f") == ["10.0.0.6", "10.0.0.9", "fd00::1", "10.1.0.0/28", "fd00:0:1::/80"]
    planning("UnassignIpv6Addresses", **one, ipv6_addresses=["fd00::1"], ipv6_prefixes=["fd00:0:1::/80"])
    planning("UnassignPrivateIpAddresses", **one, private_ip_addresses=["10.0.0.9"], ipv4_prefixes=["10.1.0.0/28"])
    assert made(planning, "eni-f") == FREE


def test_the_first_ipv4_address_of_an_eni_becomes_its_primary_one() -> None:
    planning = network(eni("eni-6", "fd00::6", groups=["sg-a"]))
    planning("AssignPrivateIpAddresses", network_interface_id="eni-6", private_ip_addresses=["10.0.0.9", "10.0.0.8"])
    (shown,) = planning("DescribeNetworkInterfaces", network_interface_ids=["eni-6"]).network_interfaces
    assert shown.private_ip_address == "10.0.0.9"


def test_what_is_there_already_or_not_there_changes_nothing() -> None:
    planning = network()
    one: dict[str, Any] = {"network_interface_id": "eni-f"}
    assert planning.ignored("AssignPrivateIpAddresses", **one, private_ip_addresses=["10.0.0.6"])
    assert planning.ignored("UnassignPrivateIpAddresses", **one, private_ip_addresses=["10.0.0.7"])
    assert planning.ignored("UnassignIpv6Addresses", **one, ipv6_prefixes=["fd00:0:1::/80"])


def test_the_primary_address_stays() -> None:
    with refused(Code.INVALID_PARAMETER, "private_ip_addresses", saying="primary address"):
        network()("UnassignPrivateIpAddresses", network_interface_id="eni-f", private_ip_addresses=["10.0.0.6"])


@pytest.mark.parametrize("method", NAMING_AN_ENI[-4:])
def test_at_least_one_address_or_prefix_is_given(method: str) -> None:
    field = "ipv6_addresses" if "Ipv6" in method else "private_ip_addresses"
    with refused(Code.MISSING_PARAMETER, field):
        network()(method, network_interface_id="eni-f")


@pytest.mark.parametrize(
    ("method", "fields", "field"),
    [
        ("AssignPrivateIpAddresses", {"private_ip_addresses": ["10.0.0.8", "fd00::1"]}, "private_ip_addresses[1]"),
        ("AssignPrivateIpAddresses", {"ipv4_prefixes": ["10.0.0.8/28"]}, "ipv4_prefixes[0]"),
        ("UnassignPrivateIpAddresses", {"ipv4_prefixes": ["10.0.0.0/x"]}, "ipv4_prefixes[0]"),
        ("AssignIpv6Addresses", {"ipv6_addresses": ["10.0.0.1"]}, "ipv6_addresses[0]"),
        ("UnassignIpv6Addresses", {"ipv6_prefixes": ["10.0.0.0/28"]}, "ipv6_prefixes[0]"),
    ],
)
def test_an_address_of_the_other_family_or_with_host_bits_is_refused(
    method: str, fields: dict[str, Any], field: str
) -> None:
    with refused(Code.INVALID_PARAMETER, field):
        network()(method, network_interface_id="eni-f", **fields)


def test_addresses_count_against_each_basic_group() -> None:
    """§4.10: 2,000 private addresses per basic group."""
    full = [f"10.{n // 250}.{n % 250}.1" for n in range(1_999)]
    planning = Planning(NETWORK_SERVICE, policy(GROUPS, [eni("eni-1", *full, groups=["sg-a"])]))
    one: dict[str, Any] = {"network_interface_id": "eni-1"}
    planning("AssignPrivateIpAddresses", **one, private_ip_addresses=["10.99.0.1"])
    with over_limit(Code.MEMBERS_PER_GROUP, value=2_000, present=2_000, wanted=2_001):
        planning("AssignPrivateIpAddresses", **one, ipv4_prefixes=["10.99.0.0/28"])


def test_an_eni_in_a_service_managed_group_cannot_leave_it_by_request() -> None:
    """§4.9."""
    managed = replace(group("sg-m"), service_managed=True)
    snapshot = policy([*GROUPS, managed], [replace(FREE, groups=(GroupId("sg-m"),))])
    planning = Planning(NETWORK_SERVICE, snapshot)
    fields: dict[str, Any] = {"network_interface_id": "eni-f", "security_group_ids": ["sg-a"]}
    with refused(Code.MANAGED_BY_CLOUD_PRODUCT):
        planning("ModifyNetworkInterfaceAttribute", **fields)
    planning("ModifyNetworkInterfaceAttribute", OPERATOR, **fields)
    assert made(planning, "eni-f").groups == ("sg-a",)

from typing import Any

import pytest

from pdp.model.codes import Code
from pdp.model.ids import VpcId
from pdp.server.network.service import NETWORK_SERVICE
from tests.builders import ACCOUNT, eni, group, policy, vpc
from tests.server.planning import OPERATOR, STRANGER, Planning, refused


def network(*args: Any, **kwargs: Any) -> Planning:
    return Planning(NETWORK_SERVICE, policy(*args, **kwargs))


def blocks(planning: Planning, vpc_id: str) -> list[str]:
    return [str(block) for block in planning.snapshot.vpcs[VpcId(vpc_id)].cidr_blocks]


def test_every_rpc_of_the_contract_has_its_function() -> None:
    planning = network()
    assert {*NETWORK_SERVICE.writes, *NETWORK_SERVICE.reads} == set(planning._methods)
    assert not {*NETWORK_SERVICE.writes} & {*NETWORK_SERVICE.reads}


def test_a_vpc_belongs_to_its_caller_and_keeps_its_first_block_first() -> None:
    planning = network()
    answer = planning(
        "CreateVpc",
        vpc_name="shop",
        cidr_block="192.168.0.0/16",
        secondary_cidr_blocks=["172.16.0.0/12", "10.0.0.0/8"],
        ipv6_cidr_blocks=["fd00::/16"],
    )
    assert answer.vpc_id == "vpc-new-1"
    assert blocks(planning, "vpc-new-1") == ["192.168.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "fd00::/16"]
    (shown,) = planning("DescribeVpcs", vpc_ids=["vpc-new-1"]).vpcs
    assert (shown.owner_id, shown.vpc_name, shown.cidr_block) == (ACCOUNT, "shop", "192.168.0.0/16")
    assert list(shown.secondary_cidr_blocks) == ["10.0.0.0/8", "172.16.0.0/12"]
    assert list(shown.ipv6_cidr_blocks) == ["fd00::/16"]


def test_the_operator_names_the_account_of_a_new_vpc() -> None:
    planning = network()
    planning("CreateVpc", OPERATOR, account_id="2000", vpc_id="vpc-b", cidr_block="10.0.0.0/8")
    assert planning.snapshot.vpcs[VpcId("vpc-b")].account == "2000"
    with refused(Code.MISSING_PARAMETER, "account_id"):
        planning("CreateVpc", OPERATOR, cidr_block="10.0.0.0/8")
    with refused(Code.INVALID_PARAMETER, "account_id"):
        planning("CreateVpc", OPERATOR, account_id="a/b", cidr_block="10.0.0.0/8")


@pytest.mark.parametrize("vpc_id", ["vpc-", "vpc-A", "VPC-a", "x", "vpc-a/b", "vpc-" + "a" * 61, "vpc-a\n", "vpc-٣"])
def test_an_id_of_the_callers_choice_is_well_formed(vpc_id: str) -> None:
    with refused(Code.INVALID_PARAMETER, "vpc_id", saying="vpc-"):
        network()("CreateVpc", vpc_id=vpc_id, cidr_block="10.0.0.0/8")


def test_the_longest_id_is_taken() -> None:
    assert network()("CreateVpc", vpc_id="vpc-" + "a" * 60, cidr_block="10.0.0.0/8").vpc_id == "vpc-" + "a" * 60


def test_an_id_is_given_once() -> None:
    with refused(Code.ALREADY_EXISTS, "vpc_id"):
        network()("CreateVpc", vpc_id="vpc-1", cidr_block="10.0.0.0/8")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"cidr_block": "fd00::/16"}, "cidr_block"),
        ({"cidr_block": "10.0.0.0/33"}, "cidr_block"),
        ({"cidr_block": "10.0.0.0/255.0.0.0"}, "cidr_block"),
        ({"cidr_block": "10.0.0.0-10.0.0.255"}, "cidr_block"),
        ({"cidr_block": "10.0.0.0/8", "secondary_cidr_blocks": ["10.0.0.0/8", "x"]}, "secondary_cidr_blocks[1]"),
        ({"cidr_block": "10.0.0.0/8", "ipv6_cidr_blocks": ["10.0.0.0/8"]}, "ipv6_cidr_blocks[0]"),
        ({"cidr_block": "10.0.0.0/8", "vpc_name": "n" * 129}, "vpc_name"),
        ({"cidr_block": "10.0.0.0/8", "vpc_name": "a\nb"}, "vpc_name"),
    ],
)
def test_a_field_that_is_not_taken_is_named(fields: dict[str, Any], field: str) -> None:
    with refused(Code.INVALID_PARAMETER, field):
        network()("CreateVpc", **fields)


def test_a_vpc_needs_an_ipv4_block() -> None:
    with refused(Code.MISSING_PARAMETER, "cidr_block"):
        network()("CreateVpc", ipv6_cidr_blocks=["fd00::/16"])


def test_blocks_go_and_come_and_the_name_can_be_taken_away() -> None:
    planning = network(vpcs=[vpc("vpc-1", "10.0.0.0/8", "172.16.0.0/12")])
    answer = planning(
        "ModifyVpcAttribute",
        vpc_id="vpc-1",
        vpc_name="",
        add_cidr_blocks=["fd00::/16", "10.0.0.0/8"],
        remove_cidr_blocks=["172.16.0.0/12", "192.168.0.0/16"],
    )
    assert blocks(planning, "vpc-1") == ["10.0.0.0/8", "fd00::/16"]
    assert (answer.vpc.vpc_name, answer.vpc.cidr_block) == ("", "10.0.0.0/8")


def test_the_first_ipv4_block_stays() -> None:
    with refused(Code.INVALID_PARAMETER, "remove_cidr_blocks[1]"):
        network()("ModifyVpcAttribute", vpc_id="vpc-1", remove_cidr_blocks=["fd00::/16", "10.0.0.0/8"])


def test_blocks_that_are_there_already_change_nothing() -> None:
    assert network().ignored("ModifyVpcAttribute", vpc_id="vpc-1", add_cidr_blocks=["10.0.0.0/8"])


def test_a_vpc_with_groups_or_enis_stays() -> None:
    planning = network([group("sg-a")], [eni("eni-1", groups=["sg-a"])])
    with refused(Code.DEPENDENCY_VIOLATION, saying="vpc-1 still has 2 security groups and ENIs;"):
        planning("DeleteVpc", vpc_id="vpc-1")
    with refused(Code.DEPENDENCY_VIOLATION, saying="vpc-1 still has 1 security group or ENI;"):
        network([group("sg-a")])("DeleteVpc", vpc_id="vpc-1")


def test_an_empty_vpc_goes() -> None:
    planning = network()
    planning("DeleteVpc", vpc_id="vpc-1")
    assert not planning.snapshot.vpcs


@pytest.mark.parametrize("method", ["DeleteVpc", "ModifyVpcAttribute"])
def test_a_vpc_is_named_and_exists_and_is_the_callers(method: str) -> None:
    with refused(Code.MISSING_PARAMETER, "vpc_id"):
        network()(method)
    with refused(Code.VPC_NOT_FOUND, "vpc_id"):
        network()(method, vpc_id="vpc-9")
    with refused(Code.FORBIDDEN, "vpc_id"):
        network()(method, STRANGER, vpc_id="vpc-1")


def test_vpcs_are_listed_by_id_in_pages_and_filtered() -> None:
    planning = network(vpcs=[vpc(f"vpc-{n}", account="2000" if n == 3 else ACCOUNT) for n in (4, 3, 2, 1)])
    first = planning("DescribeVpcs", max_results=2)
    assert [shown.vpc_id for shown in first.vpcs] == ["vpc-1", "vpc-2"]
    rest = planning("DescribeVpcs", max_results=2, next_token=first.next_token)
    assert ([shown.vpc_id for shown in rest.vpcs], rest.next_token) == (["vpc-4"], "")
    assert [shown.vpc_id for shown in planning("DescribeVpcs", STRANGER).vpcs] == ["vpc-3"]
    assert len(planning("DescribeVpcs", OPERATOR).vpcs) == 4
    assert [shown.vpc_id for shown in planning("DescribeVpcs", OPERATOR, account_id="2000").vpcs] == ["vpc-3"]
    assert not planning("DescribeVpcs", vpc_name="no such").vpcs
    with refused(Code.FORBIDDEN, "account_id"):
        planning("DescribeVpcs", account_id="2000")
    with refused(Code.INVALID_PARAMETER, "vpc_ids"):
        planning("DescribeVpcs", vpc_ids=["vpc-1"] * 101)

from dataclasses import replace
from typing import Any

import pytest

from pdp.model.codes import Code
from pdp.model.groups import GroupType
from pdp.model.ids import AccountId, EniId, GroupId, InstanceId
from pdp.model.instants import Instant
from pdp.model.network import Instance, PenaltyAction, PenaltyState
from pdp.model.rules import Action
from pdp.server.network.service import NETWORK_SERVICE
from pdp.v1 import network_service_pb2 as pb
from pdp.v1.resources_pb2 import WriteOptions
from tests.builders import ACCOUNT, eni, group, penalty, policy, resources, vpc
from tests.server.administering import Administered
from tests.server.planning import OPERATOR, STRANGER, Planning, over_limit, refused

ONE = Instance(InstanceId("i-1"), ACCOUNT, "Running")
PRIMARY = eni("eni-p", "10.0.0.5", groups=["sg-a"], instance="i-1", primary=True)
SECONDARY = eni("eni-s", "10.0.0.6", groups=["sg-a"], instance="i-1")
BASIC = [group("sg-a"), group("sg-b")]
ADVANCED = group("sg-x", type=GroupType.ADVANCED)


def network(*args: Any, **kwargs: Any) -> Planning:
    return Planning(NETWORK_SERVICE, policy(*args, **kwargs))


def with_instance(**kwargs: Any) -> Planning:
    return network([*BASIC, ADVANCED], [PRIMARY, SECONDARY], instances=[ONE], **kwargs)


def test_an_instance_comes_with_its_primary_eni() -> None:
    planning = network(BASIC)
    answer = planning(
        "CreateInstance",
        instance_id="i-7",
        network_interface_id="eni-7",
        vpc_id="vpc-1",
        security_group_ids=["sg-b", "sg-a", "sg-b"],
        private_ip_address="10.0.0.7",
        ipv6_addresses=["fd00::7"],
        host="host-3",
    )
    assert (answer.instance_id, answer.network_interface_id) == ("i-7", "eni-7")
    assert list(answer.security_group_ids) == ["sg-a", "sg-b"]
    made = planning.snapshot.enis[EniId("eni-7")]
    assert made.primary
    assert (made.instance, made.host, made.account) == ("i-7", "host-3", ACCOUNT)
    assert [str(address) for address in made.addresses] == ["10.0.0.7", "fd00::7"]
    assert planning.snapshot.instances[InstanceId("i-7")] == Instance(InstanceId("i-7"), ACCOUNT, "Running")


def default_rules(planning: Planning) -> set[str]:
    (made,) = planning.snapshot.groups.values()
    return {str(rule) for rule in made.rules}


def test_an_instance_without_groups_gets_the_default_group_in_the_same_commit() -> None:
    """§4.1: basic, accepting ICMP, TCP 22 and 3389 from anywhere at priority 100."""
    planning = network()
    planning.at = Instant(planning.at + 1)  # times are told to the second
    before = planning.snapshot.revision
    answer = planning("CreateInstance", vpc_id="vpc-1")
    assert planning.snapshot.revision == before + 1
    (made,) = planning.snapshot.groups.values()
    assert list(answer.security_group_ids) == [made.id]
    assert (made.type, made.inner_access, made.is_default) == (GroupType.BASIC, Action.ACCEPT, True)
    assert made.created == "2026-01-01T00:00:00Z"
    assert {(rule.origin, rule.created) for rule in made.rules} == {("system", "2026-01-01T00:00:00Z")}
    assert default_rules(planning) == {
        "accept ICMP -1/-1 from 0.0.0.0/0 priority 100",
        "accept TCP 22/22 from 0.0.0.0/0 priority 100",
        "accept TCP 3389/3389 from 0.0.0.0/0 priority 100",
    }


def test_a_default_group_may_accept_web_ports_too() -> None:
    planning = network()
    planning("CreateInstance", vpc_id="vpc-1", default_group_web_ports=True)
    assert {
        "accept TCP 80/80 from 0.0.0.0/0 priority 100",
        "accept TCP 443/443 from 0.0.0.0/0 priority 100",
    } < default_rules(planning)
    assert len(default_rules(planning)) == 5


def test_the_default_group_is_made_once_for_a_vpc() -> None:
    planning = network()
    first = planning("CreateInstance", vpc_id="vpc-1")
    second = planning("CreateNetworkInterface", vpc_id="vpc-1", default_group_web_ports=True)
    assert list(first.security_group_ids) == list(second.security_group_ids)
    assert len(default_rules(planning)) == 3


def test_a_default_group_that_would_have_to_be_made_is_left_out_of_a_validation() -> None:
    administered = Administered(resources([]), NETWORK_SERVICE)
    request = pb.CreateInstanceRequest(vpc_id="vpc-1", write_options=WriteOptions(validate_only=True))
    assert list(administered.call("CreateInstance", request).security_group_ids) == []


def test_groups_that_are_named_are_shown_by_a_validation() -> None:
    answer = network(BASIC)(
        "CreateInstance", vpc_id="vpc-1", security_group_ids=["sg-a"], write_options={"validate_only": True}
    )
    assert list(answer.security_group_ids) == ["sg-a"]


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"instance_id": "i_1"}, Code.INVALID_PARAMETER, "instance_id"),
        ({"instance_id": "i-1"}, Code.ALREADY_EXISTS, "instance_id"),
        ({"network_interface_id": "eni-"}, Code.INVALID_PARAMETER, "network_interface_id"),
        ({"network_interface_id": "eni-p"}, Code.ALREADY_EXISTS, "network_interface_id"),
        ({"private_ip_address": "10.0.0.5/32"}, Code.INVALID_PARAMETER, "private_ip_address"),
        ({"private_ip_address": "fd00::1"}, Code.INVALID_PARAMETER, "private_ip_address"),
        ({"ipv6_addresses": ["fd00::1", "10.0.0.1"]}, Code.INVALID_PARAMETER, "ipv6_addresses[1]"),
        ({"ipv6_addresses": ["fe80::1%eth0"]}, Code.INVALID_PARAMETER, "ipv6_addresses[0]"),
        ({"host": "h" * 256}, Code.INVALID_PARAMETER, "host"),
        ({"status": "s" * 65}, Code.INVALID_PARAMETER, "status"),
        ({"vpc_id": ""}, Code.MISSING_PARAMETER, "vpc_id"),
        ({"vpc_id": "vpc-9"}, Code.VPC_NOT_FOUND, "vpc_id"),
        ({"security_group_ids": ["sg-a", "sg-9"]}, Code.GROUP_NOT_FOUND, "security_group_ids[1]"),
        ({"security_group_ids": [""]}, Code.MISSING_PARAMETER, "security_group_ids[0]"),
        ({"account_id": "2000"}, Code.FORBIDDEN, "account_id"),
    ],
)
def test_what_is_not_taken_is_named(fields: dict[str, Any], code: Code, field: str) -> None:
    with refused(code, field):
        with_instance()("CreateInstance", **{"vpc_id": "vpc-1", **fields})


def test_a_new_instance_takes_no_group_of_another_account() -> None:
    """§6.5: nobody reaches into another account, also not by joining its groups."""
    planning = network([group("sg-o", account="2000")])
    with refused(Code.FORBIDDEN, "security_group_ids[0]"):
        planning("CreateInstance", vpc_id="vpc-1", security_group_ids=["sg-o"])


def test_a_new_instance_never_mixes_types() -> None:
    """§4.3."""
    with refused(Code.MULTI_GROUP_TYPE):
        with_instance()("CreateInstance", vpc_id="vpc-1", security_group_ids=["sg-a", "sg-x"])


def test_a_group_of_another_vpc_is_refused() -> None:
    planning = network([group("sg-o", vpc="vpc-2")], vpcs=[vpc("vpc-1"), vpc("vpc-2")])
    with refused(Code.DIFFERENT_VPC):
        planning("CreateInstance", vpc_id="vpc-1", security_group_ids=["sg-o"])


def test_what_the_operator_makes_is_the_vpcs_unless_an_account_is_named() -> None:
    planning = network(BASIC, vpcs=[vpc("vpc-1", account="3000")])
    planning("CreateInstance", OPERATOR, vpc_id="vpc-1", instance_id="i-a")
    planning("CreateInstance", OPERATOR, vpc_id="vpc-1", instance_id="i-b", account_id="4000")
    accounts = [planning.snapshot.instances[InstanceId(name)].account for name in ("i-a", "i-b")]
    assert accounts == ["3000", "4000"]


def test_an_instances_groups_are_its_primary_enis() -> None:
    """§4.7."""
    planning = with_instance()
    planning("ModifyInstanceAttribute", instance_id="i-1", security_group_ids=["sg-b"])
    assert planning.snapshot.enis[EniId("eni-p")].groups == ("sg-b",)
    assert planning.snapshot.enis[EniId("eni-s")].groups == ("sg-a",)
    (shown,) = planning("DescribeInstances").instances
    assert list(shown.security_group_ids) == ["sg-b"]
    assert list(shown.network_interface_ids) == ["eni-p", "eni-s"]


def test_replacing_all_groups_may_change_the_type() -> None:
    """§4.3."""
    planning = with_instance()
    planning("ModifyInstanceAttribute", instance_id="i-1", security_group_ids=["sg-x"])
    assert planning.snapshot.enis[EniId("eni-p")].groups == ("sg-x",)


def test_the_sixth_group_is_refused_with_the_numbers() -> None:
    """§4.10."""
    groups = [group(f"sg-{n}") for n in range(6)]
    planning = network(groups, [replace(PRIMARY, groups=(GroupId("sg-0"),))], instances=[ONE])
    with over_limit(Code.GROUPS_PER_ENI, value=5, present=1, wanted=6):
        planning("ModifyInstanceAttribute", instance_id="i-1", security_group_ids=[g.id for g in groups])


def test_an_instance_without_a_primary_eni_has_no_groups_to_change() -> None:
    planning = network(BASIC, [SECONDARY], instances=[ONE])
    with refused(Code.ENI_NOT_FOUND, "security_group_ids"):
        planning("ModifyInstanceAttribute", instance_id="i-1", security_group_ids=["sg-b"])


def test_groups_of_a_locked_instance_stay_and_its_status_may_change() -> None:
    """§7.3."""
    planning = network(BASIC, [PRIMARY], instances=[replace(ONE, locks=("security",))])
    with refused(Code.LOCKED_FOR_SECURITY):
        planning("ModifyInstanceAttribute", instance_id="i-1", security_group_ids=["sg-b"])
    planning("ModifyInstanceAttribute", instance_id="i-1", status="Stopped")
    assert planning.snapshot.instances[InstanceId("i-1")].status == "Stopped"


def test_an_instance_goes_with_its_primary_eni_and_lets_the_others_go() -> None:
    planning = with_instance()
    planning("DeleteInstance", instance_id="i-1")
    assert not planning.snapshot.instances
    assert [(left.id, left.instance) for left in planning.snapshot.enis.values()] == [("eni-s", "")]


def test_the_id_of_an_instance_with_penalties_on_record_is_never_anothers() -> None:
    """§6.5: who took it would read what was said of the owner before, and by him."""
    lifted = replace(penalty("i-7"), state=PenaltyState.LIFTED)
    with refused(Code.ALREADY_EXISTS, "instance_id", saying="on record"):
        network(BASIC, penalties=[lifted])("CreateInstance", instance_id="i-7", vpc_id="vpc-1")


@pytest.mark.parametrize("action", [PenaltyAction.BLOCK_TRAFFIC, PenaltyAction.LOCK])
def test_an_instance_under_a_penalty_stays(action: PenaltyAction) -> None:
    """§7.4: nobody rids himself of a penalty by deleting what it is about."""
    with refused(Code.DEPENDENCY_VIOLATION, saying="penalty"):
        with_instance(penalties=[penalty("i-1", action=action)])("DeleteInstance", instance_id="i-1")


def test_an_instance_that_only_enis_name_is_listed_and_changed_and_goes() -> None:
    planning = network(BASIC, [replace(PRIMARY, account=AccountId(""))])
    (shown,) = planning("DescribeInstances").instances
    assert (shown.instance_id, shown.account_id, shown.status) == ("i-1", ACCOUNT, "")
    planning("ModifyInstanceAttribute", instance_id="i-1", security_group_ids=["sg-b"])
    with refused(Code.ALREADY_EXISTS, "instance_id"):
        planning("CreateInstance", instance_id="i-1", vpc_id="vpc-1")
    planning("DeleteInstance", instance_id="i-1")
    assert not planning.snapshot.enis


@pytest.mark.parametrize("method", ["DeleteInstance", "ModifyInstanceAttribute"])
def test_an_instance_is_named_and_exists_and_is_the_callers(method: str) -> None:
    with refused(Code.MISSING_PARAMETER, "instance_id"):
        with_instance()(method)
    with refused(Code.INSTANCE_NOT_FOUND, "instance_id"):
        with_instance()(method, instance_id="i-9")
    with refused(Code.FORBIDDEN, "instance_id"):
        with_instance()(method, STRANGER, instance_id="i-1")


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["i-1", "i-2"]),
        ({"instance_ids": ["i-2", "i-9"]}, ["i-2"]),
        ({"vpc_id": "vpc-1"}, ["i-1"]),
        ({"vpc_id": "vpc-2"}, []),
        ({"security_group_id": "sg-a"}, ["i-1"]),
        ({"security_group_id": "sg-b"}, []),
        ({"status": "Stopped"}, ["i-2"]),
        ({"max_results": 1}, ["i-1"]),
    ],
)
def test_instances_are_listed_by_what_they_are(filters: dict[str, Any], found: list[str]) -> None:
    stopped = Instance(InstanceId("i-2"), ACCOUNT, "Stopped")
    other = Instance(InstanceId("i-3"), AccountId("2000"))
    planning = network(BASIC, [PRIMARY, replace(SECONDARY, groups=(GroupId("sg-b"),))], instances=[stopped, ONE, other])
    assert [shown.instance_id for shown in planning("DescribeInstances", **filters).instances] == found

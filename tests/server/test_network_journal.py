"""NetworkService and AccountService over a real journal: what is written is what a restart reads."""

from typing import Any

from google.protobuf import descriptor_pool, message_factory

from pdp.model.codes import Code
from pdp.model.ids import EniId, GroupId
from pdp.policy.snapshot import resources_of
from pdp.server.accounts.service import ACCOUNT_SERVICE
from pdp.server.asking import ServiceMethods
from pdp.server.network.service import NETWORK_SERVICE
from pdp.store.journal import Journal
from tests.builders import eni, group, resources
from tests.server.administering import OPERATOR, OWNER, Administered, refused

DOCUMENT = '{"Version": "1", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'


def administered(service: ServiceMethods) -> Administered:
    members = [eni("eni-1", "10.0.0.1", groups=["sg-a"], instance="i-1", primary=True)]
    return Administered(resources([group("sg-a"), group("sg-b")], members), service)


def call(policy: Administered, service: ServiceMethods, method: str, caller: Any = OWNER, **fields: Any) -> Any:
    found = descriptor_pool.Default().FindServiceByName(service.name).methods_by_name[method]
    return policy.call(method, message_factory.GetMessageClass(found.input_type)(**fields), caller)


def network(policy: Administered, method: str, **fields: Any) -> Any:
    return call(policy, NETWORK_SERVICE, method, **fields)


def account(policy: Administered, method: str, caller: Any = OWNER, **fields: Any) -> Any:
    return call(policy, ACCOUNT_SERVICE, method, caller, **fields)


def assert_a_restart_reads_the_same(policy: Administered) -> None:
    again = Journal(policy.journal.driver).snapshot
    assert again.revision == policy.snapshot.revision
    assert resources_of(again) == resources_of(policy.snapshot)


def test_a_restart_reads_every_kind_of_network_resource_as_it_was_written() -> None:
    policy = administered(NETWORK_SERVICE)
    vpc = network(policy, "CreateVpc", cidr_block="192.168.0.0/16", ipv6_cidr_blocks=["fd07::/16"]).vpc_id
    made = network(policy, "CreateInstance", vpc_id=vpc, private_ip_address="192.168.0.1", host="host-1")
    secondary = network(
        policy, "CreateNetworkInterface", vpc_id=vpc, own_namespace=True, ipv6_prefixes=["fd07::/80"]
    ).network_interface_id
    network(policy, "AttachNetworkInterface", network_interface_id=secondary, instance_id=made.instance_id)
    network(policy, "CreatePrefixList", address_family="IPv6", max_entries=2, entries=[{"cidr": "fd07::/16"}])
    answer = network(policy, "CreatePortRangeList", max_entries=2, entries=[{"port_range": "80/88"}])
    assert answer.position.revision == policy.snapshot.revision
    assert policy.snapshot.enis[EniId(secondary)].groups == tuple(made.security_group_ids)
    assert_a_restart_reads_the_same(policy)


def test_a_restart_reads_everything_of_an_account_as_it_was_written() -> None:
    policy = administered(ACCOUNT_SERVICE)
    account(policy, "ModifyQuota", quota_code="groups_per_eni", value=6)
    account(policy, "CreateUser", user_name="alice")
    account(policy, "CreatePolicy", policy_name="all", policy_document=DOCUMENT)
    account(policy, "AttachPolicyToUser", user_name="alice", policy_name="all")
    account(policy, "SetSmtpExemption", OPERATOR, account_id="2000", exempt=True)
    account(policy, "SetLimitsVersion", OPERATOR, version="2026")
    block: dict[str, Any] = {"penalty_class": "malicious_behaviour", "action": "BLOCK_TRAFFIC", "instance_id": "i-1"}
    penalty_id = account(policy, "ImposePenalty", OPERATOR, **block).penalty.penalty_id
    answer = account(policy, "FileAppeal", penalty_id=penalty_id, statement="a mistake")
    assert (answer.penalty.state, answer.position.revision) == ("appeal_filed", policy.snapshot.revision)
    assert_a_restart_reads_the_same(policy)


def test_a_validation_makes_nothing_and_tells_no_id_that_it_made_up() -> None:
    policy = administered(NETWORK_SERVICE)
    before = policy.snapshot
    answer = network(policy, "CreateInstance", vpc_id="vpc-1", write_options={"validate_only": True})
    assert (answer.instance_id, answer.network_interface_id, list(answer.security_group_ids)) == ("", "", [])
    chosen: dict[str, Any] = {"instance_id": "i-7", "network_interface_id": "eni-7", "security_group_ids": ["sg-b"]}
    answer = network(policy, "CreateInstance", vpc_id="vpc-1", **chosen, write_options={"validate_only": True})
    assert (answer.instance_id, list(answer.security_group_ids)) == ("i-7", ["sg-b"])
    assert policy.snapshot is before


def test_a_client_token_makes_an_instance_once() -> None:
    """§5.5."""
    policy = administered(NETWORK_SERVICE)
    fields: dict[str, Any] = {"vpc_id": "vpc-1", "write_options": {"client_token": "t-1"}}
    first, second = (network(policy, "CreateInstance", **fields) for _ in range(2))
    assert first == second
    assert len(policy.snapshot.instances) == 1
    other = refused(lambda: network(policy, "CreateInstance", **{**fields, "host": "host-2"}))
    assert other.reason is Code.IDEMPOTENT_MISMATCH


def test_a_refused_write_leaves_the_store_as_it_was() -> None:
    """§4.1, §4.10: no default group stays behind where its instance could not be made."""
    policy = administered(ACCOUNT_SERVICE)
    account(policy, "ModifyQuota", quota_code="groups_per_account", value=2)
    network_policy = Administered(resources_of(policy.snapshot), NETWORK_SERVICE)
    before = network_policy.snapshot
    error = refused(lambda: network(network_policy, "CreateInstance", vpc_id="vpc-1"))
    assert error.reason is Code.GROUPS_PER_ACCOUNT
    assert network_policy.snapshot is before
    assert set(network_policy.snapshot.groups) == {GroupId("sg-a"), GroupId("sg-b")}

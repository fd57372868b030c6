"""Who may call what (§6): every RPC with every kind of caller, and the nine-action deny policy as it is pasted."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf import message_factory
from google.protobuf.message import Message

from pdp.model.codes import Code
from pdp.model.errors import FieldError, Refusal
from pdp.model.identity import Caller, CallerKind
from pdp.model.ids import AccountId, PenaltyId
from pdp.model.network import Instance
from pdp.model.ram import RamPolicy, RamUser
from pdp.policy.draft import snapshot_of
from pdp.server.asking import Ask
from pdp.server.check_gate import Asker
from pdp.server.message_ids import new_id
from pdp.server.permissions import TABLE, Who, permit
from pdp.server.services import ADMINISTRATION
from pdp.v1 import account_service_pb2, network_service_pb2, security_group_service_pb2
from pdp.v1.resources_pb2 import Permission
from tests.architecture.sources import ROOT
from tests.builders import ACCOUNT, NOW, eni, group, penalty, port_list, prefix_list, resources
from tests.server.administering import Kept

SERVICES = {
    service.name: service
    for path in sorted((ROOT / "pdp" / "v1").glob("*_pb2.py"))
    for service in import_module(f"pdp.v1.{path.stem}").DESCRIPTOR.services_by_name.values()
}
RPCS = [f"{service.name}/{method.name}" for service in SERVICES.values() for method in service.methods]

DENY_NINE = (Path(__file__).parents[1] / "policy" / "data" / "ram-deny-policy.json").read_text(encoding="utf-8")
ALLOW_ALL = '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
NINE = {
    "AuthorizeSecurityGroup",
    "AuthorizeSecurityGroupEgress",
    "RevokeSecurityGroup",
    "RevokeSecurityGroupEgress",
    "ModifySecurityGroupRule",
    "ModifySecurityGroupEgressRule",
    "ModifySecurityGroupPolicy",
    "ModifySecurityGroupAttribute",
    "ConfigureSecurityGroupPermissions",
}
ROUNDABOUT = {"CloneSecurityGroup", "ImportSecurityGroupRules"}
"""They add rules without the word for it."""

OWNER = Caller(CallerKind.ACCOUNT, ACCOUNT)
OTHER = Caller(CallerKind.ACCOUNT, AccountId("2000"))
AGENT = Caller(CallerKind.AGENT, name="host-1")


def user(name: str) -> Caller:
    return Caller(CallerKind.USER, ACCOUNT, name)


def with_policies(**documents: str) -> Any:
    """A policy in which the user `u` has these RAM policies, and everything is account 1000's."""
    made = resources(
        [group("sg-a", "accept tcp/22 from 10.0.0.0/8 id sgr-1"), group("sg-b")],
        [eni("eni-1", "10.0.0.5", groups=["sg-a"], instance="i-1", host="host-1")],
        instances=[Instance("i-1", ACCOUNT)],  # type: ignore[arg-type]
        prefix_lists=[replace(prefix_list("pl-1"), account=ACCOUNT)],
        port_lists=[replace(port_list("prl-1"), account=ACCOUNT)],
        penalties=[replace(penalty("i-1"), id=PenaltyId("pen-1"))],
    )
    policies = tuple(RamPolicy(ACCOUNT, name, document) for name, document in documents.items())
    users = (RamUser(ACCOUNT, "u", policies=tuple(sorted(documents))),)
    return snapshot_of(replace(made, users=users, policies=policies))


IDS = {
    "account_id": ACCOUNT,
    "vpc_id": "vpc-1",
    "security_group_id": "sg-a",
    "source_security_group_id": "sg-a",
    "security_group_rule_id": "sgr-1",
    "network_interface_id": "eni-1",
    "instance_id": "i-1",
    "prefix_list_id": "pl-1",
    "port_range_list_id": "prl-1",
    "penalty_id": "pen-1",
    "user_name": "u",
    "policy_name": "p",
}


def request_of(rpc: str) -> Any:
    """A request about account 1000, with everything named that it can name; of checks, the ENIs."""
    service, _, method = rpc.partition("/")
    if service == "DecisionService":
        return ["eni-1"]
    descriptor = SERVICES[service].methods_by_name[method].input_type
    request: Message = message_factory.GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if field.name in IDS:
            setattr(request, field.name, IDS[field.name])
    if "security_group_ids" in descriptor.fields_by_name:
        request.security_group_ids.append("sg-b")  # type: ignore[attr-defined]
    if "content" in descriptor.fields_by_name:
        request.content, request.format = "IpProtocol\nALL\n", "csv"  # type: ignore[attr-defined]
    return request


def ask(caller: Caller) -> Ask:
    return Ask(caller, NOW, "192.0.2.7", False, "cn-test", new_id)


def outcome(rpc: str, caller: Caller, *, request: Any = None, **documents: str) -> Code | None:
    """The code of the refusal, or None where it is permitted."""
    try:
        permit(rpc, with_policies(**documents), request_of(rpc) if request is None else request, ask(caller))
    except Refusal as refusal:
        return refusal.code
    return None


def test_the_table_names_every_rpc_and_no_other() -> None:
    assert set(TABLE) == set(RPCS)
    assert len(SERVICES) >= 5


def test_the_tables_of_functions_name_every_rpc_and_no_other() -> None:
    for service in ADMINISTRATION:
        name = service.name.rpartition(".")[2]
        assert {*service.writes, *service.reads} == {method.name for method in SERVICES[name].methods}
        for method in service.writes:
            assert TABLE[f"{name}/{method}"].who in {Who.WRITE, Who.OPERATOR}
        for method in service.reads:
            assert TABLE[f"{name}/{method}"].who in {Who.READ, Who.ANYBODY}


@pytest.mark.parametrize("rpc", RPCS)
def test_each_action_bears_the_name_of_its_rpc(rpc: str) -> None:
    assert TABLE[rpc].action.partition(":")[2] == rpc.partition("/")[2]


@pytest.mark.parametrize("rpc", RPCS)
def test_the_owner_may_do_everything_but_what_is_the_operator_s(rpc: str) -> None:
    expected = Code.OPERATOR_ONLY if TABLE[rpc].who is Who.OPERATOR else None
    assert outcome(rpc, OWNER) is expected


@pytest.mark.parametrize("rpc", RPCS)
def test_a_permitted_user_may_do_what_the_owner_may(rpc: str) -> None:
    expected = Code.OPERATOR_ONLY if TABLE[rpc].who is Who.OPERATOR else None
    assert outcome(rpc, user("u"), allow=ALLOW_ALL) is expected


@pytest.mark.parametrize("rpc", RPCS)
def test_the_nine_action_deny_policy_denies_the_nine_and_every_way_round_them(rpc: str) -> None:
    method = rpc.partition("/")[2]
    expected = Code.OPERATOR_ONLY if TABLE[rpc].who is Who.OPERATOR else None
    if method in NINE | ROUNDABOUT:
        expected = Code.FORBIDDEN
    assert outcome(rpc, user("u"), allow=ALLOW_ALL, deny=DENY_NINE) is expected


@pytest.mark.parametrize("rpc", RPCS)
def test_a_user_without_policies_may_do_nothing(rpc: str) -> None:
    expected = {Who.OPERATOR: Code.OPERATOR_ONLY, Who.ANYBODY: None}.get(TABLE[rpc].who, Code.FORBIDDEN)
    assert outcome(rpc, user("u")) is expected
    assert outcome(rpc, user("does-not-exist"), allow=ALLOW_ALL) is expected


@pytest.mark.parametrize("rpc", RPCS)
def test_another_account_may_do_nothing_here(rpc: str) -> None:
    expected = {Who.OPERATOR: Code.OPERATOR_ONLY, Who.ANYBODY: None}.get(TABLE[rpc].who, Code.FORBIDDEN)
    assert outcome(rpc, OTHER) is expected


@pytest.mark.parametrize("rpc", RPCS)
def test_the_operator_may_do_everything(rpc: str) -> None:
    assert outcome(rpc, Caller.local()) is None


@pytest.mark.parametrize("rpc", RPCS)
def test_an_agent_asks_about_flows_and_may_do_nothing_else(rpc: str) -> None:
    expected = {Who.OPERATOR: Code.OPERATOR_ONLY, Who.ANYBODY: None, Who.CHECK: None}
    assert outcome(rpc, AGENT) is expected.get(TABLE[rpc].who, Code.FORBIDDEN)


@pytest.mark.parametrize("rpc", RPCS)
def test_nobody_may_do_nothing(rpc: str) -> None:
    assert outcome(rpc, Caller.nobody()) is Code.UNAUTHENTICATED


def allow(action: str, resource: str, condition: str = "{}") -> str:
    return (
        f'{{"Version": "1", "Statement": {{"Effect": "Allow", "Action": "{action}", "Resource": "{resource}", '
        f'"Condition": {condition}}}}}'
    )


def deny(action: str, condition: str) -> str:
    return allow(action, "*", condition).replace('"Allow"', '"Deny"')


def test_a_policy_on_one_group_permits_that_group_alone() -> None:
    only_a = allow("ecs:DeleteSecurityGroup", "acs:ecs:cn-test:1000:securitygroup/sg-a")
    rpc, request_type = (
        "SecurityGroupService/DeleteSecurityGroup",
        security_group_service_pb2.DeleteSecurityGroupRequest,
    )
    assert outcome(rpc, user("u"), request=request_type(security_group_id="sg-a"), p=only_a) is None
    assert outcome(rpc, user("u"), request=request_type(security_group_id="sg-b"), p=only_a) is Code.FORBIDDEN


@pytest.mark.parametrize(("region", "expected"), [("cn-test", None), ("cn-other", Code.FORBIDDEN)])
def test_the_region_of_a_resource_is_the_servers(region: str, expected: Code | None) -> None:
    """§6.6"""
    there = allow("ecs:DeleteNetworkInterface", f"acs:ecs:{region}:1000:eni/eni-1")
    assert outcome("NetworkService/DeleteNetworkInterface", user("u"), there=there) is expected


def test_to_authorize_needs_a_policy_on_everything() -> None:
    rpc = "SecurityGroupService/AuthorizeSecurityGroup"
    assert outcome(rpc, user("u"), p=allow("ecs:*", "acs:ecs:*:*:securitygroup/*")) is Code.FORBIDDEN
    assert outcome(rpc, user("u"), p=allow("ecs:*", "*")) is None


FROM_EVERYWHERE = '{"StringEquals": {"ecs:SecurityGroupSourceCidrIps": "0.0.0.0/0"}}'
OPEN = Permission(ip_protocol="TCP", port_range="22/22", source_cidr_ip="0.0.0.0/0")
INNER = Permission(ip_protocol="TCP", port_range="22/22", source_cidr_ip="10.0.0.0/8")


@pytest.mark.parametrize(("permission", "expected"), [(OPEN, Code.FORBIDDEN), (INNER, None)])
def test_a_condition_narrows_what_may_be_authorized(permission: Permission, expected: Code | None) -> None:
    request = security_group_service_pb2.AuthorizeSecurityGroupRequest(
        security_group_id="sg-a", permissions=[permission]
    )
    closed = deny("ecs:AuthorizeSecurityGroup", FROM_EVERYWHERE)
    rpc = "SecurityGroupService/AuthorizeSecurityGroup"
    assert outcome(rpc, user("u"), request=request, allow=ALLOW_ALL, closed=closed) is expected


@pytest.mark.parametrize("file_format", ["json", "csv"])
@pytest.mark.parametrize(("source", "expected"), [("0.0.0.0/0", Code.FORBIDDEN), ("10.0.0.0/8", None)])
def test_a_file_of_rules_is_no_way_round_a_condition(source: str, expected: Code | None, file_format: str) -> None:
    content = {
        "json": f'[{{"IpProtocol": "TCP", "PortRange": "22/22", "SourceCidrIp": "{source}"}}]',
        "csv": f"IpProtocol,PortRange,SourceCidrIp\nTCP,22/22,{source}\n",
    }
    request = security_group_service_pb2.ImportSecurityGroupRulesRequest(
        security_group_id="sg-a", content=content[file_format], format=file_format
    )
    closed = deny("ecs:AuthorizeSecurityGroup", FROM_EVERYWHERE)
    rpc = "SecurityGroupService/ImportSecurityGroupRules"
    assert outcome(rpc, user("u"), request=request, allow=ALLOW_ALL, closed=closed) is expected


def test_a_changed_rule_is_judged_by_what_it_becomes() -> None:
    rpc = "SecurityGroupService/ModifySecurityGroupRule"
    request_type = partial(
        security_group_service_pb2.ModifySecurityGroupRuleRequest,
        security_group_id="sg-a",
        security_group_rule_id="sgr-1",
    )
    closed = {"allow": ALLOW_ALL, "closed": deny("ecs:ModifySecurityGroupRule", FROM_EVERYWHERE)}
    opened = request_type(permission=Permission(source_cidr_ip="0.0.0.0/0"))
    assert outcome(rpc, user("u"), request=opened, **closed) is Code.FORBIDDEN
    later = request_type(permission=Permission(priority="7"))
    assert outcome(rpc, user("u"), request=later, **closed) is None
    tcp_alone = allow("ecs:*", "*", '{"StringEquals": {"ecs:SecurityGroupIpProtocols": "TCP"}}')
    assert outcome(rpc, user("u"), request=later, p=tcp_alone) is None


def test_the_console_s_defaults_are_no_way_round_the_nine() -> None:
    rpc, request_type = (
        "SecurityGroupService/CreateSecurityGroup",
        security_group_service_pb2.CreateSecurityGroupRequest,
    )
    policies = {"allow": ALLOW_ALL, "deny": DENY_NINE}
    assert outcome(rpc, user("u"), request=request_type(vpc_id="vpc-1"), **policies) is None
    defaults = request_type(vpc_id="vpc-1", console_defaults=True)
    assert outcome(rpc, user("u"), request=defaults, **policies) is Code.FORBIDDEN
    open_everywhere = {"allow": ALLOW_ALL, "deny": deny("ecs:AuthorizeSecurityGroup", FROM_EVERYWHERE)}
    assert outcome(rpc, user("u"), request=defaults, **open_everywhere) is Code.FORBIDDEN


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('{"IpAddress": {"acs:SourceIp": "192.0.2.0/24"}}', None),
        ('{"IpAddress": {"acs:SourceIp": "198.51.100.0/24"}}', Code.FORBIDDEN),
        ('{"Bool": {"acs:SecureTransport": "true"}}', Code.FORBIDDEN),
        ('{"DateLessThan": {"acs:CurrentTime": "2026-01-01T00:00:01Z"}}', None),
        ('{"DateLessThan": {"acs:CurrentTime": "2026-01-01T00:00:00Z"}}', Code.FORBIDDEN),
    ],
)
def test_where_from_when_and_how_are_known_to_conditions(condition: str, expected: Code | None) -> None:
    rpc = "SecurityGroupService/DescribeSecurityGroupAttribute"
    assert outcome(rpc, user("u"), p=allow("ecs:Describe*", "*", condition)) is expected


def test_nothing_is_read_of_a_request_beyond_what_refuses_it() -> None:
    class Named(list[str]):
        def __iter__(self) -> Iterator[str]:
            yield self[0]
            raise AssertionError("a large request is read for nothing")

    request = SimpleNamespace(security_group_ids=Named(["sg-a", "sg-b"]), account_id="")
    assert outcome("SecurityGroupService/DescribeSecurityGroups", OTHER, request=request) is Code.FORBIDDEN


def test_more_ids_than_a_list_takes_are_looked_up_nowhere() -> None:
    request = SimpleNamespace(security_group_ids=["sg-a"] * 101, account_id="")
    with pytest.raises(FieldError, match="101 are given; at most 100"):
        outcome("SecurityGroupService/DescribeSecurityGroups", OWNER, request=request)


def test_naming_another_account_s_group_is_refused_too() -> None:
    """An ENI of one's own cannot be put into a group of others."""
    rpc = "NetworkService/ModifyNetworkInterfaceAttribute"
    request = network_service_pb2.ModifyNetworkInterfaceAttributeRequest(
        network_interface_id="eni-of-nobody", security_group_ids=["sg-a"]
    )
    assert outcome(rpc, OTHER, request=request) is Code.FORBIDDEN


def test_what_does_not_exist_is_the_caller_s_own_to_miss() -> None:
    request = security_group_service_pb2.DeleteSecurityGroupRequest(security_group_id="sg-none")
    assert outcome("SecurityGroupService/DeleteSecurityGroup", OTHER, request=request) is None


def test_a_list_is_of_the_caller_s_account_unless_another_is_asked_for() -> None:
    rpc, request_type = "AccountService/ListUsers", account_service_pb2.ListUsersRequest
    assert outcome(rpc, OTHER, request=request_type()) is None
    assert outcome(rpc, OTHER, request=request_type(account_id="1000")) is Code.FORBIDDEN


def test_a_policy_that_is_not_readable_permits_nothing() -> None:
    assert outcome("AccountService/ListUsers", user("u"), allow=ALLOW_ALL, broken="{}") is Code.FORBIDDEN


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        (Caller(CallerKind.AGENT, name="a", hosts=("host-1",)), None),
        (Caller(CallerKind.AGENT, name="a", hosts=("host-2",)), Code.FORBIDDEN),
        (AGENT, None),
        (OWNER, None),
        (OTHER, Code.FORBIDDEN),
        (Caller.local(), None),
    ],
)
def test_a_check_is_about_enis_that_the_caller_may_ask_about(caller: Caller, expected: Code | None) -> None:
    """An instance's id asks about its ENIs: that it is one, and of which, is not told to others either."""
    for asked in (["eni-1"], ["i-1"], ["eni-none", "eni-1"]):
        for all_at_once in (True, False):
            audit = Kept()
            asker = Asker("CheckFlow", ask(caller), audit)
            found = None
            try:
                if all_at_once:
                    asker.permit(with_policies(), asked)
                else:
                    list(asker.permit_all(with_policies(), asked))
            except Refusal as refusal:
                found = refusal.code
            assert found is expected
            assert len(audit.entries) == (expected is not None)


def test_unknown_enis_do_not_count_among_known_ones_however_many() -> None:
    """In a request of any length: they are errors of their rows."""
    narrow = ALLOW_ALL.replace('"Resource": "*"', '"Resource": "acs:ecs:*:*:eni/eni-1"')
    unknown = [f"eni-x{number}" for number in range(1_000)]
    asker = Asker("CheckFlowColumns", ask(user("u")), Kept())
    snapshot = with_policies(narrow=narrow)
    asker.permit(snapshot, [*unknown, "eni-1"])
    assert list(asker.permit_all(snapshot, [*unknown, "eni-1"]))
    for permit_them in (asker.permit, lambda *asked: list(asker.permit_all(*asked))):
        with pytest.raises(Refusal):
            permit_them(snapshot, unknown)


def test_very_many_enis_are_permitted_with_pauses() -> None:
    asker = Asker("CheckFlowColumns", ask(OWNER), Kept())
    assert len(list(asker.permit_all(with_policies(), [f"eni-{number}" for number in range(1_000)]))) > 10
    assert len(list(asker.permit_all(with_policies(), ["eni-1"] * 1_000))) == 1

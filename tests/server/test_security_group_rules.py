from dataclasses import replace
from typing import Any

import pytest

from pdp.model.codes import Code
from pdp.model.errors import Refusal
from pdp.model.groups import GroupType
from pdp.model.ids import AccountId
from pdp.v1 import security_group_service_pb2 as pb
from pdp.v1.resources_pb2 import Permission
from tests.builders import eni, group, port_list, prefix_list, resources, rule
from tests.server.administering import Administered, egress, permission, refused


def administered(*rules: str, **changes: Any) -> Administered:
    """sg-a with some rules, and sg-b, in one VPC."""
    return Administered(
        resources(
            [group("sg-a", *rules), group("sg-b"), group("sg-v", type=GroupType.ADVANCED)],
            prefix_lists=[prefix_list("pl-1", "10.9.0.0/16")],
            port_lists=[port_list("prl-1", "8000-8080")],
            **changes,
        )
    )


def authorize(policy: Administered, *permissions: Permission, **fields: Any) -> Any:
    request = pb.AuthorizeSecurityGroupRequest(security_group_id="sg-a", permissions=permissions, **fields)
    return policy.call("AuthorizeSecurityGroup", request)


def authorize_egress(policy: Administered, *permissions: Permission) -> Any:
    request = pb.AuthorizeSecurityGroupEgressRequest(security_group_id="sg-a", permissions=permissions)
    return policy.call("AuthorizeSecurityGroupEgress", request)


def revoke(policy: Administered, *permissions: Permission, ids: tuple[str, ...] = ()) -> Any:
    request = pb.RevokeSecurityGroupRequest(
        security_group_id="sg-a", permissions=permissions, security_group_rule_ids=ids
    )
    return policy.call("RevokeSecurityGroup", request)


def modify(policy: Administered, rule_id: str = "sgr-1", /, **fields: str) -> Any:
    request = pb.ModifySecurityGroupRuleRequest(
        security_group_id="sg-a", security_group_rule_id=rule_id, permission=Permission(**fields)
    )
    return policy.call("ModifySecurityGroupRule", request)


def configure(policy: Administered, **fields: Any) -> Any:
    request = pb.ConfigureSecurityGroupPermissionsRequest(security_group_id="sg-a", **fields)
    return policy.call("ConfigureSecurityGroupPermissions", request)


SSH = "accept tcp/22 from 10.0.0.0/8"
HTTPS_OUT = "accept tcp/443 to 10.0.0.0/8"


def texts(*rules: str) -> list[str]:
    return sorted(str(rule(text)) for text in rules)


def test_an_added_rule_is_in_the_group_and_in_the_answer() -> None:
    policy = administered()
    answer = authorize(policy, permission(description="office"))
    assert policy.rules("sg-a") == texts(SSH)
    shown = answer.permissions[0]
    assert shown.security_group_rule_id == policy.group("sg-a").rules[0].id != ""
    assert (shown.direction, shown.policy, shown.priority, shown.origin) == ("ingress", "Accept", "1", "user")
    assert (shown.description, shown.create_time) == ("office", "2026-01-01T00:00:00Z")
    assert answer.position.revision == policy.snapshot.revision == 2


def test_an_egress_rule_goes_the_other_way() -> None:
    policy = administered()
    authorize_egress(policy, egress())
    assert policy.rules("sg-a") == texts(HTTPS_OUT)


def test_adding_a_rule_that_exists_adds_nothing_and_answers_with_the_old_one() -> None:
    policy = administered(SSH)
    answer = authorize(policy, permission(description="another"), permission(port_range="80/80"))
    assert answer.permissions[0].security_group_rule_id == "sgr-1"
    assert answer.permissions[0].description == ""
    assert len(policy.group("sg-a").rules) == 2


def test_adding_only_what_exists_makes_no_revision() -> None:
    policy = administered(SSH)
    assert authorize(policy, permission()).position.revision == 1


def test_two_equal_rules_in_one_request_are_refused() -> None:
    policy = administered()
    error = refused(lambda: authorize(policy, permission(), permission(description="the same")))
    assert (error.reason, error.violations[0].field) == (Code.DUPLICATE_PERMISSIONS, "permissions[1]")


def test_one_bad_rule_of_many_refuses_them_all_and_is_named() -> None:
    policy = administered()
    good = [permission(port_range=f"{port}/{port}") for port in range(1, 4)]
    error = refused(lambda: authorize(policy, *good, permission(port_range="22")))
    assert (error.reason, error.violations[0].field) == (Code.INVALID_PORT_RANGE, "permissions[3].port_range")
    assert policy.rules("sg-a") == []


def test_a_hundred_rules_are_taken_at_once_and_no_more() -> None:
    policy = administered()
    rules = [permission(port_range=f"{port}/{port}") for port in range(1, 102)]
    assert refused(lambda: authorize(policy, *rules)).reason is Code.INVALID_PARAMETER
    assert len(authorize(policy, *rules[:100]).permissions) == 100


def test_a_request_without_a_rule_is_refused() -> None:
    assert refused(lambda: authorize(administered())).reason is Code.MISSING_PARAMETER


NONE: Any = None
MALFORMED = [
    (permission(priority="101"), Code.INVALID_PRIORITY, ".priority"),
    (permission(priority="0"), Code.INVALID_PRIORITY, ".priority"),
    (permission(priority="1.0"), Code.INVALID_PRIORITY, ".priority"),
    (permission(priority="١"), Code.INVALID_PRIORITY, ".priority"),
    (permission(policy="allow"), Code.INVALID_POLICY, ".policy"),
    (permission(ip_protocol="SCTP"), Code.INVALID_PROTOCOL, ".ip_protocol"),
    (permission(ip_protocol="256"), Code.INVALID_PROTOCOL, ".ip_protocol"),
    (permission(ip_protocol="PortRange"), Code.INVALID_PROTOCOL, ".ip_protocol"),
    (permission(ip_protocol=NONE), Code.MISSING_PARAMETER, ".ip_protocol"),
    (permission(port_range="-1/-1"), Code.INVALID_PORT_RANGE, ".port_range"),
    (permission(port_range="0/22"), Code.INVALID_PORT_RANGE, ".port_range"),
    (permission(port_range="23/22"), Code.INVALID_PORT_RANGE, ".port_range"),
    (permission(port_range=NONE), Code.INVALID_PORT_RANGE, ".port_range"),
    (permission(ip_protocol="ICMP"), Code.INVALID_PORT_RANGE, ".port_range"),
    (permission(source_port_range="x"), Code.INVALID_SOURCE_PORT_RANGE, ".source_port_range"),
    (permission(source_cidr_ip="10.0.0.0-10.0.0.9"), Code.INVALID_SOURCE_CIDR, ".source_cidr_ip"),
    (permission(source_cidr_ip="fd00::/8"), Code.INVALID_SOURCE_CIDR, ".source_cidr_ip"),
    (
        permission(source_cidr_ip=NONE, ipv6_source_cidr_ip="fd00::/129"),
        Code.INVALID_SOURCE_CIDR,
        ".ipv6_source_cidr_ip",
    ),
    (permission(ipv6_source_cidr_ip="fd00::/8"), Code.INVALID_SOURCE_CIDR, ".source_cidr_ip"),
    (permission(dest_cidr_ip="10.0.0.0/33"), Code.INVALID_DEST_CIDR, ".dest_cidr_ip"),
    (permission(source_cidr_ip=NONE), Code.MISSING_PARAMETER, ""),
    (
        permission(source_cidr_ip=NONE, source_prefix_list_id="pl-9"),
        Code.PREFIX_LIST_NOT_FOUND,
        ".source_prefix_list_id",
    ),
    (permission(port_range=NONE, port_range_list_id="prl-9"), Code.PORT_LIST_NOT_FOUND, ".port_range_list_id"),
    (permission(source_cidr_ip=NONE, source_group_id="sg-9"), Code.GROUP_NOT_FOUND, ".source_group_id"),
    (permission(dest_group_id="sg-b"), Code.INVALID_PARAMETER, ".dest_group_id"),
    (permission(security_group_rule_id="sgr-7"), Code.INVALID_PARAMETER, ".security_group_rule_id"),
    (permission(origin="system"), Code.INVALID_PARAMETER, ".origin"),
    (permission(direction="egress"), Code.INVALID_PARAMETER, ".direction"),
    (permission(direction="up"), Code.INVALID_PARAMETER, ".direction"),
    (permission(description="x" * 513), Code.INVALID_PARAMETER, ".description"),
    (permission(source_cidr_ip="1" * 200), Code.INVALID_SOURCE_CIDR, ".source_cidr_ip"),
]


@pytest.mark.parametrize(("asked", "code", "field"), MALFORMED)
def test_a_malformed_rule_is_refused_with_the_products_code_and_the_field(
    asked: Permission, code: Code, field: str
) -> None:
    policy = administered()
    error = refused(lambda: authorize(policy, asked))
    assert (error.reason, error.violations[0].field) == (code, f"permissions[0]{field}")
    assert policy.snapshot.revision == 1


def test_words_are_read_in_any_case() -> None:
    policy = administered()
    authorize(policy, permission(policy="DROP", ip_protocol="tcp", direction="Ingress", priority="100"))
    assert policy.rules("sg-a") == texts("drop tcp/22 from 10.0.0.0/8 @100")


def test_of_several_peers_a_cidr_beats_a_group_and_a_group_beats_a_prefix_list() -> None:
    policy = administered()
    authorize(policy, permission(source_group_id="sg-b", source_prefix_list_id="pl-1"))
    authorize(policy, permission(source_cidr_ip=NONE, source_group_id="sg-b", source_prefix_list_id="pl-1"))
    assert policy.rules("sg-a") == texts(SSH, "accept tcp/22 from sg-b")


def test_a_rule_may_name_a_prefix_list_a_port_list_and_narrowing_fields() -> None:
    policy = administered()
    asked = permission(
        source_cidr_ip=NONE,
        source_prefix_list_id="pl-1",
        port_range=NONE,
        port_range_list_id="prl-1",
        source_port_range="1000/2000",
        dest_cidr_ip="10.0.0.5",
    )
    shown = authorize(policy, asked).permissions[0]
    assert policy.rules("sg-a") == texts("accept tcp/prl-1 from pl-1 sport 1000-2000 own 10.0.0.5")
    assert (shown.source_prefix_list_id, shown.port_range_list_id, shown.port_range) == ("pl-1", "prl-1", "")
    assert (shown.source_port_range, shown.dest_cidr_ip) == ("1000/2000", "10.0.0.5")


@pytest.mark.parametrize(
    ("peer", "code"),
    [
        ("sg-a", Code.GROUP_PEER_DENIED),
        ("sg-v", Code.GROUP_PEER_DENIED),
        ("sg-9", Code.GROUP_NOT_FOUND),
    ],
)
def test_a_group_peer_is_another_basic_group(peer: str, code: Code) -> None:
    asked = permission(source_cidr_ip=NONE, source_group_id=peer)
    assert refused(lambda: authorize(administered(), asked)).reason is code


def test_a_list_of_another_account_is_as_if_it_were_not_there() -> None:
    theirs = replace(prefix_list("pl-2", "10.9.0.0/16"), account=AccountId("2000"))
    policy = Administered(resources([group("sg-a")], prefix_lists=[theirs]))
    error = refused(lambda: authorize(policy, permission(source_cidr_ip=NONE, source_prefix_list_id="pl-2")))
    assert (error.reason, error.violations[0].field) == (
        Code.PREFIX_LIST_NOT_FOUND,
        "permissions[0].source_prefix_list_id",
    )


def test_a_group_of_another_account_in_the_vpc_may_be_a_peer() -> None:
    policy = Administered(resources([group("sg-a"), group("sg-z", account="2000")]))
    asked = permission(source_cidr_ip=NONE, source_group_id="sg-z", source_group_owner_account="2000")
    authorize(policy, asked)
    assert policy.rules("sg-a") == texts("accept tcp/22 from sg-z@2000")


def test_the_two_hundred_and_first_rule_is_refused_with_the_numbers() -> None:
    policy = administered(*(f"accept tcp/{port} from 10.0.0.0/8" for port in range(1, 201)))
    error = refused(lambda: authorize(policy, permission(port_range="9999/9999")))
    assert isinstance(error, Refusal)
    assert error.code is Code.RULES_PER_GROUP
    assert error.quota is not None
    assert (error.quota.value, error.quota.present, error.quota.wanted) == (200, 200, 201)


def test_a_rule_that_takes_a_member_beyond_its_total_is_refused() -> None:
    full = [group(f"sg-{n}", *(f"accept tcp/{port} from 10.0.0.0/8" for port in range(1, 201))) for n in range(1, 5)]
    last = group("sg-a", *(f"accept tcp/{port} from 10.0.0.0/8" for port in range(1, 200)))
    over = group("sg-z", SSH)
    names = [found.id for found in (*full, last, over)]
    policy = Administered(resources([*full, last, over], [eni("eni-1", "10.0.0.5", groups=names)]))
    authorize_error = refused(lambda: authorize(policy, permission(port_range="9999/9999")))
    assert authorize_error.reason is Code.RULES_PER_ENI


def test_the_twenty_first_group_peer_is_refused() -> None:
    peers = [group(f"sg-{n:02}") for n in range(21)]
    rules = [f"accept tcp/22 from {peer.id}" for peer in peers[:20]]
    policy = Administered(resources([group("sg-a", *rules), *peers]))
    asked = permission(source_cidr_ip=NONE, source_group_id="sg-20")
    assert refused(lambda: authorize(policy, asked)).reason is Code.GROUP_PEERS


def test_a_rule_is_revoked_by_id() -> None:
    policy = administered(SSH, "accept icmp from 10.0.0.0/8")
    answer = revoke(policy, ids=("sgr-1",))
    assert [shown.security_group_rule_id for shown in answer.permissions] == ["sgr-1"]
    assert policy.rules("sg-a") == texts("accept icmp from 10.0.0.0/8")


def test_revoking_an_unknown_id_is_an_error_and_removes_nothing() -> None:
    policy = administered(SSH)
    error = refused(lambda: revoke(policy, ids=("sgr-1", "sgr-9")))
    assert (error.reason, error.violations[0].field) == (Code.RULE_NOT_EXIST, "security_group_rule_ids[1]")
    assert policy.rules("sg-a") == texts(SSH)


def test_an_id_of_the_other_direction_is_unknown() -> None:
    assert refused(lambda: revoke(administered(HTTPS_OUT), ids=("sgr-1",))).reason is Code.RULE_NOT_EXIST


def test_a_rule_is_revoked_by_its_fields_whatever_its_description() -> None:
    policy = administered(SSH)
    revoke(policy, permission(description="never told"))
    assert policy.rules("sg-a") == []


def test_revoking_by_fields_that_match_nothing_succeeds_and_removes_nothing() -> None:
    policy = administered(SSH)
    answer = revoke(policy, permission(port_range="23/23"))
    assert ([*answer.permissions], answer.position.revision) == ([], 1)


def test_an_old_rule_beyond_the_priorities_of_new_ones_is_revoked_by_its_fields() -> None:
    policy = administered("accept tcp/all from 10.0.0.0/8 @110")
    revoke(policy, permission(priority="110", port_range="-1/-1"))
    assert policy.rules("sg-a") == []


def test_a_rule_named_by_id_and_by_fields_goes_once() -> None:
    assert len(revoke(administered(SSH), permission(), ids=("sgr-1",)).permissions) == 1


def test_an_egress_rule_is_revoked_by_its_own_method() -> None:
    policy = administered(HTTPS_OUT)
    request = pb.RevokeSecurityGroupEgressRequest(security_group_id="sg-a", permissions=[egress()])
    policy.call("RevokeSecurityGroupEgress", request)
    assert policy.rules("sg-a") == []


def test_modify_keeps_what_is_absent() -> None:
    policy = administered("accept tcp/22 from 10.0.0.0/8 @5 sport 1000-2000 own 10.0.0.5")
    shown = modify(policy, priority="7").permission
    assert policy.rules("sg-a") == texts("accept tcp/22 from 10.0.0.0/8 @7 sport 1000-2000 own 10.0.0.5")
    assert (shown.security_group_rule_id, shown.priority) == ("sgr-1", "7")


def test_modify_changes_policy_protocol_ports_peer_and_description() -> None:
    policy = administered(SSH)
    modify(policy, policy="Drop", ip_protocol="UDP", port_range="53/53", source_cidr_ip="10.1.0.0/16")
    modify(policy, description="names")
    assert policy.rules("sg-a") == texts("drop udp/53 from 10.1.0.0/16")
    assert policy.group("sg-a").rules[0].description == "names"
    modify(policy, description="")
    assert policy.group("sg-a").rules[0].description == ""


def test_a_rule_as_it_was_described_can_be_sent_back() -> None:
    policy = administered(SSH)
    shown = modify(policy, priority="7").permission
    shown.priority = "8"
    request = pb.ModifySecurityGroupRuleRequest(
        security_group_id="sg-a", security_group_rule_id="sgr-1", permission=shown
    )
    assert policy.call("ModifySecurityGroupRule", request).permission.priority == "8"


KEPT = [
    (SSH, {"source_group_id": "sg-b"}, Code.RULE_KIND_FIXED, "source_group_id"),
    (SSH, {"source_prefix_list_id": "pl-1"}, Code.RULE_KIND_FIXED, "source_prefix_list_id"),
    (SSH, {"ipv6_source_cidr_ip": "fd00::/8"}, Code.RULE_KIND_FIXED, "ipv6_source_cidr_ip"),
    ("accept tcp/22 from sg-b", {"source_cidr_ip": "10.0.0.0/8"}, Code.RULE_KIND_FIXED, "source_cidr_ip"),
    (SSH, {"port_range_list_id": "prl-1"}, Code.RULE_KIND_FIXED, "port_range_list_id"),
    ("accept tcp/prl-1 from 10.0.0.0/8", {"port_range": "22/22"}, Code.RULE_KIND_FIXED, "port_range"),
    (SSH, {"port_range": ""}, Code.INVALID_PORT_RANGE, "port_range"),
    (SSH, {"source_cidr_ip": ""}, Code.INVALID_SOURCE_CIDR, "source_cidr_ip"),
    (SSH, {"priority": ""}, Code.INVALID_PRIORITY, "priority"),
    (SSH, {"priority": "101"}, Code.INVALID_PRIORITY, "priority"),
    (SSH, {"port_range": "-1/-1"}, Code.INVALID_PORT_RANGE, "port_range"),
    (SSH, {"ip_protocol": "ICMP"}, Code.INVALID_PORT_RANGE, "port_range"),
    (SSH, {"direction": "egress"}, Code.INVALID_PARAMETER, "direction"),
    (SSH, {"security_group_rule_id": "sgr-2"}, Code.INVALID_PARAMETER, "security_group_rule_id"),
    (SSH, {"dest_group_id": "sg-b"}, Code.INVALID_PARAMETER, "dest_group_id"),
]


@pytest.mark.parametrize(("text", "fields", "code", "field"), KEPT)
def test_modify_refuses_what_a_rule_keeps(text: str, fields: dict[str, str], code: Code, field: str) -> None:
    policy = administered(text)
    error = refused(lambda: modify(policy, **fields))
    assert (error.reason, error.violations[0].field) == (code, f"permission.{field}")
    assert policy.rules("sg-a") == texts(text)


def test_modify_refuses_a_change_that_makes_two_rules_equal() -> None:
    policy = administered(SSH, "accept tcp/23 from 10.0.0.0/8")
    assert refused(lambda: modify(policy, port_range="23/23")).reason is Code.RULE_DUPLICATE


def test_modify_of_a_rule_that_is_not_there_or_of_nothing_is_refused() -> None:
    assert refused(lambda: modify(administered(SSH), "sgr-9", priority="2")).reason is Code.RULE_NOT_EXIST
    assert refused(lambda: modify(administered(SSH))).reason is Code.MISSING_PARAMETER
    assert refused(lambda: modify(administered(HTTPS_OUT), priority="2")).reason is Code.RULE_NOT_EXIST


def test_an_egress_rule_is_modified_by_its_own_method() -> None:
    policy = administered(HTTPS_OUT)
    request = pb.ModifySecurityGroupEgressRuleRequest(
        security_group_id="sg-a", security_group_rule_id="sgr-1", permission=Permission(dest_cidr_ip="10.2.0.0/16")
    )
    policy.call("ModifySecurityGroupEgressRule", request)
    assert policy.rules("sg-a") == texts("accept tcp/443 to 10.2.0.0/16")


def test_an_old_rule_beyond_the_priorities_of_new_ones_can_be_described_anew() -> None:
    policy = administered("accept tcp/all from 10.0.0.0/8 @110")
    modify(policy, description="made by the system")
    assert policy.group("sg-a").rules[0].priority == 110


def test_an_old_rule_with_a_peer_that_is_not_known_here_can_be_described_anew() -> None:
    policy = administered("accept tcp/22 from sg-x@2000")
    modify(policy, description="the partner's")
    assert policy.group("sg-a").rules[0].description == "the partner's"
    assert refused(lambda: modify(policy, priority="2")).reason is Code.GROUP_NOT_FOUND


def test_configure_adds_and_removes_in_both_directions_at_once() -> None:
    policy = administered(SSH, HTTPS_OUT, "accept icmp from 10.0.0.0/8")
    answer = configure(
        policy,
        authorize_permissions=[
            permission(direction="ingress", port_range="80/80"),
            egress(direction="egress", port_range="80/80"),
        ],
        revoke_permissions=[egress(direction="egress")],
        revoke_security_group_rule_ids=["sgr-1"],
    )
    assert policy.rules("sg-a") == texts(
        "accept tcp/80 from 10.0.0.0/8", "accept tcp/80 to 10.0.0.0/8", "accept icmp from 10.0.0.0/8"
    )
    assert answer.position.revision == 2
    assert {shown.security_group_rule_id for shown in answer.revoked_permissions} == {"sgr-1", "sgr-2"}
    assert [shown.direction for shown in answer.authorized_permissions] == ["ingress", "egress"]


def test_configure_counts_out_what_goes_before_what_comes() -> None:
    policy = administered(*(f"accept tcp/{port} from 10.0.0.0/8" for port in range(1, 201)))
    configure(
        policy,
        authorize_permissions=[permission(direction="ingress", port_range="999/999")],
        revoke_security_group_rule_ids=["sgr-1"],
    )
    assert len(policy.group("sg-a").rules) == 200


def test_configure_is_all_or_nothing() -> None:
    policy = administered(SSH)
    error = refused(
        lambda: configure(
            policy,
            authorize_permissions=[permission(direction="ingress", priority="0")],
            revoke_security_group_rule_ids=["sgr-1"],
        )
    )
    assert error.violations[0].field == "authorize_permissions[0].priority"
    assert policy.rules("sg-a") == texts(SSH)


def test_configure_needs_each_rules_direction() -> None:
    error = refused(lambda: configure(administered(), authorize_permissions=[permission()]))
    assert (error.reason, error.violations[0].field) == (Code.MISSING_PARAMETER, "authorize_permissions[0].direction")

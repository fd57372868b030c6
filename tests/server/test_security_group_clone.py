from typing import Any

import pytest

from pdp.model.codes import Code
from pdp.model.groups import GroupType
from pdp.model.rules import Action
from pdp.v1 import security_group_service_pb2 as pb
from tests.builders import group, resources, rule
from tests.server.administering import Administered, refused


def administered(*rules: str, **fields: Any) -> Administered:
    return Administered(resources([group("sg-a", *rules, **fields), group("sg-b")]))


def clone(policy: Administered, **fields: Any) -> Any:
    request = pb.CloneSecurityGroupRequest(**{"source_security_group_id": "sg-a", **fields})
    return policy.call("CloneSecurityGroup", request)


def texts(*rules: str) -> list[str]:
    return sorted(str(rule(text)) for text in rules)


def test_a_clone_has_its_sources_rules_under_new_ids() -> None:
    policy = administered("accept tcp/22 from 10.0.0.0/8", "drop all to 0.0.0.0/0 @7")
    answer = clone(policy, security_group_name="copy")
    made = policy.group(answer.security_group_id)
    assert policy.rules(made.id) == texts("accept tcp/22 from 10.0.0.0/8", "drop all to 0.0.0.0/0 @7")
    assert (made.type, made.vpc, made.name) == (GroupType.BASIC, "vpc-1", "copy")
    assert {one.id for one in made.rules}.isdisjoint({"sgr-1", "sgr-2"})
    assert not answer.results


def test_a_priority_above_a_hundred_becomes_a_hundred_and_that_is_said() -> None:
    policy = administered("accept tcp/22 from 10.0.0.0/8", "accept tcp/23 from 10.0.0.0/8 @110")
    answer = clone(policy)
    assert policy.rules(answer.security_group_id) == texts(
        "accept tcp/22 from 10.0.0.0/8", "accept tcp/23 from 10.0.0.0/8 @100"
    )
    assert [(shown.row, shown.accepted, shown.message) for shown in answer.results] == [
        (2, True, "priority 110 became 100")
    ]


def test_rules_that_become_equal_are_cloned_once() -> None:
    policy = administered("accept tcp/22 from 10.0.0.0/8 @100", "accept tcp/22 from 10.0.0.0/8 @110")
    answer = clone(policy)
    assert policy.rules(answer.security_group_id) == texts("accept tcp/22 from 10.0.0.0/8 @100")
    assert [(shown.row, shown.accepted, shown.code) for shown in answer.results] == [
        (2, False, Code.RULE_DUPLICATE.value)
    ]


def test_old_rules_for_all_ports_get_a_range_and_that_is_said() -> None:
    policy = administered("drop tcp/all from 10.0.0.0/8")
    answer = clone(policy)
    assert policy.rules(answer.security_group_id) == texts("drop tcp/1-65535 from 10.0.0.0/8")
    assert "1/65535" in answer.results[0].message


def test_toward_an_advanced_group_rules_with_group_peers_are_left_out_one_by_one_with_the_reason() -> None:
    policy = administered("accept tcp/22 from sg-b @3", "accept tcp/23 from 10.0.0.0/8 @4", "drop all from sg-b @5")
    answer = clone(policy, security_group_type="enterprise")
    made = policy.group(answer.security_group_id)
    assert (made.type, made.inner_access) == (GroupType.ADVANCED, Action.DROP)
    assert policy.rules(made.id) == texts("accept tcp/23 from 10.0.0.0/8 @4")
    assert [(shown.row, shown.accepted, shown.code) for shown in answer.results] == [
        (1, False, Code.GROUP_PEER_DENIED.value),
        (3, False, Code.GROUP_PEER_DENIED.value),
    ]
    assert all("basic" in shown.message for shown in answer.results)
    assert answer.results[0].permission.source_group_id == "sg-b"


def test_toward_a_basic_group_group_peers_stay() -> None:
    policy = administered("accept tcp/22 from sg-b")
    assert policy.rules(clone(policy).security_group_id) == texts("accept tcp/22 from sg-b")


def test_an_advanced_group_is_cloned_into_a_basic_one_whose_members_may_do_no_more_than_before() -> None:
    policy = administered("accept tcp/22 from 10.0.0.0/8", type=GroupType.ADVANCED)
    made = policy.group(clone(policy, security_group_type="normal").security_group_id)
    assert (made.type, made.inner_access) == (GroupType.BASIC, Action.DROP)


def test_a_clone_is_refused_as_a_whole_by_a_limit() -> None:
    policy = administered(*(f"accept tcp/{port} from 10.0.0.0/8" for port in range(1, 202)))
    assert refused(lambda: clone(policy)).reason is Code.RULES_PER_GROUP
    assert len(policy.snapshot.groups) == 2


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"source_security_group_id": ""}, Code.MISSING_PARAMETER, "source_security_group_id"),
        ({"source_security_group_id": "sg-9"}, Code.GROUP_NOT_FOUND, "source_security_group_id"),
        ({"security_group_name": "x"}, Code.INVALID_PARAMETER, "security_group_name"),
        ({"security_group_type": "both"}, Code.INVALID_PARAMETER, "security_group_type"),
    ],
)
def test_a_clone_with_a_malformed_field_is_refused(fields: dict[str, str], code: Code, field: str) -> None:
    error = refused(lambda: clone(administered(), **fields))
    assert (error.reason, error.violations[0].field) == (code, field)

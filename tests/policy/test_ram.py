"""Who may do what (§6): documents, statements, and identities."""

import json
from pathlib import Path
from typing import Any

import pytest

from pdp.model.identity import Caller, CallerKind
from pdp.model.ids import NO_ACCOUNT, AccountId
from pdp.policy.ram import (
    EVERYTHING,
    MOST_CHARACTERS,
    AccessRequest,
    Allowed,
    Decision,
    Denied,
    Policy,
    decide_access,
    may,
    parse_policy,
)

HERE, ELSEWHERE = AccountId("1234"), AccountId("5678")
GROUP = f"acs:ecs:cn-hangzhou:{HERE}:securitygroup/sg-a"
FAQ = Path(__file__).with_name("data") / "ram-deny-policy.json"
ALLOW_ALL = parse_policy('{"Version": "1", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}', "all")

OWNER = Caller(CallerKind.ACCOUNT, HERE)
ALICE = Caller(CallerKind.USER, HERE, "alice")
ROBOT = Caller(CallerKind.ROLE, HERE, "robot")
OPERATOR = Caller(CallerKind.OPERATOR, name="ops")
AGENT = Caller(CallerKind.AGENT, name="host-1")

DENIED_BY_FAQ = [
    "AuthorizeSecurityGroup",
    "AuthorizeSecurityGroupEgress",
    "RevokeSecurityGroup",
    "RevokeSecurityGroupEgress",
    "ModifySecurityGroupRule",
    "ModifySecurityGroupEgressRule",
    "ModifySecurityGroupPolicy",
    "ModifySecurityGroupAttribute",
    "ConfigureSecurityGroupPermissions",
]


def statement(effect: str = "Allow", action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def policy(*statements: dict[str, Any], name: str = "p") -> Policy:
    return parse_policy(json.dumps({"Version": "1", "Statement": list(statements)}), name)


def ask(action: str = "ecs:JoinSecurityGroup", resource: str = GROUP, account: AccountId = HERE) -> AccessRequest:
    return AccessRequest(action, resource, account)


def allows(decision: Decision) -> bool:
    return isinstance(decision, Allowed)


def test_a_request_that_no_statement_is_about_is_refused() -> None:
    """§6.1"""
    assert decide_access([], ask()) == Denied(f"no policy allows ecs:JoinSecurityGroup on {GROUP}")


def test_an_allow_permits() -> None:
    """§6.1"""
    assert decide_access([policy(statement())], ask()) == Allowed("statement 1 of policy p allows it")


@pytest.mark.parametrize("deny_first", [True, False])
def test_a_deny_refuses_whatever_allows_and_in_any_order(deny_first: bool) -> None:
    """§6.1"""
    deny = policy(statement(), statement("Deny", "ecs:Join*"), name="brakes")
    policies = [deny, ALLOW_ALL] if deny_first else [ALLOW_ALL, deny]
    assert decide_access(policies, ask()) == Denied(
        f"statement 2 of policy brakes denies ecs:JoinSecurityGroup on {GROUP}"
    )


@pytest.mark.parametrize("action", DENIED_BY_FAQ)
def test_the_faqs_deny_policy_works_as_pasted(action: str) -> None:
    """§6.2: beside a policy that allows everything, it refuses these nine and nothing else."""
    policies = [ALLOW_ALL, parse_policy(FAQ.read_text(encoding="utf-8"), "faq")]
    for resource in (EVERYTHING, GROUP):
        denied = may(ALICE, policies, ask(f"ecs:{action}", resource))
        assert isinstance(denied, Denied)
        assert denied.why.endswith(f" of policy faq denies ecs:{action} on {resource}")


@pytest.mark.parametrize("action", ["JoinSecurityGroup", "DescribeSecurityGroups", "AuthorizeSecurityGroupX"])
def test_the_faqs_deny_policy_leaves_all_else_alone(action: str) -> None:
    policies = [ALLOW_ALL, parse_policy(FAQ.read_text(encoding="utf-8"), "faq")]
    assert allows(may(ALICE, policies, ask(f"ecs:{action}")))


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("ecs:JoinSecurityGroup", True),
        ("ECS:joinsecuritygroup", True),
        ("ecs:Join*", True),
        ("ecs:*", True),
        ("*", True),
        ("*:*", True),
        ("ecs:JoinSecurityGrou?", True),
        ("ecs:JoinSecurityGroup?", False),
        ("ecs:Join", False),
        ("ecs:*Groups", False),
        ("oss:*", False),
        ("e?s:*Security*", True),
    ],
)
def test_actions_match_by_wildcards_and_without_case(pattern: str, matches: bool) -> None:
    """§6.1"""
    assert allows(decide_access([policy(statement(action=pattern))], ask())) is matches
    assert allows(decide_access([policy(statement(action=["ecs:Nothing", pattern]))], ask())) is matches


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("*", True),
        ("acs:ecs:cn-hangzhou:1234:securitygroup/sg-a", True),
        ("acs:ecs:*:*:securitygroup/*", True),
        ("acs:ecs:*:1234:securitygroup/sg-?", True),
        ("acs:*", True),
        ("acs:ecs:*:*:securitygroup/SG-A", False),
        ("acs:ecs:*:*:eni/*", False),
        ("acs:ecs:cn-beijing:*:securitygroup/*", False),
        ("acs:ecs:*:*:securitygroup/sg-", False),
    ],
)
def test_resources_match_by_wildcards_and_with_case(pattern: str, matches: bool) -> None:
    """§6.3"""
    assert allows(decide_access([policy(statement(resource=pattern))], ask())) is matches
    assert allows(decide_access([policy(statement(resource=["acs:ecs:x", pattern]))], ask())) is matches


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize("pattern", ["acs:ecs:*:*:securitygroup/*", "acs:*", f"{GROUP}"])
def test_an_action_on_everything_meets_only_statements_on_everything(effect: str, pattern: str) -> None:
    """§6.3: authorize and modify-rule actions."""
    asked = ask("ecs:AuthorizeSecurityGroup", EVERYTHING)
    assert decide_access([policy(statement(effect, resource=pattern))], asked) == decide_access([], asked)
    assert decide_access([policy(statement(effect, resource=[pattern, "*"]))], asked) != decide_access([], asked)


def test_a_lone_statement_needs_no_list() -> None:
    """§6.1"""
    lone = parse_policy(json.dumps({"Version": "1", "Statement": statement()}))
    assert lone.statements == policy(statement()).statements


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Effect": "allow"}, r"Statement\[0\]\.Effect: 'allow' is neither Allow nor Deny"),
        ({"Effect": ["Deny"]}, r"Statement\[0\]\.Effect"),
        ({"Action": []}, r"Statement\[0\]\.Action: an empty list"),
        ({"Action": 5}, r"Statement\[0\]\.Action: 5 is not a text"),
        ({"Action": "JoinSecurityGroup"}, r"Statement\[0\]\.Action: 'JoinSecurityGroup' is not service:Action"),
        ({"Action": "*JoinSecurityGroup"}, r"Statement\[0\]\.Action"),
        ({"Action": "ecs:Joın*"}, r"Statement\[0\]\.Action"),
        ({"Action": "ecs:Join*\n"}, r"Statement\[0\]\.Action"),
        ({"Resource": None}, r"Statement\[0\]\.Resource: null is not a text"),
        ({"Resource": "sg-a"}, r"Statement\[0\]\.Resource: 'sg-a' is neither"),
        ({"Resource": ["*", "**"]}, r"Statement\[0\]\.Resource: '\*\*' is neither"),
        ({"NotAction": "ecs:*"}, r"Statement\[0\]: 'NotAction' is not known here"),
        ({"Condition": []}, r"Statement\[0\]\.Condition: must be an object of operators"),
        ({"Condition": {"StringEqual": {}}}, r"Condition: 'StringEqual' is no operator known here; known are"),
        ({"Condition": {"Bool": {}}}, r"Condition\.Bool: must be an object of keys"),
        ({"Condition": {"Bool": {"acs:MFAPresent": True}}}, r"'acs:MFAPresent' is not known here; known are acs:"),
        ({"Condition": {"Bool": {"acs:SecureTransport": []}}}, r"an empty list"),
        ({"Condition": {"Bool": {"acs:SecureTransport": "yes"}}}, r"'yes' is neither true nor false"),
        ({"Condition": {"Bool": {"acs:SourceIp": "true"}}}, r"Bool never holds on acs:SourceIp; use one of String"),
        ({"Condition": {"IpAddress": {"ecs:tag/": "::1"}}}, r"'ecs:tag/' is not known here"),
        ({"Condition": {"IpAddress": {"acs:SourceIp": "10.0.0.0/33"}}}, r"prefix length from 0 to 32"),
        ({"Condition": {"StringEquals": {"acs:SourceIp": "10.0.0.0/8"}}}, r"is not an IPv4 or IPv6 address"),
        ({"Condition": {"DateLessThan": {"acs:CurrentTime": "2026-01-01"}}}, r"is not an RFC 3339 time"),
        ({"Condition": {"NumericEquals": {"ecs:tag/n": "1e3"}}}, r"'1e3' is not a number"),
        ({"Condition": {"NumericEquals": {"ecs:tag/n": [[1]]}}}, r"\[1\] is not a text"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_path(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        policy({**statement(), **change})


@pytest.mark.parametrize("missing", ["Effect", "Action", "Resource"])
def test_a_statement_lacks_nothing(missing: str) -> None:
    whole = statement()
    del whole[missing]
    with pytest.raises(ValueError, match=rf"Statement\[0\]: {missing} is missing"):
        policy(whole)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[]", "must be an object"),
        ('{"Statement": []}', "Version is missing"),
        ('{"Version": 1, "Statement": []}', 'Version: 1 is not the text "1"'),
        ('{"Version": "2", "Statement": []}', "Version: '2' is not the text \"1\""),
        ('{"Version": "1"}', "Statement is missing"),
        ('{"Version": "1", "Statement": []}', "Statement: must be a statement or a list of at least one"),
        ('{"Version": "1", "Statement": "*"}', "Statement: must be"),
        ('{"Version": "1", "Statement": [1]}', r"Statement\[0\]: must be an object"),
        ('{"Version": "1", "Statement": [], "Id": "x"}', "'Id' is not known here; known are Statement, Version"),
        ('{"Version": "1", "Version": "1"}', "'Version' is there twice"),
        ('{"Version": NaN}', "NaN"),
        ('{"Version": 1e3}', "1e3"),
        ("[" * 5_000, "nested too deeply"),
        (" " * (MOST_CHARACTERS + 1), "has 6145 characters; a policy may have 6144"),
    ],
)
def test_a_document_that_is_none_is_refused(text: str, message: str) -> None:
    """§6.1"""
    with pytest.raises(ValueError, match=message):
        parse_policy(text)


def test_the_owner_may_do_everything_in_the_account_and_needs_no_policy() -> None:
    """§6.5"""
    assert allows(may(OWNER, [], ask()))
    assert allows(may(OWNER, [policy(statement("Deny"))], ask()))


@pytest.mark.parametrize("caller", [OWNER, ALICE, ROBOT])
def test_nobody_touches_another_accounts_resources(caller: Caller) -> None:
    """§6.5"""
    for account in (ELSEWHERE, NO_ACCOUNT):
        decision = may(caller, [ALLOW_ALL], ask(account=account))
        assert isinstance(decision, Denied)
        assert "another account" in decision.why


def test_an_owner_of_no_account_owns_nothing() -> None:
    assert not allows(may(Caller(CallerKind.ACCOUNT), [ALLOW_ALL], ask(account=NO_ACCOUNT)))


@pytest.mark.parametrize("caller", [ALICE, ROBOT])
def test_users_and_roles_may_what_their_policies_say(caller: Caller) -> None:
    assert not allows(may(caller, [], ask()))
    assert allows(may(caller, [ALLOW_ALL], ask()))


def test_the_operator_stands_outside_accounts() -> None:
    """§6.5"""
    for account in (HERE, ELSEWHERE, NO_ACCOUNT):
        assert allows(may(OPERATOR, [], ask(account=account)))
    assert allows(may(Caller.local(), [], ask()))


@pytest.mark.parametrize("caller", [AGENT, Caller.nobody()])
def test_agents_and_nobody_may_nothing_here(caller: Caller) -> None:
    """§6.5"""
    assert not allows(may(caller, [ALLOW_ALL], ask()))
    assert not allows(may(caller, [ALLOW_ALL], ask(account=NO_ACCOUNT)))

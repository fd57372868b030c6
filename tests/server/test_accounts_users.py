import json
from typing import Any

import pytest

from pdp.model.codes import Code
from pdp.model.identity import Caller, CallerKind
from pdp.model.ids import AccountId
from pdp.model.network import Account
from pdp.model.ram import checked_name
from pdp.policy.ram import MOST_CHARACTERS
from pdp.server.accounts.service import ACCOUNT_SERVICE
from tests.builders import ACCOUNT, policy
from tests.server.planning import OPERATOR, OWNER, STRANGER, Planning, refused

DOCUMENT = json.dumps(
    {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*"}]}, indent=1
)


def account(**kwargs: Any) -> Planning:
    return Planning(ACCOUNT_SERVICE, policy(**kwargs))


def with_alice() -> Planning:
    """A user and a role of one name, and two policies."""
    planning = account()
    planning("CreateUser", user_name="alice")
    planning("CreateUser", user_name="alice", kind="role")
    for name in ("read", "write"):
        planning("CreatePolicy", policy_name=name, policy_document=DOCUMENT)
    return planning


@pytest.mark.parametrize(
    ("caller", "kind", "account_id", "name", "arn"),
    [
        (OWNER, "account", "1000", "", "acs:ram::1000:root"),
        (
            Caller(CallerKind.USER, ACCOUNT, "alice"),
            "user",
            "1000",
            "alice",
            "acs:ram::1000:user/alice",
        ),
        (Caller(CallerKind.ROLE, ACCOUNT, "ci"), "role", "1000", "ci", "acs:ram::1000:role/ci"),
        (OPERATOR, "operator", "", "local", ""),
        (Caller(CallerKind.AGENT, name="a-1", hosts=("host-1",)), "agent", "", "a-1", ""),
    ],
)
def test_a_caller_is_told_who_he_is(caller: Caller, kind: str, account_id: str, name: str, arn: str) -> None:
    """§6.5."""
    answer = account()("GetCallerIdentity", caller)
    assert (answer.identity_type, answer.account_id, answer.user_name, answer.arn) == (kind, account_id, name, arn)
    assert tuple(answer.hosts) == caller.hosts


def test_a_user_and_a_role_may_have_one_name() -> None:
    shown = with_alice()("ListUsers").users
    assert [(user.kind, user.user_name, user.account_id) for user in shown] == [
        ("role", "alice", ACCOUNT),
        ("user", "alice", ACCOUNT),
    ]


@pytest.mark.parametrize("name", ["a b", "a/b", "a" * 65, ".a", "-a", "@a", "é", "a\n"])
def test_names_are_of_1_to_64_characters_a_letter_or_digit_first(name: str) -> None:
    with refused(Code.INVALID_PARAMETER, "user_name"):
        account()("CreateUser", user_name=name)
    with refused(Code.INVALID_PARAMETER, "policy_name"):
        account()("CreatePolicy", policy_name=name, policy_document=DOCUMENT)


@pytest.mark.parametrize("name", ["a", "a@b", "0_p.p-", "a" * 64])
def test_users_and_policies_have_the_names_that_a_bundle_may_give_them(name: str) -> None:
    assert checked_name(name) == name
    planning = account()
    assert planning("CreateUser", user_name=name).user.user_name == name
    assert planning("CreatePolicy", policy_name=name, policy_document=DOCUMENT).policy.policy_name == name


def test_a_new_policy_is_shown_as_nobodys() -> None:
    made = account()("CreatePolicy", policy_name="p", policy_document=DOCUMENT).policy
    assert (made.policy_document, made.attachment_count) == (DOCUMENT, 0)


def test_a_name_is_given_once() -> None:
    with refused(Code.ALREADY_EXISTS, "user_name"):
        with_alice()("CreateUser", user_name="alice")
    with refused(Code.ALREADY_EXISTS, "policy_name"):
        with_alice()("CreatePolicy", policy_name="read", policy_document=DOCUMENT)


@pytest.mark.parametrize("method", ["CreateUser", "DeleteUser", "ListUsers", "AttachPolicyToUser"])
def test_a_kind_is_user_or_role(method: str) -> None:
    fields = {"policy_name": "read"} if method == "AttachPolicyToUser" else {}
    with refused(Code.INVALID_PARAMETER, "kind"):
        with_alice()(method, **dict[str, Any](user_name="alice", kind="group", **fields))


def test_policies_are_attached_and_detached_by_name() -> None:
    planning = with_alice()
    planning("AttachPolicyToUser", user_name="alice", policy_name="write")
    planning("AttachPolicyToUser", user_name="alice", policy_name="read")
    (shown,) = planning("ListUsers", kind="user").users
    assert list(shown.policy_names) == ["read", "write"]
    assert planning("GetPolicy", policy_name="read").policy.attachment_count == 1
    planning("DetachPolicyFromUser", user_name="alice", policy_name="read")
    (shown,) = planning("ListUsers", policy_name="write").users
    assert (shown.kind, list(shown.policy_names)) == ("user", ["write"])


def test_what_a_user_has_or_has_not_changes_nothing() -> None:
    planning = with_alice()
    assert planning.ignored("DetachPolicyFromUser", user_name="alice", policy_name="read")
    planning("AttachPolicyToUser", user_name="alice", policy_name="read")
    assert planning.ignored("AttachPolicyToUser", user_name="alice", policy_name="read")


@pytest.mark.parametrize("method", ["AttachPolicyToUser", "DetachPolicyFromUser"])
def test_both_the_user_and_the_policy_exist(method: str) -> None:
    with refused(Code.USER_NOT_FOUND, "user_name"):
        with_alice()(method, user_name="bob", policy_name="read")
    with refused(Code.POLICY_NOT_FOUND, "policy_name"):
        with_alice()(method, user_name="alice", policy_name="admin")
    with refused(Code.MISSING_PARAMETER, "user_name"):
        with_alice()(method, policy_name="read")
    with refused(Code.MISSING_PARAMETER, "policy_name"):
        with_alice()(method, user_name="alice")


def test_a_user_with_a_policy_and_a_policy_of_a_user_stay() -> None:
    planning = with_alice()
    planning("AttachPolicyToUser", user_name="alice", policy_name="read")
    with refused(Code.DEPENDENCY_VIOLATION, saying="read"):
        planning("DeleteUser", user_name="alice")
    with refused(Code.DEPENDENCY_VIOLATION, saying="alice"):
        planning("DeletePolicy", policy_name="read")
    planning("DetachPolicyFromUser", user_name="alice", policy_name="read")
    planning("DeleteUser", user_name="alice")
    planning("DeletePolicy", policy_name="read")
    assert [user.kind for user in planning("ListUsers").users] == ["role"]
    assert [shown.policy_name for shown in planning("ListPolicies").policies] == ["write"]


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "[]",
        '{"Version": 1, "Statement": []}',
        DOCUMENT.replace('"Allow"', '"allow"'),
        DOCUMENT.replace('"Resource"', '"resource"'),
        DOCUMENT.replace("ecs:Describe*", "ecs"),
        DOCUMENT[:-1] + ', "Id": 1}',
        "[" * 6_000,
        DOCUMENT + " " * (6_145 - len(DOCUMENT)),
    ],
)
def test_a_document_that_cannot_be_read_is_never_stored(document: str) -> None:
    """§6.1."""
    code = Code.MALFORMED_POLICY_DOCUMENT if document else Code.MISSING_PARAMETER
    with refused(code, "policy_document"):
        account()("CreatePolicy", policy_name="p", policy_document=document)


def test_a_document_is_measured_in_characters_as_in_a_bundle() -> None:
    document = DOCUMENT.replace('"*"', f'"acs:{"é" * 5_000}"')
    assert len(document) < MOST_CHARACTERS < len(document.encode())
    planning = account()
    assert planning("CreatePolicy", policy_name="p", policy_document=document).policy.policy_document == document


def test_a_documents_text_is_kept_and_shown_as_it_was_given() -> None:
    planning = with_alice()
    assert planning("GetPolicy", policy_name="read").policy.policy_document == DOCUMENT
    assert {shown.policy_document for shown in planning("ListPolicies").policies} == {""}


def test_policies_of_a_user_are_listed() -> None:
    planning = with_alice()
    planning("AttachPolicyToUser", user_name="alice", kind="role", policy_name="write")
    (shown,) = planning("ListPolicies", user_name="alice", kind="role").policies
    assert (shown.policy_name, shown.attachment_count) == ("write", 1)
    assert not planning("ListPolicies", user_name="alice").policies
    with refused(Code.USER_NOT_FOUND, "user_name"):
        planning("ListPolicies", user_name="bob")
    with refused(Code.MISSING_PARAMETER, "account_id"):
        planning("ListPolicies", OPERATOR, user_name="alice")


def test_nobody_sees_or_names_users_and_policies_of_another_account() -> None:
    """§6.5."""
    planning = with_alice()
    assert not planning("ListUsers", STRANGER).users
    assert not planning("ListPolicies", STRANGER).policies
    with refused(Code.POLICY_NOT_FOUND, "policy_name"):
        planning("GetPolicy", STRANGER, policy_name="read")
    writes: list[tuple[str, dict[str, Any]]] = [
        ("CreateUser", {"user_name": "x"}),
        ("DeleteUser", {"user_name": "alice"}),
        ("CreatePolicy", {"policy_name": "x", "policy_document": DOCUMENT}),
        ("DeletePolicy", {"policy_name": "read"}),
        ("AttachPolicyToUser", {"user_name": "alice", "policy_name": "read"}),
        ("DetachPolicyFromUser", {"user_name": "alice", "policy_name": "read"}),
        ("GetPolicy", {"policy_name": "read"}),
        ("ListUsers", {}),
        ("ListPolicies", {}),
    ]
    for method, fields in writes:
        with refused(Code.FORBIDDEN, "account_id"):
            planning(method, STRANGER, account_id=ACCOUNT, **fields)


def test_the_operator_sees_users_of_all_accounts_in_order_and_names_the_account_of_a_new_one() -> None:
    planning = with_alice()
    planning("CreateUser", OPERATOR, account_id="100", user_name="zoe")
    shown = planning("ListUsers", OPERATOR).users
    assert [(user.account_id, user.kind) for user in shown] == [("100", "user"), ("1000", "role"), ("1000", "user")]
    with refused(Code.MISSING_PARAMETER, "account_id"):
        planning("CreateUser", OPERATOR, user_name="zoe")


def test_exempt_accounts_are_the_operators_to_choose_and_everybodys_own_to_see() -> None:
    """§2 stage 3."""
    planning = account()
    planning("SetSmtpExemption", OPERATOR, account_id="2000", exempt=True)
    planning("SetSmtpExemption", OPERATOR, account_id="1000", exempt=True)
    assert {one for one in planning.snapshot.accounts if planning.snapshot.is_smtp_exempt(one)} == {"1000", "2000"}
    exempt = planning("DescribeSmtpExemptions", OPERATOR).smtp_exemptions
    assert [one.account_id for one in exempt] == ["1000", "2000"]
    assert [one.account_id for one in planning("DescribeSmtpExemptions").smtp_exemptions] == ["1000"]
    planning("SetSmtpExemption", OPERATOR, account_id="1000", exempt=False)
    assert not planning("DescribeSmtpExemptions").smtp_exemptions


def test_an_exemption_leaves_an_accounts_limits_alone() -> None:
    planning = account()
    planning("ModifyQuota", quota_code="groups_per_eni", value=9)
    planning("SetSmtpExemption", OPERATOR, account_id=ACCOUNT, exempt=True)
    assert planning.snapshot.accounts[ACCOUNT] == Account(ACCOUNT, smtp_exempt=True, quotas=(("groups_per_eni", 9),))


def test_what_is_so_already_changes_nothing() -> None:
    planning = account(smtp_exempt=[ACCOUNT])
    assert planning.ignored("SetSmtpExemption", OPERATOR, account_id=ACCOUNT, exempt=True)
    assert planning.ignored("SetSmtpExemption", OPERATOR, account_id="2000", exempt=False)
    assert AccountId("2000") not in planning.snapshot.accounts


def test_an_exemption_names_the_account_and_says_which_way() -> None:
    with refused(Code.MISSING_PARAMETER, "account_id"):
        account()("SetSmtpExemption", OPERATOR, exempt=True)
    with refused(Code.MISSING_PARAMETER, "exempt"):
        account()("SetSmtpExemption", OPERATOR, account_id=ACCOUNT)
    with refused(Code.OPERATOR_ONLY):
        account()("SetSmtpExemption", account_id=ACCOUNT, exempt=False)
    with refused(Code.FORBIDDEN, "account_id"):
        account()("DescribeSmtpExemptions", account_id="2000")

"""Accounts, RAM users and policies, and settings (§2 stage 3, §4.10, §6)."""

from dataclasses import replace

import pytest

from pdp.model.codes import Code
from pdp.model.ids import AccountId
from pdp.model.network import Account, Settings, SmtpScope
from pdp.model.ram import RamPolicy, RamUser
from pdp.policy.changes import Delete, Kind, Origin, Put
from pdp.policy.snapshot import Snapshot
from tests.builders import policy
from tests.policy.applying import OPERATOR, REQUEST, delete, done, quotas, refused

A = AccountId("1000")
ALLOW = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
ALL, ALICE = RamPolicy(A, "all", ALLOW), RamUser(A, "alice", policies=("all",))
BOTH = (Put(ALICE), Put(ALL))
EXEMPT = Account(A, smtp_exempt=True)


def with_alice() -> Snapshot:
    return done(policy(), *BOTH)


@pytest.mark.parametrize("origin", list(Origin))
def test_a_user_has_policies_of_the_account(origin: Origin) -> None:
    """§6.1: they are there, in whichever order they come."""
    assert done(policy(), *BOTH, origin=origin).users == done(policy(), *reversed(BOTH), origin=origin).users
    refused(Code.POLICY_NOT_FOUND, policy(), Put(ALICE), origin=origin)
    refused(Code.POLICY_NOT_FOUND, policy(), Put(ALICE), Put(replace(ALL, account=AccountId("2000"))), origin=origin)


@pytest.mark.parametrize("origin", list(Origin))
@pytest.mark.parametrize("name", ["", "a/b", "a b", "-a", "ä", "a" * 65, "a\n"])
def test_names_are_such_that_keys_tell_them_apart(name: str, origin: Origin) -> None:
    """§6.1: `1000/user/alice` is one user, and no other."""
    refused(Code.INVALID_PARAMETER, policy(), Put(RamUser(A, name)), origin=origin)
    refused(Code.INVALID_PARAMETER, policy(), Put(RamPolicy(A, name, ALLOW)), origin=origin)
    refused(Code.INVALID_PARAMETER, policy(), Put(RamUser(AccountId(name), "alice")), origin=origin)
    refused(Code.INVALID_PARAMETER, policy(), Put(RamPolicy(AccountId(name), "all", ALLOW)), origin=origin)


def test_a_user_is_a_user_or_a_role() -> None:
    """§6.1."""
    refused(Code.INVALID_PARAMETER, policy(), Put(RamUser(A, "alice", kind="operator")))
    both = done(with_alice(), Put(RamUser(A, "alice", kind="role")))
    assert sorted(both.users) == ["1000/role/alice", "1000/user/alice"]


@pytest.mark.parametrize("origin", list(Origin))
@pytest.mark.parametrize(
    "document",
    ["", "{", "{}", ALLOW.replace("Allow", "allow"), ALLOW.replace('"1"', '"2"'), ALLOW.replace("Action", "NotAction")],
)
def test_a_document_that_is_not_understood_is_refused(document: str, origin: Origin) -> None:
    """§6.1: it might deny."""
    refused(Code.MALFORMED_POLICY_DOCUMENT, policy(), Put(RamPolicy(A, "all", document)), origin=origin)


@pytest.mark.parametrize("origin", list(Origin))
def test_a_policy_that_is_attached_stays(origin: Origin) -> None:
    """§6.1: a user would lose what it denies."""
    refused(Code.DEPENDENCY_VIOLATION, with_alice(), delete(ALL), origin=origin, says="alice")
    assert not done(with_alice(), delete(ALL), delete(ALICE), origin=origin).policies
    assert not done(with_alice(), delete(ALL), Put(replace(ALICE, policies=())), origin=origin).policies


def test_deleting_whom_nobody_knows_is_refused() -> None:
    refused(Code.USER_NOT_FOUND, policy(), delete(ALICE))
    refused(Code.POLICY_NOT_FOUND, policy(), delete(ALL))


def test_the_order_of_attached_policies_is_of_no_account() -> None:
    more = Put(RamPolicy(A, "more", ALLOW))
    two = done(policy(), *BOTH, more, Put(replace(ALICE, policies=("more", "all"))))
    assert done(two, Put(replace(ALICE, policies=("all", "more", "all")))) is two


def test_only_the_operator_exempts_an_account_from_the_smtp_block() -> None:
    """§2 stage 3, §6.5: gives it and takes it."""
    refused(Code.OPERATOR_ONLY, policy(), Put(EXEMPT))
    exempt = done(policy(), Put(EXEMPT), origin=OPERATOR)
    assert exempt.is_smtp_exempt(A)
    refused(Code.OPERATOR_ONLY, exempt, Put(Account(A)))
    refused(Code.OPERATOR_ONLY, exempt, delete(EXEMPT))
    assert not done(exempt, delete(EXEMPT), origin=OPERATOR).is_smtp_exempt(A)
    kept = done(exempt, Put(replace(EXEMPT, quotas=(("groups_per_eni", 6),))))
    assert kept.is_smtp_exempt(A)


def test_an_account_adjusts_its_own_quotas() -> None:
    """§4.10."""
    assert done(policy(), quotas(groups_per_eni=6)).limits_of(A).rules_per_eni == 1200
    assert policy().limits_of(A).rules_per_eni == 1000


def test_only_the_operator_changes_settings() -> None:
    """§6.5."""
    wide = Put(Settings(smtp_scope=SmtpScope.ALL))
    refused(Code.OPERATOR_ONLY, policy(), wide)
    assert done(policy(), wide, origin=OPERATOR).settings.smtp_scope is SmtpScope.ALL


@pytest.mark.parametrize("origin", list(Origin))
def test_settings_are_never_deleted(origin: Origin) -> None:
    refused(Code.INVALID_PARAMETER, policy(), Delete(Kind.SETTINGS, ""), origin=origin)


def test_settings_that_stay_as_they_are_are_nobodys_business() -> None:
    snapshot = policy()
    assert done(snapshot, Put(Settings()), origin=REQUEST) is snapshot

import pytest

from pdp.model.codes import Code
from pdp.model.errors import FieldError, Refusal
from pdp.model.identity import Caller, CallerKind
from pdp.model.instants import Instant
from pdp.policy.changes import Origin
from pdp.server.asking import Ask, account_asked, is_visible, required
from tests.builders import ACCOUNT, NOW
from tests.server.administering import OPERATOR, OWNER, STRANGER

ALICE = Caller(CallerKind.USER, ACCOUNT, "alice")
AGENT = Caller(CallerKind.AGENT, name="agent-1")


def asks(caller: Caller) -> Ask:
    return Ask(caller, NOW, "", False, "r", str)


def test_a_list_is_of_the_callers_account_and_the_operators_of_any() -> None:
    assert account_asked(asks(OWNER), "") == account_asked(asks(OWNER), ACCOUNT) == ACCOUNT
    assert account_asked(asks(OPERATOR), "") == ""
    assert account_asked(asks(OPERATOR), ACCOUNT) == ACCOUNT


@pytest.mark.parametrize(
    ("caller", "account"), [(STRANGER, ACCOUNT), (AGENT, ""), (AGENT, ACCOUNT), (Caller.nobody(), "")]
)
def test_nobody_lists_another_accounts_resources(caller: Caller, account: str) -> None:
    with pytest.raises(Refusal) as refusal:
        account_asked(asks(caller), account)
    assert refusal.value.code is Code.FORBIDDEN


def test_a_resource_is_visible_to_its_account_and_the_operator() -> None:
    seen = [caller for caller in (OWNER, ALICE, OPERATOR, STRANGER, AGENT) if is_visible(asks(caller), ACCOUNT)]
    assert seen == [OWNER, ALICE, OPERATOR]
    assert not is_visible(asks(AGENT), AGENT.account)


def test_a_required_text_is_named_when_it_is_missing() -> None:
    assert required("x", "vpc_id") == "x"
    with pytest.raises(FieldError) as refusal:
        required("", "vpc_id")
    assert (refusal.value.reason, refusal.value.field) == (Code.MISSING_PARAMETER, "vpc_id")


def test_only_the_operators_changes_are_the_operators() -> None:
    assert asks(OPERATOR).origin is Origin.OPERATOR
    assert {asks(caller).origin for caller in (OWNER, ALICE, STRANGER)} == {Origin.REQUEST}


def test_a_time_of_making_is_told_to_the_second() -> None:
    assert asks(OWNER)._replace(at=Instant(NOW + 999_999_999)).time_text == "2026-01-01T00:00:00Z"

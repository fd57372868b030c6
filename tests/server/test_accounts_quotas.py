from dataclasses import replace
from typing import Any

import pytest

from pdp.model.codes import Code
from pdp.model.groups import GroupType
from pdp.model.ids import AccountId, EniId
from pdp.model.limits import ADJUSTABLE, FIXED, LIMITS_BY_VERSION
from pdp.model.network import Account
from pdp.policy.snapshot import Snapshot
from pdp.server.accounts.quotas import DESCRIPTIONS
from pdp.server.accounts.service import ACCOUNT_SERVICE
from pdp.server.network.service import NETWORK_SERVICE
from pdp.v1.resources_pb2 import Quota
from tests.builders import ACCOUNT, eni, group, policy, prefix_list
from tests.server.planning import OPERATOR, OWNER, STRANGER, Planning, over_limit, refused

MANY = [group(f"sg-{n}") for n in range(8)]


def account(*args: Any, **kwargs: Any) -> Planning:
    return Planning(ACCOUNT_SERVICE, policy(*args, **kwargs))


def quota(planning: Planning, code: str, caller: Any = OWNER) -> Quota:
    (shown,) = planning("DescribeQuotas", caller, quota_codes=[code]).quotas
    assert isinstance(shown, Quota)
    return shown


def used(planning: Planning, code: str) -> tuple[str, int]:
    usage = quota(planning, code).usage
    return usage.resource_id, usage.count


def network(snapshot: Snapshot) -> Planning:
    return Planning(NETWORK_SERVICE, snapshot)


def test_every_rpc_of_the_contract_has_its_function() -> None:
    planning = account()
    assert {*ACCOUNT_SERVICE.writes, *ACCOUNT_SERVICE.reads} == set(planning._methods)
    assert not {*ACCOUNT_SERVICE.writes} & {*ACCOUNT_SERVICE.reads}


def test_every_limit_is_described() -> None:
    assert set(DESCRIPTIONS) == {*ADJUSTABLE, *FIXED}


def test_the_limits_of_2024_are_those_of_the_product() -> None:
    """§4.10."""
    answer = account()("DescribeQuotas")
    assert {shown.quota_code: shown.value for shown in answer.quotas} == {
        "groups_per_eni": 5,
        "rules_per_group": 200,
        "rules_per_eni": 1_000,
        "addresses_per_basic_group": 2_000,
        "enis_per_advanced_group": 65_536,
        "groups_per_account": 100,
        "group_peers_per_group": 20,
    }
    assert all(shown.value == shown.default_value for shown in answer.quotas)
    versions = {shown.version: shown.in_force for shown in answer.limits_versions}
    assert (versions, answer.account_id) == ({"2024": True, "2026": False}, ACCOUNT)


def test_a_limit_that_cannot_be_adjusted_says_what_to_do_instead() -> None:
    """§4.10."""
    planning = account()
    assert {shown.quota_code for shown in planning("DescribeQuotas").quotas if not shown.adjustable} == set(FIXED)
    assert "spread rules" in quota(planning, "rules_per_group").reason
    assert quota(planning, "groups_per_eni").reason == ""
    with refused(Code.QUOTA_FIXED, "quota_code", saying="spread rules"):
        planning("ModifyQuota", quota_code="rules_per_group", value=300)
    with refused(Code.QUOTA_FIXED, "quota_code", saying="raise groups per ENI"):
        planning("ModifyQuota", quota_code="rules_per_eni", value=2_000)


def test_the_group_with_most_rules_is_named_and_lists_count_their_room() -> None:
    """§4.11."""
    listed = group("sg-b", "accept tcp/22 from pl-1", "accept tcp/23 from 10.0.0.0/8")
    plain = group("sg-a", "accept tcp/22 from 10.0.0.0/8", "accept all to 10.0.0.0/8")
    planning = account([plain, listed], prefix_lists=[prefix_list("pl-1", "10.0.0.0/8", max_entries=30)])
    assert used(planning, "rules_per_group") == ("sg-b", 31)


def test_among_equals_the_smallest_id_is_named() -> None:
    rules = ["accept tcp/22 from 10.0.0.0/8"]
    planning = account([group("sg-b", *rules), group("sg-a", *rules)])
    assert used(planning, "rules_per_group") == ("sg-a", 1)


def test_the_eni_with_most_groups_and_the_one_with_most_rules_are_named() -> None:
    """§4.10, §4.12: rules over all groups of one ENI."""
    heavy = group("sg-h", *(f"accept tcp/22 from 10.0.0.{n}" for n in range(9)))
    members = [
        eni("eni-3", groups=["sg-0", "sg-1"]),
        eni("eni-2", groups=["sg-0", "sg-1"]),
        eni("eni-1", groups=["sg-h"]),
        eni("eni-0", groups=["sg-0"]),
    ]
    planning = account([*MANY, heavy], members)
    assert used(planning, "groups_per_eni") == ("eni-2", 2)
    assert used(planning, "rules_per_eni") == ("eni-1", 9)


def test_an_eni_without_an_owner_counts_for_its_vpcs() -> None:
    planning = account(MANY, [eni("eni-1", groups=["sg-0", "sg-1"], account=""), eni("eni-0", groups=["sg-0"])])
    assert used(planning, "groups_per_eni") == ("eni-1", 2)


def test_members_count_by_addresses_in_basic_groups_and_by_enis_in_advanced_ones() -> None:
    advanced = [group("sg-x", type=GroupType.ADVANCED), group("sg-y", type=GroupType.ADVANCED)]
    members = [
        eni("eni-1", "10.0.0.1", "10.1.0.0/28", groups=["sg-0"]),
        eni("eni-2", "10.0.0.2", groups=["sg-1"]),
        eni("eni-3", "10.0.0.3", "10.0.0.4", "10.0.0.5", groups=["sg-y"]),
    ]
    planning = account([*MANY, *advanced], members)
    assert used(planning, "addresses_per_basic_group") == ("sg-0", 2)
    assert used(planning, "enis_per_advanced_group") == ("sg-y", 1)


def test_groups_of_an_account_and_group_peers_of_a_group_are_counted() -> None:
    planning = account([group("sg-p", "accept tcp/22 from sg-0", "accept tcp/23 from sg-0"), *MANY])
    assert used(planning, "groups_per_account") == (ACCOUNT, 9)
    assert used(planning, "group_peers_per_group") == ("sg-p", 2)


def test_only_the_accounts_own_things_count() -> None:
    foreign = group("sg-o", *(f"accept tcp/22 from 10.0.0.{n}" for n in range(9)), account="2000")
    planning = account([group("sg-a"), foreign], [eni("eni-o", "10.0.0.1", groups=["sg-o"], account="2000")])
    assert {shown.usage.count for shown in planning("DescribeQuotas").quotas} == {0, 1}
    assert used(planning, "rules_per_eni") == ("", 0)
    assert quota(planning, "rules_per_group", STRANGER).usage.resource_id == "sg-o"


def test_raising_groups_per_eni_raises_rules_per_eni_and_lets_the_sixth_group_in() -> None:
    """§4.10: rules per ENI follow groups per ENI under the limits of 2024."""
    planning = account(MANY, [eni("eni-1", groups=["sg-0"])])
    answer = planning("ModifyQuota", quota_code="groups_per_eni", value=6)
    assert (answer.quota.value, answer.quota.default_value, answer.quota.usage.count) == (6, 5, 1)
    assert quota(planning, "rules_per_eni").value == 1_200
    six = [f"sg-{n}" for n in range(6)]
    members = network(planning.snapshot)
    members("ModifyNetworkInterfaceAttribute", network_interface_id="eni-1", security_group_ids=six)
    with over_limit(Code.GROUPS_PER_ENI, value=6, present=6, wanted=7):
        members("ModifyNetworkInterfaceAttribute", network_interface_id="eni-1", security_group_ids=[*six, "sg-6"])


def test_the_1001st_rule_of_an_eni_waits_for_the_quota() -> None:
    """§4.12: joining a group checks the ENI's total."""
    full = [group(f"sg-{n}", *(f"accept tcp/{m + 1} from 10.0.0.0/8" for m in range(200))) for n in range(5)]
    one = group("sg-9", "accept tcp/22 from 10.0.0.0/8")
    wanted: dict[str, Any] = {
        "network_interface_id": "eni-1",
        "security_group_ids": ["sg-0", "sg-1", "sg-2", "sg-3", "sg-4", "sg-9"],
    }
    planning = account([*full, one], [eni("eni-1", groups=[g.id for g in full])])
    assert used(planning, "rules_per_eni") == ("eni-1", 1_000)
    with over_limit(Code.GROUPS_PER_ENI, value=5, present=5, wanted=6):
        network(planning.snapshot)("ModifyNetworkInterfaceAttribute", **wanted)
    planning("ModifyQuota", quota_code="groups_per_eni", value=6)
    network(planning.snapshot)("ModifyNetworkInterfaceAttribute", **wanted)


def test_lowering_a_limit_removes_nothing_and_refuses_growth_alone() -> None:
    """§4.10."""
    planning = account(MANY, [eni("eni-1", groups=["sg-0", "sg-1", "sg-2"])])
    answer = planning("ModifyQuota", quota_code="groups_per_eni", value=2)
    assert (answer.quota.value, answer.quota.usage.resource_id, answer.quota.usage.count) == (2, "eni-1", 3)
    assert len(planning.snapshot.enis[EniId("eni-1")].groups) == 3
    members = network(planning.snapshot)
    more = ["sg-0", "sg-1", "sg-2", "sg-3"]
    with over_limit(Code.GROUPS_PER_ENI, value=2, present=3, wanted=4):
        members("ModifyNetworkInterfaceAttribute", network_interface_id="eni-1", security_group_ids=more)
    members("ModifyNetworkInterfaceAttribute", network_interface_id="eni-1", security_group_ids=more[1:])


def test_a_limit_is_one_accounts() -> None:
    planning = account()
    planning("ModifyQuota", quota_code="groups_per_eni", value=7)
    planning("ModifyQuota", quota_code="groups_per_account", value=8)
    assert planning.snapshot.accounts[ACCOUNT].quotas == (("groups_per_account", 8), ("groups_per_eni", 7))
    assert quota(planning, "groups_per_eni", STRANGER).value == 5


def test_setting_a_limit_keeps_what_else_is_known_of_the_account() -> None:
    planning = account(smtp_exempt=[ACCOUNT])
    planning("ModifyQuota", quota_code="groups_per_eni", value=7)
    assert planning.snapshot.accounts[ACCOUNT] == Account(ACCOUNT, smtp_exempt=True, quotas=(("groups_per_eni", 7),))


def test_the_same_value_again_changes_nothing() -> None:
    planning = account()
    planning("ModifyQuota", quota_code="groups_per_eni", value=7)
    assert planning.ignored("ModifyQuota", quota_code="groups_per_eni", value=7)


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"value": 6}, Code.MISSING_PARAMETER, "quota_code"),
        ({"quota_code": "groups", "value": 6}, Code.INVALID_PARAMETER, "quota_code"),
        ({"quota_code": "version", "value": 6}, Code.INVALID_PARAMETER, "quota_code"),
        ({"quota_code": "groups_per_eni"}, Code.MISSING_PARAMETER, "value"),
        ({"quota_code": "groups_per_eni", "value": 0}, Code.INVALID_PARAMETER, "value"),
        ({"quota_code": "groups_per_eni", "value": 1_000_001}, Code.INVALID_PARAMETER, "value"),
        ({"quota_code": "groups_per_eni", "value": 6, "account_id": "2000"}, Code.FORBIDDEN, "account_id"),
    ],
)
def test_a_quota_that_cannot_be_set_so_names_the_field(fields: dict[str, Any], code: Code, field: str) -> None:
    with refused(code, field):
        account()("ModifyQuota", **fields)


def test_the_operator_names_the_account() -> None:
    planning = account()
    for method, fields in (("DescribeQuotas", {}), ("ModifyQuota", {"quota_code": "groups_per_eni", "value": 6})):
        with refused(Code.MISSING_PARAMETER, "account_id"):
            planning(method, OPERATOR, **dict[str, Any](fields))
    planning("ModifyQuota", OPERATOR, account_id="2000", quota_code="groups_per_eni", value=6)
    assert planning.snapshot.limits_of(AccountId("2000")).groups_per_eni == 6


def test_limits_are_listed_in_pages_and_an_unknown_one_is_named() -> None:
    planning = account()
    first = planning("DescribeQuotas", max_results=4)
    rest = planning("DescribeQuotas", max_results=4, next_token=first.next_token)
    assert [shown.quota_code for shown in (*first.quotas, *rest.quotas)] == [*DESCRIPTIONS]
    with refused(Code.INVALID_PARAMETER, "quota_codes[1]"):
        planning("DescribeQuotas", quota_codes=["groups_per_eni", "x"])


def test_the_operator_chooses_the_version_and_what_an_account_set_stays() -> None:
    """§4.10."""
    planning = account()
    planning("ModifyQuota", quota_code="groups_per_account", value=150)
    planning("SetLimitsVersion", OPERATOR, version="2026")
    answer = planning("DescribeQuotas")
    assert {shown.version: shown.in_force for shown in answer.limits_versions} == {"2024": False, "2026": True}
    values = {shown.quota_code: shown.value for shown in answer.quotas}
    expected = LIMITS_BY_VERSION["2026"]
    assert (values["groups_per_eni"], values["rules_per_eni"]) == (expected.groups_per_eni, 1_000)
    assert (values["addresses_per_basic_group"], values["groups_per_account"]) == (6_000, 150)
    planning("ModifyQuota", quota_code="groups_per_eni", value=20)
    assert quota(planning, "rules_per_eni").value == 1_000


def test_only_the_operator_chooses_the_version_even_the_one_in_force() -> None:
    """§6.5."""
    with refused(Code.OPERATOR_ONLY):
        account()("SetLimitsVersion", version="2024")


def test_a_version_is_one_that_there_is() -> None:
    with refused(Code.MISSING_PARAMETER, "version"):
        account()("SetLimitsVersion", OPERATOR)
    with refused(Code.INVALID_PARAMETER, "version", saying="2024, 2026"):
        account()("SetLimitsVersion", OPERATOR, version="2025")


def test_settings_beside_the_version_stay() -> None:
    planning = account()
    before = planning.snapshot.settings
    planning("SetLimitsVersion", OPERATOR, version="2026")
    assert planning.snapshot.settings == replace(before, limits="2026")

"""pdp.json: every key, and that a typo is a fault."""

from pathlib import Path
from typing import Any

import pytest

from pdp.formats.bundle import BundleRefused, read_bundle
from pdp.model.ids import AccountId, Revision, StoreId
from pdp.model.instants import Instant, parse_instant
from pdp.model.network import Account, Penalty, PenaltyAction, PenaltyClass, SameGroupPrecedence, Settings, SmtpScope
from pdp.model.ram import RamPolicy, RamUser
from pdp.model.resources import Resources
from pdp.policy.apply import apply
from pdp.policy.changes import Origin, Put
from pdp.policy.draft import resources_in
from pdp.policy.snapshot import Snapshot
from tests.formats.bundles import INSTANCES, instances_answer, whole, with_eni, without, write

BLOCK = {"instance": "i-a", "class": "malicious_behaviour", "action": "BLOCK_TRAFFIC"}
USER = {"account": "1000", "name": "alice", "policies": ["read"]}
POLICY = {"account": "1000", "name": "read", "document": '{"Version": "1"}'}
DOMAIN = {"class": "harmful_information", "action": "BLOCK_DOMAIN", "domain": "www.example.com"}


def read(tmp_path: Path, pdp_json: Any) -> Resources:
    return read_bundle(write(tmp_path / "bundle", whole() | {"pdp.json": pdp_json})).resources


def test_accounts_say_who_may_send_mail(tmp_path: Path) -> None:
    accounts = {"2000": {"smtp_exempt": True}, "1000": {"smtp_exempt": False}, "1001": {}}
    assert read(tmp_path, {"accounts": accounts}).accounts == tuple(
        Account(account, exempt)  # type: ignore[arg-type]
        for account, exempt in (("1000", False), ("1001", False), ("2000", True))
    )


def test_an_account_that_owns_nothing_is_reported(tmp_path: Path) -> None:
    files = whole() | {"pdp.json": {"accounts": {"1000": {"smtp_exempt": True}, "9999": {"smtp_exempt": True}}}}
    (note,) = read_bundle(write(tmp_path / "bundle", files)).notes
    assert "9999" in note


def test_enis_get_what_the_api_has_no_word_for(tmp_path: Path) -> None:
    settings = {"own_namespace": True, "host": "host-1", "tcp_established_timeout_s": 60, "udp_timeout_s": 100}
    changed, other = read(tmp_path, {"enis": {"eni-a": settings}}).enis
    assert (changed.own_namespace, changed.host) == (True, "host-1")
    assert (changed.tcp_established_timeout_s, changed.udp_timeout_s) == (60, 100)
    assert (other.own_namespace, other.host) == (False, "")
    assert (other.tcp_established_timeout_s, other.udp_timeout_s) == (910, 30)


def test_penalties_have_bounds_or_none(tmp_path: Path) -> None:
    bounded = BLOCK | {"since": "2024-08-01T00:00:00+08:00", "until": "2025-01-01T08:00:00.000000001Z", "reason": "r"}
    assert set(read(tmp_path, {"penalties": [bounded, BLOCK | {"since": "", "until": None}, DOMAIN]}).penalties) == {
        Penalty(
            PenaltyClass.MALICIOUS_BEHAVIOUR,
            PenaltyAction.BLOCK_TRAFFIC,
            "i-a",  # type: ignore[arg-type]
            reason="r",
            since=parse_instant("2024-07-31T16:00:00Z"),
            until=parse_instant("2025-01-01T08:00:00.000000001Z"),
        ),
        Penalty(PenaltyClass.MALICIOUS_BEHAVIOUR, PenaltyAction.BLOCK_TRAFFIC, "i-a"),  # type: ignore[arg-type]
        Penalty(PenaltyClass.HARMFUL_INFORMATION, PenaltyAction.BLOCK_DOMAIN, domain="www.example.com"),
    }


def test_a_penalty_that_never_has_effect_is_reported(tmp_path: Path) -> None:
    never = BLOCK | {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
    files = whole() | {"pdp.json": {"penalties": [BLOCK, never]}}
    (note,) = read_bundle(write(tmp_path / "bundle", files)).notes
    assert "penalties[1]" in note


def test_settings_are_read(tmp_path: Path) -> None:
    settings = {"same_group_precedence": "below_rules", "smtp_scope": "all", "limits": "2026"}
    expected = Settings(SameGroupPrecedence.BELOW_RULES, SmtpScope.ALL, "2026")
    assert read(tmp_path, {"settings": settings}).settings == expected


@pytest.mark.parametrize("body", [{}, {"accounts": {}, "enis": {}, "penalties": [], "settings": {}}])
def test_everything_is_optional(tmp_path: Path, body: Any) -> None:
    resources = read(tmp_path, body)
    assert (resources.accounts, resources.penalties, resources.settings) == ((), (), Settings())


def test_an_instance_may_be_named_by_an_eni_alone(tmp_path: Path) -> None:
    files = without(INSTANCES) | {"pdp.json": {"penalties": [BLOCK]}}
    assert len(read_bundle(write(tmp_path / "bundle", files)).resources.penalties) == 1


def test_an_instance_may_be_named_by_its_own_answer_alone(tmp_path: Path) -> None:
    files = with_eni("sg-a", InstanceId="") | {"pdp.json": {"penalties": [BLOCK]}}
    assert len(read_bundle(write(tmp_path / "bundle", files)).resources.penalties) == 1


def test_an_instance_that_only_a_left_out_eni_names_can_be_punished(tmp_path: Path) -> None:
    files = without(INSTANCES) | with_eni(ServiceManaged=True, InstanceId="i-service")
    files[INSTANCES] = instances_answer()
    block = {**BLOCK, "instance": "i-service"}
    resources = read_bundle(write(tmp_path / "bundle", files | {"pdp.json": {"penalties": [block]}})).resources
    assert [instance.id for instance in resources.instances] == ["i-service"]
    assert policy_of(resources).penalties


def test_the_penalty_of_a_domain_makes_no_instance_of_an_eni_that_has_none(tmp_path: Path) -> None:
    files = without(INSTANCES) | with_eni(ServiceManaged=True, InstanceId="")
    files[INSTANCES] = instances_answer()
    domain = {"domain": "shop.example", "class": "harmful_information", "action": "BLOCK_DOMAIN"}
    resources = read_bundle(write(tmp_path / "bundle", files | {"pdp.json": {"penalties": [domain]}})).resources
    assert resources.instances == ()
    assert policy_of(resources).penalties


def test_a_lifted_penalty_stays_when_its_instance_is_gone(tmp_path: Path) -> None:
    gone = {**BLOCK, "instance": "i-gone", "state": "lifted"}
    assert policy_of(read(tmp_path, {"penalties": [gone]})).penalties


def policy_of(resources: Resources) -> Snapshot:
    changes = [Put(resource) for resource in resources_in(resources)]
    return apply(Snapshot(StoreId("store"), Revision(0)), changes, Origin.IMPORT, Instant(0)).snapshot


def test_quotas_of_an_account_are_read(tmp_path: Path) -> None:
    quotas = {"groups_per_eni": 6, "addresses_per_basic_group": 1_000_000}
    (account,) = read(tmp_path, {"accounts": {"1000": {"quotas": quotas}}}).accounts
    assert account.quotas == (("addresses_per_basic_group", 1_000_000), ("groups_per_eni", 6))


def test_groups_and_rules_get_what_the_api_has_no_word_for(tmp_path: Path) -> None:
    rule = {"origin": "DMS", "id_is_derived": True}
    changed, other = read(
        tmp_path, {"groups": {"sg-a": {"account": "2000", "is_default": True, "rules": {"sgr-1": rule}}, "sg-b": {}}}
    ).groups
    assert (changed.account, changed.is_default) == ("2000", True)
    assert [(rule.origin, rule.id_is_derived) for rule in changed.rules] == [("DMS", True)]
    assert (other.account, other.is_default) == ("1000", False)


def test_a_rule_of_no_known_origin_is_a_users(tmp_path: Path) -> None:
    (rule,) = read(tmp_path, {"groups": {"sg-a": {"rules": {"sgr-1": {}}}}}).groups[0].rules
    assert (rule.origin, rule.id_is_derived) == ("user", False)


@pytest.mark.parametrize(("kind", "key"), [("instances", "i-a"), ("prefix_lists", "pl-1"), ("port_lists", "prl-1")])
def test_what_has_no_owner_in_its_answer_gets_one(tmp_path: Path, kind: str, key: str) -> None:
    (found,) = getattr(read(tmp_path, {kind: {key: {"account": "2000"}}}), kind)
    assert (found.id, found.account) == (key, "2000")


def test_users_and_policies_are_read(tmp_path: Path) -> None:
    resources = read(tmp_path, {"policies": [POLICY], "users": [USER, USER | {"kind": "role", "policies": []}]})
    assert resources.policies == (RamPolicy(AccountId("1000"), "read", '{"Version": "1"}'),)
    assert resources.users == (
        RamUser(AccountId("1000"), "alice", "role"),
        RamUser(AccountId("1000"), "alice", "user", ("read",)),
    )


def test_a_penalty_has_an_id_a_state_and_a_statement(tmp_path: Path) -> None:
    said = {"id": "pen-1", "state": "appeal_filed", "statement": "it was not me"}
    (penalty,) = read(tmp_path, {"penalties": [BLOCK | said]}).penalties
    assert (penalty.id, penalty.state.value, penalty.statement) == tuple(said.values())


@pytest.mark.parametrize(
    ("body", "place", "message"),
    [
        ([], "", "not an object"),
        ({"penalty": []}, "penalty", "unknown key"),
        ({"Enis": {}}, "Enis", "unknown key"),
        ({"enis": []}, "enis", "not an object"),
        ({"enis": None}, "enis", "not an object"),
        ({"enis": {"eni-x": {"own_namespace": True}}}, "enis.eni-x", "no ENI"),
        ({"enis": {"eni-a": True}}, "enis.eni-a", "not an object"),
        ({"enis": {"eni-a": {"own_namespaces": True}}}, "enis.eni-a.own_namespaces", "unknown key"),
        ({"enis": {"eni-a": {"own_namespace": "true"}}}, "enis.eni-a.own_namespace", "'true'"),
        ({"enis": {"eni-a": {"own_namespace": 1}}}, "enis.eni-a.own_namespace", "1"),
        ({"enis": {"eni-a": {"own_namespace": None}}}, "enis.eni-a.own_namespace", "null"),
        ({"enis": {"eni-a": {"host": 7}}}, "enis.eni-a.host", "not a text"),
        ({"enis": {"eni-a": {"tcp_established_timeout_s": 900}}}, "enis.eni-a.tcp_established_timeout_s", "910"),
        ({"enis": {"eni-a": {"tcp_established_timeout_s": "910"}}}, "enis.eni-a.tcp_established_timeout_s", "'910'"),
        ({"enis": {"eni-a": {"tcp_established_timeout_s": 910.0}}}, "enis.eni-a.tcp_established_timeout_s", "910.0"),
        ({"enis": {"eni-a": {"udp_timeout_s": 910}}}, "enis.eni-a.udp_timeout_s", "910"),
        ({"enis": {"eni-a": {"udp_timeout_s": True}}}, "enis.eni-a.udp_timeout_s", "true"),
        ({"enis": {"eni-a": {"udp_timeout_s": None}}}, "enis.eni-a.udp_timeout_s", "null"),
        ({"accounts": {"": {"smtp_exempt": True}}}, "accounts", "blank"),
        ({"accounts": {"1000": {"smtp": True}}}, "accounts.1000.smtp", "unknown key"),
        ({"accounts": {"1000": {"smtp_exempt": "yes"}}}, "accounts.1000.smtp_exempt", "'yes'"),
        ({"penalties": {}}, "penalties", "not a list"),
        ({"penalties": [7]}, "penalties[0]", "not an object"),
        ({"penalties": [BLOCK | {"target": "i-a"}]}, "penalties[0].target", "unknown key"),
        ({"penalties": [BLOCK | {"instance": "i-x"}]}, "penalties[0].instance", "'i-x'"),
        ({"penalties": [BLOCK | {"instance": "eni-a"}]}, "penalties[0].instance", "'eni-a'"),
        ({"penalties": [BLOCK | {"instance": ""}]}, "penalties[0].instance", "needs an instance"),
        ({"penalties": [BLOCK | {"action": "LOCK", "instance": None}]}, "penalties[0].instance", "LOCK needs"),
        ({"penalties": [BLOCK | {"action": "BLOCK"}]}, "penalties[0].action", "'BLOCK'"),
        ({"penalties": [BLOCK | {"action": "block_traffic"}]}, "penalties[0].action", "'block_traffic'"),
        ({"penalties": [{"instance": "i-a", "class": "malicious_behaviour"}]}, "penalties[0].action", "BLOCK_TRAFFIC"),
        ({"penalties": [BLOCK | {"class": "malicious"}]}, "penalties[0].class", "'malicious'"),
        ({"penalties": [BLOCK | {"since": "2024-08-01"}]}, "penalties[0].since", "RFC 3339"),
        ({"penalties": [BLOCK | {"until": "2024-02-30T00:00:00Z"}]}, "penalties[0].until", "calendar"),
        ({"penalties": [BLOCK | {"until": 1722470400}]}, "penalties[0].until", "not a text"),
        ({"penalties": [DOMAIN | {"domain": ""}]}, "penalties[0].domain", "domain or a url"),
        ({"settings": {"smtp": "all"}}, "settings.smtp", "unknown key"),
        ({"settings": {"smtp_scope": "none"}}, "settings.smtp_scope", "'none'"),
        ({"settings": {"smtp_scope": ""}}, "settings.smtp_scope", "''"),
        ({"settings": {"same_group_precedence": "above"}}, "settings.same_group_precedence", "'above'"),
        ({"settings": {"limits": 2024}}, "settings.limits", "2024"),
        ({"settings": {"limits": "2025"}}, "settings.limits", "'2025'"),
        ({"settings": {"limits": ["2024"]}}, "settings.limits", "2024"),
        ({"accounts": {"1000": {"quotas": {"groups": 6}}}}, "accounts.1000.quotas.groups", "groups_per_eni"),
        ({"accounts": {"1000": {"quotas": {"groups_per_eni": 0}}}}, "accounts.1000.quotas.groups_per_eni", "from 1"),
        ({"accounts": {"1000": {"quotas": {"groups_per_eni": True}}}}, "accounts.1000.quotas.groups_per_eni", "true"),
        ({"accounts": {"1000": {"quotas": {"groups_per_eni": "6"}}}}, "accounts.1000.quotas.groups_per_eni", "'6'"),
        ({"accounts": {"1000": {"quotas": 6}}}, "accounts.1000.quotas", "not an object"),
        ({"groups": {"sg-x": {}}}, "groups.sg-x", "no group"),
        ({"groups": {"sg-a": {"owner": "1"}}}, "groups.sg-a.owner", "unknown key"),
        ({"groups": {"sg-a": {"account": 2000}}}, "groups.sg-a.account", "not a text"),
        ({"groups": {"sg-a": {"is_default": "true"}}}, "groups.sg-a.is_default", "'true'"),
        ({"groups": {"sg-b": {"rules": {"sgr-1": {}}}}}, "groups.sg-b.rules.sgr-1", "no rule"),
        ({"groups": {"sg-a": {"rules": {"sgr-1": {"origin": ""}}}}}, "groups.sg-a.rules.sgr-1.origin", "blank"),
        ({"groups": {"sg-a": {"rules": {"sgr-1": {"id": 1}}}}}, "groups.sg-a.rules.sgr-1.id", "unknown key"),
        ({"groups": {"sg-a": {"rules": []}}}, "groups.sg-a.rules", "not an object"),
        ({"instances": {"i-b": {"account": "1"}}}, "instances.i-b", "no answer"),
        ({"instances": {"i-a": {}}}, "instances.i-a.account", "missing"),
        ({"prefix_lists": {"pl-2": {"account": "1"}}}, "prefix_lists.pl-2", "no answer"),
        ({"port_lists": {"prl-2": {"account": "1"}}}, "port_lists.prl-2", "no answer"),
        ({"port_lists": {"prl-1": {"name": "x", "account": "1"}}}, "port_lists.prl-1.name", "unknown key"),
        ({"users": {}}, "users", "not a list"),
        ({"users": [USER]}, "users[0].policies", "no policy 'read'"),
        ({"users": [USER | {"policies": "read"}], "policies": [POLICY]}, "users[0].policies", "not a list"),
        ({"users": [USER | {"policies": ["read", "read"]}], "policies": [POLICY]}, "users[0].policies", "each once"),
        ({"users": [USER | {"policies": [7]}], "policies": [POLICY]}, "users[0].policies", "not a list of texts"),
        ({"users": [USER | {"kind": "root", "policies": []}]}, "users[0].kind", "'root'"),
        ({"users": [USER | {"kind": ["user"], "policies": []}]}, "users[0].kind", "user, role"),
        ({"users": [USER | {"name": "a b", "policies": []}]}, "users[0].name", "'a b'"),
        ({"users": [USER | {"account": "", "policies": []}]}, "users[0].account", "missing"),
        ({"users": [USER | {"policies": []}] * 2}, "users[1].name", "twice"),
        ({"users": [USER], "policies": [POLICY | {"account": "2000"}]}, "users[0].policies", "no policy"),
        ({"policies": [POLICY | {"document": {}}]}, "policies[0].document", "not a text"),
        ({"policies": [POLICY | {"document": "[]"}]}, "policies[0].document", "JSON object"),
        ({"policies": [POLICY | {"document": "{"}]}, "policies[0].document", "not JSON"),
        ({"policies": [POLICY, POLICY | {"document": "{}"}]}, "policies[1].name", "twice"),
        ({"penalties": [BLOCK | {"state": "lifting"}]}, "penalties[0].state", "'lifting'"),
        ({"penalties": [BLOCK | {"id": 7}]}, "penalties[0].id", "not a text"),
        ({"penalties": [BLOCK | {"id": "pen-1"}, DOMAIN | {"id": "pen-1"}]}, "penalties[1].id", "another penalty"),
        (b'{"enis": {"eni-a": {}, "eni-a": {}}}', "", "stands twice"),
        (b"{", "", "not JSON"),
    ],
)
def test_a_typo_is_a_fault(tmp_path: Path, body: Any, place: str, message: str) -> None:
    with pytest.raises(BundleRefused) as caught:
        read(tmp_path, body)
    (fault,) = caught.value.faults
    assert (fault.file, fault.id) == ("pdp.json", place)
    assert message in fault.message

"""pdp.json: every key, and that a typo is a fault."""

from pathlib import Path
from typing import Any

import pytest

from pdp.formats.bundle import BundleRefused, read_bundle
from pdp.model.instants import parse_instant
from pdp.model.network import Account, Penalty, PenaltyAction, PenaltyClass, SameGroupPrecedence, Settings, SmtpScope
from pdp.model.resources import Resources
from tests.formats.bundles import INSTANCES, whole, with_eni, without, write

BLOCK = {"instance": "i-a", "class": "malicious_behaviour", "action": "BLOCK_TRAFFIC"}
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
        ({"enis": {"eni-a": {"own_namespace": None}}}, "enis.eni-a.own_namespace", "None"),
        ({"enis": {"eni-a": {"host": 7}}}, "enis.eni-a.host", "not a text"),
        ({"enis": {"eni-a": {"tcp_established_timeout_s": 900}}}, "enis.eni-a.tcp_established_timeout_s", "910"),
        ({"enis": {"eni-a": {"tcp_established_timeout_s": "910"}}}, "enis.eni-a.tcp_established_timeout_s", "'910'"),
        ({"enis": {"eni-a": {"tcp_established_timeout_s": 910.0}}}, "enis.eni-a.tcp_established_timeout_s", "910.0"),
        ({"enis": {"eni-a": {"udp_timeout_s": 910}}}, "enis.eni-a.udp_timeout_s", "910"),
        ({"enis": {"eni-a": {"udp_timeout_s": True}}}, "enis.eni-a.udp_timeout_s", "True"),
        ({"enis": {"eni-a": {"udp_timeout_s": None}}}, "enis.eni-a.udp_timeout_s", "None"),
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

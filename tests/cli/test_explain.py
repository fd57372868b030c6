"""`pdp explain`: the account of a verdict, by a bundle or a server, for people and as JSON."""

import json
from typing import Any

import pytest

from tests.cli.running import BUNDLE, Pdp, fault_of

STRANGER = ("eni-bp1bastion", "ingress", "tcp", "203.0.113.40:50022", "10.20.9.4:ssh")
MAIL = ("eni-bp1app01", "egress", "tcp", "10.20.2.21:39000", "203.0.113.25:smtp")
QUERY = ("eni-bp1db01", "ingress", "tcp", "10.20.2.165:42000", "10.20.3.31:mysql")


def account(pdp: Pdp, *words: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(pdp("explain", *words, "--bundle", BUNDLE, "--json").stdout)
    return document


@pytest.mark.parametrize("words", [STRANGER, MAIL, QUERY, (*STRANGER, "--rule", "sgr-bp1basssh")])
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_server_gives_the_same_account_as_its_bundle(
    words: tuple[str, ...], more: tuple[str, ...], address: str, pdp: Pdp
) -> None:
    by_server = pdp("explain", *words, "--server", address, *more)
    assert by_server.exit_code == 0
    assert by_server.stdout == pdp("explain", *words, "--bundle", BUNDLE, *more).stdout


def test_every_stage_is_accounted_for_in_order(pdp: Pdp) -> None:
    stages = account(pdp, *STRANGER)["stages"]
    names = ["SAME_INSTANCE", "PENALTY", "SMTP_BLOCKED", "SAME_GROUP", "RULE", "HEALTH_CHECK", "DEFAULT"]
    assert [stage["stage"] for stage in stages] == names
    assert [stage["stage"] for stage in stages if stage["answered"]] == ["RULE"]
    assert [stage["asked"] for stage in stages] == [True] * 5 + [False] * 2


def test_matched_rules_say_why_they_lost(pdp: Pdp) -> None:
    winner, loser = account(pdp, *STRANGER)["matched"]
    assert (winner["rule"], winner["won"], winner["lost_because"]) == ("sgr-bp1bastop", True, "")
    assert (loser["rule"], loser["won"]) == ("", False)
    assert loser["derived_rule"].startswith("sgr-derived-")
    assert "priority 110 is behind 100" in loser["lost_because"]


def test_near_misses_fail_by_one_condition(pdp: Pdp) -> None:
    misses = account(pdp, *STRANGER)["near_misses"]
    assert "sgr-bp1basssh" in [miss["rule"] for miss in misses]
    assert all([test["met"] for test in miss["conditions"]].count(False) == 1 for miss in misses)


def test_the_text_has_each_part(pdp: Pdp) -> None:
    text = pdp("explain", *STRANGER, "--rule", "sgr-bp1basssh", "--bundle", BUNDLE).stdout
    for part in (
        "DROP  RULE: sgr-bp1bastop of sg-bp1bastion, priority 100",
        "  holds for    TCP from 200.0.0.0/5 to anywhere port 22",
        "\nStages, first asked first\n",
        "  > RULE           sgr-bp1bastop",
        "\nThe rule you asked about\n  sgr-bp1basssh of sg-bp1bastion: accept TCP 22/22 from pl-bp1office",
        "      NOT peer             wants 192.0.2.64/26",
        "      met protocol         wants TCP, found TCP\n",
        "\nRules that match: 2 of 7 considered\n",
        "      lost: priority 110 is behind 100",
        "\nNearest misses: rules that fail by one condition\n",
        "      fails: peer wants",
        "\nWhat to look at next\n  - ",
    ):
        assert part in text


def test_blocked_mail_is_told_of_port_465(pdp: Pdp) -> None:
    assert "465" in pdp("explain", *MAIL, "--bundle", BUNDLE).stdout


def test_an_accepted_port_is_said_not_to_be_an_open_port(pdp: Pdp) -> None:
    text = pdp("explain", *QUERY, "--bundle", BUNDLE).stdout
    assert "An accepted port is not an open port" in text
    assert "0.0.0.0:3306" in text


@pytest.mark.parametrize("by_server", [True, False])
def test_a_rule_that_the_groups_do_not_have_is_an_error(by_server: bool, address: str, pdp: Pdp) -> None:
    whom = ("--server", address) if by_server else ("--bundle", BUNDLE)
    result = pdp("explain", *STRANGER, "--rule", "sgr-bp1dbapp", *whom)
    assert result.exit_code == 2
    assert fault_of(result).startswith("UNKNOWN_RULE: ")


def test_a_rule_of_a_named_group_is_told_of(pdp: Pdp) -> None:
    asked = account(pdp, *STRANGER, "--rule", "sgr-bp1bastop6", "--group", "sg-bp1bastion")["asked_rule"]
    assert (asked["rule"], asked["matched"]) == ("sgr-bp1bastop6", False)

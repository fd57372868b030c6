"""Verdict lines, key by key."""

import json
from dataclasses import replace

from pdp.formats.verdicts import error_line, verdict_line
from pdp.model.addresses import Family
from pdp.model.errors import FieldError, Reason
from pdp.model.flow import Direction
from pdp.model.ids import EniId, GroupId
from pdp.model.instants import parse_instant
from pdp.model.rules import Action
from pdp.model.verdict import Region, Stage, Verdict
from tests.builders import rule

RULE = rule("accept tcp/22 from 10.0.0.0/8 @10 id sgr-1")
GROUP = GroupId("sg-1")


def test_a_rule_is_named_with_its_group_and_priority() -> None:
    verdict = Verdict(Action.ACCEPT, Stage.RULE, RULE, GROUP, idle_timeout_s=910)
    assert json.dumps(verdict_line(verdict, 7)) == (
        '{"action": "ACCEPT", "reason": "RULE", "rule": "sgr-1", "group": "sg-1", "priority": 10, "revision": 7, '
        '"idle_timeout_s": 910}'
    )


def test_a_derived_id_stands_beside_a_blank_one() -> None:
    derived = replace(RULE, id_is_derived=True)
    line = verdict_line(Verdict(Action.DROP, Stage.RULE, derived, GROUP), 1)
    assert (line["rule"], line["derived_rule"], line["group"]) == ("", "sgr-1", "sg-1")


def test_same_group_names_the_group_alone() -> None:
    assert verdict_line(Verdict(Action.ACCEPT, Stage.SAME_GROUP, group=GROUP), 1) == {
        "action": "ACCEPT",
        "reason": "SAME_GROUP",
        "group": "sg-1",
        "revision": 1,
    }


def test_other_stages_name_nothing() -> None:
    assert verdict_line(Verdict(Action.DROP, Stage.DEFAULT), 3) == {
        "action": "DROP",
        "reason": "DEFAULT",
        "revision": 3,
    }


def test_a_penalty_limits_the_answer() -> None:
    until = parse_instant("2026-01-31T08:00:00.5+08:00")
    line = verdict_line(Verdict(Action.DROP, Stage.PENALTY, valid_until=until), 1)
    assert line["valid_until"] == "2026-01-31T00:00:00.5Z"


def test_a_region_is_readable() -> None:
    region = Region(
        EniId("eni-a"),
        Direction.INGRESS,
        6,
        own_first=(10 << 24) + 5,
        own_length=32,
        source_port_first=0,
        source_port_last=65535,
        destination_port_first=22,
        destination_port_last=22,
        family=Family.IPV4,
        remote_first=10 << 24,
        remote_length=8,
    )
    assert verdict_line(Verdict(Action.DROP, Stage.DEFAULT, region=region), 1)["region"] == {
        "eni": "eni-a",
        "direction": "ingress",
        "protocol": "TCP",
        "remote": "10.0.0.0/8",
        "own": "10.0.0.5/32",
        "source_ports": "0/65535",
        "destination_ports": "22/22",
    }


def test_the_logged_action_stands_beside_a_verdict_and_beside_an_error() -> None:
    assert verdict_line(Verdict(Action.DROP, Stage.DEFAULT), 1, "REJECT")["logged_action"] == "REJECT"
    assert error_line(FieldError(Reason.INVALID_PORT, "dstport", "odd"), "ACCEPT")["logged_action"] == "ACCEPT"


def test_an_error_has_its_reason_and_message() -> None:
    assert error_line(FieldError(Reason.INVALID_PORT, "dst_port", "70000 is odd")) == {
        "action": "ERROR",
        "reason": "INVALID_PORT",
        "message": "dst_port: 70000 is odd",
    }

"""Rules of a group as a file: JSON and CSV, in and out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.formats.permissions import permission_of
from pdp.formats.rule_files import (
    MOST_ROWS,
    PERMISSION_KEYS,
    SHOWN_KEYS,
    RuleRow,
    read_rules_csv,
    read_rules_json,
    write_rules_csv,
    write_rules_json,
)
from pdp.model.rules import Rule
from tests.builders import rule

RULES = (
    rule("accept tcp/22 from 10.0.0.0/8 @10 id sgr-1"),
    rule("drop udp/1-1024 to fd00::/8 sport 53 own 10.0.0.5 id sgr-2"),
    rule("accept all from sg-b@2000 id sgr-3"),
    rule("accept tcp/prl-1 from pl-1 id sgr-4"),
    rule("accept icmpv6 from ::ffff:10.0.0.1 id sgr-5"),
)
BASE = {"Policy": "Accept", "IpProtocol": "TCP", "PortRange": "22/22", "SourceCidrIp": "10.0.0.0/8"}


def rows(*items: Any) -> list[RuleRow]:
    return read_rules_json(json.dumps(list(items)))


def test_a_file_of_too_many_rules_is_refused_before_they_are_read() -> None:
    most = [BASE] * MOST_ROWS
    assert len(rows(*most)) == MOST_ROWS
    with pytest.raises(ValueError, match="501 rules; at most 500"):
        rows(*most, BASE)
    lines = "Policy,IpProtocol\n" + "Accept,ICMP\n" * MOST_ROWS
    assert len(read_rules_csv(lines)) == MOST_ROWS
    with pytest.raises(ValueError, match="more than 500 lines"):
        read_rules_csv(lines + "Accept,ICMP\n")


def test_a_permission_says_all_of_a_rule() -> None:
    assert permission_of(RULES[1]) == {
        "SecurityGroupRuleId": "sgr-2",
        "Direction": "egress",
        "Policy": "Drop",
        "Priority": "1",
        "IpProtocol": "UDP",
        "PortRange": "1/1024",
        "Ipv6DestCidrIp": "fd00::/8",
        "SourceCidrIp": "10.0.0.5",
        "SourcePortRange": "53/53",
    }


@pytest.mark.parametrize("number", range(len(RULES)))
def test_a_rule_is_the_same_row_in_both_formats(number: int) -> None:
    expected = [RuleRow(1, permission_of(RULES[number]))]
    assert read_rules_json(write_rules_json([RULES[number]])) == expected
    assert read_rules_csv(write_rules_csv([RULES[number]])) == expected


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_description_comes_back(text: str) -> None:
    made = Rule(**{field: getattr(RULES[0], field) for field in Rule.__dataclass_fields__} | {"description": text})
    for read, write in ((read_rules_json, write_rules_json), (read_rules_csv, write_rules_csv)):
        (row,) = read(write([made]))
        assert (row.permission or {}).get("Description", "") == text


def test_a_derived_id_is_left_out() -> None:
    derived = rule("accept tcp/22 from 10.0.0.0/8 id sgr-x derived")
    for text in (write_rules_json([derived]), write_rules_csv([derived])):
        assert "sgr-x" not in text


def test_a_file_of_no_rules_has_no_rows() -> None:
    assert read_rules_json(write_rules_json([])) == []
    assert read_rules_csv(write_rules_csv([])) == []
    assert write_rules_csv([]) == ",".join(PERMISSION_KEYS) + "\r\n"


def test_an_answer_of_the_api_is_read() -> None:
    shown = dict.fromkeys(SHOWN_KEYS, "name")
    answer = {"RequestId": "R", "NextToken": "", "Permissions": {"Permission": [BASE | shown | {"Priority": 1}]}}
    assert read_rules_json(json.dumps(answer)) == [RuleRow(1, BASE | {"Priority": "1"})]


def test_an_answer_with_more_pages_is_refused() -> None:
    with pytest.raises(ValueError, match="NextToken"):
        read_rules_json(json.dumps({"Permissions": {"Permission": []}, "NextToken": "t"}))


@pytest.mark.parametrize("text", ["{}", "7", '{"Permissions": []}', '{"Permissions": {"Permission": {}}}', "[", '"x"'])
def test_what_holds_no_list_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"neither a list|not JSON"):
        read_rules_json(text)


@pytest.mark.parametrize(
    ("item", "fault"),
    [
        (7, "7 is not an object"),
        (BASE | {"Port": "22"}, "unknown key 'Port'"),
        (BASE | {"policy": "Drop"}, "unknown key 'policy'"),
        (BASE | {"Port": ""}, "unknown key 'Port'"),
        (BASE | {"PortRange": 22}, "PortRange 22 is not a text"),
        (BASE | {"Priority": True}, "Priority true is not a text"),
        (BASE | {"Priority": 1.0}, "Priority 1.0 is not a text"),
        (BASE | {"SourceCidrIp": ["10.0.0.0/8"]}, "is not a text"),
    ],
)
def test_a_row_that_is_wrong_is_a_fault_of_its_own(item: Any, fault: str) -> None:
    good, bad, last = rows(BASE, item, BASE)
    assert (good, last) == (RuleRow(1, BASE), RuleRow(3, BASE))
    assert (bad.number, bad.permission) == (2, None)
    assert fault in bad.fault


def test_blank_and_absent_are_the_same() -> None:
    assert rows(BASE | {"Priority": None, "DestCidrIp": ""}) == rows(BASE)


def test_numbers_are_text_where_the_api_gives_them() -> None:
    (row,) = rows(BASE | {"Priority": 5, "IpProtocol": 6, "SourceGroupOwnerAccount": 1000})
    assert row.permission == BASE | {"Priority": "5", "IpProtocol": "6", "SourceGroupOwnerAccount": "1000"}


def test_a_csv_may_have_its_columns_in_any_order_and_a_byte_order_mark() -> None:
    text = '\ufeffPortRange,IpProtocol,Description\r\n22/22,TCP,"a, ""b""\nc"\r\n'
    expected = {"PortRange": "22/22", "IpProtocol": "TCP", "Description": 'a, "b"\nc'}
    assert read_rules_csv(text) == [RuleRow(1, expected)]


def test_blank_lines_of_a_csv_are_skipped_and_counted() -> None:
    text = "Policy,IpProtocol\n\nDrop,TCP\n,\nAccept,UDP\n"
    assert [row.number for row in read_rules_csv(text)] == [2, 4]


@pytest.mark.parametrize("line", ["Drop", "Drop,TCP,x", "Drop,TCP,"])
def test_a_line_with_another_number_of_cells_is_a_fault(line: str) -> None:
    (row,) = read_rules_csv(f"Policy,IpProtocol\n{line}\n")
    assert "the header has 2" in row.fault


def test_an_unknown_column_is_a_fault_of_each_row() -> None:
    first, second = read_rules_csv("Policy,Ports\nDrop,22\nDrop,\n")
    assert "unknown key 'Ports'" in first.fault
    assert "unknown key 'Ports'" in second.fault


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no header"),
        ("\n", "no header"),
        (",,\n", "no header"),
        ("Policy,Policy\nDrop,Drop\n", "'Policy' twice"),
        ('Policy\n"Drop\n', "not CSV"),
        ('Policy\n"Drop"x\n', "not CSV"),
        (f"Policy\n{'x' * 200_000}\n", "not CSV"),
    ],
)
def test_a_text_that_is_no_csv_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_rules_csv(text)


@given(text=st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (read_rules_json, read_rules_csv):
        try:
            found = read(text)
        except ValueError as error:
            assert str(error)
        else:
            assert all((row.permission is None) is bool(row.fault) for row in found)

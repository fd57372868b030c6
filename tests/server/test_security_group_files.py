import json
from typing import Any

import pytest

from pdp.model.codes import Code
from pdp.model.errors import Refusal
from pdp.v1 import security_group_service_pb2 as pb
from tests.builders import group, resources, rule
from tests.server.administering import Administered, refused

SSH = {
    "Direction": "ingress",
    "Policy": "Accept",
    "IpProtocol": "TCP",
    "PortRange": "22/22",
    "SourceCidrIp": "10.0.0.0/8",
}
CSV = "Direction,Policy,Priority,IpProtocol,PortRange,SourceCidrIp,DestCidrIp\n"


def administered(*rules: str) -> Administered:
    return Administered(resources([group("sg-a", *rules), group("sg-b")]))


def bring(policy: Administered, *rows: dict[str, Any], text: str = "", kind: str = "json", **fields: Any) -> Any:
    request = pb.ImportSecurityGroupRulesRequest(
        security_group_id="sg-a", content=text or json.dumps(rows), format=kind, **fields
    )
    return policy.call("ImportSecurityGroupRules", request)


def take(policy: Administered, kind: str, group_id: str = "sg-a") -> str:
    request = pb.ExportSecurityGroupRulesRequest(security_group_id=group_id, format=kind)
    return str(policy.call("ExportSecurityGroupRules", request).content)


def texts(*rules: str) -> list[str]:
    return sorted(str(rule(text)) for text in rules)


def test_rules_of_a_json_file_come_in() -> None:
    policy = administered()
    answer = bring(policy, SSH, {**SSH, "PortRange": "80/80", "SecurityGroupRuleId": "sgr-old", "Priority": 7})
    assert policy.rules("sg-a") == texts("accept tcp/22 from 10.0.0.0/8", "accept tcp/80 from 10.0.0.0/8 @7")
    assert (answer.added, answer.refused) == (2, 0)
    assert {shown.security_group_rule_id for shown in answer.results} == {one.id for one in policy.group("sg-a").rules}
    assert "sgr-old" not in {shown.security_group_rule_id for shown in answer.results}


def test_rules_of_a_csv_file_come_in() -> None:
    policy = administered()
    bring(policy, text=f"{CSV}ingress,Accept,1,TCP,22/22,10.0.0.0/8,\negress,Drop,5,ALL,,,0.0.0.0/0\n", kind="csv")
    assert policy.rules("sg-a") == texts("accept tcp/22 from 10.0.0.0/8", "drop all to 0.0.0.0/0 @5")


def test_a_rule_that_the_group_has_is_accepted_and_not_counted() -> None:
    answer = bring(administered("accept tcp/22 from 10.0.0.0/8"), SSH)
    assert (answer.added, answer.position.revision) == (0, 1)
    assert (answer.results[0].accepted, answer.results[0].security_group_rule_id) == (True, "sgr-1")


BAD_ROWS = [
    ({**SSH, "Priority": 110}, Code.INVALID_PRIORITY),
    ({**SSH, "PortRange": "-1/-1"}, Code.INVALID_PORT_RANGE),
    ({**SSH, "Direction": ""}, Code.MISSING_PARAMETER),
    ({**SSH, "SourceCidrIp": "10.0.0.0-10.0.0.9"}, Code.INVALID_SOURCE_CIDR),
    ({**SSH, "SourceCidrIp": None}, Code.MISSING_PARAMETER),
    ({**SSH, "SourceCidrIp": None, "SourceGroupId": "sg-a"}, Code.GROUP_PEER_DENIED),
    ({**SSH, "SourceCidrIp": None, "SourcePrefixListId": "pl-9"}, Code.PREFIX_LIST_NOT_FOUND),
    ({**SSH, "NicType": "internet"}, Code.INVALID_PARAMETER),
    ({**SSH, "Surprise": "x"}, Code.INVALID_PARAMETER),
    (SSH, Code.DUPLICATE_PERMISSIONS),
]


@pytest.mark.parametrize(("row", "code"), BAD_ROWS)
def test_a_preview_tells_of_each_row_what_would_happen_and_writes_nothing(row: dict[str, Any], code: Code) -> None:
    policy = administered()
    answer = bring(policy, SSH, row, {**SSH, "PortRange": "80/80"}, preview=True)
    assert [(shown.row, shown.accepted, shown.code) for shown in answer.results] == [
        (1, True, ""),
        (2, False, code.value),
        (3, True, ""),
    ]
    assert answer.results[1].message != ""
    assert (answer.added, answer.refused) == (2, 1)
    assert {shown.security_group_rule_id for shown in answer.results} == {""}
    assert policy.snapshot.revision == answer.position.revision == 1


@pytest.mark.parametrize(("row", "code"), BAD_ROWS)
def test_without_preview_one_refused_row_refuses_the_file(row: dict[str, Any], code: Code) -> None:
    policy = administered()
    error = refused(lambda: bring(policy, SSH, row))
    assert error.reason is code
    assert "row 2" in error.message
    assert policy.snapshot.revision == 1


def test_rows_beyond_the_limit_are_refused_each_with_the_numbers() -> None:
    policy = administered(*(f"accept tcp/{port} from 10.0.0.0/8" for port in range(1, 200)))
    rows = [{**SSH, "PortRange": f"{port}/{port}"} for port in range(1001, 1004)]
    answer = bring(policy, *rows, preview=True)
    assert [shown.code for shown in answer.results] == ["", *[Code.RULES_PER_GROUP.value] * 2]
    error = refused(lambda: bring(policy, *rows))
    assert isinstance(error, Refusal)
    assert error.quota is not None
    assert (error.quota.value, error.quota.present) == (200, 200)


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"text": "{"}, Code.INVALID_PARAMETER, "content"),
        ({"text": "[]"}, Code.MISSING_PARAMETER, "content"),
        ({"text": " " * (1 << 20) + "[]"}, Code.INVALID_PARAMETER, "content"),
        ({"text": json.dumps([SSH] * 501)}, Code.INVALID_PARAMETER, "content"),
        ({"text": "[]", "kind": "xml"}, Code.INVALID_PARAMETER, "format"),
        ({"text": "[]", "kind": ""}, Code.MISSING_PARAMETER, "format"),
        ({"text": "Policy,Policy\na,b\n", "kind": "csv"}, Code.INVALID_PARAMETER, "content"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(fields: dict[str, Any], code: Code, field: str) -> None:
    error = refused(lambda: bring(administered(), **fields))
    assert (error.reason, error.violations[0].field) == (code, field)


MANY = (
    "accept tcp/22 from 10.0.0.0/8",
    "drop udp/1-100 from fd00::/8 @7 sport 1-2",
    "accept all to 0.0.0.0/0 own 10.0.0.5",
    "accept tcp/22 from sg-b",
    "drop 47 from 10.0.0.1 @100",
)


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_an_exported_file_imports_to_the_same_rules(kind: str) -> None:
    content = take(administered(*MANY), kind)
    policy = administered()
    bring(policy, text=content, kind=kind)
    assert policy.rules("sg-a") == texts(*MANY)


def test_a_csv_has_the_permissions_keys_as_its_header() -> None:
    assert take(administered(), "csv").startswith("SecurityGroupRuleId,Direction,Policy,Priority,IpProtocol,PortRange,")


def test_an_export_of_no_known_format_or_group_is_refused() -> None:
    assert refused(lambda: take(administered(), "xml")).reason is Code.INVALID_PARAMETER
    assert refused(lambda: take(administered(), "json", "sg-9")).reason is Code.GROUP_NOT_FOUND

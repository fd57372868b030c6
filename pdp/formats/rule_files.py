"""Rules of one group as a file for people: JSON, or CSV with the Permission's keys as its header.

A row is read on its own and strictly, so that a preview can tell of each what is wrong. What a Permission means is read
elsewhere; here only its shape is.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import NamedTuple

from pdp.formats.json_text import parse_json
from pdp.formats.permissions import permission_of
from pdp.model.errors import quoted
from pdp.model.rules import Rule

PERMISSION_KEYS = (
    "SecurityGroupRuleId",
    "Direction",
    "Policy",
    "Priority",
    "IpProtocol",
    "PortRange",
    "PortRangeListId",
    "SourceCidrIp",
    "Ipv6SourceCidrIp",
    "SourceGroupId",
    "SourceGroupOwnerAccount",
    "SourcePrefixListId",
    "DestCidrIp",
    "Ipv6DestCidrIp",
    "DestGroupId",
    "DestGroupOwnerAccount",
    "DestPrefixListId",
    "SourcePortRange",
    "NicType",
    "Description",
    "CreateTime",
)
"""The keys that say something, in the order of a CSV's columns."""
SHOWN_KEYS = frozenset(
    ("SourceGroupName", "DestGroupName", "SourcePrefixListName", "DestPrefixListName", "PortRangeListName")
)
"""Keys of the API's answers that only repeat, for people, what an id beside them says. They are left aside."""
MOST_ROWS = 500
"""More than two full groups. A file that has more is refused before its rows are looked at."""
_NUMBERS = frozenset(("Priority", "IpProtocol", "SourceGroupOwnerAccount", "DestGroupOwnerAccount"))


class RuleRow(NamedTuple):
    """One rule of a file: its place from 1, and either its Permission without blank fields or what is wrong with it.

    Of a CSV the header has no place, and blank lines have one.
    """

    number: int
    permission: dict[str, str] | None
    fault: str = ""


def read_rules_json(text: str) -> list[RuleRow]:
    """The rows of a list of Permissions, or of an answer of DescribeSecurityGroupAttribute.

    Raises ValueError when the whole text is neither, has more than MOST_ROWS, or is an answer that is not the only page
    (§8.2).
    """
    value = parse_json(text.removeprefix("\ufeff"))
    if isinstance(value, dict):
        if value.get("NextToken"):
            raise ValueError("incomplete answer: it has a NextToken, so more rules follow; join the pages first")
        value = _inner_list(value)
    if not isinstance(value, list):
        raise ValueError("holds neither a list of Permissions nor an object with a list Permissions.Permission")
    if len(value) > MOST_ROWS:
        raise ValueError(f"holds {len(value)} rules; at most {MOST_ROWS} are taken at once, so split it")
    return [_row(number, item) for number, item in enumerate(value, 1)]


def read_rules_csv(text: str) -> list[RuleRow]:
    """The rows of a CSV: commas, double quotes, and a header of Permission's keys. Blank lines are skipped.

    Raises ValueError when the whole text is no CSV, has more than MOST_ROWS lines, no header, or one with a key twice.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        header = next(reader, [])
        lines = list(islice(enumerate(reader, 1), MOST_ROWS + 1))
    except csv.Error as error:
        raise ValueError(f"not CSV: {error} at line {reader.line_num}") from None
    if not any(header):
        raise ValueError(
            "has no header; the first line names the Permission's keys, such as Policy,Priority,IpProtocol"
        )
    if len(lines) > MOST_ROWS:
        raise ValueError(f"holds more than {MOST_ROWS} lines; at most so many are taken at once, so split it")
    if len(set(header)) < len(header):
        double = next(key for key in header if header.count(key) > 1)
        raise ValueError(f"the header has {quoted(double)} twice")
    return [_csv_row(number, header, cells) for number, cells in lines if any(cells)]


def write_rules_json(rules: Iterable[Rule]) -> str:
    """The rules, in the order given, as a JSON list of Permissions."""
    return json.dumps([_shown(rule) for rule in rules], ensure_ascii=False, indent=2) + "\n"


def write_rules_csv(rules: Iterable[Rule]) -> str:
    """The rules, in the order given, as CSV with a column for each of PERMISSION_KEYS."""
    stream = io.StringIO(newline="")
    # Both characters, since what ends no line here is not quoted, and yet ends one where it is read.
    writer = csv.DictWriter(stream, PERMISSION_KEYS, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(_shown(rule) for rule in rules)
    return stream.getvalue()


def _shown(rule: Rule) -> dict[str, str]:
    """The Permission of a rule; an id that only stands for a missing one is left out (§3.3)."""
    permission = permission_of(rule)
    if rule.id_is_derived:
        del permission["SecurityGroupRuleId"]
    return permission


def _inner_list(answer: Mapping[str, object]) -> object:
    permissions = answer.get("Permissions")
    return permissions.get("Permission") if isinstance(permissions, dict) else None


def _csv_row(number: int, header: list[str], cells: list[str]) -> RuleRow:
    if len(cells) != len(header):
        return RuleRow(number, None, f"has {len(cells)} cells, but the header has {len(header)}")
    return _row(number, dict(zip(header, cells, strict=True)))


def _row(number: int, item: object) -> RuleRow:
    if not isinstance(item, dict):
        return RuleRow(number, None, f"{quoted(item)} is not an object")
    permission = {}
    for key, value in item.items():
        if key in SHOWN_KEYS:
            continue
        if key not in PERMISSION_KEYS:
            return RuleRow(number, None, f"unknown key {quoted(key)}; the keys are {', '.join(PERMISSION_KEYS)}")
        text = str(value) if type(value) is int and key in _NUMBERS else value
        if text is None or text == "":
            continue
        if not isinstance(text, str):
            return RuleRow(number, None, f"{key} {quoted(value)} is not a text")
        permission[key] = text
    return RuleRow(number, permission)


READERS: Mapping[str, Callable[[str], list[RuleRow]]] = {"json": read_rules_json, "csv": read_rules_csv}
WRITERS: Mapping[str, Callable[[Iterable[Rule]], str]] = {"json": write_rules_json, "csv": write_rules_csv}
"""By the name of the format."""

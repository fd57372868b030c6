"""docs/bundle.md: its script exports a whole account, and its examples are read."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pdp.formats.bundle import read_bundle
from pdp.model import addresses
from pdp.model.network import TCP_ESTABLISHED_TIMEOUTS_S, UDP_TIMEOUTS_S
from tests.formats.bundles import ENIS, attribute, eni, enis_answer, listed_group, permission, vpc, whole, write
from tests.tools import find_tool

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "bundle.md").read_text(encoding="utf-8")
FORMATS = ROOT / "pdp" / "formats"
SOURCE = "".join(path.read_text(encoding="utf-8") for path in sorted(FORMATS.glob("*.py")))

ALIYUN = """\
#!{python}
# Stands in for the cloud: answers as `aliyun` would, two objects a page.
import json, sys
product, api, *rest = sys.argv[1:]
options = dict(zip(rest[::2], rest[1::2]))
answer = json.load(open({answers!r}))[" ".join([api, *(options[key] for key in options if key.endswith("Id"))])]
objects = answer
for key in answer["path"]:
    objects = objects[key]
if product == "vpc":
    page = int(options["--PageNumber"])
    answer |= {{"PageNumber": page, "PageSize": 2, "TotalCount": len(objects)}}
else:
    page = int(options.get("--NextToken", "page-1").removeprefix("page-"))
    answer["NextToken"] = f"page-{{page + 1}}" if page * 2 < len(objects) else ""
objects[:] = objects[page * 2 - 2:page * 2]
print(json.dumps(answer))
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def account() -> dict[str, Any]:
    """What the cloud would answer, by API and id."""
    groups = [f"sg-{letter}" for letter in "abcde"]
    listed = permission(SourceCidrIp="", SourcePrefixListId="pl-1", PortRange="", PortRangeListId="prl-1")
    rules = [permission(SecurityGroupRuleId=f"sgr-{number}", Priority=number) for number in range(2, 7)]
    return {
        "DescribeSecurityGroups": {
            "path": ["SecurityGroups", "SecurityGroup"],
            "SecurityGroups": {"SecurityGroup": [listed_group(group) for group in groups]},
        },
        "DescribeNetworkInterfaces": {
            "path": ["NetworkInterfaceSets", "NetworkInterfaceSet"],
            **enis_answer(*(eni(f"eni-{number}", groups[number]) for number in range(5))),
        },
        "DescribeInstances": {"path": ["Instances", "Instance"], "Instances": {"Instance": [{"InstanceId": "i-0"}]}},
        "DescribeVpcs": {"path": ["Vpcs", "Vpc"], "Vpcs": {"Vpc": [vpc(f"vpc-{number}") for number in range(1, 4)]}},
        "DescribePortRangeLists": {
            "path": ["PortRangeLists"],
            "PortRangeLists": [{"PortRangeListId": "prl-1", "MaxEntries": 4}],
        },
        "DescribePortRangeListEntries prl-1": {
            "path": ["Entries"],
            "Entries": [{"PortRange": f"{port}/{port}"} for port in (80, 443, 8080)],
        },
        "DescribePrefixListAttributes pl-1": {
            "path": ["Entries", "Entry"],
            "PrefixListId": "pl-1",
            "AddressFamily": "IPv4",
            "MaxEntries": 1,
            "Entries": {"Entry": [{"Cidr": "192.0.2.0/24"}]},
        },
    } | {
        f"DescribeSecurityGroupAttribute {group}": {
            "path": ["Permissions", "Permission"],
            **attribute(group, *([listed, *rules] if group == "sg-c" else [])),
        }
        for group in groups
    }


def test_the_script_exports_a_whole_account(tmp_path: Path) -> None:
    (script,) = blocks("sh")
    jq = find_tool("jq")
    (tmp_path / "answers.json").write_text(json.dumps(account()), encoding="utf-8")
    stand_in = tmp_path / "bin" / "aliyun"
    stand_in.parent.mkdir()
    stand_in.write_text(ALIYUN.format(python=sys.executable, answers=str(tmp_path / "answers.json")), encoding="utf-8")
    stand_in.chmod(0o755)
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    path = f"{stand_in.parent}:{jq.parent}:/usr/bin:/bin"
    subprocess.run(["sh", "-c", script], cwd=bundle, env={"PATH": path}, check=True, timeout=60)
    resources, notes, skipped = read_bundle(bundle)
    assert (notes, skipped) == ((), ())
    assert (len(resources.groups), len(resources.enis), len(resources.vpcs)) == (5, 5, 3)
    assert [len(group.rules) for group in resources.groups] == [0, 0, 6, 0, 0]
    assert [len(port_list.entries) for port_list in resources.port_lists] == [3]
    assert [len(prefix_list.entries) for prefix_list in resources.prefix_lists] == [1]


def test_the_first_example_of_pdp_json_is_read(tmp_path: Path) -> None:
    block = blocks("json")[0]
    example = json.loads(block)
    enis = enis_answer(*(eni(name, "sg-a", OwnerId=next(iter(example["accounts"]))) for name in example["enis"]))
    bundle = read_bundle(write(tmp_path / "bundle", whole() | {ENIS: enis, "pdp.json": block.encode()}))
    assert bundle.notes == ()
    assert len(bundle.resources.penalties) == len(example["penalties"])
    assert [found.host for found in bundle.resources.enis] == [entry["host"] for entry in example["enis"].values()]


def test_the_example_of_an_export_is_read(tmp_path: Path) -> None:
    block = blocks("json")[1]
    for shown, here in (
        *(("sg-bp1web", "sg-a"), ("sgr-bp1ssh", "sgr-1"), ("i-bp1web", "i-a")),
        *(("pl-bp1office", "pl-1"), ("prl-bp1web", "prl-1")),
    ):
        block = block.replace(f'"{shown}"', f'"{here}"')
    bundle = read_bundle(write(tmp_path / "bundle", whole() | {"pdp.json": block.encode()}))
    assert bundle.notes == ()
    assert bundle.resources.groups[0].is_default
    assert [user.policies for user in bundle.resources.users] == [("read-only",)]
    assert [penalty.state.value for penalty in bundle.resources.penalties] == ["appeal_filed"]


def test_the_page_has_a_row_for_every_key() -> None:
    rows = PAGE.split("| key | means |")[1].split("\n\n")[0]
    source = "".join(path.read_text(encoding="utf-8") for path in sorted(FORMATS.glob("pdp_*.py")))
    keys = re.findall(r"^_(?:\w+_)?KEYS = \(([^)]*)\)", source, re.MULTILINE)
    named = set(re.findall(r'"(\w+)"', "".join(keys)))
    assert len(named) > 30
    assert [key for key in sorted(named) if not re.search(rf"[`.]{key}\b", rows)] == []


@pytest.mark.parametrize(
    ("key", "values"),
    [("tcp_established_timeout_s", TCP_ESTABLISHED_TIMEOUTS_S), ("udp_timeout_s", UDP_TIMEOUTS_S)],
)
def test_the_page_names_every_timeout(key: str, values: tuple[int, ...]) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `enis.<id>.{key}`")]
    assert sorted(map(int, re.findall(r"\b\d+\b", row.split("|")[2].split("(§")[0]))) == sorted(values)


def test_the_page_quotes_messages_as_they_are() -> None:
    source = SOURCE + Path(addresses.__file__).read_text(encoding="utf-8")
    rows = PAGE.split("| the message says | do |")[1].split("\n\n")[0].splitlines()[2:]
    quoted = [part for row in rows for text in re.findall(r"`([^`]+)`", row.split("|")[1]) for part in text.split("…")]
    assert len(quoted) > 10
    assert [part for part in quoted if part.strip() not in source] == []

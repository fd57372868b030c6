"""Finds the files of a bundle and tells by name which API answered, about what, and with which page.

`<Api>[.<id>][.<page>].json`; a file without a page number is page 1. Files of other names are reported and skipped.
"""

import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from pdp.formats.faults import Findings

PDP_JSON = "pdp.json"


class Api(NamedTuple):
    """One API and the shape of its answers.

    `list_path` leads to the objects, `id_key` names them (blank: they have no id). `subject` is how the ids in its file
    names begin (blank: it answers about all at once), `subject_key` what the API calls that id, and `body_has_subject`
    whether the body must repeat it.
    """

    name: str
    list_path: tuple[str, ...]
    id_key: str = ""
    subject: str = ""
    subject_key: str = ""
    body_has_subject: bool = True


GROUPS = Api("DescribeSecurityGroups", ("SecurityGroups", "SecurityGroup"), "SecurityGroupId")
ATTRIBUTES = Api(
    "DescribeSecurityGroupAttribute", ("Permissions", "Permission"), "SecurityGroupRuleId", "sg-", "SecurityGroupId"
)
ENIS = Api("DescribeNetworkInterfaces", ("NetworkInterfaceSets", "NetworkInterfaceSet"), "NetworkInterfaceId")
VPCS = Api("DescribeVpcs", ("Vpcs", "Vpc"), "VpcId")
INSTANCES = Api("DescribeInstances", ("Instances", "Instance"), "InstanceId")
PREFIX_LISTS = Api("DescribePrefixListAttributes", ("Entries", "Entry"), "", "pl-", "PrefixListId")
PORT_LISTS = Api("DescribePortRangeLists", ("PortRangeLists",), "PortRangeListId")
PORT_LIST_ENTRIES = Api("DescribePortRangeListEntries", ("Entries",), "", "prl-", "PortRangeListId", False)

APIS = {
    api.name: api for api in (GROUPS, ATTRIBUTES, ENIS, VPCS, INSTANCES, PREFIX_LISTS, PORT_LISTS, PORT_LIST_ENTRIES)
}
_NAME = re.compile(r"(?P<api>[A-Za-z]+)(?:\.(?P<subject>[a-z]+-[^.]+))?(?:\.(?P<page>[0-9]+))?\.json\Z")


class AnswerName(NamedTuple):
    """What an answer is about: an API, and the id of one group or list where that API answers about one."""

    api: Api
    subject: str = ""

    def file(self, page: int) -> str:
        """The file name of a page."""
        parts = [self.api.name, self.subject, str(page) if page > 1 else "", "json"]
        return ".".join(part for part in parts if part)

    @property
    def call(self) -> str:
        """The command that asks for it."""
        product = "vpc" if self.api is VPCS else "ecs"
        option = f" --{self.api.subject_key} {self.subject}" if self.subject else ""
        return f"aliyun {product} {self.api.name}{option}"


class BundleFiles(NamedTuple):
    """The files of a bundle by what they answer and by page, from 1; several files may claim one page."""

    answers: dict[AnswerName, dict[int, list[Path]]]
    pdp_json: Path | None


def find_files(directory: Path, findings: Findings) -> BundleFiles:
    """Looks through a directory; what the formats do not name becomes a note."""
    answers: dict[AnswerName, dict[int, list[Path]]] = defaultdict(lambda: defaultdict(list))
    pdp_json = None
    try:
        names = sorted(path.name for path in directory.iterdir())
    except (OSError, ValueError) as error:
        findings.fault(str(directory), "", f"not a directory that can be read: {_reason(error)}")
        return BundleFiles({}, None)
    for name in names:
        path = directory / name
        if name == PDP_JSON:
            pdp_json = path
        elif (known := _read_name(name)) is not None:
            answers[known[0]][known[1]].append(path)
        else:
            findings.note(f"{name}: skipped, since it is not named like a file of a bundle")
    return BundleFiles({name: dict(pages) for name, pages in answers.items()}, pdp_json)


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises ValueError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot be read: {_reason(error)}") from None


def _read_name(name: str) -> tuple[AnswerName, int] | None:
    match = _NAME.match(name)
    api = APIS.get(match["api"]) if match else None
    if match is None or api is None:
        return None
    subject = match["subject"] or ""
    if bool(subject) is not bool(api.subject) or not subject.startswith(api.subject):
        return None
    return AnswerName(api, subject), int(match["page"] or 1)


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)

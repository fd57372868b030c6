"""Finds the files of a bundle and tells by name which API answered, about what, and with which page.

`<Api>[.<id>][.<page>].json`; a file without a page number is page 1. Files of other names are reported and skipped.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
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
_NAME = re.compile(r"(?P<api>[A-Za-z]+)(?:\.(?P<subject>[a-z]+-[^./\0]+))?(?:\.(?P<page>[0-9]{1,6}))?\.json\Z")


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
    """The names of a bundle's files by what they answer and by page, from 1; several files may claim one page.

    `read` gives a file's content by its name and raises ValueError when it cannot be read. `skipped` are the names of
    what is no file of a bundle.
    """

    answers: dict[AnswerName, dict[int, list[str]]]
    has_pdp_json: bool
    read: Callable[[str], bytes]
    skipped: tuple[str, ...]


def find_files(names: Iterable[str], read: Callable[[str], bytes], findings: Findings) -> BundleFiles:
    """Tells the files apart by their names; what the formats do not name becomes a note."""
    answers: dict[AnswerName, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    has_pdp_json = False
    skipped = []
    for name in sorted(names):
        if name == PDP_JSON:
            has_pdp_json = True
        elif (known := read_name(name)) is not None:
            answers[known[0]][known[1]].append(name)
        else:
            skipped.append(name)
            findings.note(f"{name}: skipped, since it is not named like a file of a bundle")
    return BundleFiles({name: dict(pages) for name, pages in answers.items()}, has_pdp_json, read, tuple(skipped))


def names_in(directory: Path, findings: Findings) -> list[str]:
    """The names of what a directory holds; none after a fault."""
    try:
        return [path.name for path in directory.iterdir()]
    except (OSError, ValueError) as error:
        findings.fault(str(directory), "", f"not a directory that can be read: {_reason(error)}")
        return []


def read_in(directory: Path, name: str) -> bytes:
    """The content of a file of a directory. Raises ValueError when it cannot be read."""
    try:
        return (directory / name).read_bytes()
    except OSError as error:
        raise ValueError(f"cannot be read: {_reason(error)}") from None


def read_name(name: str) -> tuple[AnswerName, int] | None:
    """What a file answers, and with which page; None for a name that no file of a bundle has."""
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

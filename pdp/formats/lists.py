"""Prefix lists and port lists (§1.5): what they hold now, and how much they may hold."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from pdp.formats.bundle_files import PORT_LIST_ENTRIES, PORT_LISTS, PREFIX_LISTS
from pdp.formats.faults import Findings
from pdp.formats.fields import Fields, cidr_in
from pdp.formats.paging import Answer, Answers
from pdp.model.addresses import Family
from pdp.model.errors import quoted
from pdp.model.ids import PortListId, PrefixListId
from pdp.model.protocols import PortRange, parse_digits, parse_port_range
from pdp.model.rules import PortList, PrefixList

_FAMILIES = {"ipv4": Family.IPV4, "ipv6": Family.IPV6}
T = TypeVar("T")


def read_prefix_lists(answers: Answers, findings: Findings) -> list[PrefixList]:
    """The prefix lists of a bundle, by id."""
    lists = []
    for list_id, answer in answers.all_about(PREFIX_LISTS).items():
        for page in answer.pages[:1]:
            fields = Fields(page.body, page.file, list_id, findings)
            family = fields.word("AddressFamily", _FAMILIES)
            if family is None:
                continue
            entries = {cidr.prefix for cidr in _entries(answer, "Cidr", partial(cidr_in, family), findings)}
            size = _max_entries(fields, len(entries), findings)
            name, description = map(fields.text, ("PrefixListName", "Description"))
            lists.append(
                PrefixList(
                    PrefixListId(list_id), family, size, tuple(sorted(entries)), name=name, description=description
                )
            )
    return lists


def read_port_lists(answers: Answers, findings: Findings) -> list[PortList]:
    """The port lists that have an answer with their entries, by id."""
    listing = answers.about(PORT_LISTS)
    listed = {
        located.label: Fields(located.values, located.file, located.label, findings)
        for located in (listing.objects if listing else ())
    }
    for fields in listed.values():
        fields.required_text(PORT_LISTS.id_key)
    lists = []
    for list_id, answer in answers.all_about(PORT_LIST_ENTRIES).items():
        entries = set(_entries(answer, "PortRange", _listed_range, findings))
        fields = listed.get(list_id) or Fields({}, PORT_LISTS.name, list_id, findings)
        size = _max_entries(fields, len(entries), findings)
        name, description = map(fields.text, ("PortRangeListName", "Description"))
        lists.append(PortList(PortListId(list_id), size, tuple(sorted(entries)), name=name, description=description))
    return lists


def _entries(answer: Answer, key: str, parse: Callable[[str], T], findings: Findings) -> list[T]:
    parsed = []
    for located in answer.objects:
        fields = Fields(located.values, located.file, answer.name.subject, findings)
        if text := fields.required_text(key):
            parsed.append(fields.parse_as(key, text, parse))
    return [entry for entry in parsed if entry is not None]


def _listed_range(text: str) -> PortRange:
    ports = parse_port_range(text)
    if ports is None:
        raise ValueError(f"{quoted(text)} is not a range of ports; a port list holds ranges such as 80/80")
    return ports


def _max_entries(fields: Fields, present: int, findings: Findings) -> int:
    """How many entries a list may have, which quotas count (§4.11); never below those that it has."""
    text = fields.text_or_number("MaxEntries")
    size = parse_digits(text) if text else 0
    if size is None:
        fields.complain(f"MaxEntries {quoted(text)} is not a whole number")
        return present
    if size < present:
        said = f"MaxEntries is {size}" if text else "MaxEntries is not given"
        findings.note(f"{fields.file}: {fields.id}: {said}; the {present} present entries count instead")
    return max(size, present)

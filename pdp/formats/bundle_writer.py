"""Writes resources as a bundle that reads back to equal ones (§8.1).

A bundle is written whole or not at all: half of one could be read as a smaller policy.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from pdp.formats import answer_objects as objects
from pdp.formats.answer_objects import Object
from pdp.formats.bundle_files import (
    ATTRIBUTES,
    ENIS,
    GROUPS,
    INSTANCES,
    PDP_JSON,
    PORT_LIST_ENTRIES,
    PORT_LISTS,
    PREFIX_LISTS,
    VPCS,
    AnswerName,
    read_name,
)
from pdp.formats.pdp_json_object import pdp_json_object
from pdp.model.errors import PdpError, Reason, quoted
from pdp.model.resources import Resources

PAGE = 1_000
"""Objects in one file, so that no file of a large policy is too large to hold or to send."""
T = TypeVar("T")


class BundleUnwritable(PdpError):
    """A bundle that cannot be written. `str()` is one line that says why."""

    def __init__(self, message: str) -> None:
        super().__init__(Reason.INVALID_REQUEST, message)


def bundle_files(resources: Resources) -> Iterator[tuple[str, bytes]]:
    """The files of a bundle by name, each made when it is asked for; the same for the same resources in any order.

    Raises BundleUnwritable for an id that cannot stand in a file's name and for text that is no Unicode.
    """
    groups = sorted(resources.groups, key=lambda group: group.id)
    port_lists = sorted(resources.port_lists, key=lambda port_list: port_list.id)
    yield from _answer(AnswerName(GROUPS), groups, objects.group_object)
    yield from _answer(AnswerName(ENIS), sorted(resources.enis, key=lambda eni: eni.id), objects.eni_object)
    yield from _answer(AnswerName(VPCS), sorted(resources.vpcs, key=lambda vpc: vpc.id), objects.vpc_object)
    instances = sorted(resources.instances, key=lambda instance: instance.id)
    yield from _answer(AnswerName(INSTANCES), instances, objects.instance_object)
    yield from _answer(AnswerName(PORT_LISTS), port_lists, objects.port_list_object)
    for group in groups:
        rules = [(group, rule) for rule in sorted(group.rules, key=lambda rule: rule.id)]
        head = objects.attribute_head(group)
        yield from _answer(AnswerName(ATTRIBUTES, group.id), rules, lambda pair: objects.permission_object(*pair), head)
    for prefix_list in sorted(resources.prefix_lists, key=lambda prefix_list: prefix_list.id):
        head = objects.prefix_list_head(prefix_list)
        name = AnswerName(PREFIX_LISTS, prefix_list.id)
        yield from _answer(name, sorted(prefix_list.entries), partial(objects.entry_object, prefix_list), head)
    for port_list in port_lists:
        name = AnswerName(PORT_LIST_ENTRIES, port_list.id)
        yield from _answer(name, sorted(port_list.entries), lambda entry: {"PortRange": str(entry)})
    beside = pdp_json_object(resources)
    if beside:
        yield PDP_JSON, _json(PDP_JSON, beside)


def write_files(directory: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Writes a bundle's files, or pieces of them that are joined in order, into a new directory or an empty one.

    The directory appears with the last byte. Raises BundleUnwritable, and then nothing is left behind.
    """
    place, unfinished = _places(directory)
    try:
        for name, content in files:
            _append(unfinished, name, content)
        unfinished.rename(place)
    except OSError as error:
        raise BundleUnwritable(f"{directory}: cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _places(directory: Path) -> tuple[Path, Path]:
    """Where the bundle goes, and the new directory beside it where it is made.

    Refused where something is: files of two bundles in one directory would be read as one policy.
    """
    try:
        place = directory.resolve()
        if place == Path.cwd():
            raise BundleUnwritable(f"{directory}: is the present directory; name a new one")
        if directory.is_symlink() or (place.exists() and (not place.is_dir() or any(place.iterdir()))):
            raise BundleUnwritable(f"{directory}: is not empty; name a new directory, or remove what is there")
        unfinished = place.with_name(f".{place.name}.partial")
        unfinished.mkdir()
    except FileExistsError:
        reason = f"{unfinished} is there: another export is writing it, or one was cut off; remove it if none is"
        raise BundleUnwritable(f"{directory}: cannot be written: {reason}") from None
    except (OSError, RuntimeError) as error:  # the latter for symbolic links in a circle
        raise BundleUnwritable(f"{directory}: cannot be written: {error}") from None
    return place, unfinished


def _append(directory: Path, name: str, content: bytes) -> None:
    if name != PDP_JSON and read_name(name) is None:
        raise BundleUnwritable(f"{quoted(name)} is not named like a file of a bundle")
    with (directory / name).open("ab") as stream:
        stream.write(content)


def _answer(
    name: AnswerName, listed: Sequence[T], object_of: Callable[[T], Object], head: Object | None = None
) -> Iterator[tuple[str, bytes]]:
    """The pages of one answer."""
    pages = max(1, -(-len(listed) // PAGE))
    for page in range(1, pages + 1):
        file = name.file(page)
        if read_name(file) != (name, page):
            raise BundleUnwritable(f"{quoted(name.subject)} cannot stand in the name of a file of {name.api.name}")
        nested: object = [object_of(item) for item in listed[(page - 1) * PAGE : page * PAGE]]
        for key in reversed(name.api.list_path):
            nested = {key: nested}
        body = {**(head or {}), **nested, "NextToken": f"page-{page + 1}" if page < pages else ""}  # type: ignore[dict-item]
        yield file, _json(file, body)


def _json(file: str, body: Object) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    except UnicodeEncodeError:
        raise BundleUnwritable(f"{file}: a text holds half of a surrogate pair, which no file can hold") from None

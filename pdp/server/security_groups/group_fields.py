"""A group's own fields in requests: name, description, type, inner access policy and tags, each read strictly."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from pdp.formats.permissions import ACTIONS
from pdp.model.errors import quoted
from pdp.model.groups import GroupType
from pdp.model.rules import Action
from pdp.server.asking import required
from pdp.server.network.fields import MOST_DESCRIPTION, fault, no_url, proper_name
from pdp.v1.resources_pb2 import Tag

T = TypeVar("T")

MOST_TAGS = 20
LONGEST_TAG = 128
GROUP_TYPES = {group_type.value: group_type for group_type in GroupType}


def group_name(text: str) -> str:
    """2 to 128 printable characters, no URL; blank for no name."""
    return proper_name(text, "security_group_name")


def group_description(text: str) -> str:
    """2 to 256 characters, no URL; blank for none."""
    return no_url(text, "description", MOST_DESCRIPTION)


def group_type(text: str, otherwise: GroupType) -> GroupType:
    """`normal` or `enterprise`; `otherwise` for a blank text."""
    return _word(text, "security_group_type", GROUP_TYPES) if text else otherwise


def access_policy(text: str) -> Action:
    """`Accept` or `Drop`, in any case."""
    field = "inner_access_policy"
    return _word(required(text, field).lower() if text.isascii() else text, field, ACTIONS)


def tags_of(tags: Sequence[Tag], field: str) -> tuple[tuple[str, str], ...]:
    """At most 20 tags, by key, each key once."""
    if len(tags) > MOST_TAGS:
        raise fault(field, f"{len(tags)} tags are given; at most {MOST_TAGS} are taken")
    found: dict[str, str] = {}
    for n, tag in enumerate(tags):
        path = f"{field}[{n}]"
        if not tag.tag_key or len(tag.tag_key) > LONGEST_TAG:
            raise fault(f"{path}.tag_key", f"{quoted(tag.tag_key)} does not have 1 to {LONGEST_TAG} characters")
        if len(tag.tag_value) > LONGEST_TAG:
            raise fault(f"{path}.tag_value", f"{quoted(tag.tag_value)} has more than {LONGEST_TAG} characters")
        if tag.tag_key in found:
            raise fault(f"{path}.tag_key", f"{quoted(tag.tag_key)} is there twice; give each key once")
        found[tag.tag_key] = tag.tag_value
    return tuple(sorted(found.items()))


def _word(text: str, field: str, meanings: Mapping[str, T]) -> T:
    meaning = meanings.get(text)
    if meaning is None:
        raise fault(field, f"{quoted(text)} is not one of: {', '.join(meanings)}")
    return meaning

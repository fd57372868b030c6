"""A group's own fields in requests: name, description, type, inner access policy and tags, each read strictly."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from pdp.model.codes import Code
from pdp.model.errors import FieldError, quoted
from pdp.model.groups import GroupType
from pdp.model.rules import Action
from pdp.server.asking import required
from pdp.v1.resources_pb2 import Tag

T = TypeVar("T")

LONGEST_NAME = 128
LONGEST_DESCRIPTION = 256
SHORTEST = 2
"""Characters of a name or description that is not blank."""
MOST_TAGS = 20
LONGEST_TAG = 128
GROUP_TYPES = {group_type.value: group_type for group_type in GroupType}
ACCESS_POLICIES = {"accept": Action.ACCEPT, "drop": Action.DROP}


def fault(field: str, description: str) -> FieldError:
    """A field with a value that is not taken."""
    return FieldError(Code.INVALID_PARAMETER, field, description)


def group_name(text: str) -> str:
    """2 to 128 printable characters, no URL; blank for no name."""
    if not text.isprintable():
        raise fault("security_group_name", f"{quoted(text)} has characters that cannot be printed")
    return _text(text, "security_group_name", LONGEST_NAME)


def group_description(text: str) -> str:
    """2 to 256 characters, no URL; blank for none."""
    return _text(text, "description", LONGEST_DESCRIPTION)


def group_type(text: str, otherwise: GroupType) -> GroupType:
    """`normal` or `enterprise`; `otherwise` for a blank text."""
    return _word(text, "security_group_type", GROUP_TYPES) if text else otherwise


def access_policy(text: str) -> Action:
    """`Accept` or `Drop`, in any case."""
    field = "inner_access_policy"
    return _word(required(text, field).lower() if text.isascii() else text, field, ACCESS_POLICIES)


def tags_of(tags: Iterable[Tag], field: str) -> tuple[tuple[str, str], ...]:
    """At most 20 tags, by key, each key once."""
    found: dict[str, str] = {}
    for n, tag in enumerate(tags):
        if n == MOST_TAGS:
            raise fault(field, f"more than {MOST_TAGS} tags")
        path = f"{field}[{n}]"
        if not tag.tag_key or len(tag.tag_key) > LONGEST_TAG:
            raise fault(f"{path}.tag_key", f"{quoted(tag.tag_key)} does not have 1 to {LONGEST_TAG} characters")
        if len(tag.tag_value) > LONGEST_TAG:
            raise fault(f"{path}.tag_value", f"{quoted(tag.tag_value)} has more than {LONGEST_TAG} characters")
        if tag.tag_key in found:
            raise fault(f"{path}.tag_key", f"{quoted(tag.tag_key)} is there twice; give each key once")
        found[tag.tag_key] = tag.tag_value
    return tuple(sorted(found.items()))


def _text(text: str, field: str, longest: int) -> str:
    if text and not SHORTEST <= len(text) <= longest:
        raise fault(field, f"{quoted(text)} has {len(text)} characters; {SHORTEST} to {longest} are taken")
    if text.lower().startswith(("http://", "https://")):
        raise fault(field, f"{quoted(text)} starts with http:// or https://, which is not taken")
    return text


def _word(text: str, field: str, meanings: Mapping[str, T]) -> T:
    meaning = meanings.get(text)
    if meaning is None:
        raise fault(field, f"{quoted(text)} is not one of: {', '.join(meanings)}")
    return meaning

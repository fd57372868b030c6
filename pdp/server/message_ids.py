"""Ids in messages: those that a request names, for the audit log, and those that a response must not tell.

What has no id is known by its name: a user, a policy, a limit.

Both are found by the shape of the messages, so that no service has to list its own.
"""

from collections.abc import Iterator
from secrets import token_hex
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

NAMES = frozenset(("user_name", "policy_name", "quota_code", "version"))
"""Fields that say what a request is about as an id does."""


def new_id(prefix: str) -> str:
    """An id that nothing has: 80 random bits."""
    return prefix + token_hex(10)


def named_ids(request: Message) -> tuple[str, ...]:
    """The ids and NAMES in a request's own fields, in their order."""
    return tuple(_named(request))


def _named(request: Message) -> Iterator[str]:
    for field, value in request.ListFields():
        if field.type != FieldDescriptor.TYPE_STRING:
            continue
        if field.name.endswith("_id") or field.name in NAMES:
            yield value
        elif field.name.endswith("_ids"):
            yield from value


def blank_ids(message: Message, made: frozenset[str]) -> None:
    """Takes every text out of a message, however deep, that is one of the ids that were made for it."""
    for field, value in message.ListFields():
        texts = field.type == FieldDescriptor.TYPE_STRING
        if not texts and field.type != FieldDescriptor.TYPE_MESSAGE:
            continue
        if not field.is_repeated:
            _blank_one(message, field.name, value, made)
        elif texts:
            value[:] = [text for text in value if text not in made]
        else:
            for inner in value:
                blank_ids(inner, made)


def _blank_one(message: Message, name: str, value: Any, made: frozenset[str]) -> None:  # noqa: ANN401
    if isinstance(value, Message):
        blank_ids(value, made)
    elif value in made:
        message.ClearField(name)

"""How single values are read from JSON, and written: strictly, each in one spelling.

A converter of cattrs takes these as hooks. They raise ValueError with the value and what it should be.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, TypeVar, get_args, get_origin

from pdp.model.addresses import Family, Prefix, parse_cidr
from pdp.model.errors import quoted
from pdp.model.protocols import LAST_PORT, PortRange

T = TypeVar("T")
E = TypeVar("E", bound=IntEnum)
Reader = Callable[[Any, Any], Any]
"""Takes what JSON holds and the type that is wanted, and gives the value."""


def union_reader(readers: Mapping[str, Reader]) -> Reader:
    """Reads an object of one key, the tag of a member, by that member's reader."""

    def read(value: Any, _: object) -> Any:  # noqa: ANN401 - a member of the union
        if type(value) is not dict or len(value) != 1:
            raise ValueError(f"{quoted(value)} is not an object of one key out of {', '.join(readers)}")
        [(tag, inner)] = value.items()
        if tag not in readers:
            raise ValueError(f"unknown key {quoted(tag)}: it is none of {', '.join(readers)}")
        return readers[tag](inner, None)

    return read


def union_writer(writers: Mapping[type[Any], tuple[str, Callable[[Any], Any]]]) -> Callable[[Any], dict[str, Any]]:
    """Writes a member under its tag."""

    def write(value: Any) -> dict[str, Any]:  # noqa: ANN401 - a member of the union
        tag, writer = writers[type(value)]
        return {tag: writer(value)}

    return write


def is_tuple(kind: Any) -> bool:  # noqa: ANN401 - a type
    """Whether a type is `tuple[...]`, and not a named tuple."""
    return get_origin(kind) is tuple


def tuple_reader(reader_of: Callable[[Any], Reader], kind: Any) -> Reader:  # noqa: ANN401 - a tuple's type
    """Reads a list, and nothing else that can be iterated: a text is no list of its letters."""
    parts = get_args(kind)
    if parts[1:] == (...,):
        part, read = parts[0], reader_of(parts[0])

        def several(value: Any, _: object) -> tuple[Any, ...]:  # noqa: ANN401 - whatever JSON holds
            return tuple([read(item, part) for item in _list(value)])

        return several
    readers = [(reader_of(part), part) for part in parts]

    def exactly(value: Any, _: object) -> tuple[Any, ...]:  # noqa: ANN401 - whatever JSON holds
        if len(_list(value)) != len(readers):
            raise ValueError(f"{quoted(value)} is not a list of {len(readers)}")
        return tuple([read(item, part) for item, (read, part) in zip(value, readers, strict=True)])

    return exactly


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - whatever JSON holds
    if type(value) is not list:
        raise ValueError(f"{quoted(value)} is not a list")
    return value


def only(cls: type[T]) -> Callable[[Any, object], T]:
    """Reads what is of exactly this type: True is no number here, and 1 no text."""

    def read(value: Any, _: object) -> T:  # noqa: ANN401 - whatever JSON holds
        if type(value) is cls:
            return value
        raise ValueError(f"{quoted(value)} is not of type {cls.__name__}")

    return read


def text_reader(parse: Callable[[str], T]) -> Callable[[Any, object], T]:
    """Reads text by one of the model's own parsers."""

    def read(value: Any, _: object) -> T:  # noqa: ANN401 - whatever JSON holds
        if type(value) is not str:
            raise ValueError(f"{quoted(value)} is not of type str")
        return parse(value)

    return read


def member_reader(kind: type[E]) -> Callable[[Any, object], E]:
    """Reads a member of an enum by its `name_of`."""
    members = {name_of(member): member for member in kind}

    def read(value: Any, _: object) -> E:  # noqa: ANN401 - whatever JSON holds
        if type(value) is not str or value not in members:
            raise ValueError(f"{quoted(value)} is none of {', '.join(members)}")
        return members[value]

    return read


def name_of(member: IntEnum) -> str:
    """The name of a member, in small letters."""
    return member.name.lower()


def read_family(value: Any, _: object) -> Family:  # noqa: ANN401 - whatever JSON holds
    """4 or 6."""
    for family in Family:
        if type(value) is int and value == family:
            return family
    raise ValueError(f"{quoted(value)} is neither 4 nor 6")


def parse_prefix(text: str) -> Prefix:
    """A block as this program writes it, without bits beyond its length."""
    prefix = parse_cidr(text).prefix
    if str(prefix) != text:
        raise ValueError(f"{quoted(text)} is not written as {prefix}")
    return prefix


def read_port_range(value: Any, _: object) -> PortRange:  # noqa: ANN401 - whatever JSON holds
    """Two ports in a list, the first and the last."""
    if type(value) is list and len(value) == 2 and type(value[0]) is type(value[1]) is int:
        first, last = value
        if 0 <= first <= last <= LAST_PORT:
            return PortRange(first, last)
    raise ValueError(f"{quoted(value)} is not a list of a first and a last port from 0 to {LAST_PORT}")

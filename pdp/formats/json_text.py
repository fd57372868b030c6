"""JSON as the standard defines it, from bytes.

Python's reader takes NaN, lets the last of two equal keys win, reads `-0` as 0 and passes halves of surrogate pairs on.
Each could change what a file says about traffic, so none gets past here.
"""

import codecs
import json
import re
from collections import Counter
from typing import NoReturn

from pdp.model.errors import quoted

DEEPEST = 64
"""Levels of nesting that are read. Answers of the API have fewer than ten."""

_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def decode_text(data: bytes) -> str:
    """The text of a file: UTF-8 with or without a byte order mark, or UTF-16 with one. Raises ValueError."""
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16")
        return data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"not text in UTF-8, nor in UTF-16 with a byte order mark ({error.reason} at byte {error.start})"
        ) from None


def parse_json(text: str) -> object:
    """The value of a JSON text. Raises ValueError, also for numbers or nesting beyond any sense and for double keys."""
    if not text or text.isspace():
        raise ValueError("not JSON: it is empty")
    try:
        value: object = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant, parse_int=_integer)
        if _SURROGATE_ESCAPE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("not JSON that can be read: nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except UnicodeEncodeError:
        raise ValueError("not JSON that can be read: a text holds half of a surrogate pair") from None
    _check_depth(value)
    return value


def _check_depth(value: object) -> None:
    """Raises ValueError beyond `DEEPEST`: what is read must also be safe to compare and to show, which recurse."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            member
            for outer in level
            if isinstance(outer, dict | list)
            for member in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(member, dict | list)
        ]
        if not level:
            return
    raise ValueError("not JSON that can be read: nested too deeply")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) != len(pairs):
        double = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"not JSON that can be read: the key {quoted(double)} stands twice in one object")
    return values


def _integer(digits: str) -> int:
    if digits == "-0" or len(digits) > 300:
        raise ValueError(f"not JSON that can be read: {quoted(digits)} is not a sensible number")
    return int(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"not JSON: {name} is not a JSON value")

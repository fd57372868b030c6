"""A large message as bytes, cut at the boundaries of one repeated field, so that it can be read piece by piece.

Parsing 100,000 rows at once holds the event loop for many milliseconds. In the wire format the entries of a repeated
field stand one after another and each knows its length; a run of them is a valid message by itself, and messages that
are joined are one message. So the rows are found without being read, and parsed in runs.
"""

from collections.abc import Iterator
from functools import lru_cache

from google.protobuf.message import DecodeError

RUN = 256
"""Entries in a run: parsing so many takes some tens of microseconds."""

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_MOST_VARINT_BYTES = 10


class SlicedMessage:
    """A serialised message whose repeated message field `number` (1..15) is found by `scan`.

    `runs` are start and end of at most `RUN` whole entries each, tags included, in order; `count` is how many entries
    there are; `rest` is all other fields, itself a serialised message of the same type.
    """

    def __init__(self, data: bytes, number: int) -> None:
        self.data = data
        self.runs: list[tuple[int, int]] = []
        self.count = 0
        self.rest = b""
        self._tag = number << 3 | _LENGTH

    def scan(self) -> Iterator[None]:
        """Finds the boundaries, yielding after each run. Raises DecodeError for bytes that are no message."""
        data, tag, size = self.data, self._tag, len(self.data)
        others = bytearray()
        position = 0
        while position < size:
            start, entries = position, 0
            while position + 1 < size and data[position] == tag and entries < RUN:
                length = data[position + 1]
                if length < 0x80:
                    position += 2 + length
                else:
                    position = self._after_field(position)
                entries += 1
            if position > size:
                raise DecodeError("a field is longer than the message")
            if entries:
                self.runs.append((start, position))
                self.count += entries
                yield
            else:
                # A tag may also be written longer than it need be: then it is the field all the same.
                position = self._after_field(start)
                if self._varint(start)[0] == tag:
                    self.runs.append((start, position))
                    self.count += 1
                else:
                    others += data[start:position]
                yield
        self.rest = bytes(others)

    def entries(self, run: tuple[int, int]) -> Iterator[bytes]:
        """The entries of a run, each as the serialised message that it holds."""
        position, end = run
        while position < end:
            _, position = self._varint(position)
            length, position = self._varint(position)
            yield self.data[position : position + length]
            position += length

    def _after_field(self, position: int) -> int:
        """Where the field that starts here ends. Raises DecodeError."""
        tag, position = self._varint(position)
        kind = tag & 7
        if kind == _LENGTH:
            length, position = self._varint(position)
            position += length
        elif kind == _VARINT:
            _, position = self._varint(position)
        elif kind in (_FIXED32, _FIXED64):
            position += 4 if kind == _FIXED32 else 8
        else:
            raise DecodeError("groups are no part of proto3")
        if position > len(self.data):
            raise DecodeError("a field is longer than the message")
        return position

    def _varint(self, position: int) -> tuple[int, int]:
        """The number that starts here, and where it ends. Raises DecodeError."""
        value = 0
        for place, byte in enumerate(self.data[position : position + _MOST_VARINT_BYTES]):
            value |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                return value, position + place + 1
        raise DecodeError("a number does not end")


def framed(number: int, entry: bytes) -> bytes:
    """An entry of the repeated message field `number` (1..15) as it stands in the message that holds it."""
    return _head(number, len(entry)) + entry


@lru_cache(4_096)
def _head(number: int, length: int) -> bytes:
    """What stands before the `length` bytes of an entry: the field's tag and that length."""
    head = bytearray((number << 3 | _LENGTH,))
    while length > 0x7F:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head)

"""Strict readers of one JSON object.

Each reader gives the value, or says what is wrong and gives None (blank for text), so that all faults of an object are
found in one pass. Blank, null and absent are the same (§8.1). Nothing here guesses: a number is not a text, `true` is
not 1, and `"1_0"` is not 10.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from pdp.formats.faults import Findings
from pdp.model.addresses import Address, Cidr, Family, Prefix, parse_address, parse_cidr
from pdp.model.errors import quoted
from pdp.model.ids import AccountId

T = TypeVar("T")


class Fields:
    """One object of an answer, with the file and id that its faults are reported under."""

    __slots__ = ("_findings", "faulty", "file", "id", "values")

    def __init__(self, values: Mapping[str, object], file: str, object_id: str, findings: Findings) -> None:
        self.values = values
        self.file = file
        self.id = object_id
        self.faulty = False
        self._findings = findings

    def complain(self, message: str) -> None:
        """Records a fault of this object."""
        self.faulty = True
        self._findings.fault(self.file, self.id, message)

    def has(self, key: str) -> bool:
        """Whether anything stands there, readable or not."""
        value = self.values.get(key)
        return value is not None and value != ""

    def text(self, key: str) -> str:
        """A text; blank when it is absent."""
        value = self.values.get(key)
        if value is None or isinstance(value, str):
            return value or ""
        self.complain(f"{key} {quoted(value)} is not a text")
        return ""

    def required_text(self, key: str) -> str:
        """A text that must be there."""
        if not self.has(key):
            self.complain(f"{key} is missing or blank")
        return self.text(key)

    def text_or_number(self, key: str) -> str:
        """A text, or a whole number as its digits: account ids, protocols and priorities come as either (§8.1)."""
        value = self.values.get(key)
        if type(value) is int:
            return str(value)
        if value is None or isinstance(value, str):
            return value or ""
        self.complain(f"{key} {quoted(value)} is neither a text nor a whole number")
        return ""

    def account(self, key: str) -> AccountId:
        """An account's id, given as a number or as text."""
        return AccountId(self.text_or_number(key))

    def parsed(self, key: str, parse: Callable[[str], T]) -> T | None:
        """A text that `parse` reads or refuses with ValueError; None when it is absent."""
        text = self.text(key)
        return self.parse_as(key, text, parse) if text else None

    def parse_as(self, key: str, text: str, parse: Callable[[str], T]) -> T | None:
        """A text of this object as `parse` reads it, or a fault under its key."""
        try:
            return parse(text)
        except ValueError as error:
            self.complain(f"{key} {error}")
            return None

    def word(self, key: str, meanings: Mapping[str, T], required: bool = True) -> T | None:
        """The meaning of a word, read in any case of ASCII letters. `meanings` has lower-case keys."""
        text = self.required_text(key) if required else self.text(key)
        if not text:
            return None
        meaning = meanings.get(text.lower()) if text.isascii() else None
        if meaning is None:
            self.complain(f"{key} {quoted(text)} is not one of: {', '.join(meanings)}")
        return meaning

    def flag(self, key: str) -> bool:
        """True or false; false when it is absent."""
        value = self.values.get(key)
        if value is None or value == "" or isinstance(value, bool):
            return bool(value)
        self.complain(f"{key} {quoted(value)} is neither true nor false")
        return False

    def items(self, key: str, inner: str) -> list[object]:
        """The list that the API nests as `{key: {inner: [...]}}`; empty when it is absent (§8.1)."""
        outer = self.values.get(key)
        if outer is None or outer == "":
            return []
        if isinstance(outer, dict):
            inside = outer.get(inner)
            if isinstance(inside, list):
                return inside
            if inside in (None, "") and outer.keys() <= {inner}:
                return []
        self.complain(f"{key} does not hold a list under {inner}")
        return []

    def texts(self, key: str, inner: str, member: str = "") -> list[str]:
        """The texts of a nested list; with `member`, those that its objects hold under that key."""
        found = []
        for item in self.items(key, inner):
            value = item.get(member) if member and isinstance(item, dict) else item
            if isinstance(value, str) and value:
                found.append(value)
            else:
                self.complain(f"{key}.{inner} holds {quoted(item)}, which gives no {member or 'text'}")
        return found

    def addresses(self, key: str, texts: list[str], family: Family) -> list[Address]:
        """The addresses that texts under a key stand for."""
        parsed = (self.parse_as(key, text, lambda text: address_in(family, text)) for text in texts)
        return [address for address in parsed if address is not None]

    def prefixes(self, key: str, texts: list[str], family: Family) -> list[Prefix]:
        """The blocks that texts under a key stand for."""
        parsed = (self.parse_as(key, text, lambda text: cidr_in(family, text).prefix) for text in texts)
        return [prefix for prefix in parsed if prefix is not None]


def address_in(family: Family, text: str) -> Address:
    """An address from a field for one family. Raises ValueError.

    An IPv4-mapped one fits both families: it is written as IPv6 and means IPv4 (§2.2).
    """
    address = parse_address(text)
    _check_family(family, text, address.family)
    return address


def cidr_in(family: Family, text: str) -> Cidr:
    """A CIDR from a field for one family, likewise. Raises ValueError."""
    cidr = parse_cidr(text)
    _check_family(family, text, cidr.prefix.family)
    return cidr


def _check_family(family: Family, text: str, meant: Family) -> None:
    if family is not meant and not (family is Family.IPV6 and ":" in text):
        raise ValueError(f"{quoted(text)} is not IPv{family:d}, which this field is for")

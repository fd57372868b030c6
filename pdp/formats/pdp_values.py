"""Strict readers of one object of pdp.json.

Stricter than those of the API's answers: that file is written by hand, and a typo must not open traffic. So an unknown
key is a fault, and so is null where a value is expected.
"""

from collections.abc import Callable, Collection, Container, Iterator
from enum import Enum
from typing import TypeVar

from pdp.formats.bundle_files import PDP_JSON
from pdp.formats.faults import Findings
from pdp.model.errors import quoted
from pdp.model.instants import Instant, parse_instant

E = TypeVar("E", bound=Enum)
T = TypeVar("T")


class Values:
    """One object of the file. Each reader gives the value or, after a fault, what absence means."""

    def __init__(self, value: object, path: str, keys: Collection[str] | None, findings: Findings) -> None:
        self.values: dict[str, object] = value if isinstance(value, dict) else {}
        self._path = path
        self._findings = findings
        if not isinstance(value, dict):
            self.fault("", f"{quoted(value)} is not an object")
        for key in self.values:
            if keys is not None and key not in keys:
                self.fault(key, f"unknown key; the keys here are {', '.join(keys)}")

    def fault(self, key: str, message: str) -> None:
        """A fault under a key of this object."""
        self._findings.fault(PDP_JSON, self._under(key), message)

    def note(self, text: str) -> None:
        """Something about this object that is reported, not refused."""
        self._findings.note(f"{PDP_JSON}: {self._path}: {text}")

    def object(self, key: str, keys: Collection[str] | None) -> "Values":
        """The object under a key, which has no other keys than these (None: any)."""
        return Values(self.values.get(key, {}), self._under(key), keys, self._findings)

    def objects(self, key: str, keys: Collection[str]) -> Iterator[tuple[str, "Values"]]:
        """The objects that stand by their ids under a key."""
        outer = self.object(key, None)
        for name in outer.values:
            if not name:
                outer.fault("", "an id is blank")
            yield name, outer.object(name, keys)

    def listed(self, key: str, keys: Collection[str]) -> Iterator["Values"]:
        """The objects of the list under a key."""
        items = self.values.get(key, [])
        if not isinstance(items, list):
            self.fault(key, f"{quoted(items)} is not a list")
            return
        for position, item in enumerate(items):
            values = Values(item, f"{self._under(key)}[{position}]", keys, self._findings)
            if isinstance(item, dict):
                yield values

    def text(self, key: str) -> str:
        """A text; blank or null is none."""
        value = self.values.get(key)
        if value is None or isinstance(value, str):
            return value or ""
        self.fault(key, f"{quoted(value)} is not a text")
        return ""

    def required_text(self, key: str) -> str:
        """A text that must be there; blank after a fault."""
        if self.values.get(key) in (None, ""):
            self.fault(key, "is missing or blank")
        return self.text(key)

    def parsed(self, key: str, parse: Callable[[str], T]) -> T | None:
        """A text that must be there and that `parse` reads or refuses with ValueError; None after a fault."""
        text = self.required_text(key)
        try:
            return parse(text) if text else None
        except ValueError as error:
            self.fault(key, str(error))
            return None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, each once, sorted; empty when it is absent."""
        items = self.values.get(key, [])
        if not isinstance(items, list):
            self.fault(key, f"{quoted(items)} is not a list")
            return ()
        found = [item for item in items if isinstance(item, str) and item]
        if len(set(found)) != len(items):
            self.fault(key, f"{quoted(items)} is not a list of texts, each once")
        return tuple(sorted(set(found)))

    def numbers(self, key: str, names: Collection[str], largest: int) -> tuple[tuple[str, int], ...]:
        """The numbers from 1 to `largest` that stand by these names in the object under a key, sorted by name."""
        inner = self.object(key, names)
        found = []
        for name, value in sorted(inner.values.items()):
            if type(value) is int and 1 <= value <= largest:
                found.append((name, value))
            else:
                inner.fault(name, f"{quoted(value)} is not a whole number from 1 to {largest}")
        return tuple(found)

    def must_be_in(self, ids: Container[str] | None, object_id: str, missing: str) -> None:
        """A fault unless the id is among `ids`. None: it cannot be said what is unknown."""
        if ids is not None and object_id not in ids:
            self.fault("", missing)

    def flag(self, key: str) -> bool:
        """True or false; false when it is absent."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self.fault(key, f"{quoted(value)} is neither true nor false")
        return value is True

    def one_of(self, key: str, choices: Collection[int]) -> int | None:
        """One of some numbers; None when it is absent."""
        if key not in self.values:
            return None
        value = self.values[key]
        if type(value) is int and value in choices:
            return value
        self.fault(key, f"{quoted(value)} is not one of the numbers {', '.join(map(str, choices))}")
        return None

    def member(self, key: str, kind: type[E], default: E | None = None) -> E | None:
        """The member of an enumeration whose value stands there, exactly as written."""
        if key not in self.values and default is not None:
            return default
        value = self.values.get(key, "")
        for member in kind:
            if value == member.value:
                return member
        choices = ", ".join(str(member.value) for member in kind)
        self.fault(key, f"{quoted(value)} is not one of the texts {choices}")
        return default

    def instant(self, key: str) -> Instant | None:
        """A time; None when it is blank."""
        text = self.text(key)
        try:
            return parse_instant(text) if text else None
        except ValueError as error:
            self.fault(key, str(error))
            return None

    def _under(self, key: str) -> str:
        return ".".join(part for part in (self._path, key) if part)

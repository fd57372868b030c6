"""What is wrong with a bundle, and what was merely noticed.

Reading goes on after a fault, so that one run lists them all. It must never hand out resources once there is one.
"""

from collections.abc import Iterable
from typing import NamedTuple

from pdp.model.errors import PdpError, Reason, Violation, quoted


class Fault(NamedTuple):
    """One reason to refuse a bundle: in which file, at which object (blank: the file itself), and what to do.

    Each part can be printed on one line.
    """

    file: str
    id: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in self if part)


class BundleRefused(PdpError):
    """A bundle that gives no policy. `str()` is one line: the first fault and how many more there are."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        first, more = self.faults[0], len(self.faults) - 1
        rest = f" (and {more} more fault{'s' if more > 1 else ''}; `pdp validate` lists them all)" if more else ""
        violations = (Violation(": ".join(part for part in fault[:2] if part), fault.message) for fault in self.faults)
        super().__init__(Reason.UNREADABLE_POLICY, f"{first}{rest}", violations)


class Findings:
    """Collects what reading a bundle meets: faults, which refuse it, and notes, which do not."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.notes: list[str] = []

    def fault(self, file: str, object_id: str, message: str) -> None:
        """Something that refuses the bundle."""
        self.faults.append(Fault(_one_line(file), _one_line(object_id), _one_line(message)))

    def note(self, text: str) -> None:
        """Something that is reported, not refused."""
        self.notes.append(_one_line(text))

    def refuse_faulty(self) -> None:
        """Raises BundleRefused when there is any fault."""
        if self.faults:
            raise BundleRefused(self.faults)


def _one_line(text: str) -> str:
    """The text itself, or its quoted form when it would break a line, a terminal or an encoder."""
    return text if text.isprintable() else quoted(text)

"""What prefix lists and port lists have in common (§1.5): room for some entries, which come and go."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from pdp.model.errors import quoted
from pdp.server.network.fields import fault, missing, number_within

MOST_ENTRIES = 200
"""That a list may be given room for: a rule that names it counts as many (§4.11)."""

E = TypeVar("E", bound=Hashable)


def room(value: int, *, given: bool) -> int:
    """`max_entries` of a new list."""
    if not given:
        raise missing("max_entries", f"how many entries the list may hold, 1 to {MOST_ENTRIES}")
    return number_within(value, 1, MOST_ENTRIES, "max_entries")


def new_entries(texts: Iterable[str], read: Callable[[str, str], E], field: str, key: str) -> tuple[E, ...]:
    """The entries of a new list, each once: `read` makes one of a text and its field's path."""
    places: dict[E, str] = {}
    for n, text in enumerate(texts):
        place = f"{field}[{n}].{key}"
        entry = read(text, place)
        if entry in places:
            raise fault(place, f"{quoted(text)} is the same as {places[entry]}; give each entry once")
        places[entry] = place
    return tuple(places)


def changed_entries(present: Sequence[E], gone: Sequence[E], come: Sequence[E]) -> tuple[E, ...]:
    """The entries after some went and then others came: what is not there need not go, what is there need not come."""
    left = set(gone)
    return tuple(dict.fromkeys((*(entry for entry in present if entry not in left), *come)))

"""Lists in pages: each page says where the next one starts, and all pages of a list are of one revision.

A token is bound to the store, the revision and the filters that it was given for. It must never go on in another list:
items would be missing from what a caller takes for the whole.
"""

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, NamedTuple, TypeVar

from google.protobuf.message import Message

from pdp.model.codes import Code
from pdp.model.errors import FieldError, Refusal
from pdp.policy.snapshot import Snapshot

T = TypeVar("T")

DEFAULT_RESULTS = 100
MOST_RESULTS = 1_000
MOST_HELD = 64
"""Revisions whose lists can be gone on with after the next commit."""

_PLACE = re.compile(r"([0-9]{1,19})\.([0-9]{1,10})\.([0-9a-f]{32})\Z")


class _Place(NamedTuple):
    """Where a list goes on: revision, index of the first item, and what binds the token to its list."""

    revision: int
    start: int
    binding: str


def page(snapshot: Snapshot, request: Message, items: Sequence[T]) -> tuple[Sequence[T], str]:
    """The page of a list that a request with max_results and next_token asks for, and the next token, blank at the end.

    Raises FieldError for max_results, and Refusal with INVALID_NEXT_TOKEN for a token of another list or revision.
    """
    count = results_asked(request)
    start = start_of(snapshot, request)
    end = start + count
    if end >= len(items):
        return items[start:], ""
    return items[start:end], token_after(snapshot, request, end)


def results_asked(request: Any, otherwise: int = DEFAULT_RESULTS) -> int:  # noqa: ANN401 - a request of any list
    """How many items a request with max_results asks for; `otherwise` where it does not say. Raises FieldError."""
    count: int = request.max_results or otherwise
    if count > MOST_RESULTS:
        raise FieldError(Code.INVALID_PARAMETER, "max_results", f"{count} is not a number from 1 to {MOST_RESULTS}")
    return count


def start_of(snapshot: Snapshot, request: Message) -> int:
    """The index of the first item that a request with next_token asks for. Raises Refusal with INVALID_NEXT_TOKEN."""
    token: str = getattr(request, "next_token")  # noqa: B009 - messages of lists have it, which their types do not say
    if not token:
        return 0
    place = _place(token)
    if place is None or place.binding != _binding(snapshot, request, place.start):
        raise Refusal(
            Code.INVALID_NEXT_TOKEN,
            "this token is not of this list as it is now: the filters differ, or the list has changed; begin again "
            "without a token",
            field="next_token",
        )
    return place.start


def token_after(snapshot: Snapshot, request: Message, end: int) -> str:
    """The token that asks for the items of the same list from an index on."""
    return _token(_Place(snapshot.revision, end, _binding(snapshot, request, end)))


class HeldSnapshots:
    """The snapshots of lists that have further pages, so that commits in between do not end them. For one thread."""

    def __init__(self, most: int = MOST_HELD) -> None:
        self._most = most
        self._held: OrderedDict[int, Snapshot] = OrderedDict()

    def for_request(self, request: Message, present: Snapshot) -> Snapshot:
        """The snapshot that a list goes on at, else the present one."""
        place = _place(getattr(request, "next_token", ""))
        return self._held.get(place.revision, present) if place is not None else present

    def keep_for(self, response: Message, snapshot: Snapshot) -> None:
        """Keeps the snapshot when the response has a further page."""
        if getattr(response, "next_token", ""):
            self._held[snapshot.revision] = snapshot
            self._held.move_to_end(snapshot.revision)
            while len(self._held) > self._most:
                self._held.popitem(last=False)


def _token(place: _Place) -> str:
    return urlsafe_b64encode(".".join(map(str, place)).encode("ascii")).decode("ascii").rstrip("=")


def _place(token: str) -> _Place | None:
    """What a token says, or None for a text that is none."""
    if not token or not token.isascii():
        return None
    try:
        text = urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    match = _PLACE.match(text)
    return _Place(int(match[1]), int(match[2]), match[3]) if match else None


def _binding(snapshot: Snapshot, request: Message, start: int) -> str:
    """The same for the same filters, store, revision and place alone."""
    filters = type(request)()
    filters.CopyFrom(request)
    filters.ClearField("max_results")
    filters.ClearField("next_token")
    head = f"{filters.DESCRIPTOR.full_name} {snapshot.store} {snapshot.revision} {start} "
    return sha256(head.encode() + filters.SerializeToString(deterministic=True)).hexdigest()[:32]

"""What the administering services share: who asks, and how a request becomes a plan or an answer.

A service is two tables of pure functions, of its writes and of its reads. Whatever surrounds them (credentials, the
store, the clock) is `pdp.server.administration`'s; nothing here does I/O or knows of it.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from google.protobuf.message import Message

from pdp.model.codes import Code
from pdp.model.errors import FieldError, Refusal
from pdp.model.identity import IN_AN_ACCOUNT, Caller, CallerKind
from pdp.model.ids import AccountId
from pdp.model.instants import SECOND, Instant, format_instant
from pdp.policy.changes import Change, Origin
from pdp.policy.snapshot import Snapshot


class Ask(NamedTuple):
    """Who asks, when, and from where: all that a plan may know beside the snapshot and the request.

    `source_ip` is the peer's address as text, blank for a unix socket; `secure` tells TLS. `region` is the server's own
    (§6.6). `new_id("sgr-")` gives an id that nothing has.
    """

    caller: Caller
    at: Instant
    source_ip: str
    secure: bool
    region: str
    new_id: Callable[[str], str]

    @property
    def by_operator(self) -> bool:
        """Whether the platform's operator asks (§6.5)."""
        return self.caller.kind is CallerKind.OPERATOR

    @property
    def origin(self) -> Origin:
        """What the changes of this caller must obey."""
        return Origin.OPERATOR if self.by_operator else Origin.REQUEST

    @property
    def time_text(self) -> str:
        """The time as the product writes when something was made: RFC 3339 to the second."""
        return format_instant(Instant(self.at // SECOND * SECOND))


class Planned(NamedTuple):
    """What a write comes to: the changes to make, and the response once they are made.

    `answer` is given the snapshot after the changes; the response's position is set for it.
    """

    changes: Sequence[Change]
    answer: Callable[[Snapshot], Message]


PlanFunction = Callable[[Snapshot, Any, Ask], Planned]
"""What a write comes to. Pure; it may run again on a newer snapshot. Raises Refusal or FieldError."""
ReadFunction = Callable[[Snapshot, Any, Ask], Message]
"""The response of a read, its position aside. Pure. Raises Refusal or FieldError."""


class ServiceMethods(NamedTuple):
    """One administering service: its full name and its methods, by the RPC's name.

    `origin` is what the changes of its writes must obey; None: that of the caller. `most_bytes` are of requests of
    methods that take more than most do. `meant` gives, for writes whose requests only refer to what they bring in, a
    digest of that for client tokens (§5.5); blank where it is gone. `written` is told of writes that are done, though
    their caller may have gone away meanwhile; of none that only validates.
    """

    name: str
    writes: Mapping[str, PlanFunction]
    reads: Mapping[str, ReadFunction]
    origin: Origin | None = None
    most_bytes: Mapping[str, int] = MappingProxyType({})
    meant: Mapping[str, Callable[[Any, Ask], bytes]] = MappingProxyType({})
    written: Mapping[str, Callable[[Any, Ask], None]] = MappingProxyType({})


def required(value: str, field: str) -> str:
    """A text that must be there. Raises FieldError."""
    if not value:
        raise FieldError(Code.MISSING_PARAMETER, field, "this is required and missing")
    return value


def account_asked(ask: Ask, account_id: str) -> AccountId:
    """The account that a list is about (§6.5): blank for all, which the operator alone may see. Raises Refusal."""
    if ask.by_operator:
        return AccountId(account_id)
    if ask.caller.kind not in IN_AN_ACCOUNT or account_id not in {"", ask.caller.account}:
        raise Refusal(Code.FORBIDDEN, "only resources of your own account can be listed", field="account_id")
    return ask.caller.account


def is_visible(ask: Ask, account: AccountId) -> bool:
    """Whether resources of an account may be named to the caller at all (§6.5)."""
    return ask.by_operator or (ask.caller.kind in IN_AN_ACCOUNT and ask.caller.account == account)

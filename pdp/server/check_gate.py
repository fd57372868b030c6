"""Who may ask about which ENIs (§6.5), where a server has credentials; without any, checks never come here.

A refusal says nothing of the ENI. One that does not exist is refused as unknown, by whoever looks it up.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from pdp.model.codes import Code
from pdp.model.errors import PdpError, Refusal
from pdp.model.identity import Caller, CallerKind
from pdp.model.ids import EniId, InstanceId
from pdp.model.instants import Instant
from pdp.policy.snapshot import Snapshot
from pdp.server.administration import Records, source_ip
from pdp.server.asking import Ask
from pdp.server.audit import AuditDecision, AuditEntry
from pdp.server.clock import CLOCK
from pdp.server.credentials import WhoCalls
from pdp.server.guard import Context
from pdp.server.message_ids import new_id
from pdp.server.permissions import permit
from pdp.server.status import reason_text

ENIS_A_STEP = 64
"""ENIs that are permitted at once where others wait; each takes up to 10 microseconds."""
MOST_SHOWN = 10
"""ENIs that the audit log names of one request."""


class Asker(NamedTuple):
    """Who asks in one call."""

    method: str
    ask: Ask
    audit: Records

    @property
    def may_ask_about_any(self) -> bool:
        """Whether it need not be asked about which ENI."""
        caller = self.ask.caller
        return caller.kind is CallerKind.OPERATOR or (caller.kind is CallerKind.AGENT and not caller.hosts)

    def permit(self, snapshot: Snapshot, eni_ids: Iterable[str]) -> None:
        """Raises Refusal with FORBIDDEN unless all these may be asked about. Unknown ids are let through.

        The id of an instance, which is answered with its ENIs, asks about all of them.
        """
        if not self.may_ask_about_any:
            self._permit(snapshot, _named_by(snapshot, eni_ids))

    def permit_all(self, snapshot: Snapshot, eni_ids: Iterable[str]) -> Iterator[None]:
        """`permit` for very many, with pauses."""
        if self.may_ask_about_any:
            return
        waiting = iter(dict.fromkeys(eni_ids))
        any_named = False
        while some := list(islice(waiting, ENIS_A_STEP)):
            if named := _named_by(snapshot, some):
                any_named = True
                self._permit(snapshot, named)
            yield
        if not any_named:
            self._permit(snapshot, [])

    def _permit(self, snapshot: Snapshot, asked: Sequence[EniId]) -> None:
        """Raises Refusal with FORBIDDEN unless all these may be asked about; of none, the account as a whole."""
        try:
            if self.ask.caller.kind is CallerKind.AGENT:
                _permit_agent(snapshot, asked, self.ask.caller)
            else:
                permit(f"DecisionService/{self.method}", snapshot, asked, self.ask)
        except PdpError as error:
            self.audit.record(_refused(self.ask, self.method, error, asked))
            raise


class CheckGate:
    """Tells who asks."""

    def __init__(
        self, who: WhoCalls, audit: Records, region: str, *, secure: bool, now: Callable[[], Instant] = CLOCK
    ) -> None:
        self._who = who
        self._audit = audit
        self._region = region
        self._secure = secure
        self._now = now

    def asker(self, method: str, context: Context) -> Asker:
        """Who asks by a method. Raises PdpError with UNAUTHENTICATED."""
        ask = Ask(Caller.nobody(), self._now(), source_ip(context.peer()), self._secure, self._region, new_id)
        try:
            caller = self._who.caller(context.invocation_metadata() or ())
        except PdpError as error:
            self._audit.record(_refused(ask, method, error, ()))
            raise
        return Asker(method, ask._replace(caller=caller), self._audit)


def _named_by(snapshot: Snapshot, ids: Iterable[str]) -> list[EniId]:
    """The ENIs that ids stand for: each its own, or those of the instance."""
    named: list[EniId] = []
    for one in ids:
        eni = EniId(one)
        named += (eni,) if eni in snapshot.enis else snapshot.instance_enis.get(InstanceId(one), ())
    return named


def _permit_agent(snapshot: Snapshot, eni_ids: Iterable[str], caller: Caller) -> None:
    for eni_id in eni_ids:
        if not caller.may_ask_about_host(snapshot.enis[EniId(eni_id)].host):
            raise Refusal(Code.FORBIDDEN, f"{caller} may ask about ENIs of its own hosts alone")


def _refused(ask: Ask, method: str, error: PdpError, eni_ids: Iterable[str]) -> AuditEntry:
    shown = tuple(eni_ids)[:MOST_SHOWN]
    return AuditEntry(
        ask.at,
        ask.caller,
        ask.source_ip,
        method,
        AuditDecision.REFUSED,
        resources=shown,
        code=reason_text(error.reason),
        reason=error.message,
    )

"""From a call to a write in the store, or an answer from it: what surrounds the functions of administering services.

A write is planned, permitted and applied against one snapshot, on the one thread that writes; the decision who may is
part of the plan, so that it is made again when somebody else wrote first. It must never answer a write before the store
has it, nor leave out its line in the audit log when a caller goes away.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from hashlib import sha256
from typing import Any, NamedTuple, Protocol, cast
from urllib.parse import unquote

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError, Message

from pdp.model.codes import Code
from pdp.model.errors import FieldError, PdpError, Reason, quoted
from pdp.model.identity import Caller
from pdp.model.instants import Instant
from pdp.policy.apply import Applied
from pdp.policy.changes import Change
from pdp.policy.snapshot import Snapshot
from pdp.server.answers import position_of
from pdp.server.asking import Ask, PlanFunction, Planned, ReadFunction, ServiceMethods
from pdp.server.audit import AuditDecision, AuditEntry
from pdp.server.clock import CLOCK
from pdp.server.credentials import WhoCalls
from pdp.server.guard import NOT_A_MESSAGE, Context, Method
from pdp.server.list_pages import HeldSnapshots
from pdp.server.message_ids import blank_ids, named_ids, new_id
from pdp.server.policies import Policies
from pdp.server.status import INTERNAL, reason_text
from pdp.store.journal import WriteRequest, Written

LONGEST_TOKEN = 64
"""Characters of a client token."""
MOST_BYTES = (1 << 20) + (1 << 16)
"""Of a request, unless its service says otherwise: the largest file of rules, and what stands around it."""
NOT_ALLOWED = frozenset((Code.FORBIDDEN, Code.UNAUTHENTICATED, Code.OPERATOR_ONLY))
"""What is audited of reads: that somebody asked who may not."""
FAULTS = frozenset((Code.STORE_UNAVAILABLE, Code.READ_ONLY, Code.TOO_BUSY, Reason.NOT_READY))
"""Refusals that are not about the request."""

Permit = Callable[[str, Snapshot, Any, Ask], None]
"""Decides who may (§6): the RPC's `Service/Method` without the package, and what it asks. Raises Refusal."""

_PEERS_WITH_ADDRESS = ("ipv4:", "ipv6:")


class Records(Protocol):
    """The audit log."""

    def record(self, entry: AuditEntry) -> None:
        """Takes a line; never waits, never raises."""


class NoAudit:
    """For a server that keeps no audit log."""

    def record(self, entry: AuditEntry) -> None:
        """Nothing."""


class Surroundings(NamedTuple):
    """What a server gives its administration: who calls, who may, where it is told, and the two threads.

    `write_thread` and `read_thread` each run one thing at a time. `secure` tells TLS.
    """

    who: WhoCalls
    permit: Permit
    audit: Records
    write_thread: Executor
    read_thread: Executor
    region: str
    secure: bool
    now: Callable[[], Instant] = CLOCK


class _Call(NamedTuple):
    """One call: the service, the RPC's name, who asks, and the request once it is read."""

    service: ServiceMethods
    name: str
    ask: Ask
    request: Any = Empty()

    @property
    def method(self) -> str:
        """The RPC as `Service/Method`."""
        return f"{self.service.name.rpartition('.')[2]}/{self.name}"

    def digest(self) -> bytes:
        """Tells what is asked for from all else: of the request, and then of what it refers to."""
        digest = sha256(self.request.SerializeToString(deterministic=True)).digest()
        meant = self.service.meant.get(self.name)
        return digest if meant is None else digest + meant(self.request, self.ask)


class Administration:
    """Makes methods of the tables of services. Until `policies` is set, nothing can be asked."""

    def __init__(self, surroundings: Surroundings, policies: Policies | None = None) -> None:
        self.policies = policies
        self._around = surroundings
        self._held = HeldSnapshots()

    def methods(self, service: ServiceMethods) -> Mapping[str, Method]:
        """Every method of a service, for a guard."""
        writes = {name: self._write_method(service, name, plan) for name, plan in service.writes.items()}
        return writes | {name: self._read_method(service, name, read) for name, read in service.reads.items()}

    def _write_method(self, service: ServiceMethods, name: str, plan: PlanFunction) -> Method:
        read = _reader(service, name)

        async def write(data: bytes, context: Context) -> bytes:
            call = self._call(service, name, context)
            try:
                call = call._replace(request=read(data))
            except PdpError as error:
                self._record(call, error)
                raise
            run = asyncio.get_running_loop().run_in_executor
            return await run(self._around.write_thread, self._write, call, plan)

        return Method(bytes, write, bytes)

    def _read_method(self, service: ServiceMethods, name: str, read: ReadFunction) -> Method:
        parse = _reader(service, name)

        async def answer(data: bytes, context: Context) -> bytes:
            call = self._call(service, name, context)
            call = call._replace(request=parse(data))
            run = asyncio.get_running_loop().run_in_executor
            return await run(self._around.read_thread, self._read, call, read)

        return Method(bytes, answer, bytes)

    def _call(self, service: ServiceMethods, name: str, context: Context) -> _Call:
        """The call with its caller, before its request is looked at. Raises PdpError with UNAUTHENTICATED.

        A message in memory is many times as large as it was on its way.
        """
        around = self._around
        ask = Ask(Caller.nobody(), around.now(), source_ip(context.peer()), around.secure, around.region, new_id)
        try:
            caller = around.who.caller(context.invocation_metadata() or ())
        except PdpError as error:
            self._record(_Call(service, name, ask), error)
            raise
        return _Call(service, name, ask._replace(caller=caller))

    def _write(self, call: _Call, plan: PlanFunction) -> bytes:
        """On the thread that writes."""
        made: list[str] = []
        try:
            written = self._loaded().write(self._write_request(call, plan, made))
        except PdpError as error:
            self._record(call, error)
            raise
        except Exception:
            self._record(call, None)
            raise
        self._record_written(call, written, made)
        if call.name in call.service.written and not call.request.write_options.validate_only:
            call.service.written[call.name](call.request, call.ask)
        return written.answer

    def _write_request(self, call: _Call, plan: PlanFunction, made: list[str]) -> WriteRequest[Planned]:
        """The write for the journal. `made` gets every id that is made for it."""
        options, ask = call.request.write_options, call.ask
        _check_token(options.client_token)

        def noted_id(prefix: str) -> str:
            made.append(ask.new_id(prefix))
            return made[-1]

        def permitted(snapshot: Snapshot) -> tuple[tuple[Change, ...], Planned]:
            asked = ask._replace(new_id=noted_id)
            self._around.permit(call.method, snapshot, call.request, asked)
            planned = plan(snapshot, call.request, asked)
            return tuple(planned.changes), planned

        def answer(planned: Planned, applied: Applied) -> bytes:
            response: Any = planned.answer(applied.snapshot)
            if options.validate_only:
                blank_ids(response, frozenset(made))
            response.position.CopyFrom(position_of(applied.snapshot))
            return cast(Message, response).SerializeToString()

        return WriteRequest(
            plan=permitted,
            answer=answer,
            origin=call.service.origin or ask.origin,
            at=ask.at,
            caller=str(ask.caller),
            source=ask.source_ip,
            method=call.name,
            client_token=options.client_token,
            digest=call.digest(),
            expected_revision=options.expected_revision if options.HasField("expected_revision") else None,
            validate_only=options.validate_only,
        )

    def _read(self, call: _Call, read: ReadFunction) -> bytes:
        """On the thread that reads. Who may is asked at the present; a list goes on at its own revision."""
        try:
            present = self._loaded().snapshot
            self._around.permit(call.method, present, call.request, call.ask)
            snapshot = self._held.for_request(call.request, present)
            response: Any = read(snapshot, call.request, call.ask)
        except PdpError as error:
            if error.reason in NOT_ALLOWED:
                self._record(call, error)
            raise
        self._held.keep_for(response, snapshot)
        response.position.CopyFrom(position_of(snapshot))
        return cast(Message, response).SerializeToString()

    def _loaded(self) -> Policies:
        if self.policies is None:
            raise PdpError(Reason.NOT_READY, "the policy is not loaded yet; try again in a moment")
        return self.policies

    def _record(self, call: _Call, error: PdpError | None) -> None:
        """A refusal, or with None what nobody expected."""
        failed = error is None or error.reason in FAULTS
        self._around.audit.record(
            AuditEntry(
                *_who_and_what(call),
                AuditDecision.FAILED if failed else AuditDecision.REFUSED,
                resources=named_ids(call.request),
                client_token=_client_token(call.request),
                code=reason_text(error.reason) if error is not None else INTERNAL,
                reason=error.message if error is not None else "an unexpected error",
            )
        )

    def _record_written(self, call: _Call, written: Written, made: Iterable[str]) -> None:
        """A write that is done, with the ids of `made` that its answer tells: others were given to nothing."""
        if written.replayed:
            decision = AuditDecision.REPEATED
        elif call.request.write_options.validate_only:
            decision = AuditDecision.VALIDATED
        else:
            decision = AuditDecision.COMMITTED if written.after != written.before else AuditDecision.UNCHANGED
        self._around.audit.record(
            AuditEntry(
                *_who_and_what(call),
                decision,
                resources=(*named_ids(call.request), *(one for one in made if one.encode() in written.answer)),
                client_token=_client_token(call.request),
                revision_before=written.before,
                revision_after=written.after,
            )
        )


def source_ip(peer: str) -> str:
    """The address of a peer as grpc names it: `ipv4:127.0.0.1:50000`, `ipv6:%5B::1%5D:50000`; blank for others."""
    if not peer.startswith(_PEERS_WITH_ADDRESS):
        return ""
    return unquote(peer.partition(":")[2].rpartition(":")[0]).strip("[]")


def _check_token(token: str) -> None:
    if len(token) > LONGEST_TOKEN or not token.isascii() or not token.isprintable():
        raise FieldError(
            Code.INVALID_PARAMETER,
            "write_options.client_token",
            f"{quoted(token)} is not at most {LONGEST_TOKEN} printable ASCII characters",
        )


def _who_and_what(call: _Call) -> tuple[Instant, Caller, str, str]:
    return call.ask.at, call.ask.caller, call.ask.source_ip, call.name


def _client_token(request: Any) -> str:  # noqa: ANN401 - a request of any method; reads have no options
    return request.write_options.client_token if "write_options" in request.DESCRIPTOR.fields_by_name else ""


def _reader(service: ServiceMethods, name: str) -> Callable[[bytes], Message]:
    """Reads requests of a method from bytes. Raises PdpError for more of them than it takes, and for no message."""
    method = descriptor_pool.Default().FindServiceByName(service.name).methods_by_name[name]
    parse = message_factory.GetMessageClass(method.input_type).FromString
    most = service.most_bytes.get(name, MOST_BYTES)

    def read(data: bytes) -> Message:
        if len(data) > most:
            raise PdpError(Reason.INVALID_REQUEST, f"the request has {len(data)} bytes; {name} takes at most {most}")
        try:
            return parse(data)
        except DecodeError:
            raise PdpError(Reason.INVALID_REQUEST, NOT_A_MESSAGE) from None

    return read

"""An administration over a real journal in memory, and calls of it as short as a case needs them."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn, cast

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message

from pdp.model.errors import PdpError
from pdp.model.groups import SecurityGroup
from pdp.model.identity import Caller, CallerKind
from pdp.model.ids import AccountId, GroupId
from pdp.model.instants import Instant
from pdp.model.resources import Resources
from pdp.policy.changes import Origin, Put
from pdp.policy.draft import resources_in
from pdp.policy.snapshot import Snapshot
from pdp.server.administration import Administration, Permit, Surroundings
from pdp.server.asking import ServiceMethods
from pdp.server.audit import AuditEntry
from pdp.server.credentials import Metadata
from pdp.server.permissions import permit
from pdp.server.security_groups.service import SECURITY_GROUP_SERVICE
from pdp.store.journal import Journal, WriteRequest
from pdp.store.memory import MemoryStore
from pdp.v1.resources_pb2 import Permission
from tests.builders import ACCOUNT, NOW

OWNER = Caller(CallerKind.ACCOUNT, ACCOUNT)
STRANGER = Caller(CallerKind.ACCOUNT, AccountId("2000"))
OPERATOR = Caller.local()
THREADS = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
"""For writes and for reads, shared by all."""


class SameCaller:
    """Whoever it was made for, whatever the call shows."""

    def __init__(self, caller: Caller | PdpError) -> None:
        self._caller = caller

    def caller(self, _metadata: Metadata) -> Caller:
        """The caller, or its refusal."""
        if isinstance(self._caller, PdpError):
            raise self._caller
        return self._caller


class CallContext:
    """The context of a call from this machine, without a deadline."""

    def time_remaining(self) -> float | None:
        return None

    def invocation_metadata(self) -> Iterable[tuple[str, str | bytes]] | None:
        return None

    def peer(self) -> str:
        return "ipv4:192.0.2.7:50000"

    async def abort(self, code: grpc.StatusCode, details: str, trailing_metadata: object) -> NoReturn:
        raise AssertionError((code, details, trailing_metadata))


class Kept:
    """An audit log in a list."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []

    def record(self, entry: AuditEntry) -> None:
        """Keeps the line."""
        self.entries.append(entry)


class Administered:
    """A policy under administration. `call` sends one request through everything but grpc itself."""

    def __init__(
        self,
        resources: Resources,
        service: ServiceMethods = SECURITY_GROUP_SERVICE,
        permit: Permit = permit,
        now: Callable[[], Instant] = lambda: NOW,
    ) -> None:
        self.journal = Journal(MemoryStore("store-1"))
        self.audit = Kept()
        self._service = service
        self._permit = permit
        self._now = now
        self._loaded = True
        self._administrations: dict[Caller | PdpError, Administration] = {}
        changes = tuple(Put(resource) for resource in resources_in(resources))
        self.journal.write(
            WriteRequest(lambda _: (changes, None), lambda *_: b"", Origin.IMPORT, NOW, "test", "", "Import")
        )

    def call(self, method: str, request: Message, caller: Caller | PdpError = OWNER) -> Any:
        """The response. Raises what a guard would turn into a status."""
        return self.call_with(method, request.SerializeToString(), caller)

    def call_with(self, method: str, sent: bytes, caller: Caller | PdpError = OWNER) -> Any:
        """As `call`, with the bytes of a request."""
        data = asyncio.run(self.answering(method, sent, caller))
        found = descriptor_pool.Default().FindServiceByName(self._service.name).methods_by_name[method]
        return message_factory.GetMessageClass(found.output_type).FromString(data)

    async def answering(self, method: str, sent: bytes, caller: Caller | PdpError = OWNER) -> bytes:
        """The bytes of the response, as a guard gets them."""
        found = self._administration(caller).methods(self._service)[method]
        return found.write(await found.answer(found.read(sent), CallContext()))

    def unload(self) -> None:
        """As before the policy is loaded."""
        self._loaded = False
        self._administrations.clear()

    def _administration(self, caller: Caller | PdpError) -> Administration:
        made = self._administrations.get(caller)
        if made is None:
            around = Surroundings(
                SameCaller(caller), self._permit, self.audit, *THREADS, "cn-hangzhou", False, self._now
            )
            made = self._administrations[caller] = Administration(around, self.journal if self._loaded else None)
        return made

    @property
    def snapshot(self) -> Snapshot:
        """The present one."""
        return self.journal.snapshot

    def group(self, group_id: str) -> SecurityGroup:
        """A group as it is now."""
        return self.snapshot.groups[GroupId(group_id)]

    def rules(self, group_id: str) -> list[str]:
        """A group's rules as text, sorted."""
        return sorted(str(rule) for rule in self.group(group_id).rules)


def refused(ask: Callable[[], object]) -> PdpError:
    """The error that a call ends with."""
    try:
        answer = ask()
    except PdpError as error:
        return error
    raise AssertionError(f"not refused: {answer}")


def permission(**fields: str) -> Permission:
    """SSH from 10.0.0.0/8, with changes; a field of None is left out."""
    given: dict[str, Any] = {"ip_protocol": "TCP", "port_range": "22/22", "source_cidr_ip": "10.0.0.0/8", **fields}
    return Permission(**{name: value for name, value in given.items() if value is not None})


def egress(**fields: str) -> Permission:
    """HTTPS to 10.0.0.0/8, with changes."""
    given = {"port_range": "443/443", "dest_cidr_ip": "10.0.0.0/8", "source_cidr_ip": None, **fields}
    return permission(**cast(dict[str, str], given))

"""A service's pure functions run on a snapshot: `policy("CreateVpc", cidr_block="10.0.0.0/8")` gives the response.

A write is planned and applied as the pipeline does it, with ids that count up: `vpc-new-1`, `eni-new-2`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message

from pdp.model.codes import Code
from pdp.model.errors import PdpError, Refusal
from pdp.model.identity import Caller, CallerKind
from pdp.model.ids import AccountId
from pdp.model.instants import Instant
from pdp.policy.apply import apply
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask, ServiceMethods
from tests.builders import ACCOUNT, NOW

OWNER = Caller(CallerKind.ACCOUNT, ACCOUNT)
STRANGER = Caller(CallerKind.ACCOUNT, AccountId("2000"))
OPERATOR = Caller.local()


class Planning:
    """A policy that a service's calls change. `snapshot` is the present one, and `at` the time of all calls."""

    def __init__(self, service: ServiceMethods, snapshot: Snapshot, at: Instant = NOW) -> None:
        self.snapshot = snapshot
        self.at = at
        self._service = service
        self._methods = descriptor_pool.Default().FindServiceByName(service.name).methods_by_name
        self._numbers = count(1)

    def __call__(self, method: str, caller: Caller = OWNER, **fields: object) -> Any:
        """The response to a request of these fields. Raises Refusal or FieldError, and then nothing has changed."""
        request = message_factory.GetMessageClass(self._methods[method].input_type)(**fields)
        ask = Ask(caller, self.at, "192.0.2.7", secure=True, region="cn-hangzhou", new_id=self._new_id)
        if method in self._service.reads:
            return self._of(method, self._service.reads[method](self.snapshot, request, ask))
        planned = self._service.writes[method](self.snapshot, request, ask)
        after = apply(self.snapshot, planned.changes, ask.origin, self.at).snapshot
        response = self._of(method, planned.answer(after))
        self.snapshot = after
        return response

    def ignored(self, method: str, caller: Caller = OWNER, **fields: object) -> bool:
        """Whether a write is taken and changes nothing."""
        before = self.snapshot
        self(method, caller, **fields)
        return self.snapshot is before

    def _of(self, method: str, response: Message) -> Message:
        """The response, which must be of the method's own type."""
        assert response.DESCRIPTOR is self._methods[method].output_type
        return response

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}new-{next(self._numbers)}"


@contextmanager
def refused(code: Code, field: str = "", *, saying: str = "") -> Iterator[None]:
    """What is inside is refused with this code, for this field if any, in words that hold these."""
    try:
        yield
    except PdpError as error:
        assert error.reason is code, (error.reason, error.message)
        assert [violation.field for violation in error.violations] == ([field] if field else []), error.violations
        assert saying in error.message, error.message
    else:
        raise AssertionError(f"not refused with {code.value}")


@contextmanager
def over_limit(code: Code, value: int, present: int, wanted: int) -> Iterator[None]:
    """What is inside is refused by a limit of this value, with the count there is and the one that was wanted."""
    try:
        yield
    except Refusal as refusal:
        use = refusal.quota
        assert use is not None, refusal.message
        assert (refusal.code, use.value, use.present, use.wanted) == (code, value, present, wanted)
        assert all(str(number) in refusal.message for number in (value, present, wanted)), refusal.message
    else:
        raise AssertionError(f"not refused with {code.value}")

"""Errors as `google.rpc.Status`, from one table.

Clients refuse metadata above 8 KiB, and so lose the answer altogether; everything here is cut to fit `LIMIT_BYTES`.
"""

from collections.abc import Sequence

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import (
    BadRequest,
    ErrorInfo,
    PreconditionFailure,
    QuotaFailure,
    ResourceInfo,
    RetryInfo,
)
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from pdp.model.codes import Code
from pdp.model.errors import FieldError, PdpError, QuotaUse, Reason, Refusal, Violation
from pdp.server.code_treatments import CODE_RESOURCE_TYPES, CODE_TREATMENTS, FIELD_RESOURCE_TYPES, Treatment

DOMAIN = "pdp"
"""Of every ErrorInfo: whose reasons these are."""
INTERNAL = "INTERNAL"
"""The reason in ErrorInfo of what nobody expected."""

LIMIT_BYTES = 6 * 1024
"""Of both metadata entries as they travel: the message percent-encoded, the details in base64."""
MESSAGE_BYTES = 600
FIELD_BYTES = 100
VIOLATIONS_BYTES = 2_000


TREATMENTS: dict[Reason | Code, Treatment] = {
    Reason.UNKNOWN_ENI: Treatment(StatusCode.NOT_FOUND),
    Reason.MISSING_ENI: Treatment(StatusCode.INVALID_ARGUMENT),
    Reason.INVALID_DIRECTION: Treatment(StatusCode.INVALID_ARGUMENT),
    Reason.INVALID_PROTOCOL: Treatment(StatusCode.INVALID_ARGUMENT),
    Reason.INVALID_ADDRESS: Treatment(StatusCode.INVALID_ARGUMENT),
    Reason.MIXED_ADDRESS_FAMILIES: Treatment(StatusCode.INVALID_ARGUMENT),
    Reason.INVALID_PORT: Treatment(StatusCode.INVALID_ARGUMENT),
    Reason.MISSING_PORT: Treatment(StatusCode.INVALID_ARGUMENT),
    Reason.INVALID_FLOW: Treatment(StatusCode.INVALID_ARGUMENT),
    Reason.BATCH_TOO_LARGE: Treatment(StatusCode.INVALID_ARGUMENT),
    Reason.UNEQUAL_COLUMNS: Treatment(StatusCode.INVALID_ARGUMENT),
    Reason.INVALID_COLUMN: Treatment(StatusCode.INVALID_ARGUMENT),
    Reason.INVALID_PATH: Treatment(StatusCode.INVALID_ARGUMENT),
    Reason.UNKNOWN_RULE: Treatment(StatusCode.NOT_FOUND),
    Reason.REVISION_NOT_REACHED: Treatment(StatusCode.UNAVAILABLE, retry_after_s=1),
    Reason.NOT_READY: Treatment(StatusCode.UNAVAILABLE, retry_after_s=1),
    Reason.FLOW_NOT_LOGGED: Treatment(StatusCode.INVALID_ARGUMENT),
    Reason.INVALID_TIME: Treatment(StatusCode.INVALID_ARGUMENT),
    Reason.UNREADABLE_POLICY: Treatment(StatusCode.FAILED_PRECONDITION),
    Reason.TOO_MANY_REQUESTS: Treatment(StatusCode.RESOURCE_EXHAUSTED, retry_after_s=0.1),
    Reason.INVALID_REQUEST: Treatment(StatusCode.INVALID_ARGUMENT),
    **CODE_TREATMENTS,
}

RESOURCE_TYPES: dict[Reason | Code, str] = {
    Reason.UNKNOWN_ENI: "pdp.v1.Eni",
    Reason.UNKNOWN_RULE: "pdp.v1.Rule",
    **CODE_RESOURCE_TYPES,
}
"""For ResourceInfo: what is not there."""


class UnknownResource(FieldError):
    """A field that names something which does not exist."""

    def __init__(self, reason: Reason | Code, field: str, description: str, name: str) -> None:
        super().__init__(reason, field, description)
        self.name = name


def reason_text(reason: Reason | Code) -> str:
    """A reason as it travels: the product's code, or the name of one of our own."""
    return reason.value if isinstance(reason, Code) else reason.name


def status_of(error: PdpError) -> Status:
    """The status that tells a client of an error, cut to fit `LIMIT_BYTES`."""
    treatment = TREATMENTS[error.reason]
    shown = _violations_that_fit(error.violations)
    left_out = len(error.violations) - len(shown)
    info = ErrorInfo(reason=reason_text(error.reason), domain=DOMAIN)
    details: list[Message] = [info]
    if shown:
        details.append(BadRequest(field_violations=shown))
    if left_out:
        info.metadata["violations_left_out"] = str(left_out)
    if isinstance(error, UnknownResource):
        details.append(
            ResourceInfo(resource_type=RESOURCE_TYPES[error.reason], resource_name=_cut(error.name, FIELD_BYTES))
        )
    if isinstance(error, Refusal):
        details += _details_of_refusal(error, treatment.code)
        if error.quota is not None:
            info.metadata.update(_numbers(error.quota))
    if treatment.retry_after_s is not None:
        delay = Duration()
        delay.FromMilliseconds(round(treatment.retry_after_s * 1000))
        details.append(RetryInfo(retry_delay=delay))
    return _status(treatment.code, error.message, details)


def internal_status(incident: str) -> Status:
    """The status of an unexpected error: nothing of it but where to find it in the log."""
    message = f"an unexpected error; the server's log tells more under incident {incident}"
    return _status(
        StatusCode.INTERNAL, message, [ErrorInfo(reason=INTERNAL, domain=DOMAIN, metadata={"incident": incident})]
    )


def _details_of_refusal(error: Refusal, code: StatusCode) -> list[Message]:
    """The limit or the state in the way, or the resource that is not there, or is there already."""
    subject, description = _cut(error.resource, FIELD_BYTES), _cut(error.message, MESSAGE_BYTES)
    if error.quota is not None:
        violation = QuotaFailure.Violation(subject=_cut(error.quota.subject, FIELD_BYTES), description=description)
        return [QuotaFailure(violations=[violation])]
    kind = RESOURCE_TYPES.get(error.code)
    if error.code is Code.ALREADY_EXISTS:
        kind = FIELD_RESOURCE_TYPES.get(error.field)
    if kind and error.resource:
        return [ResourceInfo(resource_type=kind, resource_name=subject)]
    if code in {StatusCode.FAILED_PRECONDITION, StatusCode.ABORTED}:
        state = PreconditionFailure.Violation(type=error.code.value, subject=subject, description=description)
        return [PreconditionFailure(violations=[state])]
    return []


def _numbers(quota: QuotaUse) -> dict[str, str]:
    """A limit for programs, as ErrorInfo's metadata."""
    return {name: _cut(str(value), FIELD_BYTES) for name, value in quota._asdict().items()}


_CODES = {code.value[0]: code for code in StatusCode}


def code_of(status: Status) -> StatusCode:
    """The code of a status as grpc names it."""
    return _CODES[status.code]


def _status(code: StatusCode, message: str, details: Sequence[Message]) -> Status:
    status = Status(code=code.value[0], message=_cut(message, MESSAGE_BYTES))
    for detail in details:
        status.details.add().Pack(detail)
    return status


def _violations_that_fit(violations: Sequence[Violation]) -> list[BadRequest.FieldViolation]:
    """As many from the front as `VIOLATIONS_BYTES` hold, and at least the first."""
    shown: list[BadRequest.FieldViolation] = []
    size = 0
    for field, description in violations:
        entry = BadRequest.FieldViolation(field=_cut(field, FIELD_BYTES), description=_cut(description, MESSAGE_BYTES))
        size += entry.ByteSize()
        if size > VIOLATIONS_BYTES:
            break
        shown.append(entry)
    return shown


def _cut(text: str, limit: int) -> str:
    """The text within a limit of UTF-8 bytes, with an ellipsis where it was cut. Never half a character."""
    encoded = text.encode("utf-8", "backslashreplace")
    if len(encoded) <= limit:
        return encoded.decode()
    return encoded[: limit - 3].decode("utf-8", "ignore") + "…"

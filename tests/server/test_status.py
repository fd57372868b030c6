from base64 import b64encode

import grpc
import pytest
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
from hypothesis import given
from hypothesis import strategies as st

from pdp.model.codes import Code
from pdp.model.errors import FieldError, PdpError, QuotaUse, Reason, Refusal, Violation
from pdp.server.code_treatments import FIELD_RESOURCE_TYPES
from pdp.server.status import (
    LIMIT_BYTES,
    RESOURCE_TYPES,
    TREATMENTS,
    UnknownResource,
    code_of,
    internal_status,
    reason_text,
    status_of,
)
from pdp.v1.flow_pb2 import ErrorReason


def detail(status: Status, kind: type[Message]) -> Message | None:
    for packed in status.details:
        found = kind()
        if packed.Unpack(found):
            return found
    return None


def travelling_bytes(status: Status) -> int:
    """As grpc sends it: the message percent-encoded in one entry, the whole status in base64 in another."""
    message = sum(1 if 0x20 <= byte <= 0x7E and byte != 0x25 else 3 for byte in status.message.encode())
    return message + len(b64encode(status.SerializeToString()))


@pytest.mark.parametrize("reason", [*Reason, *Code])
def test_every_reason_has_a_code_and_is_named_in_error_info(reason: Reason | Code) -> None:
    status = status_of(PdpError(reason, "a message"))
    info = detail(status, ErrorInfo)
    assert isinstance(info, ErrorInfo)
    assert (info.reason, info.domain) == (reason_text(reason), "pdp")
    assert code_of(status) is TREATMENTS[reason].code
    assert code_of(status) not in {grpc.StatusCode.OK, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_the_contracts_name_and_number(reason: Reason) -> None:
    assert ErrorReason.Value(f"ERROR_REASON_{reason.name}") == reason.value


def test_every_reason_of_the_contract_is_known() -> None:
    assert set(ErrorReason.values()) == {0, *(reason.value for reason in Reason)}


def test_a_field_error_is_a_bad_request() -> None:
    status = status_of(FieldError(Reason.INVALID_PORT, "flow.source_port", "70000 is not a number from 0 to 65535"))
    bad = detail(status, BadRequest)
    assert isinstance(bad, BadRequest)
    assert [(entry.field, entry.description) for entry in bad.field_violations] == [
        ("flow.source_port", "70000 is not a number from 0 to 65535")
    ]


def test_an_error_of_no_field_is_no_bad_request() -> None:
    assert detail(status_of(PdpError(Reason.NOT_READY, "not yet")), BadRequest) is None


def test_what_does_not_exist_is_named_as_a_resource() -> None:
    status = status_of(UnknownResource(Reason.UNKNOWN_ENI, "flow.eni_id", "no ENI has this id", "eni-9"))
    resource = detail(status, ResourceInfo)
    assert isinstance(resource, ResourceInfo)
    assert (resource.resource_type, resource.resource_name) == ("pdp.v1.Eni", "eni-9")


@pytest.mark.parametrize("reason", [Reason.NOT_READY, Reason.REVISION_NOT_REACHED, Reason.TOO_MANY_REQUESTS])
def test_what_may_work_later_says_when(reason: Reason) -> None:
    retry = detail(status_of(PdpError(reason, "later")), RetryInfo)
    assert isinstance(retry, RetryInfo)
    assert retry.retry_delay.ToMilliseconds() > 0


def test_what_is_wrong_stays_wrong() -> None:
    assert detail(status_of(PdpError(Reason.INVALID_PORT, "no")), RetryInfo) is None


def test_an_internal_error_tells_its_incident_and_nothing_else() -> None:
    status = internal_status("abc123")
    info = detail(status, ErrorInfo)
    assert isinstance(info, ErrorInfo)
    assert code_of(status) is grpc.StatusCode.INTERNAL
    assert dict(info.metadata) == {"incident": "abc123"}
    assert "abc123" in status.message


def test_violations_that_do_not_fit_are_counted() -> None:
    violations = [Violation(f"rows[{n}].port", "x" * 50) for n in range(10_000)]
    status = status_of(PdpError(Reason.INVALID_REQUEST, "many faults", violations))
    bad, info = detail(status, BadRequest), detail(status, ErrorInfo)
    assert isinstance(bad, BadRequest)
    assert isinstance(info, ErrorInfo)
    assert len(bad.field_violations) + int(info.metadata["violations_left_out"]) == len(violations)
    assert bad.field_violations[0].field == "rows[0].port"


@pytest.mark.parametrize(
    ("reason", "text"), [(Reason.UNKNOWN_ENI, "UNKNOWN_ENI"), (Code.RULES_PER_GROUP, "AuthorizationLimitExceed")]
)
def test_a_products_code_travels_as_the_product_writes_it(reason: Reason | Code, text: str) -> None:
    assert reason_text(reason) == text


FULL = Refusal(
    Code.RULES_PER_GROUP,
    "sg-1: the limit is 200, there are 200",
    resource="sg-1",
    quota=QuotaUse("rules per group", "sg-1", 200, 200, 201),
)


def test_a_limit_in_the_way_is_a_quota_failure_with_its_numbers() -> None:
    status = status_of(FULL)
    quota, info = detail(status, QuotaFailure), detail(status, ErrorInfo)
    assert isinstance(quota, QuotaFailure)
    assert isinstance(info, ErrorInfo)
    assert code_of(status) is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert [(one.subject, one.description) for one in quota.violations] == [("sg-1", FULL.message)]
    assert dict(info.metadata) == {
        "limit": "rules per group",
        "subject": "sg-1",
        "value": "200",
        "present": "200",
        "wanted": "201",
    }


STATES = [
    code for code in Code if TREATMENTS[code].code in {grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.ABORTED}
]


@pytest.mark.parametrize("code", STATES)
def test_a_state_in_the_way_is_a_failed_precondition(code: Code) -> None:
    failure = detail(status_of(Refusal(code, "it is in use", resource="sg-1")), PreconditionFailure)
    assert isinstance(failure, PreconditionFailure)
    assert [(one.type, one.subject, one.description) for one in failure.violations] == [
        (code.value, "sg-1", "it is in use")
    ]


@pytest.mark.parametrize(("field", "kind"), FIELD_RESOURCE_TYPES.items())
def test_what_is_there_already_is_named_by_the_field_that_names_it(field: str, kind: str) -> None:
    status = status_of(Refusal(Code.ALREADY_EXISTS, "there is one", field=field, resource="x-9"))
    resource = detail(status, ResourceInfo)
    assert isinstance(resource, ResourceInfo)
    assert (resource.resource_type, resource.resource_name) == (kind, "x-9")


@pytest.mark.parametrize("code", [code for code in Code if TREATMENTS[code].code is grpc.StatusCode.NOT_FOUND])
def test_what_is_not_there_is_named_by_type_and_field(code: Code) -> None:
    status = status_of(Refusal(code, "there is none", field="some_id", resource="x-9"))
    resource, bad = detail(status, ResourceInfo), detail(status, BadRequest)
    assert isinstance(resource, ResourceInfo)
    assert (resource.resource_type, resource.resource_name) == (RESOURCE_TYPES[code], "x-9")
    assert isinstance(bad, BadRequest)
    assert bad.field_violations[0].field == "some_id"


WILD_TEXT = st.text() | st.text(alphabet="é€😀%\x00\n\ud800", max_size=3).map(lambda text: text * 2000)


@given(st.sampled_from(Reason), WILD_TEXT, st.lists(st.builds(Violation, WILD_TEXT, WILD_TEXT), max_size=80), WILD_TEXT)
def test_no_status_outgrows_what_clients_accept(
    reason: Reason, message: str, violations: list[Violation], name: str
) -> None:
    assert travelling_bytes(status_of(PdpError(reason, message, violations))) <= LIMIT_BYTES
    unknown = UnknownResource(Reason.UNKNOWN_RULE, message, message, name)
    assert travelling_bytes(status_of(unknown)) <= LIMIT_BYTES


@given(st.sampled_from(Code), WILD_TEXT, WILD_TEXT, WILD_TEXT, st.booleans())
def test_no_refusal_outgrows_what_clients_accept(code: Code, message: str, field: str, name: str, full: bool) -> None:
    quota = QuotaUse(message, name, 10**9, 10**9, 10**9) if full else None
    refusal = Refusal(code, message, field=field, resource=name, quota=quota)
    assert travelling_bytes(status_of(refusal)) <= LIMIT_BYTES

from base64 import b64encode

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, ResourceInfo, RetryInfo
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st

from pdp.model.errors import FieldError, PdpError, Reason, Violation
from pdp.server.status import LIMIT_BYTES, TREATMENTS, UnknownResource, code_of, internal_status, status_of
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


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_code_and_is_named_in_error_info(reason: Reason) -> None:
    status = status_of(PdpError(reason, "a message"))
    info = detail(status, ErrorInfo)
    assert isinstance(info, ErrorInfo)
    assert (info.reason, info.domain) == (reason.name, "pdp")
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
    assert (resource.resource_type, resource.resource_name) == ("pdp.v1.Eni", "'eni-9'")


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


WILD_TEXT = st.text() | st.text(alphabet="é€😀%\x00\n\ud800", max_size=3).map(lambda text: text * 2000)


@given(st.sampled_from(Reason), WILD_TEXT, st.lists(st.builds(Violation, WILD_TEXT, WILD_TEXT), max_size=80), WILD_TEXT)
def test_no_status_outgrows_what_clients_accept(
    reason: Reason, message: str, violations: list[Violation], name: str
) -> None:
    assert travelling_bytes(status_of(PdpError(reason, message, violations))) <= LIMIT_BYTES
    unknown = UnknownResource(Reason.UNKNOWN_RULE, message, message, name)
    assert travelling_bytes(status_of(unknown)) <= LIMIT_BYTES

"""The contract's messages as plain documents, whatever the RPC, so that no verb needs code for its messages.

Keys are the contract's field names. What is not set is left out where the contract tells absent from blank, else blank.
"""

from importlib import import_module
from typing import Any, NamedTuple

from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from pdp.cli.exits import ExitCode, Fault
from pdp.model.instants import SECOND, Instant, format_instant

PACKAGE = "pdp.v1"
SERVICES = {
    "SecurityGroupService": "security_group_service",
    "NetworkService": "network_service",
    "AccountService": "account_service",
    "ImportService": "import_service",
}
"""The administering services, each with the file that declares it."""


class Method(NamedTuple):
    """One RPC: its path, and the classes of its messages."""

    path: str
    request: type[Message]
    response: type[Message]


def method_named(name: str) -> Method:
    """The RPC of that name; no two services share one. Raises KeyError."""
    for service, file in SERVICES.items():
        import_module(f"{PACKAGE}.{file}_pb2")
        found = descriptor_pool.Default().FindServiceByName(f"{PACKAGE}.{service}").methods_by_name.get(name)
        if found is not None:
            classes = [message_factory.GetMessageClass(of) for of in (found.input_type, found.output_type)]
            return Method(f"/{PACKAGE}.{service}/{name}", *classes)
    raise KeyError(name)


def request_of(method: Method, fields: dict[str, Any]) -> Message:
    """The request with these fields; None means absent, and times are RFC 3339 text. Raises Fault with USAGE."""
    given = {name: value for name, value in fields.items() if value is not None}
    try:
        return json_format.ParseDict(given, method.request())
    except (json_format.ParseError, UnicodeEncodeError) as error:
        raise Fault(ExitCode.USAGE, f"this cannot be asked: {error}") from None


def document_of(message: Message) -> dict[str, Any]:
    """A message as a document for `--json`: numbers are numbers, times RFC 3339 text, bytes bytes."""
    return {
        field.name: _value_of(message, field)
        for field in message.DESCRIPTOR.fields
        if not field.has_presence or message.HasField(field.name)
    }


def _value_of(message: Message, field: Any) -> object:  # noqa: ANN401 - a descriptor, of whichever implementation
    value = getattr(message, field.name)
    if field.message_type is None:
        return list(value) if field.is_repeated else value
    return [_document(item) for item in value] if field.is_repeated else _document(value)


def _document(value: Message) -> object:
    if isinstance(value, Timestamp):
        return format_instant(Instant(value.seconds * SECOND + value.nanos))
    return document_of(value)

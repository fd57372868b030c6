"""Requests of the contract, as short as a case needs them."""

from typing import Any

from pdp.v1 import flow_pb2
from pdp.v1.decision_service_pb2 import CheckPathRequest, PathEnd
from tests.builders import flow


def flow_message(text: str, eni_id: str = "eni-1", **changes: Any) -> flow_pb2.Flow:
    """The message of a flow as `tests.builders.flow` reads it: with ports, also where the protocol ignores them."""
    asked = flow(text)
    message = flow_pb2.Flow(
        eni_id=eni_id,
        direction=asked.direction,  # type: ignore[arg-type]
        protocol=asked.protocol,
        source=str(asked.source),
        source_port=asked.source_port,
        destination=str(asked.destination),
        destination_port=asked.destination_port,
    )
    return changed(message, **changes)


def changed(message: flow_pb2.Flow, **changes: Any) -> flow_pb2.Flow:
    """The message with other fields; None takes a field away."""
    for name, value in changes.items():
        if value is None:
            message.ClearField(name)  # type: ignore[arg-type]
        else:
            setattr(message, name, value)
    return message


SSH = "in tcp 198.51.100.7:40000 > 10.0.0.5:22"


def ssh(**changes: Any) -> flow_pb2.Flow:
    """SSH from outside to eni-1, with changes."""
    return flow_message(SSH, **changes)


def path_message(
    source: str = "", source_eni: str = "", destination: str = "", destination_eni: str = "", **fields: Any
) -> CheckPathRequest:
    """A path; TCP from port 40000 to 22 unless told otherwise. None takes a field away."""
    message = CheckPathRequest(
        source=PathEnd(eni_id=source_eni, address=source),
        destination=PathEnd(eni_id=destination_eni, address=destination),
        protocol=6,
        source_port=40000,
        destination_port=22,
    )
    for name, value in fields.items():
        if value is None:
            message.ClearField(name)  # type: ignore[arg-type]
        else:
            setattr(message, name, value)
    return message

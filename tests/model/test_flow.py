"""A flow is valid when it is made, or it is not made (§2.1)."""

import pytest

from pdp.model.addresses import parse_address
from pdp.model.errors import FieldError, Reason
from pdp.model.flow import Direction, Flow, make_flow

V4, OTHER_V4, V6 = map(parse_address, ("198.51.100.7", "10.0.0.5", "2001:db8::7"))


def test_the_remote_side_is_the_other_end() -> None:
    into = make_flow(Direction.INGRESS, 6, V4, OTHER_V4, 40000, 22)
    out = make_flow(Direction.EGRESS, 6, V4, OTHER_V4, 40000, 22)
    assert (into.remote, into.own) == (out.own, out.remote) == (V4.value, OTHER_V4.value)
    assert (into.source, into.destination) == (out.source, out.destination) == (V4, OTHER_V4)


def test_a_protocol_without_ports_has_none() -> None:
    assert make_flow(Direction.INGRESS, 1, V4, OTHER_V4, None, None) == make_flow(
        Direction.INGRESS, 1, V4, OTHER_V4, 7, 8
    )


def test_port_zero_and_protocol_zero_are_values() -> None:
    assert make_flow(Direction.INGRESS, 6, V4, OTHER_V4, 0, 0).destination_port == 0
    assert make_flow(Direction.INGRESS, 0, V4, OTHER_V4, None, None).protocol == 0


@pytest.mark.parametrize(
    ("protocol", "source", "destination", "ports", "reason", "field"),
    [
        (256, V4, OTHER_V4, (1, 2), Reason.INVALID_PROTOCOL, "protocol"),
        (-1, V4, OTHER_V4, (1, 2), Reason.INVALID_PROTOCOL, "protocol"),
        (6, V4, V6, (1, 2), Reason.MIXED_ADDRESS_FAMILIES, "destination"),
        (6, V4, OTHER_V4, (None, 2), Reason.MISSING_PORT, "source_port"),
        (17, V4, OTHER_V4, (1, None), Reason.MISSING_PORT, "destination_port"),
        (6, V4, OTHER_V4, (65536, 2), Reason.INVALID_PORT, "source_port"),
        (6, V4, OTHER_V4, (1, -1), Reason.INVALID_PORT, "destination_port"),
        (1, V4, OTHER_V4, (None, 65536), Reason.INVALID_PORT, "destination_port"),
    ],
)
def test_a_fault_names_its_field(
    protocol: int, source: object, destination: object, ports: tuple[int, int], reason: Reason, field: str
) -> None:
    with pytest.raises(FieldError) as caught:
        make_flow(Direction.INGRESS, protocol, source, destination, *ports)  # type: ignore[arg-type]
    assert (caught.value.reason, caught.value.field) == (reason, field)
    assert caught.value.under("flow").field == f"flow.{field}"


@pytest.mark.parametrize(
    ("flow", "text"),
    [
        (make_flow(Direction.INGRESS, 6, V4, OTHER_V4, 40000, 22), "ingress TCP 198.51.100.7:40000 -> 10.0.0.5:22"),
        (make_flow(Direction.EGRESS, 17, V6, V6, 1, 2), "egress UDP [2001:db8::7]:1 -> [2001:db8::7]:2"),
        (make_flow(Direction.EGRESS, 47, V4, OTHER_V4, None, None), "egress GRE 198.51.100.7 -> 10.0.0.5"),
    ],
)
def test_a_flow_reads_as_people_write_it(flow: Flow, text: str) -> None:
    assert str(flow) == text

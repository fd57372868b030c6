from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.model.addresses import Family, parse_address
from pdp.model.errors import FieldError, Reason
from pdp.model.flow import Direction, Flow, make_flow
from pdp.policy.owners import find_owners
from pdp.server.convert import asked_flow, flow_from_proto, path_from_proto
from pdp.server.status import UnknownResource
from pdp.v1 import flow_pb2
from pdp.v1.decision_service_pb2 import CheckFlowRequest, CheckPathRequest, PathEnd
from tests.builders import eni, flow, group, policy
from tests.server.messages import flow_message, path_message, ssh

POLICY = policy(
    [group("sg-a")],
    [
        eni("eni-1", "10.0.0.5", "fd00::5", groups=["sg-a"]),
        eni("eni-2", "10.0.0.6", groups=["sg-a"], instance="i-1"),
        eni("eni-3", "fd00::7", groups=["sg-a"]),
    ],
)
OWNERS = partial(find_owners, POLICY)


@pytest.mark.parametrize(
    "text",
    [
        "in tcp 198.51.100.7:40000 > 10.0.0.5:22",
        "out udp 10.0.0.5:40000 > 198.51.100.7:53",
        "in tcp [2001:db8::1]:1 > [fd00::5]:65535",
        "in tcp 198.51.100.7:0 > 10.0.0.5:0",
        "in icmp 198.51.100.7 > 10.0.0.5",
        "in 0 198.51.100.7 > 10.0.0.5",
        "in 255 198.51.100.7 > 10.0.0.5",
        "in 58 198.51.100.7 > 10.0.0.5",
    ],
)
def test_a_flow_is_read_as_it_was_asked(text: str) -> None:
    assert flow_from_proto(flow_message(text)) == ("eni-1", flow(text))


def test_ports_are_ignored_where_the_protocol_has_none() -> None:
    message = flow_message("in icmp 198.51.100.7 > 10.0.0.5", source_port=8, destination_port=9)
    assert flow_from_proto(message)[1] == flow("in icmp 198.51.100.7 > 10.0.0.5")


def test_ports_may_be_absent_where_the_protocol_has_none() -> None:
    message = flow_message("in gre 198.51.100.7 > 10.0.0.5", source_port=None, destination_port=None)
    assert flow_from_proto(message)[1] == flow("in gre 198.51.100.7 > 10.0.0.5")


def test_an_ipv4_mapped_address_is_the_ipv4_address() -> None:
    _, mapped = flow_from_proto(ssh(source="::ffff:198.51.100.7", destination="::ffff:a00:5"))
    assert mapped == flow("in tcp 198.51.100.7:40000 > 10.0.0.5:22")


def test_a_mapped_address_and_an_ipv4_one_are_of_one_family() -> None:
    assert flow_from_proto(ssh(source="::ffff:198.51.100.7"))[1].family is Family.IPV4


REFUSED = [
    (ssh(eni_id=None), Reason.MISSING_ENI, "flow.eni_id"),
    (ssh(direction=None), Reason.INVALID_DIRECTION, "flow.direction"),
    (ssh(direction=3), Reason.INVALID_DIRECTION, "flow.direction"),
    (ssh(direction=-1), Reason.INVALID_DIRECTION, "flow.direction"),
    (ssh(protocol=None), Reason.INVALID_PROTOCOL, "flow.protocol"),
    (ssh(protocol=256), Reason.INVALID_PROTOCOL, "flow.protocol"),
    (ssh(protocol=4294967295), Reason.INVALID_PROTOCOL, "flow.protocol"),
    (ssh(source=None), Reason.INVALID_ADDRESS, "flow.source"),
    (ssh(source="198.51.100.7/32"), Reason.INVALID_ADDRESS, "flow.source"),
    (ssh(source="198.51.100.07"), Reason.INVALID_ADDRESS, "flow.source"),
    (ssh(source="fe80::1%eth0"), Reason.INVALID_ADDRESS, "flow.source"),
    (ssh(source=" 198.51.100.7"), Reason.INVALID_ADDRESS, "flow.source"),
    (ssh(source="198.51.100.7\0"), Reason.INVALID_ADDRESS, "flow.source"),
    (ssh(source="١٩٨.51.100.7"), Reason.INVALID_ADDRESS, "flow.source"),
    (ssh(destination=None), Reason.INVALID_ADDRESS, "flow.destination"),
    (ssh(destination="host.example"), Reason.INVALID_ADDRESS, "flow.destination"),
    (ssh(source="2001:db8::1"), Reason.MIXED_ADDRESS_FAMILIES, "flow.destination"),
    (ssh(destination="2001:db8::1"), Reason.MIXED_ADDRESS_FAMILIES, "flow.destination"),
    (ssh(source_port=None), Reason.MISSING_PORT, "flow.source_port"),
    (ssh(destination_port=None), Reason.MISSING_PORT, "flow.destination_port"),
    (ssh(protocol=17, destination_port=None), Reason.MISSING_PORT, "flow.destination_port"),
    (ssh(source_port=65536), Reason.INVALID_PORT, "flow.source_port"),
    (ssh(destination_port=70000), Reason.INVALID_PORT, "flow.destination_port"),
    (ssh(protocol=47, destination_port=70000), Reason.INVALID_PORT, "flow.destination_port"),
]


@pytest.mark.parametrize(("message", "reason", "field"), REFUSED, ids=[f"{case[1].name}-{case[2]}" for case in REFUSED])
def test_a_fault_has_its_reason_and_names_its_field(message: flow_pb2.Flow, reason: Reason, field: str) -> None:
    with pytest.raises(FieldError) as refusal:
        flow_from_proto(message)
    assert (refusal.value.reason, refusal.value.field) == (reason, field)
    assert str(refusal.value).startswith(f"{field}: ")


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(FieldError) as refusal:
        flow_from_proto(ssh(source="1" * 10_000))
    assert len(str(refusal.value)) < 200


ODD_ADDRESSES = ["", "10.0.0", "010.0.0.1", "10.0.0.1 ", "10.0.0.1\0", "10.0.0.1/32", "١٠.0.0.1", "fe80::1%eth0", ":"]
ADDRESSES = st.sampled_from(["10.0.0.1", "0.0.0.0", "255.255.255.255", "::ffff:10.0.0.1", "2001:db8::1", "::"])
PORTS = st.none() | st.sampled_from([0, 1, 22, 65_534, 65_535, 65_536, 1 << 31])


@given(
    st.integers(0, 3),
    st.none() | st.sampled_from([0, 1, 6, 17, 58, 255, 256]),
    st.tuples(*[ADDRESSES | st.sampled_from(ODD_ADDRESSES)] * 2),
    st.tuples(PORTS, PORTS),
)
def test_a_flow_that_is_read_at_once_is_what_it_is_part_by_part(
    direction: int, protocol: int | None, ends: tuple[str, str], ports: tuple[int | None, int | None]
) -> None:
    message = flow_pb2.Flow(
        eni_id="eni-1",
        direction=direction,  # type: ignore[arg-type]
        protocol=protocol,
        source=ends[0],
        destination=ends[1],
        source_port=ports[0],
        destination_port=ports[1],
    )
    try:
        source, destination = map(parse_address, ends)
        expected = make_flow(Direction(direction), -1 if protocol is None else protocol, source, destination, *ports)
    except (ValueError, FieldError):
        with pytest.raises(FieldError):
            flow_from_proto(message)
    else:
        assert flow_from_proto(message) == ("eni-1", expected)


def test_a_request_without_a_flow_is_refused() -> None:
    with pytest.raises(FieldError) as refusal:
        asked_flow(CheckFlowRequest())
    assert (refusal.value.reason, refusal.value.field) == (Reason.INVALID_FLOW, "flow")


def test_an_empty_flow_is_a_flow_without_an_eni() -> None:
    with pytest.raises(FieldError) as refusal:
        flow_from_proto(asked_flow(CheckFlowRequest(flow=flow_pb2.Flow())))
    assert refusal.value.reason is Reason.MISSING_ENI


ANY_FLOW = st.builds(
    flow_pb2.Flow,
    eni_id=st.sampled_from(["", "eni-1"]),
    direction=st.integers(-2, 4),
    protocol=st.none() | st.integers(0, 300),
    source=st.sampled_from(["", "10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1", "10.0.0.0/8"]) | st.text(max_size=5),
    source_port=st.none() | st.integers(0, 70_000),
    destination=st.sampled_from(["10.0.0.2", "2001:db8::2"]),
    destination_port=st.none() | st.integers(0, 70_000),
)


@given(ANY_FLOW)
def test_whatever_is_asked_is_a_valid_flow_or_an_error_of_one_field(message: flow_pb2.Flow) -> None:
    try:
        eni_id, asked = flow_from_proto(message)
    except FieldError:
        return
    assert eni_id
    assert isinstance(asked, Flow)
    assert message.HasField("protocol")
    assert asked.protocol == message.protocol <= 255
    assert asked.direction is Direction(message.direction)
    if asked.protocol in {6, 17}:
        assert message.HasField("source_port")
        assert message.HasField("destination_port")
        assert (asked.source_port, asked.destination_port) == (message.source_port, message.destination_port)
    else:
        assert (asked.source_port, asked.destination_port) == (0, 0)


def test_a_path_asks_both_ends() -> None:
    path = path_from_proto(POLICY, OWNERS, path_message(source_eni="eni-1", destination_eni="eni-2"))
    assert path.egress == ("eni-1", flow("out tcp 10.0.0.5:40000 > 10.0.0.6:22"))
    assert path.ingress == ("eni-2", flow("in tcp 10.0.0.5:40000 > 10.0.0.6:22"))


PATHS_REFUSED = [
    (CheckPathRequest(), Reason.INVALID_PATH, "source"),
    (CheckPathRequest(source=PathEnd(eni_id="eni-1")), Reason.INVALID_PATH, "destination"),
    (path_message(source_eni="eni-1"), Reason.INVALID_PATH, "destination"),
    (path_message(source="10.0.0.1", destination="10.0.0.2"), Reason.INVALID_PATH, "source.eni_id"),
    (path_message(source_eni="eni-2", destination_eni="eni-3"), Reason.INVALID_PATH, "destination.eni_id"),
    (path_message(source_eni="eni-2", destination="fd00::1"), Reason.INVALID_PATH, "source.eni_id"),
    (path_message(source_eni="eni-9", destination="10.0.0.1"), Reason.UNKNOWN_ENI, "source.eni_id"),
    (path_message(source="10.0.0.1", destination_eni="i-1"), Reason.UNKNOWN_ENI, "destination.eni_id"),
    (path_message(source="10.0.0", destination_eni="eni-1"), Reason.INVALID_ADDRESS, "source.address"),
    (path_message(source_eni="eni-1", destination="x"), Reason.INVALID_ADDRESS, "destination.address"),
    (path_message(source_eni="eni-1", destination="10.0.0.6"), Reason.INVALID_PATH, "destination.eni_id"),
    (path_message(source_eni="eni-1", destination="10.0.0.1", protocol=None), Reason.INVALID_PROTOCOL, "protocol"),
    (path_message(source_eni="eni-1", destination="10.0.0.1", protocol=256), Reason.INVALID_PROTOCOL, "protocol"),
    (path_message(source_eni="eni-1", destination="10.0.0.1", source_port=None), Reason.MISSING_PORT, "source_port"),
    (
        path_message(source_eni="eni-1", destination="10.0.0.1", destination_port=70000),
        Reason.INVALID_PORT,
        "destination_port",
    ),
    (
        path_message(source="10.0.0.1", destination_eni="eni-1", destination="fd00::5"),
        Reason.MIXED_ADDRESS_FAMILIES,
        "destination.address",
    ),
]


@pytest.mark.parametrize(
    ("message", "reason", "field"), PATHS_REFUSED, ids=[f"{case[1].name}-{case[2]}" for case in PATHS_REFUSED]
)
def test_a_faulty_path_has_its_reason_and_names_its_field(
    message: CheckPathRequest, reason: Reason, field: str
) -> None:
    with pytest.raises(FieldError) as refusal:
        path_from_proto(POLICY, OWNERS, message)
    assert (refusal.value.reason, refusal.value.field) == (reason, field)


def test_an_unknown_end_is_named_as_a_resource() -> None:
    with pytest.raises(UnknownResource) as refusal:
        path_from_proto(POLICY, OWNERS, path_message(source="10.0.0.1", destination_eni="i-1"))
    assert refusal.value.name == "i-1"
    assert "eni-2" in refusal.value.description

"""Lines of flows: what is read, and what is an error of its line alone."""

import json
from io import BytesIO
from typing import Any

import pytest

from pdp.formats.flows import LONGEST_LINE, FlowQuestion, bounded_lines, read_flow_line, read_flow_lines
from pdp.model.errors import FieldError, Reason

FLOW = {
    "eni": "eni-a",
    "direction": "ingress",
    "protocol": "TCP",
    "src": "198.51.100.7",
    "src_port": 40000,
    "dst": "10.0.0.5",
    "dst_port": 22,
}
LOGGED = {
    "version": 1,
    "account-id": 1000,
    "eni-id": "eni-a",
    "direction": "in",
    "srcaddr": "198.51.100.7",
    "srcport": 40000,
    "dstaddr": "10.0.0.5",
    "dstport": 22,
    "protocol": 6,
    "log-status": "OK",
    "action": "REJECT",
}
TOLD = "ingress TCP 198.51.100.7:40000 -> 10.0.0.5:22"
ABSENT = object()


def line(base: dict[str, Any], **changes: Any) -> str:
    return json.dumps({key: value for key, value in (base | changes).items() if value is not ABSENT})


def told(text: str) -> str:
    return str(read_flow_line(text).flow)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, TOLD),
        ({"direction": "INGRESS", "protocol": "tcp"}, TOLD),
        ({"protocol": 6}, TOLD),
        ({"protocol": "6"}, TOLD),
        ({"src_port": "40000", "dst_port": "22"}, TOLD),
        ({"src": "::ffff:198.51.100.7"}, TOLD),
        ({"comment": "another key"}, TOLD),
        ({"dst_port": 0, "src_port": 65535}, "ingress TCP 198.51.100.7:65535 -> 10.0.0.5:0"),
        ({"direction": "egress", "protocol": 17}, "egress UDP 198.51.100.7:40000 -> 10.0.0.5:22"),
        ({"protocol": "icmp", "src_port": ABSENT, "dst_port": ABSENT}, "ingress ICMP 198.51.100.7 -> 10.0.0.5"),
        ({"protocol": 0, "src_port": None, "dst_port": None}, "ingress 0 198.51.100.7 -> 10.0.0.5"),
        ({"protocol": 132, "src_port": 7}, "ingress 132 198.51.100.7 -> 10.0.0.5"),
        ({"src": "2001:DB8::1", "dst": "2001:db8::2"}, "ingress TCP [2001:db8::1]:40000 -> [2001:db8::2]:22"),
    ],
)
def test_a_flow_is_read(changes: dict[str, Any], expected: str) -> None:
    question = read_flow_line(line(FLOW, **changes))
    assert (question.eni, str(question.flow), question.logged_action) == ("eni-a", expected, None)


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"eni": ABSENT}, Reason.MISSING_ENI, "eni"),
        ({"eni": ""}, Reason.MISSING_ENI, "eni"),
        ({"eni": None}, Reason.MISSING_ENI, "eni"),
        ({"eni": 7}, Reason.INVALID_FLOW, "eni"),
        ({"direction": ABSENT}, Reason.INVALID_DIRECTION, "direction"),
        ({"direction": "sideways"}, Reason.INVALID_DIRECTION, "direction"),
        ({"direction": "in"}, Reason.INVALID_DIRECTION, "direction"),
        ({"direction": 1}, Reason.INVALID_DIRECTION, "direction"),
        ({"direction": "\N{LATIN SMALL LETTER DOTLESS I}ngress"}, Reason.INVALID_DIRECTION, "direction"),
        ({"direction": "ingress "}, Reason.INVALID_DIRECTION, "direction"),
        ({"protocol": ABSENT}, Reason.INVALID_PROTOCOL, "protocol"),
        ({"protocol": None}, Reason.INVALID_PROTOCOL, "protocol"),
        ({"protocol": ""}, Reason.INVALID_PROTOCOL, "protocol"),
        ({"protocol": "ALL"}, Reason.INVALID_PROTOCOL, "protocol"),
        ({"protocol": "all"}, Reason.INVALID_PROTOCOL, "protocol"),
        ({"protocol": "FOO"}, Reason.INVALID_PROTOCOL, "protocol"),
        ({"protocol": 256}, Reason.INVALID_PROTOCOL, "protocol"),
        ({"protocol": -1}, Reason.INVALID_PROTOCOL, "protocol"),
        ({"protocol": 6.0}, Reason.INVALID_PROTOCOL, "protocol"),
        ({"protocol": True}, Reason.INVALID_PROTOCOL, "protocol"),
        ({"protocol": "+6"}, Reason.INVALID_PROTOCOL, "protocol"),
        ({"protocol": " 6"}, Reason.INVALID_PROTOCOL, "protocol"),
        ({"protocol": "٦"}, Reason.INVALID_PROTOCOL, "protocol"),
        ({"protocol": "\N{KELVIN SIGN}"}, Reason.INVALID_PROTOCOL, "protocol"),
        ({"protocol": [6]}, Reason.INVALID_PROTOCOL, "protocol"),
        ({"src": ABSENT}, Reason.INVALID_ADDRESS, "src"),
        ({"dst": None}, Reason.INVALID_ADDRESS, "dst"),
        ({"src": ""}, Reason.INVALID_ADDRESS, "src"),
        ({"src": "garbage"}, Reason.INVALID_ADDRESS, "src"),
        ({"src": "198.51.100.7/32"}, Reason.INVALID_ADDRESS, "src"),
        ({"src": "198.51.100"}, Reason.INVALID_ADDRESS, "src"),
        ({"src": " 198.51.100.7"}, Reason.INVALID_ADDRESS, "src"),
        ({"src": "198.51.100.7\n"}, Reason.INVALID_ADDRESS, "src"),
        ({"src": "198.51.100.7\0"}, Reason.INVALID_ADDRESS, "src"),
        ({"src": "fe80::1%eth0"}, Reason.INVALID_ADDRESS, "src"),
        ({"src": 3325256711}, Reason.INVALID_ADDRESS, "src"),
        ({"dst": ["10.0.0.5"]}, Reason.INVALID_ADDRESS, "dst"),
        ({"src": "2001:db8::7"}, Reason.MIXED_ADDRESS_FAMILIES, "dst"),
        ({"src": "::198.51.100.7"}, Reason.MIXED_ADDRESS_FAMILIES, "dst"),
        ({"protocol": 1, "dst": "2001:db8::7"}, Reason.MIXED_ADDRESS_FAMILIES, "dst"),
        ({"dst_port": 70000}, Reason.INVALID_PORT, "dst_port"),
        ({"src_port": -1}, Reason.INVALID_PORT, "src_port"),
        ({"src_port": "65536"}, Reason.INVALID_PORT, "src_port"),
        ({"dst_port": 22.0}, Reason.INVALID_PORT, "dst_port"),
        ({"dst_port": "22.0"}, Reason.INVALID_PORT, "dst_port"),
        ({"dst_port": True}, Reason.INVALID_PORT, "dst_port"),
        ({"dst_port": False}, Reason.INVALID_PORT, "dst_port"),
        ({"dst_port": "2_2"}, Reason.INVALID_PORT, "dst_port"),
        ({"dst_port": "٢٢"}, Reason.INVALID_PORT, "dst_port"),
        ({"dst_port": "+22"}, Reason.INVALID_PORT, "dst_port"),
        ({"dst_port": "0x16"}, Reason.INVALID_PORT, "dst_port"),
        ({"dst_port": "ssh"}, Reason.INVALID_PORT, "dst_port"),
        ({"dst_port": ""}, Reason.INVALID_PORT, "dst_port"),
        ({"dst_port": [22]}, Reason.INVALID_PORT, "dst_port"),
        ({"protocol": 1, "src_port": 70000}, Reason.INVALID_PORT, "src_port"),
        ({"protocol": "GRE", "dst_port": "x"}, Reason.INVALID_PORT, "dst_port"),
        ({"dst_port": ABSENT}, Reason.MISSING_PORT, "dst_port"),
        ({"protocol": 17, "src_port": None}, Reason.MISSING_PORT, "src_port"),
    ],
)
def test_an_odd_flow_is_an_error(changes: dict[str, Any], reason: Reason, field: str) -> None:
    with pytest.raises(FieldError) as caught:
        read_flow_line(line(FLOW, **changes))
    assert (caught.value.reason, caught.value.field) == (reason, field)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "7",
        "[]",
        "null",
        '"eni-a"',
        "{",
        "{}{}",
        "not json",
        "[" * 100_000,
        line(FLOW) + "\r" + line(FLOW),
        line(FLOW)[:-1] + ',"dst_port":23}',
        line(FLOW)[:-1] + ',"other":NaN}',
        line(FLOW, dst_port=ABSENT)[:-1] + ',"dst_port":-0}',
        line(FLOW)[:-1] + ',"other":"\\ud800"}',
        line(FLOW)[:-1] + ',"other":1' + "0" * 5000 + "}",
    ],
)
def test_a_line_that_is_no_json_object_is_an_error(text: str) -> None:
    with pytest.raises(FieldError) as caught:
        read_flow_line(text)
    assert caught.value.reason is Reason.INVALID_FLOW


@pytest.mark.parametrize(
    ("changes", "flow", "action"),
    [
        ({}, TOLD, "REJECT"),
        ({"protocol": "6", "srcport": "40000", "dstport": "22"}, TOLD, "REJECT"),
        ({"action": "ACCEPT"}, TOLD, "ACCEPT"),
        ({"action": ABSENT}, TOLD, None),
        ({"action": ""}, TOLD, None),
        ({"log-status": ABSENT}, TOLD, "REJECT"),
        ({"direction": "out"}, "egress TCP 198.51.100.7:40000 -> 10.0.0.5:22", "REJECT"),
        ({"protocol": 1, "srcport": 0, "dstport": 0}, "ingress ICMP 198.51.100.7 -> 10.0.0.5", "REJECT"),
    ],
)
def test_a_flow_log_line_is_read_as_a_flow(changes: dict[str, Any], flow: str, action: str | None) -> None:
    question = read_flow_line(line(LOGGED, **changes))
    assert (question.eni, str(question.flow), question.logged_action) == ("eni-a", flow, action)


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"log-status": "NODATA", "srcaddr": "-", "protocol": "-"}, Reason.FLOW_NOT_LOGGED, "log-status"),
        ({"log-status": "SKIPDATA"}, Reason.FLOW_NOT_LOGGED, "log-status"),
        ({"log-status": ""}, Reason.FLOW_NOT_LOGGED, "log-status"),
        ({"log-status": []}, Reason.FLOW_NOT_LOGGED, "log-status"),
        ({"log-status": None}, Reason.FLOW_NOT_LOGGED, "log-status"),
        ({"eni-id": ""}, Reason.MISSING_ENI, "eni-id"),
        ({"eni-id": None, "eni": "eni-a"}, Reason.MISSING_ENI, "eni-id"),
        ({"direction": "ingress"}, Reason.INVALID_DIRECTION, "direction"),
        ({"srcaddr": "-"}, Reason.INVALID_ADDRESS, "srcaddr"),
        ({"dstaddr": "2001:db8::1"}, Reason.MIXED_ADDRESS_FAMILIES, "dstaddr"),
        ({"srcport": ABSENT, "src_port": 1}, Reason.MISSING_PORT, "srcport"),
        ({"dstport": 65536}, Reason.INVALID_PORT, "dstport"),
        ({"action": 7}, Reason.INVALID_FLOW, "action"),
    ],
)
def test_an_odd_flow_log_line_is_an_error(changes: dict[str, Any], reason: Reason, field: str) -> None:
    with pytest.raises(FieldError) as caught:
        read_flow_line(line(LOGGED, **changes))
    assert (caught.value.reason, caught.value.field) == (reason, field)


def outcomes(data: bytes) -> list[str]:
    return [
        str(item.flow.destination_port) if isinstance(item, FlowQuestion) else item.reason.name
        for item in read_flow_lines(BytesIO(data))
    ]


def flows(*ports: int) -> list[bytes]:
    return [line(FLOW, dst_port=port).encode() for port in ports]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\n \t\r\n\n", []),
        (b"\n".join(flows(1, 2)), ["1", "2"]),
        (b"\r\n".join(flows(1, 2)) + b"\r\n", ["1", "2"]),
        (b"\n\n".join(flows(1, 2)) + b"\n", ["1", "2"]),
        (b"\xef\xbb\xbf" + b"\n".join(flows(1, 2)), ["1", "2"]),
        (b"\xef\xbb\xbf\n" + flows(1)[0], ["1"]),
        (b"\n\xef\xbb\xbf".join(flows(1, 2)), ["1", "INVALID_FLOW"]),
        (b"\r".join(flows(1, 2)) + b"\n" + flows(3)[0], ["INVALID_FLOW", "3"]),
        (b"\xff\n".join(flows(1, 2)), ["INVALID_FLOW", "2"]),
        ("\u2028\n".encode().join(flows(1, 2)), ["INVALID_FLOW", "2"]),
        (flows(1)[0][:-1] + ',"note":"a\u2028b\x85c"}\n'.encode() + flows(2)[0], ["1", "2"]),
        ("\n".join(text.decode() for text in flows(1, 2)).encode("utf-16"), ["INVALID_FLOW", "INVALID_FLOW"]),
    ],
)
def test_a_bad_line_spoils_no_other(data: bytes, expected: list[str]) -> None:
    assert outcomes(data) == expected


def test_a_line_that_is_too_long_spoils_no_other_and_is_never_held() -> None:
    first, second = (flow + b"\n" for flow in flows(1, 2))
    data = (
        first
        + b"x" * (3 * LONGEST_LINE)
        + b"\n"
        + second
        + b" " * LONGEST_LINE
        + b"\n"
        + second
        + b"x" * LONGEST_LINE * 2
    )
    lines = list(bounded_lines(BytesIO(data)))
    assert max(map(len, lines)) == LONGEST_LINE + 1
    read = [item.reason.name if isinstance(item, FieldError) else "flow" for item in read_flow_lines(lines)]
    assert read == ["flow", "INVALID_FLOW", "flow", "INVALID_FLOW", "flow", "INVALID_FLOW"]


def test_a_line_of_the_longest_length_is_read() -> None:
    flow = flows(1)[0]
    longest = flow + b" " * (LONGEST_LINE - len(flow) - 1) + b"\n"
    assert list(bounded_lines(BytesIO(longest * 2))) == [longest] * 2
    assert outcomes(longest) == ["1"]


@pytest.mark.parametrize(("values", "key"), [(FLOW, "eni"), (LOGGED, "eni-id")])
def test_a_question_knows_what_its_line_calls_the_eni(values: dict[str, Any], key: str) -> None:
    assert read_flow_line(line(values)).eni_key == key


def test_values_are_quoted_as_json_has_them() -> None:
    with pytest.raises(FieldError, match="src: true is not a text"):
        read_flow_line(line(FLOW, src=True))
    with pytest.raises(FieldError, match=r"eni: \{\"a\": null\} is not a text"):
        read_flow_line(line(FLOW, eni={"a": None}))

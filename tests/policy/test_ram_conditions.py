"""When a condition of a RAM statement holds (§6.4), with several values too."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.model.ids import AccountId
from pdp.model.protocols import LAST_PROTOCOL, protocol_name
from pdp.policy.ram import AccessRequest, Allowed, decide_access, parse_policy
from pdp.policy.ram_conditions import OPERATORS, rule_context
from tests.builders import rule

SOURCE_IP, TIME, SECURE, TAG = "acs:SourceIp", "acs:CurrentTime", "acs:SecureTransport", "ecs:tag/env"
PROTOCOLS, SOURCES = "ecs:SecurityGroupIpProtocols", "ecs:SecurityGroupSourceCidrIps"
NOON = "2026-01-31T12:00:00Z"

Given = Mapping[str, tuple[str | None, ...]]


def holds(effect: str, condition: Any, context: Given) -> bool:
    """Whether a statement with the condition is about a request."""
    statements = [{"Effect": effect, "Action": "*", "Resource": "*", "Condition": condition}]
    if effect == "Deny":
        statements.append({"Effect": "Allow", "Action": "*", "Resource": "*"})
    policy = parse_policy(json.dumps({"Version": "1", "Statement": statements}))
    allowed = isinstance(decide_access([policy], AccessRequest("ecs:X", "*", AccountId("1"), context)), Allowed)
    return allowed is (effect == "Allow")


def one(operator: str, key: str, wanted: Any, value: str | None) -> bool:
    """Of one value, on which both effects agree."""
    context: Given = {} if value is None else {key: (value,)}
    condition = {operator: {key: wanted}}
    of_allow, of_deny = holds("Allow", condition, context), holds("Deny", condition, context)
    assert of_allow is of_deny
    return of_allow


@pytest.mark.parametrize(
    ("operator", "key", "wanted", "value", "expected"),
    [
        ("StringEquals", TAG, "prod", "prod", True),
        ("StringEquals", TAG, "prod", "Prod", False),
        ("StringEquals", TAG, "pro*", "prod", False),
        ("StringNotEquals", TAG, "prod", "test", True),
        ("StringNotEquals", TAG, "prod", "prod", False),
        ("StringEqualsIgnoreCase", TAG, "prod", "PROD", True),
        ("StringEqualsIgnoreCase", TAG, "prod", "produce", False),
        ("StringNotEqualsIgnoreCase", TAG, "prod", "PROD", False),
        ("StringNotEqualsIgnoreCase", TAG, "prod", "test", True),
        ("StringLike", TAG, "pr?d*", "prod-7", True),
        ("StringLike", TAG, "pr?d", "prod-7", False),
        ("StringNotLike", TAG, "pr?d*", "prod-7", False),
        ("StringNotLike", TAG, "pr?d", "prod-7", True),
        ("StringEquals", SOURCE_IP, "2001:DB8:0::1", "2001:db8::1", True),
        ("StringLike", SOURCE_IP, "10.*", "10.1.2.3", True),
        ("NumericEquals", TAG, 5, "5.0", True),
        ("NumericEquals", TAG, 0.5, "0.50", True),
        ("NumericNotEquals", TAG, "5", "5", False),
        ("NumericLessThan", TAG, 5, "4.9", True),
        ("NumericLessThan", TAG, 5, "5", False),
        ("NumericLessThanEquals", TAG, 5, "5", True),
        ("NumericLessThanEquals", TAG, 5, "5.1", False),
        ("NumericGreaterThan", TAG, -5, "-4", True),
        ("NumericGreaterThan", TAG, 9, "10", True),
        ("NumericGreaterThan", TAG, 9, "9", False),
        ("NumericGreaterThanEquals", TAG, 9, "9", True),
        ("NumericGreaterThanEquals", TAG, 9, "8", False),
        ("DateEquals", TIME, "2026-01-31T20:00:00+08:00", NOON, True),
        ("DateNotEquals", TIME, "2026-01-31T20:00:00+08:00", NOON, False),
        ("DateLessThan", TIME, "2026-01-31T12:00:00.000000001Z", NOON, True),
        ("DateLessThan", TIME, NOON, NOON, False),
        ("DateLessThanEquals", TIME, NOON, NOON, True),
        ("DateGreaterThan", TIME, "2026-01-31T19:59:59+08:00", NOON, True),
        ("DateGreaterThan", TIME, NOON, NOON, False),
        ("DateGreaterThanEquals", TIME, NOON, NOON, True),
        ("DateGreaterThanEquals", TIME, "2026-01-31T12:00:01Z", NOON, False),
        ("Bool", SECURE, "true", "true", True),
        ("Bool", SECURE, True, "true", True),
        ("Bool", SECURE, False, "true", False),
        ("IpAddress", SOURCE_IP, "10.0.0.0/8", "10.1.2.3", True),
        ("IpAddress", SOURCE_IP, "10.1.2.3", "10.1.2.3", True),
        ("IpAddress", SOURCE_IP, "10.0.0.0/8", "11.1.2.3", False),
        ("IpAddress", SOURCE_IP, "0.0.0.0/0", "2001:db8::1", False),
        ("IpAddress", SOURCE_IP, "2001:db8::/32", "2001:db8::1", True),
        ("NotIpAddress", SOURCE_IP, "10.0.0.0/8", "10.1.2.3", False),
        ("NotIpAddress", SOURCE_IP, "10.0.0.0/8", "11.1.2.3", True),
    ],
)
def test_operators(operator: str, key: str, wanted: Any, value: str, expected: bool) -> None:
    """§6.4"""
    assert one(operator, key, wanted, value) is expected


def test_a_small_number_is_read_as_it_is_written() -> None:
    written = parse_policy(
        '{"Version": "1", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",'
        ' "Condition": {"NumericLessThanEquals": {"ecs:tag/env": 0.000000001}}}}'
    )
    for value, allowed in (("0.000000001", True), ("0.000000002", False)):
        request = AccessRequest("ecs:X", "*", AccountId("1"), {TAG: (value,)})
        assert isinstance(decide_access([written], request), Allowed) is allowed


def test_every_operator_of_the_clause_is_there() -> None:
    """§6.4"""
    texts = [f"String{word}" for word in ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase")]
    orders = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
    ordered = [f"{kind}{order}" for kind in ("Numeric", "Date") for order in orders]
    assert set(OPERATORS) == {*texts, "StringLike", "StringNotLike", *ordered, "Bool", "IpAddress", "NotIpAddress"}


WANTED = {"String": (TAG, "x"), "Numeric": (TAG, 1), "Date": (TIME, NOON), "Bool": (SECURE, True)}


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_key_that_the_request_lacks_makes_positive_operators_false_and_negative_ones_true(operator: str) -> None:
    """§6.4"""
    kind = next((kind for kind in WANTED if operator.startswith(kind)), None)
    key, wanted = WANTED[kind] if kind else (SOURCE_IP, "10.0.0.0/8")
    assert one(operator, key, wanted, None) is ("Not" in operator)


@pytest.mark.parametrize(
    ("operator", "expected"), [("NumericEquals", False), ("NumericNotEquals", True), ("NumericGreaterThan", False)]
)
def test_a_value_that_an_operator_cannot_read_is_like_none(operator: str, expected: bool) -> None:
    assert one(operator, TAG, 5, "five") is expected
    assert one(operator, TAG, 5, "٥") is expected


def test_values_of_a_key_are_or_ed() -> None:
    """§6.4"""
    assert one("StringEquals", TAG, ["test", "prod"], "prod")
    assert not one("StringNotEquals", TAG, ["test", "prod"], "prod")
    assert one("StringNotEquals", TAG, ["test", "prod"], "stage")


def test_keys_and_operators_are_and_ed() -> None:
    """§6.4"""
    condition = {"StringEquals": {TAG: "prod", "ecs:tag/team": "net"}, "Bool": {SECURE: True}}
    whole = {TAG: ("prod",), "ecs:tag/team": ("net",), SECURE: ("true",)}
    assert holds("Allow", condition, whole)
    for key in whole:
        assert not holds("Allow", condition, {**whole, key: ("other",)})


@pytest.mark.parametrize("values", [("TCP", "UDP"), ("UDP", "TCP")])
def test_an_allow_is_about_every_value_and_a_deny_about_any(values: tuple[str, ...]) -> None:
    condition = {"StringEquals": {PROTOCOLS: "tcp"}}
    assert not holds("Allow", condition, {PROTOCOLS: values})
    assert holds("Deny", condition, {PROTOCOLS: values})
    assert holds("Allow", {"StringEquals": {PROTOCOLS: ["tcp", "udp"]}}, {PROTOCOLS: values})


@pytest.mark.parametrize("values", [("TCP", "UDP"), ("UDP", "TCP")])
def test_negative_operators_likewise(values: tuple[str, ...]) -> None:
    condition = {"StringNotEquals": {PROTOCOLS: "tcp"}}
    assert not holds("Allow", condition, {PROTOCOLS: values})
    assert holds("Deny", condition, {PROTOCOLS: values})
    assert not holds("Deny", condition, {PROTOCOLS: ("TCP", "TCP")})


def test_a_rule_without_a_block_does_not_ride_along_with_one_that_has() -> None:
    condition = {"IpAddress": {SOURCES: "10.0.0.0/8"}}
    assert holds("Allow", condition, {SOURCES: ("10.1.0.0/16",)})
    assert not holds("Allow", condition, {SOURCES: ("10.1.0.0/16", None)})
    assert not holds("Allow", condition, {SOURCES: ()})


@pytest.mark.parametrize(
    ("block", "allow", "deny", "allow_outside", "deny_outside"),
    [
        ("10.1.0.0/16", True, True, False, False),
        ("10.0.0.0/8", True, True, False, False),
        ("0.0.0.0/0", False, True, False, True),
        ("11.0.0.0/8", False, False, True, True),
        ("::/0", False, False, True, True),
    ],
)
def test_a_block_is_all_of_its_addresses(
    block: str, allow: bool, deny: bool, allow_outside: bool, deny_outside: bool
) -> None:
    """An Allow holds for the whole block, a Deny for any part of it."""
    inside, outside = {"IpAddress": {SOURCES: "10.0.0.0/8"}}, {"NotIpAddress": {SOURCES: "10.0.0.0/8"}}
    assert holds("Allow", inside, {SOURCES: (block,)}) is allow
    assert holds("Deny", inside, {SOURCES: (block,)}) is deny
    assert holds("Allow", outside, {SOURCES: (block,)}) is allow_outside
    assert holds("Deny", outside, {SOURCES: (block,)}) is deny_outside


@pytest.mark.parametrize("wanted", ["tcp", "TCP", "6", "t*", "T?P"])
@pytest.mark.parametrize("operator", ["StringEquals", "StringEqualsIgnoreCase", "StringLike"])
def test_protocols_have_no_case_and_numbers_are_names(operator: str, wanted: str) -> None:
    if operator != "StringLike" and not wanted.isalnum():
        with pytest.raises(ValueError, match="nor a number from 0 to 255"):
            one(operator, PROTOCOLS, wanted, "TCP")
    elif not (operator == "StringLike" and wanted == "6"):
        assert one(operator, PROTOCOLS, wanted, "TCP")
        assert not one(operator, PROTOCOLS, wanted, "UDP")


@pytest.mark.parametrize("wanted", ["icmpv6", "ICMPv6", "58"])
def test_a_name_in_two_cases_is_found(wanted: str) -> None:
    assert one("StringEquals", PROTOCOLS, wanted, "ICMPv6")


def test_a_deny_of_one_protocol_is_one_of_all() -> None:
    """Who opens ALL opens TCP."""
    assert holds("Deny", {"StringEquals": {PROTOCOLS: "tcp"}}, {PROTOCOLS: ("ALL",)})
    assert holds("Deny", {"StringLike": {PROTOCOLS: "t*"}}, {PROTOCOLS: ("ALL",)})
    assert not holds("Allow", {"StringEquals": {PROTOCOLS: "tcp"}}, {PROTOCOLS: ("ALL",)})
    assert holds("Allow", {"StringEquals": {PROTOCOLS: "all"}}, {PROTOCOLS: ("ALL",)})
    assert not holds("Deny", {"StringNotEquals": {PROTOCOLS: "all"}}, {PROTOCOLS: ("ALL",)})


@pytest.mark.parametrize("protocol", range(LAST_PROTOCOL + 1))
def test_a_deny_of_any_protocol_is_one_of_all(protocol: int) -> None:
    """By number too: who opens ALL opens IPsec, which has no name here."""
    condition = {"StringEquals": {PROTOCOLS: str(protocol)}}
    assert holds("Deny", condition, {PROTOCOLS: (protocol_name(protocol),)})
    assert holds("Deny", condition, {PROTOCOLS: ("ALL",)})
    assert not holds("Allow", condition, {PROTOCOLS: ("ALL",)})


@pytest.mark.parametrize(
    ("pattern", "denied"), [("5?", True), ("25*", True), ("icmpv?", True), ("a*", True), ("x*", False)]
)
def test_a_deny_of_a_pattern_is_one_of_all_if_it_is_one_of_some_protocol(pattern: str, denied: bool) -> None:
    assert holds("Deny", {"StringLike": {PROTOCOLS: pattern}}, {PROTOCOLS: ("ALL",)}) is denied


def test_sources_compare_as_blocks_and_not_as_they_were_written() -> None:
    assert one("StringEquals", SOURCES, "10.0.0.7/8", "10.0.0.0/8")
    with pytest.raises(ValueError, match="is not an IPv4 or IPv6 CIDR"):
        one("StringEquals", SOURCES, "10.0.0/8", "10.0.0.0/8")


def test_rules_say_their_protocols_and_sources() -> None:
    """§6.3"""
    rules = [
        rule("accept tcp/22 from 10.0.0.0/8"),
        rule("accept all from sg-b"),
        rule("accept udp/53 to 10.0.0.0/8"),
    ]
    assert rule_context(rules) == {PROTOCOLS: ("TCP", "ALL", "UDP"), SOURCES: ("10.0.0.0/8", None, None)}


BLOCKS = st.sampled_from([None, "0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "11.0.0.0/8", "::/0"])
NAMES = st.sampled_from(["TCP", "UDP", "ALL", "47"])
CONDITIONS = st.dictionaries(
    st.sampled_from(["StringEquals", "StringNotEquals", "StringLike", "StringNotLike"]),
    st.fixed_dictionaries({PROTOCOLS: st.lists(NAMES, min_size=1, max_size=2)}),
    max_size=2,
)
BLOCK_CONDITIONS = st.dictionaries(
    st.sampled_from(["IpAddress", "NotIpAddress"]),
    st.fixed_dictionaries({SOURCES: st.lists(BLOCKS.filter(bool), min_size=1, max_size=2)}),
    max_size=2,
)
STATEMENTS = st.lists(
    st.builds(
        lambda effect, some, more: {"Effect": effect, "Action": "*", "Resource": "*", "Condition": {**some, **more}},
        st.sampled_from(["Allow", "Allow", "Deny"]),
        CONDITIONS,
        BLOCK_CONDITIONS,
    ),
    min_size=1,
    max_size=3,
)


@given(STATEMENTS, st.lists(st.tuples(NAMES, BLOCKS), min_size=1, max_size=3))
def test_a_request_of_several_rules_is_never_allowed_when_one_of_them_alone_is_not(
    statements: list[dict[str, Any]], parts: list[tuple[str, str | None]]
) -> None:
    policy = parse_policy(json.dumps({"Version": "1", "Statement": statements}))

    def allowed(*some: tuple[str, str | None]) -> bool:
        context = {PROTOCOLS: tuple(name for name, _ in some), SOURCES: tuple(block for _, block in some)}
        return isinstance(decide_access([policy], AccessRequest("ecs:X", "*", AccountId("1"), context)), Allowed)

    assert not allowed(*parts) or all(allowed(part) for part in parts)

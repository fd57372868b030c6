"""Conditions of RAM statements (§6.4): which keys and operators there are, and when a condition holds.

A request may have several values for a key: one call authorizes several rules. A block of addresses, too, is many
addresses. So that neither lets anything through that no statement is about, one principle settles all such cases:

- an **Allow** holds when it holds for *every* value, and every address of a block;
- a **Deny** holds when it holds for *any* value, or any address of a block.

`None` among the values stands for a part of the request that has no value (a rule whose peer is a group has no CIDR).
A key that the request lacks is one such part. No value makes a positive operator false and a negative one true, and so
does a value that the operator cannot read (§6.4).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from operator import eq, ge, gt, le, lt

from pdp.model.addresses import Cidr, Prefix, parse_address, parse_cidr
from pdp.model.errors import quoted
from pdp.model.flow import Direction
from pdp.model.instants import parse_instant
from pdp.model.protocols import ALL, LAST_PROTOCOL, parse_protocol, protocol_name
from pdp.model.rules import Rule
from pdp.policy.wildcards import wildcard

SOURCE_IP = "acs:SourceIp"
CURRENT_TIME = "acs:CurrentTime"
SECURE_TRANSPORT = "acs:SecureTransport"
TAG_PREFIX = "ecs:tag/"
RULE_PROTOCOLS = "ecs:SecurityGroupIpProtocols"
RULE_SOURCES = "ecs:SecurityGroupSourceCidrIps"

Context = Mapping[str, tuple[str | None, ...]]
"""What a request says of itself, by key.

Addresses and blocks are in their canonical text, times in RFC 3339, protocols as `protocol_name` names them, booleans
`true` or `false`.
"""

_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,9})?\Z")


CANONICAL: dict[str, Callable[[str], str]] = {
    SOURCE_IP: lambda text: str(parse_address(text)),
    RULE_SOURCES: lambda text: str(parse_cidr(text).prefix),
    RULE_PROTOCOLS: lambda text: protocol_name(parse_protocol(text)).upper(),
}
"""Keys whose values can be written in several ways, and how requests write them. A text that is none can never be met:
it is refused, since a Deny of `10.0.0.0/08` would look like one and be none."""


class Of(Enum):
    """What kind of value an operator reads."""

    TEXT = "a text"
    NUMBER = "a number"
    DATE = "an RFC 3339 time"
    BOOL = "true or false"
    BLOCK = "an address or a CIDR block"


KINDS_BY_KEY = {
    SOURCE_IP: {Of.TEXT, Of.BLOCK},
    CURRENT_TIME: {Of.DATE},
    SECURE_TRANSPORT: {Of.BOOL},
    RULE_PROTOCOLS: {Of.TEXT},
    RULE_SOURCES: {Of.TEXT, Of.BLOCK},
}
"""Operators that make sense on a key. Any other would never hold, and a Deny that never holds is a trap."""


def number_of(text: str) -> Decimal:
    """A number with up to 18 digits and 9 decimals. Raises ValueError."""
    if not _NUMBER.match(text):
        raise ValueError(f"{quoted(text)} is not a number such as 5 or -0.25")
    return Decimal(text)


def _bool_of(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"{quoted(text)} is neither true nor false")
    return text.lower() == "true"


READERS: dict[Of, Callable[[str], object]] = {
    Of.TEXT: str,
    Of.NUMBER: number_of,
    Of.DATE: parse_instant,
    Of.BOOL: _bool_of,
    Of.BLOCK: lambda text: parse_cidr(text).prefix,
}


def _same_without_case(value: str, wanted: str) -> bool:
    return value.casefold() == wanted.casefold()


def _like(value: str, wanted: "re.Pattern[str]") -> bool:
    return wanted.match(value) is not None


def _inside(value: Prefix, wanted: Prefix) -> bool:
    """Every address of the value is wanted."""
    return wanted.holds(value)


def _touches(value: Prefix, wanted: Prefix) -> bool:
    """Some address of the value is wanted."""
    return value.family is wanted.family and value.first <= wanted.last and wanted.first <= value.last


Test = Callable[..., bool]
"""Whether a value of the request meets one of the policy."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator. `test` asks of every address of a block, `loose` of any; on all other values both are one."""

    name: str
    of: Of
    test: Test
    loose: Test
    negative: bool = False


def _operators() -> Iterable[Operator]:
    yield from _pair("StringEquals", "StringNotEquals", Of.TEXT, eq)
    yield from _pair("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", Of.TEXT, _same_without_case)
    yield from _pair("StringLike", "StringNotLike", Of.TEXT, _like)
    yield from _pair("IpAddress", "NotIpAddress", Of.BLOCK, _inside, _touches)
    yield Operator("Bool", Of.BOOL, eq, eq)
    for word, of in (("Numeric", Of.NUMBER), ("Date", Of.DATE)):
        yield from _pair(f"{word}Equals", f"{word}NotEquals", of, eq)
        orders = {"LessThan": lt, "LessThanEquals": le, "GreaterThan": gt, "GreaterThanEquals": ge}
        for ending, test in orders.items():
            yield Operator(f"{word}{ending}", of, test, test)


def _pair(positive: str, negative: str, of: Of, test: Test, loose: Test | None = None) -> Iterable[Operator]:
    yield Operator(positive, of, test, loose or test)
    yield Operator(negative, of, test, loose or test, negative=True)


OPERATORS = {operator.name: operator for operator in _operators()}


@dataclass(frozen=True, slots=True)
class Condition:
    """An operator on a key, and the values wanted, of which one is enough; each as the operator's test takes it.

    `some_protocol` is whether it holds for a rule of some protocol: then a Deny of it is one of ALL too.
    """

    operator: Operator
    key: str
    wanted: tuple[object, ...]
    some_protocol: bool = False

    def holds(self, context: Context, *, denies: bool) -> bool:
        """Whether it holds for a request, in a statement that denies or allows."""
        values = context.get(self.key) or (None,)
        if denies:
            return (self.some_protocol and ALL in values) or any(self.meets(value, denies=True) for value in values)
        return all(self.meets(value, denies=False) for value in values)

    def meets(self, value: str | None, *, denies: bool) -> bool:
        """Whether one value meets it; a block's addresses are many, and counted on the side that refuses more."""
        operator = self.operator
        if value is None:
            return operator.negative
        try:
            read = READERS[operator.of](value)
        except ValueError:
            return operator.negative
        if self.key == RULE_PROTOCOLS:
            read = value.upper()
        test = operator.loose if denies is not operator.negative else operator.test
        return any(test(read, wanted) for wanted in self.wanted) is not operator.negative


def make_condition(operator: Operator, key: str, texts: Iterable[str]) -> Condition:
    """A condition from the texts of a policy. Raises ValueError for a key or a value that the operator cannot have."""
    kinds = set(Of) - {Of.BLOCK} if key.startswith(TAG_PREFIX) and key != TAG_PREFIX else KINDS_BY_KEY.get(key)
    if kinds is None:
        known = ", ".join((*KINDS_BY_KEY, f"{TAG_PREFIX}<key>"))
        raise ValueError(f"the key {quoted(key)} is not known here; known are {known}")
    if operator.of not in kinds:
        fitting = ", ".join(name for name, other in OPERATORS.items() if other.of in kinds)
        raise ValueError(f"{operator.name} never holds on {key}; use one of {fitting}")
    condition = Condition(operator, key, tuple(_wanted(operator, key, text) for text in texts))
    if key != RULE_PROTOCOLS or operator.negative:
        return condition
    protocols = map(protocol_name, range(LAST_PROTOCOL + 1))
    return replace(condition, some_protocol=any(condition.meets(name, denies=True) for name in protocols))


def _wanted(operator: Operator, key: str, text: str) -> object:
    """A value as the operator's test takes it; texts are written as requests write theirs, unless they are patterns."""
    if operator.test is _like:
        return wildcard(text.upper() if key == RULE_PROTOCOLS else text)
    if operator.of is Of.TEXT and key in CANONICAL:
        text = CANONICAL[key](text)
    return READERS[operator.of](text)


def rule_context(rules: Iterable[Rule]) -> dict[str, tuple[str | None, ...]]:
    """What a request that adds or changes rules says of them: protocols, and blocks of sources (§6.3).

    The source of an ingress rule is its peer; that of an egress rule is on the ENI's own side, and seldom named. A peer
    that is a group or a prefix list has no block.
    """
    rules = tuple(rules)
    return {
        RULE_PROTOCOLS: tuple(protocol_name(rule.protocol) for rule in rules),
        RULE_SOURCES: tuple(_source(rule) for rule in rules),
    }


def _source(rule: Rule) -> str | None:
    source = rule.peer if rule.direction is Direction.INGRESS else rule.own_cidr
    return str(source.prefix) if isinstance(source, Cidr) else None

"""Requests of any method that are wrong in some way, or in several: the fuzzer's supply.

A request begins as a plausible one, with the names that a policy has, found by reflection over the method's message;
then fields are spoiled one by one, and then bytes. So faults lie deep, behind much that is right. The `Random` that is
given decides everything. Where a write might be valid all the same, it carries options with which it changes nothing.
"""

import base64
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import DecodeError, Message

from pdp.policy.snapshot import Snapshot
from pdp.v1.resources_pb2 import WriteOptions

WORDS: dict[str, tuple[str, ...]] = {
    "account_id": ("1000", "2000", "3000", ""),
    "action": ("BLOCK_TRAFFIC", "LOCK", "BLOCK_DOMAIN"),
    "address_family": ("IPv4", "IPv6", ""),
    "client_token": ("", "token-1", "token-2"),
    "content": (
        '[{"Policy":"Accept","Priority":"1","IpProtocol":"TCP","PortRange":"22/22","SourceCidrIp":"10.0.0.0/8"}]',
        "Policy,Priority,IpProtocol,PortRange,SourceCidrIp,Direction\nAccept,1,TCP,22/22,10.0.0.0/8,ingress\n",
        '{"Permissions":{"Permission":[]}}',
    ),
    "direction": ("ingress", "egress", "all", ""),
    "format": ("json", "csv"),
    "host": ("host-1", ""),
    "import_id": ("import-1", "import-2"),
    "inner_access_policy": ("Accept", "Drop"),
    "ip_protocol": ("TCP", "UDP", "ICMP", "ICMPv6", "GRE", "ALL", "6", "99"),
    "kind": ("user", "role", ""),
    "name": ("DescribeVpcs.json", "DescribeSecurityGroups.json", "DescribeNetworkInterfaces.json", "pdp.json"),
    "penalty_class": ("harmful_information", "malicious_behaviour"),
    "policy": ("Accept", "Drop", ""),
    "policy_document": (
        '{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
        '{"Version":"1","Statement":[{"Effect":"Deny","Action":["ecs:*"],"Resource":["acs:ecs:*:*:*"]}]}',
    ),
    "port_range": ("22/22", "1/65535", "-1/-1", ""),
    "priority": ("1", "50", "100", ""),
    "quota_code": ("groups_per_eni", "rules_per_group", "enis_per_advanced_group"),
    "security_group_type": ("normal", "enterprise", ""),
    "source_port_range": ("1000/2000", ""),
    "state": ("in_force", "appeal_filed", "lifted", ""),
    "status": ("Running", "Stopped", ""),
    "type": ("Primary", "Secondary", ""),
    "version": ("2024", "2026"),
}
"""Plausible texts of fields, by name; ids, addresses and what else is alike have theirs by the ends of their names."""
ODD_TEXTS: tuple[str, ...] = (
    *("", " ", "\0", "\n", "-", "-1", "0", "00", "+1", "1.5", "1e9", "NaN", "null", "*", "%s%n", "../../x", "a,b", '"'),
    *(
        "\u0661\u0662/\u0662\u0662",
        "\uff12\uff12/\uff12\uff12",
        "\u00b2",
        "10.0.0.\u0661/32",
        "\u202esg-1",
        "\U0001f600" * 70,
    ),
    *(
        "10.0.0.0/33",
        "10.0.0.1/8",
        "10.0.0.0/-1",
        "010.0.0.1",
        "::/129",
        "::ffff:1.2.3.4/96",
        "fe80::1%eth0",
        "1::2::3",
    ),
    *("0/0", "65535/65536", "22/21", "22", "1/2/3", "-1/1", "101", "110", "256", "4294967296", "9" * 400),
    *(
        "sg-",
        "SG-1",
        "eni-none",
        "sg-1 ",
        "vpc-1\0",
        "acs:ecs:*:*:*",
        "1000000000000000000000",
        "2027",
        "tcp ",
        "Akzept",
    ),
    *("MC4wLjAw", "====", "%%%", "x" * 65, "x" * 129, "x" * 257, "x" * 513, "x" * 7_000, "[" * 3_000, '{"a":' * 1_200),
)
HUGE_TEXTS: tuple[Callable[[], str], ...] = (
    lambda: "x" * 1_000_000,
    lambda: "[" * 200_000,
    lambda: '{"Permissions":' * 60_000,
    lambda: "\u00e4" * 300_000,
    lambda: "[" + "{}," * 100_000 + "{}]",
    lambda: "Policy," * 50_000 + "\n" + "Accept," * 50_000,
    lambda: '"' + "\n" * 500_000,
    lambda: "[" + "9" * 20_000 + "]",
)
"""Made when they are needed: one in `HUGE_EVERY` odd texts."""
HUGE_EVERY = 200
NUMBERS = (0, 1, 2, 6, 22, 100, 1_000, 1_001, 65_535, 65_536, 10_000_001, (1 << 31) - 1, (1 << 32) - 1, (1 << 63) - 1)
SIGNED = (*NUMBERS, -1, -(1 << 31), -(1 << 63), 253_402_300_800, -62_135_596_801, 1_000_000_000)
FLOODS = (2, 21, 101, 1_001, 2_001)
FLOOD_BYTES = 256 << 10
"""What a flood may come to at most."""
NEVER = (1 << 64) - 1
"""A revision that no store reaches."""
GUARDS = (WriteOptions(validate_only=True), WriteOptions(expected_revision=NEVER))
"""Options with which a write changes nothing, whatever else it says."""
OPTIONS = "write_options"
OPTIONS_NUMBER = 100
LENGTH_DELIMITED, GROUP_START, GROUP_END = 2, 3, 4
"""Types on the wire."""


class Requests:
    """Makes requests that know what a policy has."""

    def __init__(self, snapshot: Snapshot) -> None:
        rules = [rule.id for group in snapshot.groups.values() for rule in group.rules]
        # The longest end of a name that is listed counts.
        self._by_end: dict[str, Sequence[str]] = {
            "group_id": sorted(snapshot.groups),
            "rule_id": sorted(set(rules)),
            "interface_id": sorted(snapshot.enis),
            "eni_id": sorted(snapshot.enis),
            "instance_id": sorted(snapshot.instances),
            "vpc_id": sorted(snapshot.vpcs),
            "prefix_list_id": sorted(snapshot.prefix_lists),
            "range_list_id": sorted(snapshot.port_lists),
            "penalty_id": sorted(snapshot.penalties),
            "owner_account": ("", *sorted(snapshot.accounts)),
            "user_name": ("alice", "bob"),
            "policy_name": ("all", "none"),
            "cidr_block": ("10.0.0.0/8", "172.16.0.0/12", "2408:4000::/56"),
            "cidr_ip": ("10.0.0.0/8", "0.0.0.0/0", "::/0", ""),
            "cidr": ("10.0.0.0/8", "192.168.0.0/16", "2408:4000::/56"),
            "address": ("10.0.0.16", "10.0.0.99", "2408:4000::5"),
            "prefixe": ("10.0.1.0/28", "2408:4000::/80"),
            "token": ("", base64.urlsafe_b64encode(f"1.5.{'0' * 32}".encode()).decode().rstrip("=")),
        }

    def request(self, rng: Random, method: MethodDescriptor) -> bytes:
        """One request of a method. Whether it changes nothing is sure; whether it is valid is not."""
        message = self._plausible(rng, method.input_type)
        for _ in range(rng.choice((0, 1, 1, 1, 2, 4))):
            _spoil_field(rng, message)
        data = message.SerializeToString()
        for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
            data = rng.choice(BYTE_FAULTS)(rng, data, method.input_type)
        return harmless(rng, data, method.input_type)

    def _plausible(self, rng: Random, descriptor: Descriptor) -> Message:
        message = message_factory.GetMessageClass(descriptor)()
        left_out = rng.choice((0.05, 0.4, 0.8))
        for field in descriptor.fields:
            if field.name == OPTIONS or rng.random() < (0.05 if field.name.endswith("_id") else left_out):
                continue
            if field.is_repeated:
                values = [self._value(rng, field) for _ in range(rng.choice((1, 1, 2, 3)))]
                getattr(message, field.name).extend(values)
            elif field.message_type is not None:
                getattr(message, field.name).CopyFrom(self._value(rng, field))
            else:
                setattr(message, field.name, self._value(rng, field))
        return message

    def _value(self, rng: Random, field: FieldDescriptor) -> Any:
        if field.message_type is not None:
            return self._plausible(rng, field.message_type)
        if field.type == FieldDescriptor.TYPE_STRING:
            return rng.choice(self._words(field.name))
        if field.type == FieldDescriptor.TYPE_BYTES:
            return rng.choice((b"", rng.randbytes(rng.choice((1, 4, 8, 16))), b"{}", b'{"Vpcs":{"Vpc":[]}}'))
        if field.type == FieldDescriptor.TYPE_BOOL:
            return rng.random() < 0.5
        if field.enum_type is not None:
            return rng.choice(field.enum_type.values).number
        return 0 if field.name == "at_least_revision" else rng.choice((0, 1, 2, 6, 22, 100))

    def _words(self, name: str) -> Sequence[str]:
        singular = name.removesuffix("s")
        for words in (WORDS.get(name), WORDS.get(singular)):
            if words:
                return words
        ends = [end for end in self._by_end if singular.endswith(end)]
        return self._by_end[max(ends, key=len)] or ODD_TEXTS if ends else ("something", "x-1", "")


def harmless(rng: Random, data: bytes, descriptor: Descriptor) -> bytes:
    """The same request with options, appended where it is readable at all, with which no write changes anything."""
    if OPTIONS not in descriptor.fields_by_name:
        return data
    try:
        message: Any = message_factory.GetMessageClass(descriptor).FromString(data)
    except DecodeError:
        return data
    guard = rng.choices(GUARDS, (5, 1))[0].SerializeToString()
    # A later part of a message within a message is merged into the earlier one.
    return (
        data
        if message.write_options.validate_only
        else data + _tag(OPTIONS_NUMBER, LENGTH_DELIMITED) + _varint(len(guard)) + guard
    )


def _messages(message: Message) -> Iterator[Message]:
    """A message and all that are set in it, however deep."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if field.is_repeated else (value,):
                yield from _messages(inner)


def _spoil_field(rng: Random, whole: Message) -> None:
    """Makes one field odd, absent, or far too many."""
    message: Any = rng.choice(list(_messages(whole)))
    fields = [field for field in message.DESCRIPTOR.fields if field.name != OPTIONS]
    if not fields:
        return
    field = rng.choice(fields)
    if rng.random() < 0.2:
        message.ClearField(field.name)
    elif field.is_repeated:
        _flood(rng, field, getattr(message, field.name))
    elif field.message_type is not None:
        getattr(message, field.name).SetInParent()
    else:
        setattr(message, field.name, _odd(rng, field))


def _flood(rng: Random, field: FieldDescriptor, values: Any) -> None:
    """Far too many of one value."""
    if field.message_type is None:
        value = _odd(rng, field)
        size = len(value.encode()) if isinstance(value, str) else 8
    else:
        value = values[0] if values else values.add()
        size = value.ByteSize()
    values.extend([value] * min(rng.choice(FLOODS), 1 + FLOOD_BYTES // (size + 1)))


def _odd(rng: Random, field: FieldDescriptor) -> Any:
    """A value that the field's type can hold, and hardly any field takes."""
    return _ODD[field.type](rng)


def _odd_text(rng: Random) -> str:
    return rng.choice(HUGE_TEXTS)() if rng.randrange(HUGE_EVERY) == 0 else rng.choice(ODD_TEXTS)


_ODD: dict[int, Callable[[Random], Any]] = {
    FieldDescriptor.TYPE_STRING: _odd_text,
    FieldDescriptor.TYPE_BYTES: lambda rng: rng.randbytes(rng.choice((1, 3, 5, 17, 1_000))),
    FieldDescriptor.TYPE_BOOL: lambda rng: rng.random() < 0.5,
    FieldDescriptor.TYPE_ENUM: lambda rng: rng.choice((-1, 0, 3, 99, (1 << 31) - 1)),
    FieldDescriptor.TYPE_UINT32: lambda rng: rng.choice(NUMBERS) & 0xFFFF_FFFF,
    FieldDescriptor.TYPE_UINT64: lambda rng: rng.choice(NUMBERS),
    FieldDescriptor.TYPE_INT32: lambda rng: max(-(1 << 31), min((1 << 31) - 1, rng.choice(SIGNED))),
    FieldDescriptor.TYPE_INT64: lambda rng: rng.choice(SIGNED),
}


def _cut(rng: Random, data: bytes, _: Descriptor) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _flip(rng: Random, data: bytes, _: Descriptor) -> bytes:
    spoiled = bytearray(data)
    if spoiled:
        spoiled[rng.randrange(len(spoiled))] ^= 1 << rng.randrange(8)
    return bytes(spoiled)


def _insert(rng: Random, data: bytes, _: Descriptor) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.randbytes(rng.randint(1, 8)) + data[place:]


def _wrong_wire_type(rng: Random, data: bytes, descriptor: Descriptor) -> bytes:
    """A field of the method as another type on the wire, or one of a number that the method does not have."""
    numbers = [field.number for field in descriptor.fields] + [7_777]
    wire_type, value = rng.choice(
        ((0, b"\x05"), (1, b"12345678"), (2, b"\x02\xff\xfe"), (5, b"1234"), (3, b""), (6, b""))
    )
    return data + _tag(rng.choice(numbers), wire_type) + value


def _no_utf8(rng: Random, data: bytes, descriptor: Descriptor) -> bytes:
    number = rng.choice([field.number for field in descriptor.fields] or [1])
    return data + _tag(number, LENGTH_DELIMITED) + b"\x03\xed\xa0\x80"


def _too_long(rng: Random, data: bytes, descriptor: Descriptor) -> bytes:
    """A length that the message does not have, or a number without an end."""
    number = rng.choice([field.number for field in descriptor.fields] or [1])
    return data + _tag(number, LENGTH_DELIMITED) + rng.choice((b"\x7f", b"\xff\xff\xff\xff\x07", b"\xff" * 11))


def _nested(rng: Random, data: bytes, descriptor: Descriptor) -> bytes:
    """Groups within groups, or messages within messages, deeper than anybody needs."""
    number = rng.choice([field.number for field in descriptor.fields] or [1])
    depth = rng.choice((50, 99, 101, 5_000))
    if rng.random() < 0.5:
        return data + _tag(number, GROUP_START) * depth + _tag(number, GROUP_END) * depth
    inner = b""
    for _ in range(min(depth, 101)):
        inner = _tag(number, LENGTH_DELIMITED) + _varint(len(inner)) + inner
    return data + inner


def _tag(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    return bytes([*written, number])


def _twice(_rng: Random, data: bytes, _: Descriptor) -> bytes:
    return data + data


BYTE_FAULTS: tuple[Callable[[Random, bytes, Descriptor], bytes], ...] = (
    *(_cut, _flip, _insert, _wrong_wire_type, _no_utf8, _too_long, _nested, _twice),
)

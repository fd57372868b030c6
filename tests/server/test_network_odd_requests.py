"""Requests that nobody means: each plan and each read gives an answer or a refusal, never anything else."""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from pdp.model.errors import PdpError
from pdp.model.ids import InstanceId, PenaltyId
from pdp.model.network import Instance, PenaltyState
from pdp.model.ram import RamPolicy, RamUser
from pdp.policy.apply import apply
from pdp.policy.draft import snapshot_of
from pdp.server.accounts.service import ACCOUNT_SERVICE
from pdp.server.asking import Ask, ServiceMethods
from pdp.server.network.service import NETWORK_SERVICE
from tests.builders import ACCOUNT, DEFAULT_VPCS, NOW, eni, group, penalty, port_list, prefix_list, resources, vpc
from tests.server.planning import OPERATOR, OWNER

REQUESTS = 150
"""Of each method."""

DOCUMENT = '{"Version": "1", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
TEXTS = [
    *(
        "",
        " ",
        "\x00",
        "é",
        "٣",
        "x" * 5_000,
        "[" * 5_000,
        "-1/-1",
        "1/65535",
        "22/22",
        "0/0",
        "65536/1",
        "IPv4",
        "ipv6",
    ),
    *("10.0.0.0/8", "10.0.0.1", "fd00::1", "fd00::/16", "::ffff:10.0.0.1", "::ffff:10.0.0.0/104", "0.0.0.0/0", "::/0"),
    *("10.0.0.1/8", "fe80::1%eth0", "10.0.0.0-10.0.0.9", "::ffff:0:0/90", "vpc-1", "i-1", "eni-1", "sg-a", "sg-b"),
    *("pl-1", "prl-1", "pen-1", ACCOUNT, "2000", "a/b", "groups_per_eni", "rules_per_group", "2026", "user", "role"),
    *("BLOCK_TRAFFIC", "BLOCK_DOMAIN", "malicious_behaviour", "in_force", "Primary", "vpc-new", "i-new", "eni-new"),
    *('{"Version": "1", "Statement": []}', '{"Version": "1", "Statement": {"Effect": 1e999}}', "{" * 2_000, "null"),
]
NUMBERS = [0, 1, 2, 5, 30, 100, 200, 201, 910, 1_000, 1_001, 1_000_000, 2**31 - 1]

LIKELY: dict[str, list[Any]] = {
    "account_id": ["", ACCOUNT],
    "next_token": [""],
    "max_results": [0, 1],
    "vpc_id": ["vpc-1", "vpc-2", "vpc-new"],
    "vpc_ids": ["vpc-1"],
    "instance_id": ["i-1", "i-2", "i-new", ""],
    "network_interface_id": ["eni-1", "eni-2", "eni-3", "eni-new"],
    "security_group_ids": ["sg-a", "sg-b"],
    "prefix_list_id": ["pl-1", "pl-2"],
    "port_range_list_id": ["prl-1", "prl-2"],
    "penalty_id": ["pen-1", "pen-2"],
    "cidr": ["10.0.0.0/8", "10.1.0.0/16"],
    "port_range": ["22/22", "80/88"],
    "address_family": ["IPv4"],
    "type": ["", "Primary"],
    "max_entries": [1, 2, 200],
    "cidr_block": ["10.0.0.0/8"],
    "private_ip_address": ["", "10.0.0.1"],
    "primary_ip_address": ["10.0.0.9"],
    "private_ip_addresses": ["10.0.0.1", "10.0.0.9"],
    "ipv6_addresses": ["fd00::1"],
    "ipv4_prefixes": ["10.9.0.0/28", "10.8.0.0/28"],
    "ipv6_prefixes": ["fd00::/80"],
    "user_name": ["alice", "bob"],
    "kind": ["", "user"],
    "policy_name": ["all", "some"],
    "policy_document": [DOCUMENT],
    "quota_code": ["groups_per_eni"],
    "version": ["2026"],
    "action": ["BLOCK_TRAFFIC", "BLOCK_DOMAIN"],
    "penalty_class": ["", "malicious_behaviour"],
    "state": ["", "in_force"],
    "host": ["", "host-1"],
    "tcp_established_timeout_seconds": [910],
    "udp_timeout_seconds": [30],
}
"""By field: what is chosen most of the time, so that a request gets past its first field."""

SNAPSHOT = snapshot_of(
    replace(
        resources(
            [group("sg-a", "accept tcp/prl-1 from pl-1"), group("sg-b")],
            [
                eni("eni-1", "10.0.0.1", "10.9.0.0/28", groups=["sg-a"], instance="i-1", primary=True),
                eni("eni-2", groups=["sg-a"]),
                eni("eni-3", groups=["sg-a"], instance="i-2"),
            ],
            vpcs=[*DEFAULT_VPCS, vpc("vpc-2", "10.0.0.0/8")],
            instances=[Instance(InstanceId("i-2"), ACCOUNT)],
            prefix_lists=[replace(prefix_list(name, "10.0.0.0/8"), account=ACCOUNT) for name in ("pl-1", "pl-2")],
            port_lists=[replace(port_list(name, "22"), account=ACCOUNT) for name in ("prl-1", "prl-2")],
            penalties=[
                replace(penalty("i-1"), id=PenaltyId("pen-1")),
                replace(penalty("i-1"), id=PenaltyId("pen-2"), state=PenaltyState.APPEAL_FILED),
            ],
        ),
        users=(RamUser(ACCOUNT, "alice", policies=("all",)), RamUser(ACCOUNT, "bob")),
        policies=tuple(RamPolicy(ACCOUNT, name, DOCUMENT) for name in ("all", "some")),
    )
)
METHODS = [
    (service, name) for service in (NETWORK_SERVICE, ACCOUNT_SERVICE) for name in (*service.writes, *service.reads)
]


def odd_message(chance: random.Random, descriptor: Descriptor) -> Message:
    """A message with some of its fields set to anything."""
    message = message_factory.GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if chance.random() < 0.3:
            continue
        if field.is_repeated:
            getattr(message, field.name).extend(
                odd_value(chance, field) for _ in range(chance.choice([0, 1, 1, 2, 101]))
            )
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            getattr(message, field.name).CopyFrom(odd_value(chance, field))
        else:
            setattr(message, field.name, odd_value(chance, field))
    return message


def odd_value(chance: random.Random, field: FieldDescriptor) -> Any:
    if field.name in LIKELY and chance.random() < 0.9:
        return chance.choice(LIKELY[field.name])
    match field.type:
        case FieldDescriptor.TYPE_STRING:
            return chance.choice(TEXTS)
        case FieldDescriptor.TYPE_BOOL:
            return chance.random() < 0.5
        case FieldDescriptor.TYPE_MESSAGE:
            assert field.message_type is not None
            return odd_message(chance, field.message_type)
    return chance.choice(NUMBERS)


def odd_requests(service: ServiceMethods, method: str) -> Iterator[Message]:
    chance = random.Random(f"{service.name}/{method}")
    found = descriptor_pool.Default().FindServiceByName(service.name).methods_by_name[method]
    return (odd_message(chance, found.input_type) for _ in range(REQUESTS))


@pytest.mark.parametrize(("service", "method"), METHODS, ids=[name for _, name in METHODS])
def test_an_odd_request_is_answered_or_refused(service: ServiceMethods, method: str) -> None:
    answered = 0
    for request in odd_requests(service, method):
        for caller in (OWNER, OPERATOR):
            ask = Ask(caller, NOW, "", secure=False, region="cn-hangzhou", new_id=lambda prefix: f"{prefix}new")
            try:
                if method in service.reads:
                    service.reads[method](SNAPSHOT, request, ask).SerializeToString()
                else:
                    planned = service.writes[method](SNAPSHOT, request, ask)
                    after = apply(SNAPSHOT, planned.changes, ask.origin, NOW).snapshot
                    planned.answer(after).SerializeToString()
                answered += 1
            except PdpError as error:
                assert error.message, request
    assert answered, "no request came through, so that little was tried"

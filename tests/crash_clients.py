"""Clients that stream writes to a server which may die at any moment, and know what the store must hold for them.

Each has a VPC of its own, so that what others do changes nothing of what it expects. A wish says beforehand what comes
of it: until it is acknowledged, the store holds what was before or what is after, and never anything between.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from threading import Event
from typing import Any, NamedTuple, Protocol

import grpc

from pdp.model.addresses import Family, Prefix, parse_address
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import AccountId, EniId, GroupId, InstanceId, VpcId
from pdp.model.network import Eni, Vpc
from pdp.model.rules import Action
from pdp.policy.changes import Resource
from pdp.policy.snapshot import Snapshot
from pdp.v1 import security_group_service_pb2 as pb
from pdp.v1.resources_pb2 import Permission, WriteOptions

ACCOUNT = AccountId("1000")
BASE = "base"
"""The name of the group that every ENI of a client is in, so that it can leave all others."""
ENIS = 3
MOST_GROUPS = 4
MOST_RULES = 60
MOST_AT_ONCE = 20
PATIENCE_S = 30.0


class Held(NamedTuple):
    """What the store holds of one group: the ports of its rules, its inner access policy, and its members."""

    ports: frozenset[int]
    inner: str
    members: frozenset[str]


Model = Mapping[str, Held]
"""All of a client, by the groups' names."""


class Wish(NamedTuple):
    """One write with its token, and what the client holds once it is done. `moves` tells whether it makes a commit."""

    method: str
    token: str
    request: Any
    after: Model
    moves: bool


class Done(NamedTuple):
    """A wish that was acknowledged, and how."""

    wish: Wish
    answer: Any


class Method(Protocol):
    """Calls a method of the service by its name."""

    def __call__(self, method: str, request: Any) -> Any: ...


class Violated(Exception):
    """The server or the store broke a promise."""


def resources(number: int) -> list[Resource]:
    """What a client begins with."""
    vpc = VpcId(f"vpc-{number}")
    base = GroupId(f"sg-base-{number}")
    enis = [
        Eni(
            EniId(f"eni-{number}-{n}"), vpc, ACCOUNT, (base,), InstanceId(""), addresses=(parse_address(f"10.0.0.{n}"),)
        )
        for n in range(ENIS)
    ]
    block = Prefix(Family.IPV4, 10 << 24, 8)
    group = SecurityGroup(base, ACCOUNT, vpc, GroupType.BASIC, Action.DROP, name=BASE)
    return [Vpc(vpc, ACCOUNT, (block,)), group, *enis]


def held(snapshot: Snapshot, number: int) -> Model:
    """What a snapshot holds of a client."""
    groups = [group for group in snapshot.groups.values() if group.vpc == f"vpc-{number}"]
    enis = [eni for eni in snapshot.enis.values() if eni.vpc == f"vpc-{number}"]
    return {
        group.name: Held(
            frozenset(rule.ports.first for rule in group.rules if rule.ports),
            group.inner_access.name.capitalize(),
            frozenset(eni.id for eni in enis if group.id in eni.groups),
        )
        for group in groups
    }


@dataclass(slots=True)
class Client:
    """One client. `pending` is the wish that was sent and not acknowledged, `done` what was since the last look."""

    number: int
    rng: Random
    model: Model
    ids: dict[str, str]
    pending: Wish | None = None
    done: list[Done] = field(default_factory=list)
    last: Done | None = None
    made: int = 0

    @classmethod
    def of(cls, number: int, rng: Random) -> "Client":
        """A client that has `resources(number)`."""
        members = frozenset(f"eni-{number}-{n}" for n in range(ENIS))
        return cls(number, rng, {BASE: Held(frozenset(), "Drop", members)}, {BASE: f"sg-base-{number}"})

    def stream(self, call: Method, stop: Event) -> None:
        """One write after another, until the server is gone. Raises Violated for a refusal."""
        while not stop.is_set():
            self.pending = self._wish()
            if not self.send(call):
                return

    def send(self, call: Method) -> bool:
        """Sends what is pending, perhaps again, and tells whether it was acknowledged."""
        wish = self.pending
        if wish is None:
            return True
        try:
            answer = call(wish.method, wish.request)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                return False
            raise Violated(f"client {self.number}: {wish.method} was refused: {error.details()}") from error
        if isinstance(wish.request, pb.CreateSecurityGroupRequest):
            self.ids[wish.request.security_group_name] = answer.security_group_id
        self.model, self.pending, self.last = wish.after, None, Done(wish, answer)
        self.done.append(self.last)
        return True

    def _wish(self) -> Wish:
        rng = self.rng
        name = rng.choice(sorted(self.model))
        group = self.model[name]
        choices: list[Callable[[str, Held], Wish | None]] = [
            self._authorize,
            self._authorize,
            self._configure,
            self._revoke,
            self._inner,
            self._again,
        ]
        choices += [self._membership, self._membership, self._create, self._delete]
        while True:
            self.made += 1
            wish = rng.choice(choices)(name, group)
            if wish is not None:
                return wish

    def _authorize(self, name: str, group: Held) -> Wish | None:
        ports = self._new_ports(group)
        request = pb.AuthorizeSecurityGroupRequest(permissions=map(permission, ports))
        return self._changed("AuthorizeSecurityGroup", request, name, ports=group.ports | ports) if ports else None

    def _revoke(self, name: str, group: Held) -> Wish | None:
        gone = self._some_ports(group)
        request = pb.RevokeSecurityGroupRequest(permissions=map(permission, gone))
        return self._changed("RevokeSecurityGroup", request, name, ports=group.ports - gone) if gone else None

    def _configure(self, name: str, group: Held) -> Wish | None:
        ports, gone = self._new_ports(group), self._some_ports(group)
        if not ports or not gone:
            return None
        request = pb.ConfigureSecurityGroupPermissionsRequest(
            authorize_permissions=[permission(port, "ingress") for port in ports],
            revoke_permissions=[permission(port, "ingress") for port in gone],
        )
        return self._changed("ConfigureSecurityGroupPermissions", request, name, ports=group.ports - gone | ports)

    def _again(self, name: str, group: Held) -> Wish | None:
        """Rules that are there already: answered and remembered, without a commit."""
        ports = self._some_ports(group)
        request = pb.AuthorizeSecurityGroupRequest(permissions=map(permission, ports))
        return self._changed("AuthorizeSecurityGroup", request, name) if ports else None

    def _inner(self, name: str, group: Held) -> Wish:
        other = "Accept" if group.inner == "Drop" else "Drop"
        request = pb.ModifySecurityGroupPolicyRequest(inner_access_policy=other)
        return self._changed("ModifySecurityGroupPolicy", request, name, inner=other)

    def _membership(self, name: str, group: Held) -> Wish | None:
        if name == BASE:
            return None
        eni = f"eni-{self.number}-{self.rng.randrange(ENIS)}"
        if eni in group.members:
            request: Any = pb.LeaveSecurityGroupRequest(network_interface_id=eni)
            return self._changed("LeaveSecurityGroup", request, name, members=group.members - {eni})
        request = pb.JoinSecurityGroupRequest(network_interface_id=eni)
        return self._changed("JoinSecurityGroup", request, name, members=group.members | {eni})

    def _create(self, _name: str, _group: Held) -> Wish | None:
        if len(self.model) >= MOST_GROUPS:
            return None
        name = f"group-{self.made}"
        request = pb.CreateSecurityGroupRequest(vpc_id=f"vpc-{self.number}", security_group_name=name)
        return self._wished(
            "CreateSecurityGroup", request, {**self.model, name: Held(frozenset(), "Accept", frozenset())}
        )

    def _delete(self, name: str, group: Held) -> Wish | None:
        if name == BASE or group.members:
            return None
        request = pb.DeleteSecurityGroupRequest(security_group_id=self.ids[name])
        return self._wished("DeleteSecurityGroup", request, {key: self.model[key] for key in self.model if key != name})

    def _changed(self, method: str, request: Any, name: str, **parts: Any) -> Wish:
        request.security_group_id = self.ids[name]
        return self._wished(method, request, {**self.model, name: self.model[name]._replace(**parts)})

    def _wished(self, method: str, request: Any, after: Model) -> Wish:
        token = f"{self.number}-{self.made}"
        request.write_options.CopyFrom(WriteOptions(client_token=token))
        return Wish(method, token, request, after, after != self.model)

    def _new_ports(self, group: Held) -> frozenset[int]:
        count = self.rng.randint(1, MOST_AT_ONCE)
        ports = frozenset(self.rng.sample(range(1, 60_000), count)) - group.ports
        return ports if len(group.ports | ports) <= MOST_RULES else frozenset()

    def _some_ports(self, group: Held) -> frozenset[int]:
        return frozenset(self.rng.sample(sorted(group.ports), self.rng.randint(0, min(MOST_AT_ONCE, len(group.ports)))))


def permission(port: int, direction: str = "") -> Permission:
    """A rule unlike those of other ports."""
    return Permission(direction=direction, ip_protocol="TCP", port_range=f"{port}/{port}", source_cidr_ip="10.0.0.0/8")

"""A caller of servers on a store: it changes the rule that comes and goes, and asks what that does to a flow."""

import time
from collections.abc import Sequence
from typing import Self

import grpc

from benchmarks.harness import same
from benchmarks.store_policy import ENI, GROUP, question
from pdp.cli.messages import flow_message
from pdp.index.checker import Checker
from pdp.model.flow import Flow
from pdp.model.ids import EniId
from pdp.model.instants import Instant
from pdp.model.rules import Action
from pdp.v1 import decision_service_pb2
from pdp.v1 import security_group_service_pb2 as groups_pb
from pdp.v1.decision_service_pb2 import CheckFlowRequest, CheckFlowResponse
from pdp.v1.resources_pb2 import Permission

DECISIONS = decision_service_pb2.DESCRIPTOR.services_by_name["DecisionService"].full_name
GROUPS = groups_pb.DESCRIPTOR.services_by_name["SecurityGroupService"].full_name
COMING = Permission(ip_protocol="TCP", port_range="443/443", source_cidr_ip="198.51.100.0/24")
"""The rule that comes and goes."""
ADD = groups_pb.AuthorizeSecurityGroupRequest(security_group_id=GROUP, permissions=[COMING]).SerializeToString()
REMOVE = groups_pb.RevokeSecurityGroupRequest(security_group_id=GROUP, permissions=[COMING]).SerializeToString()


class Ask:
    """A CheckFlow as bytes with the one right action."""

    def __init__(self, eni: EniId, flow: Flow, action: Action, at_least_revision: int = 0) -> None:
        self.action = action
        self.request = CheckFlowRequest(
            flow=flow_message(eni, flow), at_least_revision=at_least_revision
        ).SerializeToString()

    def verify(self, answer: bytes) -> int:
        """The revision that answered. Raises AssertionError for a wrong answer."""
        response = CheckFlowResponse.FromString(answer)
        same(response.verdict.action, self.action)
        return response.position.revision


class StoreClient:
    """A connection to one server; `async with` closes it."""

    def __init__(self, address: str) -> None:
        options = [("grpc.use_local_subchannel_pool", 1)]
        self._channel = grpc.aio.insecure_channel(address, options=options)
        self._check = self._channel.unary_unary(f"/{DECISIONS}/CheckFlow", bytes, bytes)
        self._add = self._channel.unary_unary(f"/{GROUPS}/AuthorizeSecurityGroup", bytes, bytes)
        self._remove = self._channel.unary_unary(f"/{GROUPS}/RevokeSecurityGroup", bytes, bytes)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._channel.close()

    async def commit(self, *, adds: bool) -> int:
        """Brings the rule, or takes it away, and gives the revision."""
        if adds:
            added = groups_pb.AuthorizeSecurityGroupResponse.FromString(await self._add(ADD))
            same(len(added.permissions), 1)
            return added.position.revision
        removed = groups_pb.RevokeSecurityGroupResponse.FromString(await self._remove(REMOVE))
        same(len(removed.permissions), 1)
        return removed.position.revision

    async def sees(self, revision: int, *, added: bool) -> None:
        """Waits until the server answers from a revision. Raises AssertionError for another verdict than it makes."""
        ask = Ask(ENI, question(ENI), Action.ACCEPT if added else Action.DROP, revision)
        same(ask.verify(await self._check(ask.request)), revision)

    async def alone(self, asks: Sequence[Ask]) -> list[float]:
        """One call after another: the milliseconds that each took."""
        took = []
        for ask in asks:
            start = time.perf_counter()
            answer = await self._check(ask.request)
            took.append((time.perf_counter() - start) * 1000)
            ask.verify(answer)
        return took


def asks(checker: Checker, flows: Sequence[tuple[EniId, Flow]]) -> list[Ask]:
    """Questions with the answers that a checker in this process gives."""
    return [Ask(eni, flow, checker.check(eni, flow, Instant(0)).action) for eni, flow in flows]

"""Requests whose right answers are known before they are sent, so that no answer is timed unchecked.

What is right comes from the layers below the server, in the process that asks: from the index, which is held against
the definition on a part of the flows first. It must never come from a server that is measured.
"""

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from benchmarks import workloads
from benchmarks.harness import same
from pdp.cli.messages import flow_message
from pdp.index.cache import IndexCache
from pdp.index.checker import Checker
from pdp.model.addresses import Family, parse_cidr, prefix_around
from pdp.model.flow import Flow
from pdp.model.instants import Instant
from pdp.model.verdict import Verdict
from pdp.policy.decide import decide
from pdp.policy.draft import snapshot_of
from pdp.policy.snapshot import Snapshot
from pdp.v1 import flow_pb2
from pdp.v1.decision_service_pb2 import (
    BatchCheckFlowsRequest,
    BatchCheckFlowsResponse,
    CheckFlowColumnsRequest,
    CheckFlowColumnsResponse,
    CheckFlowRequest,
    CheckFlowResponse,
)

NOW = Instant(0)
"""The policies measured have no penalties: every time is the same."""
DEFINED = 100
"""Flows for which the definition is asked as well; it takes some ten milliseconds each."""


class Question:
    """One request of a method of DecisionService as bytes, about so many `flows`."""

    def __init__(self, method: str, request: bytes, flows: int, check: Callable[[bytes], None]) -> None:
        self.method = method
        self.request = request
        self.flows = flows
        self._check = check
        self.answer = b""

    def verify(self, answer: bytes) -> None:
        """Raises AssertionError for a wrong answer. The bytes found right last time are right again."""
        if answer != self.answer:
            self._check(answer)
            self.answer = answer


class Told(NamedTuple):
    """What a verdict says of one flow. Blank or 0 is absent."""

    action: int
    reason: int
    rule: str
    group: str
    priority: int
    idle_timeout_s: int


def policy_snapshot(rules: int, members: int) -> Snapshot:
    """The policy of `rules` rules: the same in the server's process and in those that ask."""
    return snapshot_of(workloads.policy(rules, members, Family.IPV4))


class Exam:
    """Flows of the policy of `rules` rules, with their verdicts.

    Raises AssertionError when index and definition differ.
    """

    def __init__(self, rules: int, members: int, flows: int) -> None:
        self.snapshot = policy_snapshot(rules, members)
        self.flows = workloads.flows(workloads.policy(rules, members, Family.IPV4), flows, Family.IPV4)
        checker = Checker(self.snapshot, IndexCache())
        verdicts = [checker.check(workloads.BENCH_ENI, flow, NOW) for flow in self.flows]
        for flow, verdict in zip(self.flows[:DEFINED], verdicts, strict=False):
            same(verdict, decide(self.snapshot, workloads.BENCH_ENI, flow, NOW))
        self.told = [_told(verdict) for verdict in verdicts]

    def singles(self) -> list[Question]:
        """A CheckFlow for each flow, with its region."""
        return [
            Question(
                "CheckFlow",
                CheckFlowRequest(flow=flow_message(workloads.BENCH_ENI, flow)).SerializeToString(),
                1,
                lambda answer, flow=flow, told=told: self._check_single(answer, flow, told),  # type: ignore[misc]
            )
            for flow, told in zip(self.flows, self.told, strict=True)
        ]

    def batch(self) -> Question:
        """One BatchCheckFlows with all flows."""
        request = BatchCheckFlowsRequest(flows=[flow_message(workloads.BENCH_ENI, flow) for flow in self.flows])
        return Question("BatchCheckFlows", request.SerializeToString(), len(self.flows), self._check_batch)

    def columns(self) -> Question:
        """One CheckFlowColumns with all flows."""
        packed = workloads.packed_columns(self.flows, 1, 4)
        request = CheckFlowColumnsRequest(eni_ids=[workloads.BENCH_ENI], **packed._asdict())
        return Question("CheckFlowColumns", request.SerializeToString(), len(self.flows), self._check_columns)

    def _check_single(self, answer: bytes, flow: Flow, told: Told) -> None:
        response = CheckFlowResponse.FromString(answer)
        same(_read(response.verdict), told)
        self._check_position(response.position)
        region = response.verdict.region
        same((region.eni_id, region.direction, region.protocol), (workloads.BENCH_ENI, flow.direction, flow.protocol))
        for cidr, address in ((region.remote_cidr, flow.source), (region.own_cidr, flow.destination)):
            prefix = parse_cidr(cidr).prefix
            same(prefix, prefix_around(address.family, address.value, prefix.length))

    def _check_batch(self, answer: bytes) -> None:
        response = BatchCheckFlowsResponse.FromString(answer)
        self._check_position(response.position)
        for item, told in zip(response.items, self.told, strict=True):
            same(_read(item.verdict), told)

    def _check_columns(self, answer: bytes) -> None:
        response = CheckFlowColumnsResponse.FromString(answer)
        self._check_position(response.position)
        same(response.errors, b"")
        for row, told in zip(_rows(response), self.told, strict=True):
            same(row, told._replace(idle_timeout_s=0))

    def _check_position(self, position: flow_pb2.PolicyPosition) -> None:
        same((position.revision, position.store_id), (self.snapshot.revision, self.snapshot.store))


def middle_answer(questions: list[Question]) -> bytes:
    """The answer of middle size among those that the questions got so far, as protobuf writes it."""
    answers = sorted((question.answer for question in questions if question.answer), key=len)
    return CheckFlowResponse.FromString(answers[len(answers) // 2]).SerializeToString()


def with_answer(questions: list[Question], constant: bytes) -> list[Question]:
    """The same requests, every one to be answered with the same bytes."""
    return [
        Question(question.method, question.request, question.flows, lambda answer: same(answer, constant))
        for question in questions
    ]


def _told(verdict: Verdict) -> Told:
    rule = verdict.rule
    return Told(
        verdict.action,
        verdict.reason,
        rule.id if rule else "",
        verdict.group or "",
        rule.priority if rule else 0,
        verdict.idle_timeout_s or 0,
    )


def _read(verdict: flow_pb2.Verdict) -> Told:
    return Told(
        verdict.action,
        verdict.reason,
        verdict.rule_id,
        verdict.group_id,
        verdict.priority,
        verdict.idle_timeout_seconds,
    )


def _rows(response: CheckFlowColumnsResponse) -> Iterator[Told]:
    """What the columns say, row by row; they have no timeouts."""
    rows = len(response.actions)
    rules = [("", 0), *((rule.rule_id, rule.priority) for rule in response.rules)]
    groups = ["", *response.group_ids]
    rule_index = struct.unpack(f">{rows}I", response.rule_index or bytes(4 * rows))
    group_index = struct.unpack(f">{rows}I", response.group_index or bytes(4 * rows))
    for action, reason, rule, group in zip(response.actions, response.reasons, rule_index, group_index, strict=True):
        rule_id, priority = rules[rule]
        yield Told(action, reason, rule_id, groups[group], priority, 0)

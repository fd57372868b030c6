"""DecisionService: each method reads one snapshot and one instant, and answers from them alone.

A plain servicer: it knows nothing of the server around it, so that another one may serve it. It raises PdpError for
what it refuses; telling the caller is the guard's business.
"""

from collections.abc import Callable, Mapping
from functools import partial
from operator import attrgetter

from pdp.index.batch import ColumnCheck
from pdp.index.checker import Checker
from pdp.model.errors import FieldError, PdpError, Reason
from pdp.model.flow import Flow
from pdp.model.ids import EniId
from pdp.model.instants import Instant
from pdp.model.rules import Action
from pdp.model.verdict import Verdict
from pdp.policy.explain import explain
from pdp.server.answers import WrittenVerdicts, position_of, verdict_to_proto
from pdp.server.batch import BatchAnswers, BatchRequest
from pdp.server.check_gate import CheckGate
from pdp.server.clock import CLOCK
from pdp.server.column_answers import ColumnAnswers
from pdp.server.columns import columns_from_proto
from pdp.server.convert import asked_flow, flow_from_proto, path_from_proto, unknown_resource
from pdp.server.counts import Counts
from pdp.server.explanations import explanation_to_proto
from pdp.server.guard import Context, Method
from pdp.server.source import PolicySource
from pdp.server.turns import Turns
from pdp.v1 import decision_service_pb2 as messages

SERVICE_NAME: str = messages.DESCRIPTOR.services_by_name["DecisionService"].full_name

_FIELDS = attrgetter("flow", "omit_region", "at_least_revision")

Check = Callable[[str, Flow, Instant], Verdict]
"""How a checker answers for an ENI: with a region or without."""


LONGEST_WAIT_S = 30.0
"""How long a request without a deadline waits for its revision."""
ANSWER_MARGIN = 0.1
"""The part of the time to the deadline, at most `ANSWER_MARGIN_S`, that is kept for telling that it was not reached."""
ANSWER_MARGIN_S = 0.25


class DecisionService:
    """Answers checks from the present policy of a source. `now` tells the time in nanoseconds since 1970.

    With a `gate`, who asks must be known and may ask about some ENIs only; without one, anybody about all.
    """

    def __init__(
        self,
        source: PolicySource,
        counts: Counts,
        turns: Turns,
        *,
        most_batch_rows: int,
        most_column_rows: int,
        gate: CheckGate | None = None,
        now: Callable[[], Instant] = CLOCK,
    ) -> None:
        self._source = source
        self._counts = counts
        self._turns = turns
        self._most_batch_rows = most_batch_rows
        self._most_column_rows = most_column_rows
        self._gate = gate
        self._now = now
        self._written: WrittenVerdicts | None = None

    def methods(self) -> Mapping[str, Method]:
        """Every method with how its messages are read and written. Checks and batches give bytes that are ready."""
        return {
            "CheckFlow": Method(messages.CheckFlowRequest.FromString, self.CheckFlow, bytes),
            "BatchCheckFlows": Method(BatchRequest, self.BatchCheckFlows, bytes),
            "CheckFlowColumns": Method(
                messages.CheckFlowColumnsRequest.FromString,
                self.CheckFlowColumns,
                messages.CheckFlowColumnsResponse.SerializeToString,
                # Its ids in memory are many times as large as in the request.
                None if self._gate is None else partial(self._gate.asker, "CheckFlowColumns"),
            ),
            "ExplainFlow": Method(
                messages.ExplainFlowRequest.FromString, self.ExplainFlow, messages.ExplainFlowResponse.SerializeToString
            ),
            "CheckPath": Method(
                messages.CheckPathRequest.FromString, self.CheckPath, messages.CheckPathResponse.SerializeToString
            ),
        }

    async def CheckFlow(  # noqa: N802 - the contract's name, as for each method here
        self, request: messages.CheckFlowRequest, context: Context
    ) -> bytes:
        """One flow; the serialised CheckFlowResponse."""
        asker = None if self._gate is None else self._gate.asker("CheckFlow", context)
        message, omit_region, at_least_revision = _FIELDS(request)
        checker = self._source.checker
        if checker is None or at_least_revision > checker.snapshot.revision:
            checker = await self._checker(at_least_revision, context)
        if asker is not None:
            asker.permit(checker.snapshot, (message.eni_id,))
        # A flow that names its ENI is there; of any other it has to be asked.
        eni_id, flow = flow_from_proto(message if message.eni_id else asked_flow(request))
        check = checker.check if omit_region else checker.check_region
        verdict = self._verdict(check, eni_id, flow, self._now())
        written = self._written
        if written is None or written.snapshot is not checker.snapshot:
            written = self._written = WrittenVerdicts(checker.snapshot)
        return written.field(verdict) + written.position

    async def BatchCheckFlows(self, request: BatchRequest, context: Context) -> bytes:  # noqa: N802
        """Many flows, in slices that let others through."""
        asker = None if self._gate is None else self._gate.asker("BatchCheckFlows", context)
        await self._turns.run(request.scan())
        if request.count > self._most_batch_rows:
            raise FieldError(
                Reason.BATCH_TOO_LARGE,
                "flows",
                f"{request.count} rows are more than the {self._most_batch_rows} that one request may have; split it",
            )
        head = request.head()
        checker = await self._checker(head.at_least_revision, context)
        if asker is not None and not asker.may_ask_about_any:
            enis: set[str] = set()
            await self._turns.run(request.find_enis(enis))
            await self._turns.run(asker.permit_all(checker.snapshot, enis))
        answers = BatchAnswers(checker, self._now(), self._counts, include_regions=head.include_regions)
        await self._turns.run(answers.answer(request))
        return answers.response()

    async def CheckFlowColumns(  # noqa: N802
        self, request: messages.CheckFlowColumnsRequest, context: Context
    ) -> messages.CheckFlowColumnsResponse:
        """Very many flows as columns, in slices that let others through."""
        asker = None if self._gate is None else self._gate.asker("CheckFlowColumns", context)
        columns = columns_from_proto(request, self._most_column_rows)
        checker = await self._checker(request.at_least_revision, context)
        if asker is not None:
            await self._turns.run(asker.permit_all(checker.snapshot, columns.eni_ids))
        check = ColumnCheck(checker, columns, self._now())
        await self._turns.run(check.steps())
        answers = ColumnAnswers(check, self._counts)
        await self._turns.run(answers.pack())
        return answers.response()

    async def ExplainFlow(  # noqa: N802
        self, request: messages.ExplainFlowRequest, context: Context
    ) -> messages.ExplainFlowResponse:
        """One flow, stage by stage."""
        asker = None if self._gate is None else self._gate.asker("ExplainFlow", context)
        checker = await self._checker(request.at_least_revision, context)
        if asker is not None:
            asker.permit(checker.snapshot, (request.flow.eni_id,))
        eni_id, flow = flow_from_proto(asked_flow(request))
        at = self._now()
        verdict = self._verdict(checker.check_region, eni_id, flow, at)
        owners = checker.owners(checker.snapshot.enis[EniId(eni_id)], flow.family, flow.remote)
        try:
            account = explain(
                checker.snapshot,
                eni_id,
                flow,
                at,
                verdict=verdict,
                owners=owners,
                rule_id=request.rule_id,
                group_id=request.group_id,
            )
        except PdpError as error:
            raise unknown_resource(error, "rule_id", request.rule_id) from None
        return explanation_to_proto(account, checker.snapshot)

    async def CheckPath(  # noqa: N802
        self, request: messages.CheckPathRequest, context: Context
    ) -> messages.CheckPathResponse:
        """One 5-tuple from end to end (§2.5)."""
        asker = None if self._gate is None else self._gate.asker("CheckPath", context)
        checker = await self._checker(request.at_least_revision, context)
        if asker is not None:
            asker.permit(checker.snapshot, (request.source.eni_id, request.destination.eni_id))
        at = self._now()
        path = path_from_proto(checker.snapshot, checker.owners, request)
        egress, ingress = (
            self._verdict(checker.check_region, *side, at) if side else None for side in (path.egress, path.ingress)
        )
        return messages.CheckPathResponse(
            allowed=all(verdict.action is Action.ACCEPT for verdict in (egress, ingress) if verdict),
            egress=verdict_to_proto(egress) if egress else None,
            ingress=verdict_to_proto(ingress) if ingress else None,
            source=str(path.source),
            destination=str(path.destination),
            position=position_of(checker.snapshot),
        )

    async def _checker(self, at_least_revision: int, context: Context) -> Checker:
        """The checker for a request, once its revision is reached. Raises PdpError when the deadline comes first."""
        checker = self._source.loaded()
        if at_least_revision <= checker.snapshot.revision:
            return checker
        remaining = context.time_remaining()
        if remaining is None:
            return await self._source.at_least(at_least_revision, LONGEST_WAIT_S)
        # Not to the very end: an answer after the deadline is none.
        margin = min(remaining * ANSWER_MARGIN, ANSWER_MARGIN_S)
        return await self._source.at_least(at_least_revision, remaining - margin)

    def _verdict(self, check: Check, eni_id: str, flow: Flow, at: Instant) -> Verdict:
        """The verdict, counted. Raises PdpError for an ENI that does not exist, naming the field."""
        try:
            verdict = check(eni_id, flow, at)
        except PdpError as error:
            raise unknown_resource(error, "flow.eni_id", eni_id) from None
        self._counts.verdict(verdict)
        return verdict

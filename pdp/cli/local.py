"""Answers from a bundle in this process, without a server: the same index, stages and accounts that a server uses."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pdp.cli.bundles import load_bundle, policy_in
from pdp.cli.exits import refused_question
from pdp.cli.output import complain
from pdp.formats.flows import FlowQuestion
from pdp.formats.scenarios import PathQuestion
from pdp.formats.verdicts import error_line, verdict_line
from pdp.index.cache import IndexCache
from pdp.index.checker import Checker
from pdp.model.errors import FieldError, PdpError, Reason
from pdp.model.flow import Flow
from pdp.model.ids import EniId
from pdp.model.instants import Instant
from pdp.model.verdict import Verdict
from pdp.policy.explain import explain
from pdp.policy.explanation import RuleAccount
from pdp.policy.path import End, resolve_path


class LocalAnswers:
    """Answers from the bundle in a directory."""

    def __init__(self, directory: Path) -> None:
        bundle = load_bundle(directory)
        if bundle.skipped:
            complain(
                f"note: in {directory} these are not named like files of a bundle, and were skipped: "
                f"{', '.join(bundle.skipped)}"
            )
        self.snapshot = policy_in(directory, bundle, _time(None))
        self._checker = Checker(self.snapshot, IndexCache())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Nothing is held."""

    def check(self, eni: str, flow: Flow, at: Instant | None) -> dict[str, Any]:
        """One verdict with its region."""
        try:
            verdict = self._checker.check_region(eni, flow, _time(at))
        except PdpError as error:
            raise refused_question(error) from None
        return self._document(verdict)

    def check_many(
        self, questions: Iterable[FlowQuestion | FieldError], at: Instant | None, *, regions: bool
    ) -> Iterator[dict[str, Any]]:
        """One line for each question, as it comes."""
        judge = self._checker.check_region if regions else self._checker.check
        revision = self.snapshot.revision
        for question in questions:
            if isinstance(question, FieldError):
                yield error_line(question)
                continue
            eni, flow, logged_action, eni_key = question
            try:
                yield verdict_line(judge(eni, flow, _time(at)), revision, logged_action)
            except PdpError as error:
                unknown = error.reason is Reason.UNKNOWN_ENI
                yield error_line(FieldError(error.reason, eni_key, error.message) if unknown else error, logged_action)

    def explain(self, eni: str, flow: Flow, at: Instant | None, rule: str, group: str) -> dict[str, Any]:
        """The account of one verdict."""
        at = _time(at)
        try:
            verdict = self._checker.check_region(eni, flow, at)
            account = explain(
                self.snapshot,
                eni,
                flow,
                at,
                verdict=verdict,
                owners=self._checker.owners(self.snapshot.enis[EniId(eni)], flow.family, flow.remote),
                rule_id=rule,
                group_id=group,
            )
        except PdpError as error:
            raise refused_question(error) from None
        return {
            "verdict": self._document(verdict),
            "stages": [
                {"stage": stage.stage.name, "asked": stage.asked, "answered": stage.answered, "account": stage.account}
                for stage in account.stages
            ],
            "matched": [_rule_document(item) for item in account.matched],
            "near_misses": [_rule_document(item) for item in account.near_misses],
            "rules_considered": account.rules_considered,
            "asked_rule": _rule_document(account.asked_rule) if account.asked_rule else None,
            "hints": list(account.hints),
            "groups": list(account.groups),
        }

    def path(self, question: PathQuestion, at: Instant | None) -> dict[str, Any]:
        """Both verdicts of a connection, at one time."""
        source, destination, protocol, source_port, destination_port = question
        at = _time(at)
        try:
            ends = End(*source), End(*destination)
            path = resolve_path(self.snapshot, self._checker.owners, *ends, protocol, source_port, destination_port)
            egress, ingress = (self._end_document(end, at) for end in (path.egress, path.ingress))
        except PdpError as error:
            raise refused_question(error) from None
        return {
            "allowed": all(end["action"] == "ACCEPT" for end in (egress, ingress) if end),
            "source": str(path.source),
            "destination": str(path.destination),
            "egress": egress,
            "ingress": ingress,
        }

    def _end_document(self, end: tuple[EniId, Flow] | None, at: Instant) -> dict[str, Any] | None:
        return self._document(self._checker.check_region(*end, at)) if end else None

    def _document(self, verdict: Verdict) -> dict[str, Any]:
        return {**verdict_line(verdict, self.snapshot.revision), "store": self.snapshot.store}


def _time(at: Instant | None) -> Instant:
    return Instant(time.time_ns()) if at is None else at


def _rule_document(account: RuleAccount) -> dict[str, Any]:
    """A rule beside the flow."""
    rule = account.rule
    return {
        "rule": "" if rule.id_is_derived else rule.id,
        **({"derived_rule": rule.id} if rule.id_is_derived else {}),
        "group": account.group,
        "text": str(rule),
        "action": rule.action.name,
        "priority": rule.priority,
        "matched": account.matched,
        "won": account.won,
        "lost_because": account.lost_because,
        "conditions": [asdict(condition) for condition in account.conditions],
    }

"""Judged columns as they go on the wire, made in steps: a pass over a million rows is longer than others may wait."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pdp.index.batch import ColumnCheck
from pdp.policy.context import OwnedRule
from pdp.server.answers import position_of, timestamp
from pdp.server.counts import Counts
from pdp.v1.decision_service_pb2 import CheckFlowColumnsResponse, RuleReference

STEP_ROWS = 32_768
"""Rows packed in a step: some hundred microseconds."""

Item = TypeVar("Item")


class ColumnAnswers:
    """The answers of a check whose rows have all been judged. `pack` them, then take the `response`."""

    def __init__(self, check: ColumnCheck, counts: Counts) -> None:
        self._check = check
        self._counts = counts
        self._rules, self._rule_places = _distinct(check.rules, lambda owned: (id(owned.rule), owned.group))
        self._groups, self._group_places = _distinct(check.groups, lambda group: group)
        rows = len(check.columns)
        self._rule_index = np.zeros(rows if self._rules else 0, ">u4")
        self._group_index = np.zeros(rows if self._groups else 0, ">u4")
        self._any_error = False

    def pack(self) -> Iterator[None]:
        """Packs and counts all rows, yielding after each step."""
        check = self._check
        for start in range(0, len(check.columns), STEP_ROWS):
            step = slice(start, start + STEP_ROWS)
            if self._rules:
                self._rule_index[step] = self._rule_places[check.rule_index[step]]
            if self._groups:
                self._group_index[step] = self._group_places[check.group_index[step]]
            self._count(check.actions[step], check.reasons[step], check.errors[step])
            yield

    def response(self) -> CheckFlowColumnsResponse:
        """The whole answer."""
        check = self._check
        return CheckFlowColumnsResponse(
            actions=check.actions.tobytes(),
            reasons=check.reasons.tobytes(),
            rules=map(_reference, self._rules),
            rule_index=self._rule_index.tobytes(),
            group_ids=self._groups,
            group_index=self._group_index.tobytes(),
            errors=check.errors.tobytes() if self._any_error else b"",
            valid_until=None if check.valid_until is None else timestamp(check.valid_until),
            position=position_of(check.checker.snapshot),
        )

    def _count(self, actions: NDArray[np.uint8], reasons: NDArray[np.uint8], errors: NDArray[np.uint8]) -> None:
        """Counts verdicts and errors as if each row had been asked alone."""
        verdicts = self._counts.verdicts
        width = len(verdicts[0])
        found = np.bincount(actions * np.uint8(width) + reasons, minlength=len(verdicts) * width).tolist()
        for action in range(1, len(verdicts)):
            for reason in range(1, width):
                verdicts[action][reason] += found[action * width + reason]
        if errors.any():
            self._any_error = True
            for number, rows in enumerate(np.bincount(errors).tolist()[1:], start=1):
                self._counts.errors[number] += rows


def _distinct(items: Sequence[Item], key: Callable[[Item], object]) -> tuple[list[Item], NDArray[np.uint32]]:
    """The items without doubles; and for 0 or 1 + each old position, what stands for it now."""
    firsts: dict[object, tuple[int, Item]] = {}
    for item in items:
        firsts.setdefault(key(item), (len(firsts) + 1, item))
    places = np.array([0, *(firsts[key(item)][0] for item in items)], np.uint32)
    return [item for _, item in firsts.values()], places


def _reference(owned: OwnedRule) -> RuleReference:
    rule, group = owned
    return RuleReference(
        rule_id="" if rule.id_is_derived else rule.id,
        derived_rule_id=rule.id if rule.id_is_derived else "",
        group_id=group,
        priority=rule.priority,
    )

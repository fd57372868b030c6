"""The model's words and those of the contract are the same words with the same numbers."""

from enum import Enum

import pytest

from pdp.model.errors import Reason
from pdp.model.flow import Direction
from pdp.model.rules import Action
from pdp.model.verdict import Stage
from pdp.v1 import flow_pb2

PAIRS = [
    (Reason, flow_pb2.ErrorReason, "ERROR_REASON_"),
    (Stage, flow_pb2.VerdictReason, "VERDICT_REASON_"),
    (Action, flow_pb2.Action, "ACTION_"),
    (Direction, flow_pb2.Direction, "DIRECTION_"),
]


@pytest.mark.parametrize(("ours", "theirs", "prefix"), PAIRS, ids=["Reason", "Stage", "Action", "Direction"])
def test_names_and_numbers_are_those_of_the_contract(ours: type[Enum], theirs: object, prefix: str) -> None:
    contract = {name.removeprefix(prefix): number for name, number in theirs.items()}  # type: ignore[attr-defined]
    assert contract.pop("UNSPECIFIED") == 0
    assert {member.name: member.value for member in ours} == contract

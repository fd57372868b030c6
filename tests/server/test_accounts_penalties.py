from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from pdp.model.codes import Code
from pdp.model.ids import PenaltyId
from pdp.model.instants import Instant
from pdp.model.network import PenaltyAction, PenaltyState
from pdp.model.verdict import Stage
from pdp.policy.decide import decide
from pdp.server.accounts.service import ACCOUNT_SERVICE
from pdp.server.answers import timestamp
from pdp.server.network.service import NETWORK_SERVICE
from tests.builders import ACCOUNT, NOW, at, eni, flow, group, penalty, policy
from tests.server.planning import OPERATOR, STRANGER, Planning, refused

OPEN = group("sg-a", "accept tcp/22 from 0.0.0.0/0")
MEMBERS = [
    eni("eni-1", "10.0.0.1", groups=["sg-a"], instance="i-1", primary=True),
    eni("eni-2", "10.0.0.2", groups=["sg-a"], instance="i-2", account="2000"),
]
BLOCK: dict[str, Any] = {
    "penalty_class": "malicious_behaviour",
    "action": "BLOCK_TRAFFIC",
    "instance_id": "i-1",
}
DOMAIN: dict[str, Any] = {"penalty_class": "harmful_information", "action": "BLOCK_DOMAIN", "domain": "bad.example"}
APRIL, MAY = at("2026-04-01T00:00:00Z"), at("2026-05-01T00:00:00Z")


def account(**kwargs: Any) -> Planning:
    return Planning(ACCOUNT_SERVICE, policy([OPEN, group("sg-b")], MEMBERS, **kwargs))


def imposed(**fields: Any) -> tuple[Planning, str]:
    planning = account()
    return planning, planning("ImposePenalty", OPERATOR, **{**BLOCK, **fields}).penalty.penalty_id


def state(planning: Planning, penalty_id: str) -> PenaltyState:
    return planning.snapshot.penalties[PenaltyId(penalty_id)].state


def is_blocked(planning: Planning, when: Instant = NOW) -> bool:
    ssh = flow("in tcp 198.51.100.7:40000 > 10.0.0.1:22")
    return decide(planning.snapshot, "eni-1", ssh, when).reason is Stage.PENALTY


def test_a_penalty_is_in_force_at_once_and_its_owner_sees_it() -> None:
    """§7.1, §7.2."""
    planning, penalty_id = imposed(reason="mining")
    assert is_blocked(planning)
    (shown,) = planning("ListPenalties").penalties
    assert (shown.penalty_id, shown.penalty_class, shown.action) == (penalty_id, *[*BLOCK.values()][:2])
    assert (shown.instance_id, shown.account_id, shown.state) == ("i-1", ACCOUNT, "in_force")
    assert (shown.reason, shown.since, shown.HasField("until")) == ("mining", timestamp(NOW), False)


def test_since_and_until_take_effect_on_time_without_a_commit() -> None:
    """§7.4: time >= until has none."""
    planning, _ = imposed(since=timestamp(APRIL), until=timestamp(MAY))
    moments = (NOW, Instant(APRIL - 1), APRIL, Instant(MAY - 1), MAY)
    assert [is_blocked(planning, when) for when in moments] == [False, False, True, True, False]


def test_an_appeal_and_a_request_leave_a_blocked_instance_blocked_and_lifting_opens_it() -> None:
    """§7.4: an owner cannot unblock himself by appealing."""
    for step in ("FileAppeal", "RequestUnblock"):
        planning, penalty_id = imposed()
        answer = planning(step, penalty_id=penalty_id, statement="cleaned")
        assert answer.penalty.statement == "cleaned"
        assert is_blocked(planning)
        planning("UpholdPenalty", OPERATOR, penalty_id=penalty_id)
        assert is_blocked(planning)
        assert planning("LiftPenalty", OPERATOR, penalty_id=penalty_id).penalty.state == "lifted"
        assert not is_blocked(planning)


@pytest.mark.parametrize(
    ("steps", "reached"),
    [
        (["RequestUnblock"], PenaltyState.UNBLOCK_REQUESTED),
        (["FileAppeal"], PenaltyState.APPEAL_FILED),
        (["LiftPenalty"], PenaltyState.LIFTED),
        (["RequestUnblock", "LiftPenalty"], PenaltyState.LIFTED),
        (["FileAppeal", "UpholdPenalty"], PenaltyState.UPHELD),
        (["FileAppeal", "UpholdPenalty", "LiftPenalty"], PenaltyState.LIFTED),
    ],
)
def test_a_penalty_goes_its_way(steps: list[str], reached: PenaltyState) -> None:
    """§7.2."""
    planning, penalty_id = imposed()
    for step in steps:
        take(planning, step, penalty_id)
    assert state(planning, penalty_id) is reached


@pytest.mark.parametrize(
    "steps",
    [
        ["UpholdPenalty"],
        ["RequestUnblock", "RequestUnblock"],
        ["RequestUnblock", "FileAppeal"],
        ["FileAppeal", "UpholdPenalty", "FileAppeal"],
        ["FileAppeal", "UpholdPenalty", "UpholdPenalty"],
        ["LiftPenalty", "LiftPenalty"],
        ["LiftPenalty", "RequestUnblock"],
        ["LiftPenalty", "UpholdPenalty"],
    ],
)
def test_no_step_is_taken_from_another_state_also_not_the_same_again(steps: list[str]) -> None:
    """§7.2."""
    planning, penalty_id = imposed()
    for step in steps[:-1]:
        take(planning, step, penalty_id)
    with refused(Code.PENALTY_STATE, "penalty_id", saying=state(planning, penalty_id).value):
        take(planning, steps[-1], penalty_id)


def take(planning: Planning, step: str, penalty_id: str) -> None:
    if step in {"LiftPenalty", "UpholdPenalty"}:
        planning(step, OPERATOR, penalty_id=penalty_id)
    else:
        planning(step, penalty_id=penalty_id, statement="cleaned")


@pytest.mark.parametrize("step", ["LiftPenalty", "UpholdPenalty"])
def test_only_the_operator_imposes_lifts_and_upholds(step: str) -> None:
    """§7.2."""
    planning, penalty_id = imposed()
    planning("FileAppeal", penalty_id=penalty_id, statement="cleaned")
    with refused(Code.OPERATOR_ONLY):
        planning(step, penalty_id=penalty_id)
    with refused(Code.OPERATOR_ONLY):
        planning("ImposePenalty", **BLOCK)
    assert is_blocked(planning)


@pytest.mark.parametrize("step", ["RequestUnblock", "FileAppeal"])
def test_an_owner_says_something_about_a_penalty_of_his_own(step: str) -> None:
    planning, penalty_id = imposed()
    for statement, code in (("", Code.MISSING_PARAMETER), ("s" * 4_001, Code.INVALID_PARAMETER)):
        with refused(code, "statement"):
            planning(step, penalty_id=penalty_id, statement=statement)
    with refused(Code.FORBIDDEN, "penalty_id"):
        planning(step, STRANGER, penalty_id=penalty_id, statement="not mine")
    with refused(Code.PENALTY_NOT_FOUND, "penalty_id"):
        planning(step, penalty_id="pen-9", statement="which?")
    with refused(Code.MISSING_PARAMETER, "penalty_id"):
        planning(step, statement="which?")
    planning(step, penalty_id=penalty_id, statement="s" * 4_000)


@pytest.mark.parametrize("step", ["LiftPenalty", "UpholdPenalty"])
def test_the_operator_names_a_penalty_that_exists(step: str) -> None:
    with refused(Code.PENALTY_NOT_FOUND, "penalty_id"):
        account()(step, OPERATOR, penalty_id="pen-9")
    with refused(Code.MISSING_PARAMETER, "penalty_id"):
        account()(step, OPERATOR)


def test_a_lock_keeps_the_groups_until_it_is_lifted() -> None:
    """§7.3: and not the traffic."""
    planning, penalty_id = imposed(action="LOCK")
    assert not is_blocked(planning)
    change: dict[str, Any] = {"instance_id": "i-1", "security_group_ids": ["sg-b"]}
    with refused(Code.LOCKED_FOR_SECURITY):
        Planning(NETWORK_SERVICE, planning.snapshot)("ModifyInstanceAttribute", **change)
    planning("LiftPenalty", OPERATOR, penalty_id=penalty_id)
    Planning(NETWORK_SERVICE, planning.snapshot)("ModifyInstanceAttribute", **change)


def test_a_penalty_of_a_domain_or_url_is_listed_for_the_operator_alone() -> None:
    """§7.4: no flow can show it."""
    planning = account()
    planning("ImposePenalty", OPERATOR, **DOMAIN)
    planning("ImposePenalty", OPERATOR, **{**DOMAIN, "domain": "", "url": "http://bad.example/x"})
    assert not is_blocked(planning)
    shown = planning("ListPenalties", OPERATOR).penalties
    assert [(one.domain, one.url, one.account_id) for one in shown] == [
        ("bad.example", "", ""),
        ("", "http://bad.example/x", ""),
    ]
    assert not planning("ListPenalties").penalties
    with refused(Code.FORBIDDEN, "penalty_id"):
        planning("FileAppeal", penalty_id=shown[0].penalty_id, statement="mine, I say")


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({**BLOCK, "penalty_class": ""}, Code.MISSING_PARAMETER, "penalty_class"),
        ({**BLOCK, "penalty_class": "spam"}, Code.INVALID_PARAMETER, "penalty_class"),
        ({**BLOCK, "action": ""}, Code.MISSING_PARAMETER, "action"),
        ({**BLOCK, "action": "block_traffic"}, Code.INVALID_PARAMETER, "action"),
        ({**BLOCK, "instance_id": ""}, Code.MISSING_PARAMETER, "instance_id"),
        ({**BLOCK, "instance_id": "i-9"}, Code.INSTANCE_NOT_FOUND, "instance_id"),
        ({**BLOCK, "domain": "bad.example"}, Code.INVALID_PARAMETER, "domain"),
        ({**BLOCK, "url": "http://bad.example"}, Code.INVALID_PARAMETER, "url"),
        ({**BLOCK, "reason": "r" * 1_001}, Code.INVALID_PARAMETER, "reason"),
        ({**DOMAIN, "instance_id": "i-1"}, Code.INVALID_PARAMETER, "instance_id"),
        ({**DOMAIN, "url": "http://bad.example"}, Code.INVALID_PARAMETER, "url"),
        ({**DOMAIN, "domain": ""}, Code.MISSING_PARAMETER, "domain"),
        ({**DOMAIN, "domain": "d" * 254}, Code.INVALID_PARAMETER, "domain"),
        ({**BLOCK, "since": timestamp(MAY), "until": timestamp(APRIL)}, Code.INVALID_PARAMETER, "until"),
        ({**BLOCK, "until": timestamp(NOW)}, Code.INVALID_PARAMETER, "until"),
        ({**BLOCK, "since": Timestamp(nanos=-1)}, Code.INVALID_PARAMETER, "since"),
        ({**BLOCK, "since": Timestamp(nanos=1_000_000_000)}, Code.INVALID_PARAMETER, "since"),
        ({**BLOCK, "since": Timestamp(seconds=-(2**63))}, Code.INVALID_PARAMETER, "since"),
        ({**BLOCK, "until": Timestamp(seconds=2**63 - 1)}, Code.INVALID_PARAMETER, "until"),
    ],
)
def test_a_penalty_that_cannot_be_imposed_so_names_the_field(fields: dict[str, Any], code: Code, field: str) -> None:
    with refused(code, field):
        account()("ImposePenalty", OPERATOR, **fields)


def test_penalties_are_listed_by_what_they_are() -> None:
    lifted = replace(penalty("i-1"), id=PenaltyId("pen-3"), state=PenaltyState.LIFTED)
    planning = account(
        penalties=[
            replace(penalty("i-2"), id=PenaltyId("pen-2")),
            lifted,
            replace(penalty("i-1", action=PenaltyAction.LOCK), id=PenaltyId("pen-1")),
        ]
    )
    for filters, found in (
        ({}, ["pen-1", "pen-3"]),
        ({"penalty_ids": ["pen-3", "pen-2"]}, ["pen-3"]),
        ({"instance_id": "i-2"}, []),
        ({"state": "lifted"}, ["pen-3"]),
        ({"penalty_class": "harmful_information"}, []),
        ({"max_results": 1}, ["pen-1"]),
    ):
        shown = planning("ListPenalties", **dict[str, Any](filters)).penalties
        assert [one.penalty_id for one in shown] == found, filters
    assert len(planning("ListPenalties", OPERATOR).penalties) == 3
    assert [one.penalty_id for one in planning("ListPenalties", OPERATOR, account_id="2000").penalties] == ["pen-2"]


@pytest.mark.parametrize("filters", [{"state": "gone"}, {"penalty_class": "spam"}, {"penalty_ids": ["pen-1"] * 101}])
def test_a_filter_that_means_nothing_is_refused(filters: dict[str, Any]) -> None:
    with refused(Code.INVALID_PARAMETER, *filters):
        account()("ListPenalties", **filters)

"""Penalties (§7): who takes which step, and what no step changes."""

from dataclasses import replace

import pytest

from pdp.model.codes import Code
from pdp.model.ids import InstanceId, PenaltyId
from pdp.model.instants import Instant
from pdp.model.network import Instance, Penalty, PenaltyAction, PenaltyState
from pdp.policy.changes import Origin, Put
from pdp.policy.snapshot import Snapshot
from tests.builders import at, eni, group, penalty, policy
from tests.policy.applying import IMPORT, OPERATOR, REQUEST, delete, done, refused
from tests.policy.asking import SSH, ask

P = replace(penalty("i-1", "2026-01-01T10:00:00Z", "2026-01-01T12:00:00Z"), id=PenaltyId("pen-1"))
I1 = Instance(InstanceId("i-1"))
BEFORE, DURING, AFTER = map(at, ("2026-01-01T09:59:59Z", "2026-01-01T11:00:00Z", "2026-01-01T12:00:00Z"))
ASKED = (PenaltyState.UNBLOCK_REQUESTED, PenaltyState.APPEAL_FILED)
ALL = frozenset(PenaltyState)


def with_penalty(*penalties: Penalty, instances: tuple[Instance, ...] = (I1,)) -> Snapshot:
    """eni-a of i-1, open for SSH."""
    groups = [group("sg-a", "accept tcp/22 from 0.0.0.0/0")]
    return policy(
        groups, [eni("eni-a", "10.0.0.5", groups=["sg-a"], instance="i-1")], instances=instances, penalties=penalties
    )


def in_state(state: PenaltyState) -> Put:
    return Put(replace(P, state=state))


def test_only_the_operator_imposes_a_penalty() -> None:
    """§7.1, §6.5."""
    refused(Code.OPERATOR_ONLY, with_penalty(), Put(P))
    assert ask(done(with_penalty(), Put(P), origin=OPERATOR), SSH, when=DURING) == "drop penalty"


def test_a_new_penalty_is_in_force() -> None:
    """§7.2."""
    for state in ALL - {PenaltyState.IN_FORCE}:
        refused(Code.PENALTY_STATE, with_penalty(), in_state(state), origin=OPERATOR)
        assert done(with_penalty(), in_state(state), origin=IMPORT).penalties[P.id].state is state


FOLLOWING = {
    PenaltyState.IN_FORCE: {*ASKED, PenaltyState.LIFTED},
    PenaltyState.UNBLOCK_REQUESTED: {PenaltyState.LIFTED, PenaltyState.UPHELD},
    PenaltyState.APPEAL_FILED: {PenaltyState.LIFTED, PenaltyState.UPHELD},
    PenaltyState.UPHELD: {PenaltyState.LIFTED},
    PenaltyState.LIFTED: set[PenaltyState](),
}


@pytest.mark.parametrize("state", list(PenaltyState))
@pytest.mark.parametrize("after", list(PenaltyState))
def test_the_way_of_a_penalty(state: PenaltyState, after: PenaltyState) -> None:
    """§7.2: in force, then requested or appealed, then lifted or upheld."""
    snapshot = with_penalty(replace(P, state=state))
    if after is state:
        assert done(snapshot, in_state(after), origin=OPERATOR) is snapshot
    elif after in FOLLOWING[state]:
        assert done(snapshot, in_state(after), origin=OPERATOR).penalties[P.id].state is after
    else:
        refused(Code.PENALTY_STATE, snapshot, in_state(after), origin=OPERATOR)


@pytest.mark.parametrize("state", [PenaltyState.LIFTED, PenaltyState.UPHELD])
def test_only_the_operator_lifts_and_upholds(state: PenaltyState) -> None:
    """§7.2."""
    appealed = with_penalty(replace(P, state=PenaltyState.APPEAL_FILED))
    refused(Code.OPERATOR_ONLY, appealed, in_state(state))
    assert done(appealed, in_state(state), origin=OPERATOR).penalties[P.id].state is state


@pytest.mark.parametrize("state", ASKED)
def test_the_owner_requests_and_appeals_with_a_statement_and_stays_blocked(state: PenaltyState) -> None:
    """§7.4: an owner cannot unblock himself by appealing; nor does upholding change anything."""
    after = done(with_penalty(P), Put(replace(P, state=state, statement="it was not me")))
    assert after.penalties[P.id].statement == "it was not me"
    assert ask(after, SSH, when=DURING) == "drop penalty"
    upheld = done(after, Put(replace(after.penalties[P.id], state=PenaltyState.UPHELD)), origin=OPERATOR)
    assert ask(upheld, SSH, when=DURING) == "drop penalty"


def test_lifting_opens() -> None:
    """§7.4."""
    assert (
        ask(done(with_penalty(P), in_state(PenaltyState.LIFTED), origin=OPERATOR), SSH, when=DURING) != "drop penalty"
    )


@pytest.mark.parametrize(("when", "blocked"), [(BEFORE, False), (DURING, True), (AFTER, False)])
def test_since_and_until_take_effect_without_a_change(when: Instant, blocked: bool) -> None:
    """§7.4."""
    imposed = done(with_penalty(), Put(P), origin=OPERATOR)
    assert (ask(imposed, SSH, when=when) == "drop penalty") is blocked


@pytest.mark.parametrize(
    "changed",
    [
        replace(P, until=None),
        replace(P, since=None),
        replace(P, reason="another"),
        replace(P, action=PenaltyAction.LOCK),
        replace(P, statement="a word alone"),
        replace(P, state=PenaltyState.APPEAL_FILED, until=BEFORE),
        replace(P, state=PenaltyState.APPEAL_FILED, instance=InstanceId("i-2")),
    ],
)
@pytest.mark.parametrize("origin", [REQUEST, OPERATOR])
def test_what_a_penalty_says_never_changes(changed: Penalty, origin: Origin) -> None:
    """§7.2, §7.4."""
    snapshot = with_penalty(P, instances=(I1, Instance(InstanceId("i-2"))))
    refused(Code.PENALTY_STATE, snapshot, Put(changed), origin=origin)


def test_the_statement_is_the_owners_alone() -> None:
    """§7.2."""
    said = replace(P, state=PenaltyState.APPEAL_FILED, statement="it was not me")
    changed = replace(said, state=PenaltyState.UPHELD, statement="it was me")
    refused(Code.PENALTY_STATE, with_penalty(said), Put(changed), origin=OPERATOR)


@pytest.mark.parametrize("origin", [REQUEST, OPERATOR])
def test_a_penalty_stays_on_record(origin: Origin) -> None:
    """§7.2."""
    for state in (PenaltyState.IN_FORCE, PenaltyState.LIFTED):
        refused(Code.PENALTY_STATE, with_penalty(replace(P, state=state)), delete(P), origin=origin)


@pytest.mark.parametrize("action", [PenaltyAction.BLOCK_TRAFFIC, PenaltyAction.LOCK])
@pytest.mark.parametrize("origin", [OPERATOR, IMPORT])
def test_a_penalty_has_a_target(action: PenaltyAction, origin: Origin) -> None:
    """§7.4: an instance that is listed or has ENIs."""
    for instance in ("", "i-9"):
        refused(Code.INSTANCE_NOT_FOUND, with_penalty(), Put(penalty(instance, action=action)), origin=origin)
    assert done(with_penalty(instances=()), Put(penalty("i-1", action=action)), origin=origin).penalties
    only_listed = policy(instances=[I1])
    assert done(only_listed, Put(penalty("i-1", action=action)), origin=origin).penalties


@pytest.mark.parametrize("origin", [OPERATOR, IMPORT])
def test_a_domain_block_names_a_domain_or_a_url_and_shows_in_no_flow(origin: Origin) -> None:
    """§7.4."""
    nothing = penalty("", action=PenaltyAction.BLOCK_DOMAIN)
    refused(Code.MISSING_PARAMETER, with_penalty(), Put(nothing), origin=origin)
    for named in (replace(nothing, domain="example.com"), replace(nothing, url="http://example.com/x")):
        assert ask(done(with_penalty(), Put(named), origin=origin), SSH) == "accept sg-a/sgr-1"


@pytest.mark.parametrize("origin", list(Origin))
def test_an_instance_under_a_penalty_stays(origin: Origin) -> None:
    """§7.4: made anew it would be rid of what blocks it; also one that only its ENIs name, and before `since`."""
    member = eni("eni-a", "10.0.0.5", groups=["sg-a"], instance="i-1")
    for instances in ((I1,), ()):
        changes = (*map(delete, instances), delete(member))
        refused(Code.DEPENDENCY_VIOLATION, with_penalty(P, instances=instances), *changes, origin=origin, says="pen-1")
        lifted = with_penalty(replace(P, state=PenaltyState.LIFTED), instances=instances)
        assert list(done(lifted, *changes, origin=origin).penalties) == ["pen-1"]
    away = Put(replace(member, instance=InstanceId("")))
    refused(Code.DEPENDENCY_VIOLATION, with_penalty(P, instances=()), away, origin=origin)


def test_what_became_of_an_instance_that_is_gone_is_still_on_record() -> None:
    """§7.2: a lifted penalty of it hinders nothing."""
    gone = policy([group("sg-a")], penalties=[replace(P, state=PenaltyState.LIFTED)])
    assert done(gone, Put(group("sg-b"))).penalties

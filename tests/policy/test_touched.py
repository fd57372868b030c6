from dataclasses import replace

from pdp.model.ids import PenaltyId
from pdp.policy.changes import Kind
from pdp.policy.touched import Touched, touched_by
from tests.builders import penalty, policy

BLOCK = replace(penalty("i-1"), id=PenaltyId("pen-1"))


def test_keys_are_told_apart_by_kind() -> None:
    keys = [(Kind.GROUP, "sg-a"), (Kind.ENI, "eni-1"), (Kind.VPC, "vpc-1"), (Kind.PORT_LIST, "prl-1")]
    assert touched_by(keys) == Touched(
        groups=frozenset({"sg-a"}),  # type: ignore[arg-type]
        enis=frozenset({"eni-1"}),  # type: ignore[arg-type]
        vpcs=frozenset({"vpc-1"}),  # type: ignore[arg-type]
        port_lists=frozenset({"prl-1"}),  # type: ignore[arg-type]
    )


def test_a_penalty_touches_its_instance_whether_it_comes_or_goes() -> None:
    without, with_it = policy(), policy(penalties=[BLOCK])
    for snapshots in ((without, with_it), (with_it, without)):
        assert touched_by([(Kind.PENALTY, "pen-1")], *snapshots).instances == {"i-1"}


def test_a_penalty_that_moves_touches_both_instances() -> None:
    moved = replace(BLOCK, instance="i-2")  # type: ignore[arg-type]
    snapshots = policy(penalties=[BLOCK]), policy(penalties=[moved])
    assert touched_by([(Kind.PENALTY, "pen-1")], *snapshots).instances == {"i-1", "i-2"}


def test_settings_and_accounts_are_told_as_a_whole() -> None:
    assert touched_by([(Kind.SETTINGS, "")]) == Touched(settings=True)
    assert touched_by([(Kind.ACCOUNT, "1000")]) == Touched(accounts=True)


def test_users_and_policies_touch_nothing_that_verdicts_depend_on() -> None:
    assert touched_by([(Kind.USER, "1000/user/a"), (Kind.POLICY, "1000/p")]) == Touched()

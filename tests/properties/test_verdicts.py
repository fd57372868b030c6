"""The index gives the verdicts of the definition, whatever the policy."""

from collections import Counter

from hypothesis import given

from pdp.model.verdict import Stage
from pdp.policy.decide import decide
from tests.properties.policies import asked, checker_of, few, seeds
from tests.reference import Reference


@few
@given(seeds)
def test_the_index_says_what_the_definition_says(seed: int) -> None:
    snapshot, questions = asked(seed)
    checker = checker_of(snapshot)
    for question in questions:
        expected = decide(snapshot, *question)
        assert checker.check(*question) == expected, question
        assert checker.check_region(*question)._replace(region=None) == expected, question


@few
@given(seeds)
def test_the_reference_of_the_fuzzer_is_the_definition(seed: int) -> None:
    snapshot, questions = asked(seed)
    reference = Reference(snapshot)
    for question in [*questions, *questions]:
        assert reference.verdict(*question) == decide(snapshot, *question), question


def test_the_random_flows_reach_every_stage() -> None:
    answered: Counter[Stage] = Counter()
    for seed in range(20):
        snapshot, questions = asked(seed)
        answered.update(decide(snapshot, *question).reason for question in questions)
    assert all(answered[stage] >= 0.01 * answered.total() for stage in Stage), answered

"""Questions to the definition that many tables ask, and their answers in one word or two."""

from pdp.model.instants import Instant
from pdp.model.verdict import Stage, Verdict
from pdp.policy.decide import decide
from pdp.policy.snapshot import Snapshot
from tests.builders import NOW, eni, flow, group, policy, port_list, prefix_list

SSH = "in tcp 198.51.100.7:40000 > 10.0.0.5:22"


def ask(snapshot: Snapshot, text: str, eni_id: str = "eni-a", when: Instant = NOW) -> str:
    """The verdict for a flow of an ENI, as `told` tells it."""
    return told(decide(snapshot, eni_id, flow(text), when))


def told(verdict: Verdict) -> str:
    """`drop default`, `accept same_group sg-a`, or `accept sg-a/sgr-1` where a rule decided."""
    action = verdict.action.name.lower()
    if verdict.reason is Stage.RULE:
        assert verdict.rule is not None
        return f"{action} {verdict.group}/{verdict.rule.id}"
    assert verdict.rule is None
    named = f" {verdict.group}" if verdict.group is not None else ""
    return f"{action} {verdict.reason.name.lower()}{named}"


def one_group(*rules: str) -> Snapshot:
    """eni-a (10.0.0.5, fd00::5) in sg-a with these rules, and eni-b (10.0.0.6, fd00::6) of another instance in sg-b."""
    return policy(
        [group("sg-a", *rules), group("sg-b"), group("sg-c")],
        [
            eni("eni-a", "10.0.0.5", "fd00::5", groups=["sg-a"], instance="i-1"),
            eni("eni-b", "10.0.0.6", "fd00::6", groups=["sg-b"], instance="i-2"),
        ],
        prefix_lists=[prefix_list("pl-1", "192.0.2.0/24", "203.0.113.0/24"), prefix_list("pl-0")],
        port_lists=[port_list("prl-1", "80", "8000-8080"), port_list("prl-0")],
    )

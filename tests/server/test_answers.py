import pytest
from hypothesis import given

from pdp.index.cache import IndexCache
from pdp.index.checker import Checker
from pdp.model.errors import FieldError, PdpError, Reason
from pdp.model.instants import Instant
from pdp.model.rules import Action
from pdp.model.verdict import Stage, Verdict
from pdp.server.answers import WrittenVerdicts, failed_item, position_of, timestamp, verdict_to_proto
from pdp.v1 import flow_pb2
from pdp.v1.decision_service_pb2 import BatchItem, CheckFlowResponse
from tests.builders import NOW, eni, flow, group, policy, rule
from tests.properties.policies import asked, checker_of, few, seeds

CHECKER = Checker(
    policy(
        [group("sg-a", "accept tcp/22-25 from 10.0.0.0/8 @7 sport 1000-2000 own 10.0.0.0/24")],
        [eni("eni-1", "10.0.0.5", groups=["sg-a"])],
    ),
    IndexCache(),
)


def test_a_verdict_by_rule_names_rule_group_and_priority() -> None:
    verdict = Verdict(Action.DROP, Stage.RULE, rule("drop tcp/22 from 10.0.0.0/8 @3 id sgr-7"), "sg-a")  # type: ignore[arg-type]
    assert verdict_to_proto(verdict) == flow_pb2.Verdict(
        action=flow_pb2.ACTION_DROP,
        reason=flow_pb2.VERDICT_REASON_RULE,
        rule_id="sgr-7",
        group_id="sg-a",
        priority=3,
    )


def test_a_derived_rule_id_stands_in_a_field_of_its_own() -> None:
    verdict = Verdict(Action.ACCEPT, Stage.RULE, rule("accept tcp/22 from 10.0.0.0/8 id x-1 derived"), "sg-a", 910)  # type: ignore[arg-type]
    message = verdict_to_proto(verdict)
    assert (message.rule_id, message.derived_rule_id, message.idle_timeout_seconds) == ("", "x-1", 910)


def test_what_a_verdict_does_not_have_is_absent() -> None:
    message = verdict_to_proto(Verdict(Action.DROP, Stage.DEFAULT))
    assert {field.name for field, _ in message.ListFields()} == {"action", "reason"}


@pytest.mark.parametrize("action", Action)
def test_an_action_has_the_contracts_name(action: Action) -> None:
    assert flow_pb2.Action.Name(action) == f"ACTION_{action.name}"  # type: ignore[arg-type]


@pytest.mark.parametrize("stage", Stage)
def test_a_stage_has_the_contracts_name(stage: Stage) -> None:
    assert flow_pb2.VerdictReason.Name(stage) == f"VERDICT_REASON_{stage.name}"  # type: ignore[arg-type]


def test_the_contract_knows_no_further_actions_or_stages() -> None:
    assert set(flow_pb2.Action.values()) == {0, *Action}
    assert set(flow_pb2.VerdictReason.values()) == {0, *Stage}


def test_a_region_is_a_box_of_cidrs_and_ports() -> None:
    verdict = CHECKER.check_region("eni-1", flow("in tcp 10.1.2.3:1500 > 10.0.0.5:22"), NOW)
    region = verdict_to_proto(verdict).region
    assert (region.eni_id, region.direction, region.protocol) == ("eni-1", flow_pb2.DIRECTION_INGRESS, 6)
    assert region.own_cidr == "10.0.0.0/24"
    assert region.source_ports == flow_pb2.PortRange(first=1000, last=2000)
    assert region.destination_ports == flow_pb2.PortRange(first=22, last=25)


def test_a_region_without_ports_has_them_all() -> None:
    verdict = CHECKER.check_region("eni-1", flow("in icmp 10.1.2.3 > 10.0.0.5"), NOW)
    assert verdict_to_proto(verdict).region.destination_ports == flow_pb2.PortRange(first=0, last=65535)


@pytest.mark.parametrize("instant", [0, 1, NOW + 999_999_999, -1])
def test_a_timestamp_loses_no_nanosecond(instant: int) -> None:
    assert timestamp(Instant(instant)).ToNanoseconds() == instant


def test_a_failed_item_names_its_field() -> None:
    error = failed_item(FieldError(Reason.INVALID_PORT, "flow.source_port", "70000 is too much")).error
    assert error == flow_pb2.FlowError(
        reason=flow_pb2.ERROR_REASON_INVALID_PORT,
        message="flow.source_port: 70000 is too much",
        field="flow.source_port",
    )


def test_a_failed_item_without_a_field_names_none() -> None:
    assert failed_item(PdpError(Reason.UNKNOWN_ENI, "who?")).error.field == ""


def test_a_verdict_is_the_same_field_of_an_answer_and_of_an_item() -> None:
    assert CheckFlowResponse.VERDICT_FIELD_NUMBER == BatchItem.VERDICT_FIELD_NUMBER


@pytest.mark.parametrize("length", [1, 60, 127, 128, 16_383, 16_384, 70_000])
def test_an_answer_may_be_of_any_length(length: int) -> None:
    verdict = CHECKER.check_region("eni-1", flow("in tcp 10.1.2.3:1500 > 10.0.0.5:22"), NOW)
    long = verdict._replace(group="g" * length, region=verdict.region._replace(eni="e" * length))  # type: ignore[union-attr, arg-type]
    whole = CheckFlowResponse(verdict=verdict_to_proto(long))
    answer = WrittenVerdicts(CHECKER.snapshot).field(long)
    assert CheckFlowResponse.FromString(answer) == whole


@few
@given(seeds)
def test_an_answer_that_is_joined_from_parts_reads_as_the_whole(seed: int) -> None:
    snapshot, questions = asked(seed)
    checker, written = checker_of(snapshot), WrittenVerdicts(snapshot)
    for eni_id, question, at in questions:
        for verdict in (checker.check(eni_id, question, at), checker.check_region(eni_id, question, at)):
            whole = CheckFlowResponse(verdict=verdict_to_proto(verdict), position=position_of(snapshot))
            if verdict.region is not None:
                region = verdict.region
                whole.verdict.region.CopyFrom(
                    flow_pb2.Region(
                        eni_id=region.eni,
                        direction=region.direction,  # type: ignore[arg-type]
                        protocol=region.protocol,
                        remote_cidr=str(region.remote),
                        own_cidr=str(region.own),
                        source_ports=flow_pb2.PortRange(**region.source_ports._asdict()),
                        destination_ports=flow_pb2.PortRange(**region.destination_ports._asdict()),
                    )
                )
            answer = written.field(verdict) + written.position
            assert CheckFlowResponse.FromString(answer) == whole
            # Not every parser adds up what stands in a field that comes twice: each comes once.
            assert len(answer) == whole.ByteSize()

"""Questions as messages of the contract, and answers as the documents that a bundle's answers have.

Nothing is judged or added on the way: the same keys in the same order as `pdp.formats.verdicts` and `pdp.cli.local`.
"""

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from pdp.formats.flows import FlowQuestion
from pdp.model.flow import Flow
from pdp.model.instants import SECOND, Instant, format_instant
from pdp.model.protocols import has_ports, protocol_name
from pdp.v1 import decision_service_pb2, flow_pb2

ENI_FIELD = "flow.eni_id"
"""Where a request has the ENI, which may be unknown; all else of a row is valid before it is asked about."""


def flow_message(eni: str, flow: Flow) -> flow_pb2.Flow:
    """A flow as the contract has it."""
    message = flow_pb2.Flow(
        eni_id=eni,
        direction=flow.direction.value,  # type: ignore[arg-type] # the numbers are the contract's
        protocol=flow.protocol,
        source=str(flow.source),
        destination=str(flow.destination),
    )
    if has_ports(flow.protocol):
        message.source_port, message.destination_port = flow.source_port, flow.destination_port
    return message


def verdict_document(verdict: flow_pb2.Verdict, position: flow_pb2.PolicyPosition) -> dict[str, Any]:
    """One verdict, as a bundle's answer has it."""
    return {**verdict_line(verdict, position.revision), "store": position.store_id}


def verdict_line(verdict: flow_pb2.Verdict, revision: int) -> dict[str, Any]:
    """A verdict line: the same keys in the same order as `pdp.formats.verdicts.verdict_line`."""
    line: dict[str, Any] = {"action": action_name(verdict.action), "reason": reason_name(verdict.reason)}
    if verdict.HasField("priority"):
        line["rule"] = verdict.rule_id
    if verdict.derived_rule_id:
        line["derived_rule"] = verdict.derived_rule_id
    if verdict.group_id:
        line["group"] = verdict.group_id
    if verdict.HasField("priority"):
        line["priority"] = verdict.priority
    line["revision"] = revision
    if verdict.HasField("idle_timeout_seconds"):
        line["idle_timeout_s"] = verdict.idle_timeout_seconds
    if verdict.HasField("valid_until"):
        line["valid_until"] = _instant_text(verdict.valid_until)
    if verdict.HasField("region"):
        line["region"] = _region_object(verdict.region)
    return line


def action_name(action: flow_pb2.Action.ValueType) -> str:
    """ACCEPT or DROP."""
    return flow_pb2.Action.Name(action).removeprefix("ACTION_")


def reason_name(reason: flow_pb2.VerdictReason.ValueType) -> str:
    """A stage's name, such as SAME_GROUP."""
    return flow_pb2.VerdictReason.Name(reason).removeprefix("VERDICT_REASON_")


def item_line(
    item: decision_service_pb2.BatchItem, position: flow_pb2.PolicyPosition, question: FlowQuestion
) -> dict[str, Any]:
    """The line of one row of a batch, in the words of the question's own line."""
    if item.HasField("verdict"):
        line = verdict_line(item.verdict, position.revision)
    else:
        reason = flow_pb2.ErrorReason.Name(item.error.reason).removeprefix("ERROR_REASON_")
        message = item.error.message
        if item.error.field == ENI_FIELD:
            message = f"{question.eni_key}{message.removeprefix(ENI_FIELD)}"
        line = {"action": "ERROR", "reason": reason, "message": message}
    return line if question.logged_action is None else {**line, "logged_action": question.logged_action}


def explanation_document(answer: decision_service_pb2.ExplainFlowResponse) -> dict[str, Any]:
    """The account of one verdict."""
    return {
        "verdict": verdict_document(answer.verdict, answer.position),
        "stages": [
            {
                "stage": reason_name(stage.stage),
                "asked": stage.asked,
                "answered": stage.answered,
                "account": stage.account,
            }
            for stage in answer.stages
        ],
        "matched": [_rule_document(item) for item in answer.matched],
        "near_misses": [_rule_document(item) for item in answer.near_misses],
        "rules_considered": answer.rules_considered,
        "asked_rule": _rule_document(answer.asked_rule) if answer.HasField("asked_rule") else None,
        "hints": list(answer.hints),
        "groups": list(answer.group_ids),
    }


def path_document(answer: decision_service_pb2.CheckPathResponse) -> dict[str, Any]:
    """Both verdicts of a connection."""
    return {
        "allowed": answer.allowed,
        "source": answer.source,
        "destination": answer.destination,
        "egress": verdict_document(answer.egress, answer.position) if answer.HasField("egress") else None,
        "ingress": verdict_document(answer.ingress, answer.position) if answer.HasField("ingress") else None,
    }


def _rule_document(rule: decision_service_pb2.RuleAccount) -> dict[str, Any]:
    """A rule beside the flow."""
    return {
        "rule": rule.rule_id,
        **({"derived_rule": rule.derived_rule_id} if rule.derived_rule_id else {}),
        "group": rule.group_id,
        "text": rule.text,
        "action": action_name(rule.action),
        "priority": rule.priority,
        "matched": rule.matched,
        "won": rule.won,
        "lost_because": rule.lost_because,
        "conditions": [
            {"name": item.name, "wanted": item.wanted, "found": item.found, "met": item.met} for item in rule.conditions
        ],
    }


def _region_object(region: flow_pb2.Region) -> dict[str, Any]:
    return {
        "eni": region.eni_id,
        "direction": flow_pb2.Direction.Name(region.direction).removeprefix("DIRECTION_").lower(),
        "protocol": protocol_name(region.protocol),
        "remote": region.remote_cidr,
        "own": region.own_cidr,
        "source_ports": f"{region.source_ports.first}/{region.source_ports.last}",
        "destination_ports": f"{region.destination_ports.first}/{region.destination_ports.last}",
    }


def _instant_text(stamp: Timestamp) -> str:
    return format_instant(Instant(stamp.seconds * SECOND + stamp.nanos))

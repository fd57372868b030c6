"""Rules come from a file, with what would become of each, and go into one."""

from dataclasses import replace

from pdp.formats.rule_files import READERS, WRITERS, RuleRow
from pdp.model.codes import Code
from pdp.model.errors import FieldError, PdpError, Refusal, Violation, quoted
from pdp.model.groups import SecurityGroup
from pdp.model.ids import RuleId
from pdp.model.rules import Rule
from pdp.policy.apply import apply
from pdp.policy.changes import AddRules
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask, Planned, required
from pdp.server.network.fields import fault
from pdp.server.network.lookups import named_group
from pdp.server.security_groups.asked_rule import made_new, rule_to_add
from pdp.server.security_groups.lookups import check_references, group_to_change
from pdp.server.security_groups.rule_messages import in_order, permission_message
from pdp.server.status import reason_text
from pdp.v1 import security_group_service_pb2 as pb

LONGEST_CONTENT = 1 << 20
"""Bytes of a file in UTF-8."""
NOT_KEPT = ("SecurityGroupRuleId", "CreateTime")
"""Keys of a file that say what a rule was elsewhere."""
ROW = "rule"
"""Stands for the path of a row's Permission in messages."""


class _Trial:
    """The rows of one file, tried one after another on a group: `rules` are those that it would get."""

    def __init__(self, snapshot: Snapshot, group: SecurityGroup, ask: Ask) -> None:
        self._snapshot = snapshot
        self._group = group
        self._ask = ask
        self._rows: dict[tuple[object, ...], int] = {}
        self._present = {rule.identity: rule for rule in group.rules}
        self.rules: list[Rule] = []
        self.refused: list[tuple[int, PdpError]] = []

    def result(self, row: RuleRow) -> pb.PermissionResult:
        """What would become of a row that comes after those before."""
        result = pb.PermissionResult(row=row.number)
        try:
            rule = self._read(row)
            result.permission.CopyFrom(permission_message(replace(rule, id=RuleId(""))))
            self._add(row.number, rule, result)
        except PdpError as error:
            self.refused.append((row.number, error))
            result.accepted, result.code, result.message = False, reason_text(error.reason), error.message
        return result

    def _read(self, row: RuleRow) -> Rule:
        if row.permission is None:
            raise PdpError(Code.INVALID_PARAMETER, row.fault)
        values = {key: value for key, value in row.permission.items() if key not in NOT_KEPT}
        rule = rule_to_add(values, ROW, None, self._group)
        check_references(self._snapshot, self._group, rule, ROW)
        return rule

    def _add(self, number: int, rule: Rule, result: pb.PermissionResult) -> None:
        twin = self._rows.setdefault(rule.identity, number)
        if twin != number:
            raise PdpError(Code.DUPLICATE_PERMISSIONS, f"the same rule stands in row {twin}; give each once")
        present = self._present.get(rule.identity)
        if present is not None:
            result.message, result.security_group_rule_id = "the group has this rule already", present.id
        else:
            new = made_new(rule, self._ask)
            ask = self._ask
            self._snapshot = apply(self._snapshot, (AddRules(self._group.id, (new,)),), ask.origin, ask.at).snapshot
            self.rules.append(new)
            result.security_group_rule_id = new.id
        result.accepted = True


def import_rules(snapshot: Snapshot, request: pb.ImportSecurityGroupRulesRequest, ask: Ask) -> Planned:
    """Adds all rules of a file, or with preview tells of each what would happen; one that is refused refuses all."""
    group = group_to_change(snapshot, ask, request.security_group_id)
    rows = _rows(request)
    trial = _Trial(snapshot, group, ask)
    results = [trial.result(row) for row in rows]
    if trial.refused and not request.preview:
        raise _refused_rows(trial.refused)
    added = len(trial.rules)
    if request.preview:
        new_ids = {rule.id for rule in trial.rules}
        for result in results:
            if result.security_group_rule_id in new_ids:
                result.security_group_rule_id = ""
    response = pb.ImportSecurityGroupRulesResponse(results=results, added=added, refused=len(trial.refused))
    changes = () if request.preview else (AddRules(group.id, tuple(trial.rules)),)
    return Planned(changes, lambda _after: response)


def export_rules(
    snapshot: Snapshot, request: pb.ExportSecurityGroupRulesRequest, ask: Ask
) -> pb.ExportSecurityGroupRulesResponse:
    """All rules of a group as a file that import takes."""
    group = named_group(snapshot, ask, request.security_group_id)
    return pb.ExportSecurityGroupRulesResponse(content=WRITERS[_format(request.format)](in_order(group)))


def _rows(request: pb.ImportSecurityGroupRulesRequest) -> list[RuleRow]:
    content = required(request.content, "content")
    read = READERS[_format(request.format)]
    size = len(content.encode())
    if size > LONGEST_CONTENT:
        raise fault("content", f"it has {size} bytes; at most {LONGEST_CONTENT} are taken at once, so split it")
    try:
        rows = read(content)
    except ValueError as error:
        raise fault("content", str(error)) from None
    if not rows:
        raise FieldError(Code.MISSING_PARAMETER, "content", "the file holds no rule; give at least one")
    return rows


def _format(text: str) -> str:
    if required(text, "format") not in READERS:
        raise fault("format", f"{quoted(text)} is not one of: {', '.join(READERS)}")
    return text


def _refused_rows(refused: list[tuple[int, PdpError]]) -> PdpError:
    """One error for all rows that are refused, with the first one's code."""
    (number, first), more = refused[0], len(refused) - 1
    rest = f" (and {more} more rows are refused; ask with preview to see each)" if more else ""
    message = f"nothing was added: row {number}: {first.message}{rest}"
    if isinstance(first, Refusal) and first.quota is not None:
        return Refusal(first.code, message, field="content", resource=first.resource, quota=first.quota)
    return PdpError(first.reason, message, [Violation(f"content.rows[{row}]", error.message) for row, error in refused])

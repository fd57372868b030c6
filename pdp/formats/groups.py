"""Security groups from two answers: one lists them all, and one for each has its rules (§8.2)."""

from collections.abc import Mapping
from typing import NamedTuple

from pdp.formats.bundle_files import ATTRIBUTES, GROUPS, AnswerName
from pdp.formats.faults import Findings
from pdp.formats.fields import Fields
from pdp.formats.paging import Answer, Answers
from pdp.formats.permissions import ACTIONS, Known, ignored_keys, read_rule
from pdp.model.groups import GroupType, SecurityGroup
from pdp.model.ids import NO_ACCOUNT, AccountId, GroupId, RuleId, VpcId
from pdp.model.rules import Action, Rule

_TYPES = {group_type.value: group_type for group_type in GroupType}


class Listed(NamedTuple):
    """What DescribeSecurityGroups says of a group. `vpc` is blank and `type` None after complaints."""

    fields: Fields
    vpc: VpcId
    type: GroupType | None


def read_listed(answers: Answers, findings: Findings) -> dict[GroupId, Listed]:
    """The listed groups by id, sorted. One with faults is there too: it is refused, but not unknown."""
    answer = answers.about(GROUPS)
    listed = {}
    for located in sorted(answer.objects if answer else (), key=lambda located: located.label):
        fields = Fields(located.values, located.file, located.label, findings)
        group = GroupId(fields.required_text(GROUPS.id_key))
        vpc = VpcId(fields.text("VpcId"))
        if not vpc:
            fields.complain("has no VpcId: a group of the classic network cannot be judged; leave it out of the export")
        listed[group] = Listed(fields, vpc, fields.word("SecurityGroupType", _TYPES))
    return listed


def read_groups(
    answers: Answers,
    listed: Mapping[GroupId, Listed],
    accounts: Mapping[VpcId, AccountId],
    known: Known,
    findings: Findings,
) -> list[SecurityGroup]:
    """The groups with their rules, by id. `accounts` has the account of each VPC, which is its groups'."""
    attributes = answers.all_about(ATTRIBUTES)
    if known.groups is not None:
        for unlisted in attributes.keys() - listed.keys():
            message = "is not listed by DescribeSecurityGroups; export that again, or remove this file"
            findings.fault(AnswerName(ATTRIBUTES, unlisted).file(1), unlisted, message)
    groups = []
    for group, entry in listed.items():
        answer = attributes.get(group)
        if answer is None:
            name = AnswerName(ATTRIBUTES, group)
            entry.fields.complain(f"has no file {name.file(1)}; export it with `{name.call}`")
            continue
        inner_access = _inner_access(answer, entry, findings)
        rules = _rules(answer, group, known, findings)
        made = _group(group, entry, accounts.get(entry.vpc, NO_ACCOUNT), inner_access, rules)
        if made is not None:
            groups.append(made)
    return groups


def _inner_access(answer: Answer, entry: Listed, findings: Findings) -> Action | None:
    """The policy that all pages agree on. The pages must name the listed VPC too: an answer without is classic."""
    inner_access = None
    for page in answer.pages:
        fields = Fields(page.body, page.file, answer.name.subject, findings)
        said = fields.word("InnerAccessPolicy", ACTIONS)
        if inner_access is not None and said not in (None, inner_access):
            fields.complain(f"InnerAccessPolicy differs from that of {answer.pages[0].file}; export the group again")
        inner_access = inner_access or said
        vpc = fields.text("VpcId")
        if entry.vpc and vpc != entry.vpc:
            here = f"is {vpc}" if vpc else "is blank (classic network)"
            fields.complain(f"VpcId {here}, but DescribeSecurityGroups says {entry.vpc}; export both again")
    return inner_access


def _rules(answer: Answer, group: GroupId, known: Known, findings: Findings) -> tuple[Rule, ...]:
    """The group's rules, by id. Rules without ids that say the same are one rule."""
    rules: dict[RuleId, Rule] = {}
    for located in answer.objects:
        fields = Fields(located.values, located.file, located.label, findings)
        rule = read_rule(fields, group, known)
        if rule is None:
            continue
        for key in ignored_keys(fields, rule.direction):
            findings.note(f"{located.file}: {located.label}: {key} is on the ENI's own side and restricts nothing")
        same = rules.setdefault(rule.id, rule)
        if same.id_is_derived is not rule.id_is_derived:
            fields.complain(f"{rule.id} is also the id that is derived for a rule without one; give that rule an id")
        rules[rule.id] = min(same, rule, key=lambda rule: (rule.created, rule.description))
    return tuple(rules[rule_id] for rule_id in sorted(rules))


def _group(
    group: GroupId, entry: Listed, account: AccountId, inner_access: Action | None, rules: tuple[Rule, ...]
) -> SecurityGroup | None:
    fields = entry.fields
    name, description, created = map(fields.text, ("SecurityGroupName", "Description", "CreationTime"))
    service_managed = fields.flag("ServiceManaged")
    tags = _tags(fields)
    if fields.faulty or entry.type is None or inner_access is None:
        return None
    return SecurityGroup(
        group, account, entry.vpc, entry.type, inner_access, rules, name, description, service_managed, tags, created
    )


def _tags(fields: Fields) -> tuple[tuple[str, str], ...]:
    tags = []
    for item in fields.items("Tags", "Tag"):
        key, value = (item.get("TagKey"), item.get("TagValue") or "") if isinstance(item, dict) else (None, "")
        if isinstance(key, str) and isinstance(value, str):
            tags.append((key, value))
        else:
            fields.complain("Tags.Tag holds an object without a TagKey and TagValue of text")
    return tuple(sorted(tags))

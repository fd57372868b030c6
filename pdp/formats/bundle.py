"""Reads a bundle, a directory of ECS API answers, as resources (§8.1, §8.2).

What cannot be read for certain refuses the whole bundle with all its faults: a policy with a hole is not a policy.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pdp.formats.additions import with_additions
from pdp.formats.bundle_files import (
    ENIS,
    GROUPS,
    INSTANCES,
    PORT_LIST_ENTRIES,
    PREFIX_LISTS,
    VPCS,
    AnswerName,
    BundleFiles,
    find_files,
    names_in,
    read_in,
)
from pdp.formats.faults import BundleRefused, Fault, Findings
from pdp.formats.groups import Listed, read_groups, read_listed
from pdp.formats.lists import read_port_lists, read_prefix_lists
from pdp.formats.network_answers import read_enis, read_instances, read_vpcs
from pdp.formats.paging import Answers, join_answers
from pdp.formats.pdp_json import KnownIds, read_pdp_json
from pdp.formats.permissions import Known
from pdp.model.ids import NO_ACCOUNT, GroupId, VpcId
from pdp.model.network import Vpc
from pdp.model.resources import Resources

__all__ = ["Bundle", "BundleRefused", "Fault", "read_bundle", "read_bundle_files"]


class Bundle(NamedTuple):
    """What a bundle gives: its resources, each kind sorted by id, and one line for each thing worth knowing.

    `skipped` are the names of what is no file of a bundle; there is a note of each.
    """

    resources: Resources
    notes: tuple[str, ...]
    skipped: tuple[str, ...]


def read_bundle(directory: Path) -> Bundle:
    """The resources of a bundle, whatever the order of its files, pages and objects.

    Raises BundleRefused with every fault.
    """
    findings = Findings()
    names = names_in(directory, findings)
    findings.refuse_faulty()
    return _read(find_files(names, partial(read_in, directory), findings), findings)


def read_bundle_files(files: Mapping[str, bytes]) -> Bundle:
    """The resources of a bundle that is not in a directory: its files' contents by their names.

    Raises BundleRefused with every fault.
    """
    findings = Findings()
    return _read(find_files(files, files.__getitem__, findings), findings)


def _read(files: BundleFiles, findings: Findings) -> Bundle:
    answers = join_answers(files, findings)
    for api in (GROUPS, ENIS):
        if AnswerName(api) not in files.answers:
            name = AnswerName(api)
            findings.fault(name.file(1), "", f"is missing; export all its pages, beginning with `{name.call}`")
    listed = read_listed(answers, findings)
    resources = _answered(answers, listed, findings)
    pdp_json = read_pdp_json(files, _known_ids(answers, resources, findings), findings)
    findings.refuse_faulty()
    resources = with_additions(resources, pdp_json, findings)
    return Bundle(resources, tuple(findings.notes), files.skipped)


def _answered(answers: Answers, listed: Mapping[GroupId, Listed], findings: Findings) -> Resources:
    """What the API's answers say, as far as it has no faults; ENIs without groups too."""
    listed_vpcs = read_vpcs(answers, findings)
    instances = read_instances(answers, findings)
    groups_known = _is_whole(answers, AnswerName(GROUPS))
    enis = read_enis(answers, listed if groups_known else None, findings)
    vpcs = _with_unlisted(listed_vpcs, [entry.vpc for entry in listed.values()] + [eni.vpc for eni in enis], findings)
    known = Known(
        groups=listed if groups_known else None,
        prefix_lists=answers.all_about(PREFIX_LISTS),
        port_lists=answers.all_about(PORT_LIST_ENTRIES),
    )
    return Resources(
        groups=tuple(read_groups(answers, listed, {vpc.id: vpc.account for vpc in vpcs}, known, findings)),
        enis=tuple(enis),
        vpcs=vpcs,
        instances=tuple(instances),
        prefix_lists=tuple(read_prefix_lists(answers, findings)),
        port_lists=tuple(read_port_lists(answers, findings)),
    )


def _known_ids(answers: Answers, resources: Resources, findings: Findings) -> KnownIds:
    enis_known = _is_whole(answers, AnswerName(ENIS))
    instances = {instance.id for instance in resources.instances}
    rules = {group.id: {rule.id for rule in group.rules} for group in resources.groups}
    return KnownIds(
        enis={eni.id for eni in resources.enis} if enis_known else None,
        # After a fault a group or a rule may be missing that is in a file.
        groups=None if findings.faults else rules,
        instances=instances
        if AnswerName(INSTANCES) not in answers.by_name or _is_whole(answers, AnswerName(INSTANCES))
        else None,
        punishable=instances | {eni.instance for eni in resources.enis} if enis_known else None,
        prefix_lists=answers.all_about(PREFIX_LISTS),
        port_lists=answers.all_about(PORT_LIST_ENTRIES),
    )


def _is_whole(answers: Answers, name: AnswerName) -> bool:
    answer = answers.by_name.get(name)
    return answer is not None and answer.whole


def _with_unlisted(listed: Iterable[Vpc], named: Iterable[VpcId], findings: Findings) -> tuple[Vpc, ...]:
    """The listed VPCs and, without blocks or an account, those that are only named."""
    vpcs = {vpc.id: vpc for vpc in listed}
    for vpc in sorted(set(named) - vpcs.keys() - {""}):
        findings.note(f"{VPCS.name}: {vpc} is not listed, so it has no CIDR blocks and no account")
        vpcs[vpc] = Vpc(vpc, NO_ACCOUNT)
    return tuple(vpcs[vpc] for vpc in sorted(vpcs))

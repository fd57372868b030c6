"""Reads a bundle, a directory of ECS API answers, as resources (§8.1, §8.2).

What cannot be read for certain refuses the whole bundle with all its faults: a policy with a hole is not a policy.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from pdp.formats.bundle_files import ENIS, GROUPS, PORT_LIST_ENTRIES, PREFIX_LISTS, VPCS, AnswerName, find_files
from pdp.formats.faults import BundleRefused, Fault, Findings
from pdp.formats.groups import read_groups, read_listed
from pdp.formats.lists import read_port_lists, read_prefix_lists
from pdp.formats.network_answers import read_enis, read_instances, read_vpcs
from pdp.formats.paging import Answers, join_answers
from pdp.formats.pdp_json import EniSettings, KnownIds, PdpJson, read_pdp_json
from pdp.formats.permissions import Known
from pdp.model.ids import NO_ACCOUNT, VpcId
from pdp.model.network import Account, Eni, Vpc
from pdp.model.resources import Resources

__all__ = ["Bundle", "BundleRefused", "Fault", "read_bundle"]


class Bundle(NamedTuple):
    """What a bundle gives: its resources, each kind sorted by id, and one line for each thing worth knowing."""

    resources: Resources
    notes: tuple[str, ...]


def read_bundle(directory: Path) -> Bundle:
    """The resources of a bundle, whatever the order of its files, pages and objects.

    Raises BundleRefused with every fault.
    """
    findings = Findings()
    files = find_files(directory, findings)
    findings.refuse_faulty()
    answers = join_answers(files, findings)
    for api in (GROUPS, ENIS):
        if AnswerName(api) not in files.answers:
            name = AnswerName(api)
            findings.fault(name.file(1), "", f"is missing; export all its pages, beginning with `{name.call}`")
    listed = read_listed(answers, findings)
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
    groups = read_groups(answers, listed, {vpc.id: vpc.account for vpc in vpcs}, known, findings)
    prefix_lists, port_lists = read_prefix_lists(answers, findings), read_port_lists(answers, findings)
    named = KnownIds(None, None)
    if _is_whole(answers, AnswerName(ENIS)):
        instance_ids = {instance.id for instance in instances} | {eni.instance for eni in enis}
        named = KnownIds({eni.id for eni in enis}, instance_ids)
    pdp_json = read_pdp_json(files.pdp_json, named, findings)
    findings.refuse_faulty()
    kept = _finished(enis, pdp_json, findings)
    _note_idle_accounts(pdp_json.accounts, vpcs, kept, findings)
    resources = Resources(
        groups=tuple(groups),
        enis=kept,
        vpcs=vpcs,
        instances=tuple(instances),
        prefix_lists=tuple(prefix_lists),
        port_lists=tuple(port_lists),
        accounts=tuple(sorted(pdp_json.accounts, key=lambda account: account.id)),
        penalties=pdp_json.penalties,
        settings=pdp_json.settings,
    )
    return Bundle(resources, tuple(findings.notes))


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


def _finished(enis: Iterable[Eni], pdp_json: PdpJson, findings: Findings) -> tuple[Eni, ...]:
    """The ENIs that can be judged, with what pdp.json says of them."""
    kept = []
    for eni in enis:
        if eni.groups:
            settings = pdp_json.enis.get(eni.id)
            kept.append(_with_settings(eni, settings) if settings else eni)
        else:
            findings.note(f"{ENIS.name}: {eni.id} is service-managed and has no security group: it is left out")
    return tuple(kept)


def _with_settings(eni: Eni, settings: EniSettings) -> Eni:
    return replace(
        eni,
        own_namespace=settings.own_namespace,
        host=settings.host,
        tcp_established_timeout_s=settings.tcp_established_timeout_s or eni.tcp_established_timeout_s,
        udp_timeout_s=settings.udp_timeout_s or eni.udp_timeout_s,
    )


def _note_idle_accounts(
    accounts: Iterable[Account], vpcs: Iterable[Vpc], enis: Iterable[Eni], findings: Findings
) -> None:
    """An account that owns nothing here is no fault, but may be a typo."""
    owners = {vpc.account for vpc in vpcs} | {eni.account for eni in enis}
    for account in accounts:
        if account.id not in owners:
            findings.note(f"pdp.json: accounts.{account.id}: owns no VPC and no ENI of this bundle")

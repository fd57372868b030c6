"""Joins what `pdp.json` says of resources to what the API's answers say of them."""

from collections.abc import Iterable
from dataclasses import replace

from pdp.formats.bundle_files import ENIS
from pdp.formats.faults import Findings
from pdp.formats.pdp_json import EniSettings, GroupSettings, PdpJson
from pdp.model.groups import SecurityGroup
from pdp.model.ids import NO_ACCOUNT
from pdp.model.network import Eni, Instance
from pdp.model.resources import Resources
from pdp.model.rules import Rule


def with_additions(answered: Resources, pdp_json: PdpJson, findings: Findings) -> Resources:
    """The resources of the answers with all that the file adds. ENIs that cannot be judged are left out and noted."""
    resources = replace(
        answered,
        groups=tuple(_group(group, pdp_json.groups.get(group.id)) for group in answered.groups),
        enis=_finished(answered.enis, pdp_json, findings),
        instances=(
            *(
                replace(instance, account=pdp_json.instances.get(instance.id, NO_ACCOUNT))
                for instance in answered.instances
            ),
            *_only_punished(answered, pdp_json),
        ),
        prefix_lists=tuple(
            replace(made, account=pdp_json.prefix_lists.get(made.id, NO_ACCOUNT)) for made in answered.prefix_lists
        ),
        port_lists=tuple(
            replace(made, account=pdp_json.port_lists.get(made.id, NO_ACCOUNT)) for made in answered.port_lists
        ),
        accounts=tuple(sorted(pdp_json.accounts, key=lambda account: account.id)),
        penalties=pdp_json.penalties,
        users=pdp_json.users,
        policies=pdp_json.policies,
        settings=pdp_json.settings,
    )
    _note_idle_accounts(resources, findings)
    return resources


def _only_punished(answered: Resources, pdp_json: PdpJson) -> Iterable[Instance]:
    """Instances that a penalty names, and otherwise only an ENI that is left out: they would be unknown."""
    kept = {instance.id for instance in answered.instances} | {eni.instance for eni in answered.enis if eni.groups}
    named = {penalty.instance for penalty in pdp_json.penalties if penalty.instance}
    left_out = {eni.instance for eni in answered.enis} - kept
    return map(Instance, sorted(named & left_out))


def _group(group: SecurityGroup, settings: GroupSettings | None) -> SecurityGroup:
    if settings is None:
        return group
    account = group.account if settings.account is None else settings.account
    rules = tuple(_rule(rule, settings) for rule in group.rules)
    return replace(group, account=account, is_default=settings.is_default, rules=rules)


def _rule(rule: Rule, settings: GroupSettings) -> Rule:
    said = settings.rules.get(rule.id)
    if said is None:
        return rule
    return replace(rule, origin=said.origin, id_is_derived=rule.id_is_derived or said.id_is_derived)


def _finished(enis: Iterable[Eni], pdp_json: PdpJson, findings: Findings) -> tuple[Eni, ...]:
    """The ENIs that can be judged."""
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


def _note_idle_accounts(resources: Resources, findings: Findings) -> None:
    """An account that owns nothing here is no fault, but may be a typo."""
    owned = (
        resources.vpcs,
        resources.enis,
        resources.groups,
        resources.instances,
        resources.prefix_lists,
        resources.port_lists,
        resources.users,
        resources.policies,
    )
    owners = {resource.account for kind in owned for resource in kind}
    for account in resources.accounts:
        if account.id not in owners:
            findings.note(f"pdp.json: accounts.{account.id}: owns nothing of this bundle")

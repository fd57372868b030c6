"""Everything of some resources that the API's answers have no place for, as the object that pdp.json holds."""

from collections.abc import Iterable
from dataclasses import fields

from pdp.formats.answer_objects import Object, filled, has_readable_id
from pdp.model.groups import SecurityGroup
from pdp.model.ids import NO_ACCOUNT
from pdp.model.instants import format_instant
from pdp.model.network import DEFAULT_SETTINGS, Account, Eni, Instance, Penalty, PenaltyState, Settings
from pdp.model.ram import RamPolicy, RamUser
from pdp.model.resources import Resources
from pdp.model.rules import USER_ORIGIN, PortList, PrefixList

_ENI_DEFAULTS = {
    field.name: field.default
    for field in fields(Eni)
    if field.name in ("own_namespace", "host", "tcp_established_timeout_s", "udp_timeout_s")
}


def pdp_json_object(resources: Resources) -> Object:
    """The whole file, without what is as it would be without the file; empty when there is nothing to say.

    The same for the same resources in any order.
    """
    owners = {vpc.id: vpc.account for vpc in resources.vpcs}
    groups: Object = {group.id: _group(group, owners.get(group.vpc, NO_ACCOUNT)) for group in resources.groups}
    return filled(
        {
            "accounts": _sorted({account.id: _account(account) for account in resources.accounts}),
            "enis": _sorted(filled({eni.id: _eni(eni) for eni in resources.enis})),
            "groups": _sorted(filled(groups)),
            "instances": _owners(resources.instances),
            "prefix_lists": _owners(resources.prefix_lists),
            "port_lists": _owners(resources.port_lists),
            "users": [_user(user) for user in sorted(resources.users, key=lambda user: user.key)],
            "policies": [_policy(policy) for policy in sorted(resources.policies, key=lambda policy: policy.key)],
            "penalties": [_penalty(penalty) for penalty in sorted(resources.penalties, key=repr)],
            "settings": _settings(resources.settings),
        }
    )


def _account(account: Account) -> Object:
    return filled({"smtp_exempt": account.smtp_exempt, "quotas": dict(account.quotas)})


def _eni(eni: Eni) -> Object:
    said = {name: getattr(eni, name) for name in _ENI_DEFAULTS}
    return {name: value for name, value in said.items() if value != _ENI_DEFAULTS[name]}


def _group(group: SecurityGroup, vpc_account: str) -> Object:
    said = filled({"is_default": group.is_default, "rules": _rules(group)})
    # A group without an account beside a VPC with one says so with a blank one.
    return said if group.account == vpc_account else {"account": group.account, **said}


def _rules(group: SecurityGroup) -> Object:
    said: Object = {}
    for rule in group.rules:
        said[rule.id] = filled(
            {
                "origin": "" if rule.origin == USER_ORIGIN else rule.origin,
                "id_is_derived": rule.id_is_derived and not has_readable_id(group, rule),
            }
        )
    return _sorted(filled(said))


def _owners(resources: Iterable[Instance | PrefixList | PortList]) -> Object:
    return _sorted({resource.id: {"account": resource.account} for resource in resources if resource.account})


def _sorted(values: Object) -> Object:
    return {key: values[key] for key in sorted(values)}


def _user(user: RamUser) -> Object:
    return {"account": user.account, "name": user.name, "kind": user.kind, "policies": list(user.policies)}


def _policy(policy: RamPolicy) -> Object:
    return {"account": policy.account, "name": policy.name, "document": policy.document}


def _penalty(penalty: Penalty) -> Object:
    return filled(
        {
            "id": penalty.id,
            "instance": penalty.instance,
            "class": penalty.penalty_class.value,
            "action": penalty.action.value,
            "domain": penalty.domain,
            "url": penalty.url,
            "reason": penalty.reason,
            "since": "" if penalty.since is None else format_instant(penalty.since),
            "until": "" if penalty.until is None else format_instant(penalty.until),
            "state": "" if penalty.state is PenaltyState.IN_FORCE else penalty.state.value,
            "statement": penalty.statement,
        }
    )


def _settings(settings: Settings) -> Object:
    if settings == DEFAULT_SETTINGS:
        return {}
    return {
        "same_group_precedence": settings.same_group_precedence.value,
        "smtp_scope": settings.smtp_scope.value,
        "limits": settings.limits,
    }

"""What a request is about, RPC by RPC: the resources on which its caller must be permitted to act (§6.2, §6.3).

Adding rules in a roundabout way (from a file, by a copy, with the console's defaults) needs the right to authorize
rules too: a Deny of the nine actions on rules (§6.2) has no way round. Pure; nothing is decided here.
"""

from collections.abc import Callable, Iterable
from typing import Any

from pdp.model.flow import Direction
from pdp.model.groups import GroupType
from pdp.model.ids import GroupId
from pdp.policy.ram import EVERYTHING
from pdp.policy.ram_conditions import Context
from pdp.policy.snapshot import Snapshot
from pdp.server import asked_rules, owned
from pdp.server.asking import Ask
from pdp.server.network.fields import check_filter
from pdp.server.owned import OwnedResource
from pdp.server.security_groups.console_rules import console_rules

Resources = Callable[[Snapshot, Any, Ask], Iterable[OwnedResource]]
"""What a request is about: all of it must be permitted, and is asked for in turn. Pure."""


def nothing(_snapshot: Snapshot, _request: object, _ask: Ask) -> Iterable[OwnedResource]:
    """Nothing of an account's."""
    return ()


def enis_asked(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
    """The ENIs whose flows are judged: those of a list of ids."""
    return [owned.eni(snapshot, ask, eni_id) for eni_id in request]


def group_in(field: str = "security_group_id") -> Resources:
    """The group that a field names."""
    return lambda snapshot, request, ask: [owned.group(snapshot, ask, getattr(request, field))]


def each_group(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
    """Every group named."""
    check_filter(request.security_group_ids, "security_group_ids")
    return (owned.group(snapshot, ask, group_id) for group_id in request.security_group_ids)


def listed(field: str, owner: Callable[[Snapshot, Ask, str], OwnedResource], kind: str) -> Resources:
    """Of a list: the ids that it asks for, or everything of the account that it asks about."""

    def resources(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
        named = getattr(request, field)
        check_filter(named, field)
        yield from (owner(snapshot, ask, one) for one in named)
        if not named or request.account_id:
            yield owned.resource(ask, request.account_id or ask.caller.account, kind, "")

    return resources


def of_account(kind: str, field: str = "") -> Resources:
    """A resource of the account that a request names, else of the caller's; by an id in a field, or any."""

    def resources(_snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
        resource_id = getattr(request, field) if field else ""
        return [owned.resource(ask, request.account_id or ask.caller.account, kind, resource_id)]

    return resources


def user(_snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
    """The user or role named."""
    kind = f"ram:{request.kind or 'user'}"
    return [owned.resource(ask, request.account_id or ask.caller.account, kind, request.user_name)]


def user_and_policy(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
    """The user or role, and the policy."""
    return [*user(snapshot, request, ask), *of_account("ram:policy", "policy_name")(snapshot, request, ask)]


def created_group(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
    """A new group, whose account is its VPC's."""
    account = owned.vpc(snapshot, ask, request.vpc_id).account
    labels = owned.tags(tuple((tag.tag_key, tag.tag_value) for tag in request.tags))
    created = owned.resource(ask, account, "securitygroup", "", labels)
    if not request.console_defaults:
        return [created]
    group_type = GroupType.ADVANCED if request.security_group_type == GroupType.ADVANCED.value else GroupType.BASIC
    return [created, *_authorizing(created, asked_rules.said_by(console_rules(group_type, ask)))]


_AUTHORIZE = {
    Direction.INGRESS: "ecs:AuthorizeSecurityGroup",
    Direction.EGRESS: "ecs:AuthorizeSecurityGroupEgress",
}


def _authorizing(group: OwnedResource, rules: asked_rules.ByDirection) -> Iterable[OwnedResource]:
    """The right to authorize rules besides, of each direction that there are any of (§6.3: on everything)."""
    for direction, said in rules.items():
        yield _with_rules(group, said)._replace(name=EVERYTHING, action=_AUTHORIZE[direction])


def _with_rules(group: OwnedResource, rules: Context) -> OwnedResource:
    return group._replace(context={**group.context, **rules})


def authorized(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
    """The owner of a group that gets rules, and what they say."""
    group = owned.group(snapshot, ask, request.security_group_id)
    return [_with_rules(group, asked_rules.rules_asked(request.permissions))._replace(name=EVERYTHING)]


def modified_rule(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
    """The owner of a group whose rule changes, and what the rule says then."""
    group_id, rule_id = request.security_group_id, request.security_group_rule_id
    rules = asked_rules.rule_as_changed(snapshot, group_id, rule_id, request.permission)
    return [_with_rules(owned.group(snapshot, ask, group_id), rules)._replace(name=EVERYTHING)]


def configured(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
    """A group whose rules come and go, and what those say that come."""
    group = owned.group(snapshot, ask, request.security_group_id)
    return [_with_rules(group, asked_rules.rules_asked(request.authorize_permissions))]


def imported_rules(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
    """A group that gets the rules of a file."""
    group = owned.group(snapshot, ask, request.security_group_id)
    yield group
    yield from _authorizing(group, asked_rules.rules_in_file(request.content, request.format))


def cloned(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
    """The group that is copied, and the new one."""
    source = owned.group(snapshot, ask, request.source_security_group_id)
    created = owned.resource(ask, source.account, "securitygroup", "")._replace(action="ecs:CreateSecurityGroup")
    copied = snapshot.groups.get(GroupId(request.source_security_group_id))
    return [source, created, *_authorizing(source, asked_rules.said_by(copied.rules if copied is not None else ()))]


def membership(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
    """A group, and the ENI or instance that joins or leaves it."""
    yield owned.group(snapshot, ask, request.security_group_id)
    if request.network_interface_id:
        yield owned.eni(snapshot, ask, request.network_interface_id)
    if request.instance_id:
        yield owned.instance(snapshot, ask, request.instance_id)


def created_member(kind: str, field: str) -> Resources:
    """A new instance or ENI, in its VPC and groups."""

    def resources(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
        yield owned.resource(ask, request.account_id or ask.caller.account, kind, getattr(request, field))
        yield owned.vpc(snapshot, ask, request.vpc_id)
        yield from each_group(snapshot, request, ask)

    return resources


def eni(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
    """The ENI named."""
    return [owned.eni(snapshot, ask, request.network_interface_id)]


def eni_and_groups(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
    """The ENI, and the groups it is to be in."""
    return [*eni(snapshot, request, ask), *each_group(snapshot, request, ask)]


def eni_and_instance(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
    """The ENI and the instance."""
    return [*eni(snapshot, request, ask), *instance(snapshot, request, ask)]


def instance(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
    """The instance named."""
    return [owned.instance(snapshot, ask, request.instance_id)]


def instance_and_groups(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
    """The instance, and the groups it is to be in."""
    return [*instance(snapshot, request, ask), *each_group(snapshot, request, ask)]


def vpc(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
    """The VPC named."""
    return [owned.vpc(snapshot, ask, request.vpc_id)]


def prefix_list(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
    """The prefix list named."""
    return [owned.prefix_list(snapshot, ask, request.prefix_list_id)]


def port_list(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
    """The port list named."""
    return [owned.port_list(snapshot, ask, request.port_range_list_id)]


def penalty(snapshot: Snapshot, request: Any, ask: Ask) -> Iterable[OwnedResource]:  # noqa: ANN401
    """The penalty named."""
    return [owned.penalty(snapshot, ask, request.penalty_id)]

"""What a request about groups names: it is there, and the caller may know of it (§6.5) or change it (§4.9)."""

from pdp.model.codes import Code
from pdp.model.errors import FieldError, Refusal, quoted
from pdp.model.flow import Direction
from pdp.model.groups import SecurityGroup
from pdp.model.ids import NO_ACCOUNT
from pdp.model.network import Eni
from pdp.model.rules import GroupPeer, PrefixListPeer, Rule
from pdp.policy.changes import Kind
from pdp.policy.checking import managed, not_found
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask, required
from pdp.server.network.lookups import named_eni, named_group, named_instance, primary_eni


def group_to_change(snapshot: Snapshot, ask: Ask, group_id: str) -> SecurityGroup:
    """The group that a write is about; a managed one is the operator's, also where nothing would change (§4.9)."""
    group = named_group(snapshot, ask, group_id)
    if group.service_managed and not ask.by_operator:
        raise managed(group).at("security_group_id")
    return group


def named_rule(group: SecurityGroup, rule_id: str, direction: Direction | None, field: str) -> Rule:
    """The rule of an id, of a direction if one is given (§5.2). Raises FieldError or Refusal."""
    required(rule_id, field)
    for rule in group.rules:
        if rule.id == rule_id and direction in {None, rule.direction}:
            return rule
    what = f"{direction.word} rule" if direction is not None else "rule"
    message = f"{group.id} has no {what} {quoted(rule_id)}; list the rules to see their ids"
    raise Refusal(Code.RULE_NOT_EXIST, message, field=field, resource=rule_id)


def member_asked(snapshot: Snapshot, ask: Ask, eni_id: str, instance_id: str) -> Eni:
    """The ENI of a request, or the primary one of its instance (§4.7)."""
    if eni_id and instance_id:
        message = "an ENI and an instance are given; give one of them"
        raise FieldError(Code.INVALID_PARAMETER, "network_interface_id", message)
    if not instance_id:
        return named_eni(snapshot, ask, eni_id)
    instance = named_instance(snapshot, ask, instance_id)
    eni = primary_eni(snapshot, instance.id)
    if eni is None:
        message = f"{instance.id} has no primary ENI; name one of its ENIs"
        raise Refusal(Code.ENI_NOT_FOUND, message, field="instance_id", resource=instance.id)
    return eni


def check_references(snapshot: Snapshot, group: SecurityGroup, rule: Rule, path: str) -> None:
    """What a rule names is there, and a list is of the group's account or nobody's. Raises Refusal."""
    source = rule.direction is Direction.INGRESS
    if isinstance(rule.peer, GroupPeer) and rule.peer.group not in snapshot.groups:
        raise not_found(Kind.GROUP, rule.peer.group).at(f"{path}.{'source' if source else 'dest'}_group_id")
    owners = {NO_ACCOUNT, group.account}
    if isinstance(rule.peer, PrefixListPeer):
        prefix_list = snapshot.prefix_lists.get(rule.peer.prefix_list)
        if prefix_list is None or prefix_list.account not in owners:
            field = f"{path}.{'source' if source else 'dest'}_prefix_list_id"
            raise not_found(Kind.PREFIX_LIST, rule.peer.prefix_list).at(field)
    if rule.port_list is not None:
        port_list = snapshot.port_lists.get(rule.port_list)
        if port_list is None or port_list.account not in owners:
            raise not_found(Kind.PORT_LIST, rule.port_list).at(f"{path}.port_range_list_id")

"""What a request names, looked up: it exists, and the caller may know of it (§6.5), or the request is refused.

Whether the caller may do what he asks is decided before any of this, by RAM; that nobody reaches into another account
is held here once more, also for what a request names beside its subject, such as the groups of a new ENI.
"""

from collections.abc import Iterable, Sequence

from pdp.model.addresses import Prefix
from pdp.model.codes import Code
from pdp.model.errors import Refusal, quoted
from pdp.model.groups import SecurityGroup
from pdp.model.ids import NO_ACCOUNT, AccountId, EniId, GroupId, InstanceId, PortListId, PrefixListId, VpcId
from pdp.model.network import Eni, Instance, Penalty, Vpc
from pdp.model.rules import PortList, PrefixList
from pdp.policy.address_checks import why_not_private
from pdp.policy.changes import Kind
from pdp.policy.checking import not_found
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask, is_visible, required
from pdp.server.network.fields import chosen_id, fault, new_owner


def instance_account(snapshot: Snapshot, instance_id: InstanceId) -> AccountId:
    """Who owns an instance: its owner, else that of its first ENI, since answers that list instances name none."""
    instance = snapshot.instances.get(instance_id)
    if instance is not None and instance.account:
        return instance.account
    enis = snapshot.instance_enis.get(instance_id, ())
    return snapshot.account_of(snapshot.enis[enis[0]]) if enis else NO_ACCOUNT


def penalty_account(snapshot: Snapshot, penalty: Penalty) -> AccountId:
    """Who owns the instance that a penalty is about; nobody owns a domain or a URL here."""
    return instance_account(snapshot, penalty.instance) if penalty.instance else NO_ACCOUNT


def instance_exists(snapshot: Snapshot, instance_id: InstanceId) -> bool:
    """Whether there is such an instance: one that only ENIs name is one too."""
    return instance_id in snapshot.instances or instance_id in snapshot.instance_enis


def instance_at(snapshot: Snapshot, instance_id: InstanceId) -> Instance:
    """What is known of an instance that exists."""
    return snapshot.instances.get(instance_id) or Instance(instance_id, instance_account(snapshot, instance_id))


def primary_eni(snapshot: Snapshot, instance_id: InstanceId) -> Eni | None:
    """The primary ENI of an instance, whose groups are the instance's (§4.7)."""
    enis = (snapshot.enis[eni] for eni in snapshot.instance_enis.get(instance_id, ()))
    return next((eni for eni in enis if eni.primary), None)


def named_vpc(snapshot: Snapshot, ask: Ask, vpc_id: str) -> Vpc:
    """The VPC of the field `vpc_id`."""
    vpc = snapshot.vpcs.get(VpcId(required(vpc_id, "vpc_id")))
    if vpc is None:
        raise not_found(Kind.VPC, vpc_id).at("vpc_id")
    _check_visible(ask, vpc.account, "vpc_id")
    return vpc


def named_instance(snapshot: Snapshot, ask: Ask, instance_id: str) -> Instance:
    """The instance of the field `instance_id`."""
    wanted = InstanceId(required(instance_id, "instance_id"))
    if not instance_exists(snapshot, wanted):
        raise not_found(Kind.INSTANCE, instance_id).at("instance_id")
    _check_visible(ask, instance_account(snapshot, wanted), "instance_id")
    return instance_at(snapshot, wanted)


def named_eni(snapshot: Snapshot, ask: Ask, eni_id: str) -> Eni:
    """The ENI of the field `network_interface_id`."""
    eni = snapshot.enis.get(EniId(required(eni_id, "network_interface_id")))
    if eni is None:
        raise not_found(Kind.ENI, eni_id).at("network_interface_id")
    _check_visible(ask, snapshot.account_of(eni), "network_interface_id")
    return eni


def named_groups(snapshot: Snapshot, ask: Ask, group_ids: Sequence[str]) -> tuple[GroupId, ...]:
    """The groups of the field `security_group_ids`, sorted, each once; whether an ENI may have them is not asked."""
    named = (named_group(snapshot, ask, one, f"security_group_ids[{n}]") for n, one in enumerate(group_ids))
    return tuple(sorted({group.id for group in named}))


def named_group(snapshot: Snapshot, ask: Ask, group_id: str, field: str = "security_group_id") -> SecurityGroup:
    """The group of a field."""
    group = snapshot.groups.get(GroupId(required(group_id, field)))
    if group is None:
        raise not_found(Kind.GROUP, group_id).at(field)
    _check_visible(ask, group.account, field)
    return group


def named_prefix_list(snapshot: Snapshot, ask: Ask, list_id: str) -> PrefixList:
    """The prefix list of the field `prefix_list_id`."""
    found = snapshot.prefix_lists.get(PrefixListId(required(list_id, "prefix_list_id")))
    if found is None:
        raise not_found(Kind.PREFIX_LIST, list_id).at("prefix_list_id")
    _check_visible(ask, found.account, "prefix_list_id")
    return found


def named_port_list(snapshot: Snapshot, ask: Ask, list_id: str) -> PortList:
    """The port list of the field `port_range_list_id`."""
    found = snapshot.port_lists.get(PortListId(required(list_id, "port_range_list_id")))
    if found is None:
        raise not_found(Kind.PORT_LIST, list_id).at("port_range_list_id")
    _check_visible(ask, found.account, "port_range_list_id")
    return found


def owner_in_vpc(ask: Ask, account_id: str, vpc: Vpc) -> AccountId:
    """Who owns what is made in a VPC: the caller's account, or the one that the operator names, else the VPC's."""
    return vpc.account if ask.by_operator and not account_id else new_owner(ask, account_id)


def check_private(vpc: Vpc, field: str, prefixes: Iterable[Prefix]) -> None:
    """A field gives a new ENI private addresses of its VPC. Raises FieldError, since nobody knows the ENI's id yet."""
    for prefix in prefixes:
        why = why_not_private(vpc, prefix)
        if why:
            raise fault(field, why)


def new_eni_id(snapshot: Snapshot, given: str, ask: Ask) -> EniId:
    """The id of a new ENI: the one given, or one that the server makes."""
    eni_id = EniId(chosen_id(given, "eni-", "network_interface_id") if given else ask.new_id("eni-"))
    if eni_id in snapshot.enis:
        message = f"there is an ENI {quoted(eni_id)} already"
        raise Refusal(Code.ALREADY_EXISTS, message, field="network_interface_id", resource=eni_id)
    return eni_id


def _check_visible(ask: Ask, account: AccountId, field: str) -> None:
    if not is_visible(ask, account):
        raise Refusal(Code.FORBIDDEN, "it belongs to another account; name one of your own", field=field)

"""Instances (§1.6) with their primary ENIs, whose groups are the instance's (§4.7)."""

from collections.abc import Iterable
from dataclasses import replace

from pdp.model.addresses import Family, host_prefix
from pdp.model.codes import Code
from pdp.model.errors import Refusal, quoted
from pdp.model.ids import NO_INSTANCE, EniId, InstanceId
from pdp.model.network import Eni, Instance
from pdp.policy.changes import Change, Delete, Kind, Put
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask, Planned, account_asked
from pdp.server.list_pages import page
from pdp.server.network.default_group import groups_of_new
from pdp.server.network.fields import (
    MOST_HOST,
    MOST_STATUS,
    address,
    addresses,
    chosen_id,
    filter_ids,
    line,
)
from pdp.server.network.lookups import (
    check_private,
    instance_account,
    instance_at,
    instance_exists,
    named_groups,
    named_instance,
    named_vpc,
    new_eni_id,
    owner_in_vpc,
    primary_eni,
)
from pdp.server.network.messages import instance_message
from pdp.v1 import network_service_pb2 as pb

RUNNING = "Running"


def create_instance(snapshot: Snapshot, request: pb.CreateInstanceRequest, ask: Ask) -> Planned:
    """An instance and its primary ENI, in the groups named or the VPC's default group (§4.1)."""
    vpc = named_vpc(snapshot, ask, request.vpc_id)
    account = owner_in_vpc(ask, request.account_id, vpc)
    ipv4 = request.private_ip_address
    own = (address(ipv4, Family.IPV4, "private_ip_address"),) if ipv4 else ()
    ipv6 = addresses(request.ipv6_addresses, Family.IPV6, "ipv6_addresses")
    check_private(vpc, "private_ip_address", map(host_prefix, own))
    check_private(vpc, "ipv6_addresses", map(host_prefix, ipv6))
    host = line(request.host, "host", MOST_HOST)
    status = line(request.status, "status", MOST_STATUS) or RUNNING
    instance_id = _new_instance_id(snapshot, request.instance_id, ask)
    eni_id = new_eni_id(snapshot, request.network_interface_id, ask)
    given = groups_of_new(snapshot, ask, vpc, request.security_group_ids, web_ports=request.default_group_web_ports)
    instance = Instance(instance_id, account, status)
    eni = Eni(eni_id, vpc.id, account, given.groups, instance_id, primary=True, addresses=(*own, *ipv6), host=host)
    return Planned(
        (*given.made, Put(instance), Put(eni)),
        lambda _after: pb.CreateInstanceResponse(
            instance_id=instance_id, network_interface_id=eni_id, security_group_ids=given.groups
        ),
    )


def delete_instance(snapshot: Snapshot, request: pb.DeleteInstanceRequest, ask: Ask) -> Planned:
    """An instance goes with its primary ENI; its secondary ENIs are detached."""
    instance_id = named_instance(snapshot, ask, request.instance_id).id
    changes: list[Change] = [Delete(Kind.INSTANCE, instance_id)] if instance_id in snapshot.instances else []
    enis = (snapshot.enis[eni] for eni in snapshot.instance_enis.get(instance_id, ()))
    changes += (Delete(Kind.ENI, eni.id) if eni.primary else Put(replace(eni, instance=NO_INSTANCE)) for eni in enis)
    return Planned(changes, lambda _after: pb.DeleteInstanceResponse())


def modify_instance(snapshot: Snapshot, request: pb.ModifyInstanceAttributeRequest, ask: Ask) -> Planned:
    """Other groups for the primary ENI (§4.7), another status, or both."""
    instance = named_instance(snapshot, ask, request.instance_id)
    changes: list[Change] = []
    if request.security_group_ids:
        primary = primary_eni(snapshot, instance.id)
        if primary is None:
            message = f"{instance.id} has no primary ENI, whose groups could be changed; change those of its other ENIs"
            raise Refusal(Code.ENI_NOT_FOUND, message, field="security_group_ids", resource=instance.id)
        groups = named_groups(snapshot, ask, request.security_group_ids)
        changes.append(Put(replace(primary, groups=groups)))
    if request.HasField("status"):
        changes.append(Put(replace(instance, status=line(request.status, "status", MOST_STATUS))))
    return Planned(changes, lambda _after: pb.ModifyInstanceAttributeResponse())


def describe_instances(
    snapshot: Snapshot, request: pb.DescribeInstancesRequest, ask: Ask
) -> pb.DescribeInstancesResponse:
    """Instances that meet all filters, by id; those that only ENIs name are among them."""
    account = account_asked(ask, request.account_id)
    wanted = filter_ids(request.instance_ids, "instance_ids")
    candidates: Iterable[InstanceId] = (
        (one for one in map(InstanceId, wanted) if instance_exists(snapshot, one))
        if wanted
        else {*snapshot.instances, *snapshot.instance_enis}
    )
    found = sorted(
        one
        for one in candidates
        if (not account or instance_account(snapshot, one) == account) and _meets(snapshot, one, request)
    )
    shown, token = page(snapshot, request, found)
    return pb.DescribeInstancesResponse(
        instances=[instance_message(snapshot, instance) for instance in shown], next_token=token
    )


def _new_instance_id(snapshot: Snapshot, given: str, ask: Ask) -> InstanceId:
    instance_id = InstanceId(chosen_id(given, "i-", "instance_id") if given else ask.new_id("i-"))
    if instance_exists(snapshot, instance_id):
        message = f"there is an instance {quoted(instance_id)} already"
        raise Refusal(Code.ALREADY_EXISTS, message, field="instance_id", resource=instance_id)
    if any(penalty.instance == instance_id for penalty in snapshot.penalties.values()):
        # Penalties on record are their instance's owner's to read; they would be those of whoever takes its id.
        message = f"there was an instance {quoted(instance_id)}, whose penalties are on record; choose another id"
        raise Refusal(Code.ALREADY_EXISTS, message, field="instance_id", resource=instance_id)
    return instance_id


def _meets(snapshot: Snapshot, instance_id: InstanceId, request: pb.DescribeInstancesRequest) -> bool:
    """Whether an instance meets the filters by VPC, group and status."""
    if request.status and instance_at(snapshot, instance_id).status != request.status:
        return False
    enis: tuple[EniId, ...] = snapshot.instance_enis.get(instance_id, ())
    if request.vpc_id and not any(snapshot.enis[eni].vpc == request.vpc_id for eni in enis):
        return False
    if request.security_group_id:
        primary = primary_eni(snapshot, instance_id)
        return primary is not None and request.security_group_id in primary.groups
    return True

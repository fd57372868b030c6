"""ENIs (§1.6): secondary ones made, removed, attached and detached; what any of them is set to (§2.3, §4.7)."""

from dataclasses import replace

from pdp.model.addresses import Address, Family, host_prefix
from pdp.model.codes import Code
from pdp.model.errors import Refusal
from pdp.model.ids import NO_INSTANCE
from pdp.model.network import TCP_ESTABLISHED_TIMEOUTS_S, UDP_TIMEOUTS_S, Eni
from pdp.policy.changes import Delete, Kind, Put
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask, Planned
from pdp.server.network.default_group import groups_of_new
from pdp.server.network.fields import MOST_HOST, address, addresses, exact_blocks, fault, line, missing, one_of
from pdp.server.network.lookups import (
    check_private,
    instance_account,
    named_eni,
    named_groups,
    named_instance,
    named_vpc,
    new_eni_id,
    owner_in_vpc,
)
from pdp.v1 import network_service_pb2 as pb


def create_eni(snapshot: Snapshot, request: pb.CreateNetworkInterfaceRequest, ask: Ask) -> Planned:
    """A secondary ENI, attached to nothing, in the groups named or the VPC's default group (§4.1)."""
    vpc = named_vpc(snapshot, ask, request.vpc_id)
    account = owner_in_vpc(ask, request.account_id, vpc)
    given = groups_of_new(snapshot, ask, vpc, request.security_group_ids, web_ports=request.default_group_web_ports)
    primary, secondary = _ipv4_of_new(request)
    ipv6 = addresses(request.ipv6_addresses, Family.IPV6, "ipv6_addresses")
    ipv4_prefixes = exact_blocks(request.ipv4_prefixes, Family.IPV4, "ipv4_prefixes")
    ipv6_prefixes = exact_blocks(request.ipv6_prefixes, Family.IPV6, "ipv6_prefixes")
    check_private(vpc, "primary_ip_address", map(host_prefix, primary))
    check_private(vpc, "private_ip_addresses", map(host_prefix, secondary))
    check_private(vpc, "ipv6_addresses", map(host_prefix, ipv6))
    check_private(vpc, "ipv4_prefixes", ipv4_prefixes)
    check_private(vpc, "ipv6_prefixes", ipv6_prefixes)
    eni = Eni(
        new_eni_id(snapshot, request.network_interface_id, ask),
        vpc.id,
        account,
        given.groups,
        addresses=tuple(dict.fromkeys((*primary, *secondary, *ipv6))),
        prefixes=tuple(sorted((*ipv4_prefixes, *ipv6_prefixes))),
        own_namespace=request.own_namespace,
        host=line(request.host, "host", MOST_HOST),
    )
    return Planned(
        (*given.made, Put(_with_timeouts(eni, request))),
        lambda _after: pb.CreateNetworkInterfaceResponse(network_interface_id=eni.id, security_group_ids=given.groups),
    )


def delete_eni(snapshot: Snapshot, request: pb.DeleteNetworkInterfaceRequest, ask: Ask) -> Planned:
    """A secondary ENI that is attached to nothing goes."""
    eni = named_eni(snapshot, ask, request.network_interface_id)
    if eni.primary:
        raise _primary(eni, "it goes with its instance; delete that")
    if eni.instance:
        message = f"{eni.id} is attached to {eni.instance}; detach it first"
        raise Refusal(Code.DEPENDENCY_VIOLATION, message, resource=eni.instance)
    return Planned((Delete(Kind.ENI, eni.id),), lambda _after: pb.DeleteNetworkInterfaceResponse())


def modify_eni(snapshot: Snapshot, request: pb.ModifyNetworkInterfaceAttributeRequest, ask: Ask) -> Planned:
    """Other groups for a secondary ENI (§4.7); another host, namespace or timeout for any (§2.3)."""
    eni = named_eni(snapshot, ask, request.network_interface_id)
    if request.security_group_ids:
        if eni.primary:
            raise _primary(eni, "its groups are its instance's; change them with ModifyInstanceAttribute")
        eni = replace(eni, groups=named_groups(snapshot, ask, request.security_group_ids))
    eni = replace(
        eni,
        host=line(request.host, "host", MOST_HOST) if request.HasField("host") else eni.host,
        own_namespace=request.own_namespace if request.HasField("own_namespace") else eni.own_namespace,
    )
    return Planned((Put(_with_timeouts(eni, request)),), lambda _after: pb.ModifyNetworkInterfaceAttributeResponse())


def attach_eni(snapshot: Snapshot, request: pb.AttachNetworkInterfaceRequest, ask: Ask) -> Planned:
    """A secondary ENI that is attached to nothing becomes an instance's, of the same account."""
    eni = named_eni(snapshot, ask, request.network_interface_id)
    instance = named_instance(snapshot, ask, request.instance_id)
    if eni.primary:
        raise _primary(eni, "it stays with its instance; attach a secondary one")
    if eni.instance:
        message = f"{eni.id} is attached to {eni.instance} already; detach it first"
        raise Refusal(Code.DEPENDENCY_VIOLATION, message, field="network_interface_id", resource=eni.instance)
    owner = instance_account(snapshot, instance.id)
    if owner and owner != snapshot.account_of(eni):
        raise fault("instance_id", f"{instance.id} belongs to another account than {eni.id}; attach it within one")
    return Planned((Put(replace(eni, instance=instance.id)),), lambda _after: pb.AttachNetworkInterfaceResponse())


def detach_eni(snapshot: Snapshot, request: pb.DetachNetworkInterfaceRequest, ask: Ask) -> Planned:
    """A secondary ENI leaves the instance that it is attached to."""
    eni = named_eni(snapshot, ask, request.network_interface_id)
    instance = named_instance(snapshot, ask, request.instance_id)
    if eni.primary:
        raise _primary(eni, "it stays with its instance; detach a secondary one")
    if eni.instance != instance.id:
        where = f"to {eni.instance}" if eni.instance else "to no instance"
        raise fault("instance_id", f"{eni.id} is attached {where}, not to {instance.id}")
    return Planned((Put(replace(eni, instance=NO_INSTANCE)),), lambda _after: pb.DetachNetworkInterfaceResponse())


def _ipv4_of_new(request: pb.CreateNetworkInterfaceRequest) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    """The primary IPv4 address, where there is one, and the secondary ones."""
    secondary = addresses(request.private_ip_addresses, Family.IPV4, "private_ip_addresses")
    if not request.primary_ip_address:
        if secondary:
            raise missing("primary_ip_address", "the primary IPv4 address: there are secondary ones")
        return (), ()
    return (address(request.primary_ip_address, Family.IPV4, "primary_ip_address"),), secondary


def _with_timeouts(
    eni: Eni, request: pb.CreateNetworkInterfaceRequest | pb.ModifyNetworkInterfaceAttributeRequest
) -> Eni:
    """The ENI with the idle timeouts that are given (§2.3)."""
    tcp_s, udp_s = eni.tcp_established_timeout_s, eni.udp_timeout_s
    if request.HasField("tcp_established_timeout_seconds"):
        value = request.tcp_established_timeout_seconds
        tcp_s = one_of(value, TCP_ESTABLISHED_TIMEOUTS_S, "tcp_established_timeout_seconds")
    if request.HasField("udp_timeout_seconds"):
        udp_s = one_of(request.udp_timeout_seconds, UDP_TIMEOUTS_S, "udp_timeout_seconds")
    return replace(eni, tcp_established_timeout_s=tcp_s, udp_timeout_s=udp_s)


def _primary(eni: Eni, why: str) -> Refusal:
    """What a primary ENI is refused."""
    message = f"{eni.id} is the primary ENI of {eni.instance or 'no instance'}: {why}"
    return Refusal(Code.PRIMARY_ENI, message, field="network_interface_id", resource=eni.id)

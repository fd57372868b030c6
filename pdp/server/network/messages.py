"""VPCs, instances, ENIs and lists as the contract shows them. It must never look anything up for a request."""

from pdp.model.addresses import Family, Prefix
from pdp.model.ids import InstanceId
from pdp.model.network import Eni, Vpc
from pdp.model.rules import PortList, PrefixList
from pdp.policy.snapshot import Snapshot
from pdp.server.network.lookups import instance_account, instance_at
from pdp.v1 import resources_pb2

PRIMARY, SECONDARY = "Primary", "Secondary"


def vpc_message(vpc: Vpc) -> resources_pb2.Vpc:
    """A VPC."""
    ipv4, ipv6 = (_texts(vpc.cidr_blocks, family) for family in (Family.IPV4, Family.IPV6))
    return resources_pb2.Vpc(
        vpc_id=vpc.id,
        vpc_name=vpc.name,
        owner_id=vpc.account,
        cidr_block=ipv4[0] if ipv4 else "",
        secondary_cidr_blocks=ipv4[1:],
        ipv6_cidr_blocks=ipv6,
    )


def instance_message(snapshot: Snapshot, instance_id: InstanceId) -> resources_pb2.Instance:
    """An instance that exists, with the groups of its primary ENI (§4.7)."""
    instance = instance_at(snapshot, instance_id)
    enis = [snapshot.enis[eni] for eni in snapshot.instance_enis.get(instance_id, ())]
    enis.sort(key=lambda eni: not eni.primary)
    return resources_pb2.Instance(
        instance_id=instance_id,
        account_id=instance_account(snapshot, instance_id),
        status=instance.status,
        operation_locks=instance.locks,
        security_group_ids=enis[0].groups if enis and enis[0].primary else (),
        network_interface_ids=[eni.id for eni in enis],
    )


def eni_message(snapshot: Snapshot, eni: Eni) -> resources_pb2.NetworkInterface:
    """An ENI."""
    ipv4, ipv6 = (
        [str(address) for address in eni.addresses if address.family is family] for family in (Family.IPV4, Family.IPV6)
    )
    return resources_pb2.NetworkInterface(
        network_interface_id=eni.id,
        type=PRIMARY if eni.primary else SECONDARY,
        instance_id=eni.instance,
        vpc_id=eni.vpc,
        owner_id=snapshot.account_of(eni),
        private_ip_address=ipv4[0] if ipv4 else "",
        private_ip_addresses=ipv4,
        ipv6_addresses=ipv6,
        ipv4_prefixes=_texts(eni.prefixes, Family.IPV4),
        ipv6_prefixes=_texts(eni.prefixes, Family.IPV6),
        security_group_ids=eni.groups,
        service_managed=eni.service_managed,
        host=eni.host,
        own_namespace=eni.own_namespace,
        tcp_established_timeout_seconds=eni.tcp_established_timeout_s,
        udp_timeout_seconds=eni.udp_timeout_s,
    )


def prefix_list_message(snapshot: Snapshot, shown: PrefixList, *, with_entries: bool) -> resources_pb2.PrefixList:
    """A prefix list, with or without its entries."""
    entries = shown.entries if with_entries else ()
    return resources_pb2.PrefixList(
        prefix_list_id=shown.id,
        prefix_list_name=shown.name,
        description=shown.description,
        address_family=f"IPv{shown.family:d}",
        max_entries=shown.max_entries,
        entries=[resources_pb2.PrefixListEntry(cidr=str(entry)) for entry in entries],
        entry_count=len(shown.entries),
        association_count=len(snapshot.usage.lists.get(shown.id, ())),
        account_id=shown.account,
    )


def port_list_message(snapshot: Snapshot, shown: PortList, *, with_entries: bool) -> resources_pb2.PortRangeList:
    """A port list, with or without its entries."""
    entries = shown.entries if with_entries else ()
    return resources_pb2.PortRangeList(
        port_range_list_id=shown.id,
        port_range_list_name=shown.name,
        description=shown.description,
        max_entries=shown.max_entries,
        entries=[resources_pb2.PortRangeListEntry(port_range=str(entry)) for entry in entries],
        entry_count=len(shown.entries),
        association_count=len(snapshot.usage.lists.get(shown.id, ())),
        account_id=shown.account,
    )


def _texts(prefixes: tuple[Prefix, ...], family: Family) -> list[str]:
    return [str(prefix) for prefix in prefixes if prefix.family is family]

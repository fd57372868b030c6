"""The tables of NetworkService: every write and every read by the RPC's name."""

from collections.abc import Mapping

from pdp.server.asking import PlanFunction, ReadFunction, ServiceMethods
from pdp.server.network.addresses import assign_ipv4, assign_ipv6, unassign_ipv4, unassign_ipv6
from pdp.server.network.eni_list import describe_enis
from pdp.server.network.enis import attach_eni, create_eni, delete_eni, detach_eni, modify_eni
from pdp.server.network.instances import create_instance, delete_instance, describe_instances, modify_instance
from pdp.server.network.port_lists import (
    create_port_list,
    delete_port_list,
    describe_port_list,
    describe_port_lists,
    modify_port_list,
)
from pdp.server.network.prefix_lists import (
    create_prefix_list,
    delete_prefix_list,
    describe_prefix_list,
    describe_prefix_list_users,
    describe_prefix_lists,
    modify_prefix_list,
)
from pdp.server.network.vpcs import create_vpc, delete_vpc, describe_vpcs, modify_vpc

WRITES: Mapping[str, PlanFunction] = {
    "CreateVpc": create_vpc,
    "DeleteVpc": delete_vpc,
    "ModifyVpcAttribute": modify_vpc,
    "CreateInstance": create_instance,
    "DeleteInstance": delete_instance,
    "ModifyInstanceAttribute": modify_instance,
    "CreateNetworkInterface": create_eni,
    "DeleteNetworkInterface": delete_eni,
    "ModifyNetworkInterfaceAttribute": modify_eni,
    "AttachNetworkInterface": attach_eni,
    "DetachNetworkInterface": detach_eni,
    "AssignPrivateIpAddresses": assign_ipv4,
    "UnassignPrivateIpAddresses": unassign_ipv4,
    "AssignIpv6Addresses": assign_ipv6,
    "UnassignIpv6Addresses": unassign_ipv6,
    "CreatePrefixList": create_prefix_list,
    "ModifyPrefixList": modify_prefix_list,
    "DeletePrefixList": delete_prefix_list,
    "CreatePortRangeList": create_port_list,
    "ModifyPortRangeList": modify_port_list,
    "DeletePortRangeList": delete_port_list,
}
READS: Mapping[str, ReadFunction] = {
    "DescribeVpcs": describe_vpcs,
    "DescribeInstances": describe_instances,
    "DescribeNetworkInterfaces": describe_enis,
    "DescribePrefixLists": describe_prefix_lists,
    "DescribePrefixListAttributes": describe_prefix_list,
    "DescribePrefixListAssociations": describe_prefix_list_users,
    "DescribePortRangeLists": describe_port_lists,
    "DescribePortRangeListEntries": describe_port_list,
}

NETWORK_SERVICE = ServiceMethods("pdp.v1.NetworkService", WRITES, READS)

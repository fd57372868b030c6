"""VPCs (§1.1): made, changed, removed, listed."""

from dataclasses import replace

from pdp.model.addresses import Family, Prefix
from pdp.model.codes import Code
from pdp.model.errors import Refusal, quoted
from pdp.model.ids import VpcId
from pdp.model.network import Vpc
from pdp.policy.changes import Delete, Kind, Put
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask, Planned, account_asked, required
from pdp.server.list_pages import page
from pdp.server.network.fields import MOST_NAME, block, block_of, chosen_id, fault, filter_ids, line, new_owner
from pdp.server.network.lookups import named_vpc
from pdp.server.network.messages import vpc_message
from pdp.v1 import network_service_pb2 as pb


def create_vpc(snapshot: Snapshot, request: pb.CreateVpcRequest, ask: Ask) -> Planned:
    """A VPC with its blocks, of which the first IPv4 one is required."""
    account = new_owner(ask, request.account_id)
    name = line(request.vpc_name, "vpc_name", MOST_NAME)
    first = block_of(required(request.cidr_block, "cidr_block"), Family.IPV4, "cidr_block")
    further = [
        block_of(text, family, f"{field}[{n}]")
        for field, texts, family in (
            ("secondary_cidr_blocks", request.secondary_cidr_blocks, Family.IPV4),
            ("ipv6_cidr_blocks", request.ipv6_cidr_blocks, Family.IPV6),
        )
        for n, text in enumerate(texts)
    ]
    vpc_id = VpcId(chosen_id(request.vpc_id, "vpc-", "vpc_id") if request.vpc_id else ask.new_id("vpc-"))
    if vpc_id in snapshot.vpcs:
        raise Refusal(Code.ALREADY_EXISTS, f"there is a VPC {quoted(vpc_id)} already", field="vpc_id", resource=vpc_id)
    vpc = Vpc(vpc_id, account, ordered_blocks((first, *further)), name)
    return Planned((Put(vpc),), lambda _after: pb.CreateVpcResponse(vpc_id=vpc_id))


def delete_vpc(snapshot: Snapshot, request: pb.DeleteVpcRequest, ask: Ask) -> Planned:
    """A VPC without ENIs and groups goes."""
    vpc = named_vpc(snapshot, ask, request.vpc_id)
    return Planned((Delete(Kind.VPC, vpc.id),), lambda _after: pb.DeleteVpcResponse())


def modify_vpc(snapshot: Snapshot, request: pb.ModifyVpcAttributeRequest, ask: Ask) -> Planned:
    """Another name, fewer blocks, then more blocks. The first IPv4 block stays."""
    vpc = named_vpc(snapshot, ask, request.vpc_id)
    name = line(request.vpc_name, "vpc_name", MOST_NAME) if request.HasField("vpc_name") else vpc.name
    first = next((prefix for prefix in vpc.cidr_blocks if prefix.family is Family.IPV4), None)
    gone = set()
    for n, text in enumerate(request.remove_cidr_blocks):
        prefix = block(text, f"remove_cidr_blocks[{n}]")
        if prefix == first:
            raise fault(f"remove_cidr_blocks[{n}]", f"{prefix} is the first IPv4 block of {vpc.id}, which stays")
        gone.add(prefix)
    come = [block(text, f"add_cidr_blocks[{n}]") for n, text in enumerate(request.add_cidr_blocks)]
    kept = [prefix for prefix in vpc.cidr_blocks if prefix not in gone]
    after = replace(vpc, name=name, cidr_blocks=ordered_blocks((*kept, *come)))
    return Planned((Put(after),), lambda _after: pb.ModifyVpcAttributeResponse(vpc=vpc_message(after)))


def describe_vpcs(snapshot: Snapshot, request: pb.DescribeVpcsRequest, ask: Ask) -> pb.DescribeVpcsResponse:
    """VPCs that meet all filters, by id."""
    account = account_asked(ask, request.account_id)
    wanted = filter_ids(request.vpc_ids, "vpc_ids")
    found = sorted(
        vpc.id
        for vpc in snapshot.vpcs.values()
        if (not wanted or vpc.id in wanted)
        and (not account or vpc.account == account)
        and (not request.vpc_name or vpc.name == request.vpc_name)
    )
    shown, token = page(snapshot, request, found)
    return pb.DescribeVpcsResponse(vpcs=[vpc_message(snapshot.vpcs[vpc]) for vpc in shown], next_token=token)


def ordered_blocks(blocks: tuple[Prefix, ...]) -> tuple[Prefix, ...]:
    """The first IPv4 block, then all others sorted, IPv4 before IPv6, each once: one order for one set of blocks."""
    first = next((prefix for prefix in blocks if prefix.family is Family.IPV4), None)
    others = sorted(set(blocks) - {first})
    return (first, *others) if first is not None else tuple(others)

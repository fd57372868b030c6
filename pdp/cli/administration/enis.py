"""`pdp eni …`: cloud network interfaces."""

from typing import Annotated, NamedTuple

from pdp.cli.administration.session import Session
from pdp.cli.administration.shown import Columns, Shown, details, said, table
from pdp.cli.administration.verbs import LIST, READ, WRITE, things, verb
from pdp.cli.administration.words import (
    EniId,
    Group,
    GroupIds,
    Groups,
    InstanceId,
    OwnId,
    Vpc,
    VpcId,
    WebPorts,
    argument,
    groups_given,
    is_ipv6,
    option,
)
from pdp.cli.answers import Document
from pdp.cli.exits import ExitCode, Fault
from pdp.cli.options import Account

app = things("eni", "Cloud network interfaces (ENIs).")

LISTED: Columns = {
    "eni": "network_interface_id",
    "type": "type",
    "instance": "instance_id",
    "vpc": "vpc_id",
    "address": "private_ip_address",
    "groups": "security_group_ids",
}
DETAILS: Columns = {
    **LISTED,
    "addresses": lambda eni: eni["private_ip_addresses"] + eni["ipv6_addresses"],
    "prefixes": lambda eni: eni["ipv4_prefixes"] + eni["ipv6_prefixes"],
    "host": "host",
    "note": lambda eni: ", ".join(
        word for word, held in (("managed", eni["service_managed"]), ("own namespace", eni["own_namespace"])) if held
    ),
    "idle ends": lambda eni: (
        f"TCP after {eni['tcp_established_timeout_seconds']} s, UDP after {eni['udp_timeout_seconds']} s"
    ),
    "account": "owner_id",
}

Addresses = Annotated[list[str], argument("ADDRESS...", "Addresses, or prefixes as CIDRs; of one family.")]
Host = Annotated[str | None, option("The hypervisor that carries it.", "--host", metavar="HOST")]
OwnNamespace = Annotated[
    bool | None,
    option("Whether its traffic leaves the guest even towards the instance's other ENIs.", "--own-namespace/--shared"),
]
TcpTimeout = Annotated[int | None, option("When an idle TCP session ends.", "--tcp-timeout", metavar="SECONDS")]
UdpTimeout = Annotated[int | None, option("When an idle UDP session ends.", "--udp-timeout", metavar="SECONDS")]


@verb(app, "create", WRITE)
def create(
    session: Session,
    vpc: VpcId,
    addresses: Annotated[
        list[str], argument("[ADDRESS...]", "Addresses, or prefixes as CIDRs; the first IPv4 one is the primary.")
    ] = [],  # noqa: B006 - typer makes a new one each time
    *,
    group: Groups = [],  # noqa: B006
    own_id: OwnId = "",
    account: Account = "",
    host: Host = None,
    own_namespace: OwnNamespace = None,
    tcp_timeout: TcpTimeout = None,
    udp_timeout: UdpTimeout = None,
    web_ports: WebPorts = False,
) -> Shown:
    """Make a secondary ENI."""
    ipv4, ipv6 = (_split([word for word in addresses if is_ipv6(word) is family]) for family in (False, True))
    answer = session.write(
        "CreateNetworkInterface",
        network_interface_id=own_id,
        account_id=account,
        vpc_id=vpc,
        security_group_ids=group,
        primary_ip_address=ipv4.addresses[0] if ipv4.addresses else "",
        private_ip_addresses=ipv4.addresses[1:],
        ipv6_addresses=ipv6.addresses,
        ipv4_prefixes=ipv4.prefixes,
        ipv6_prefixes=ipv6.prefixes,
        host=host,
        own_namespace=own_namespace,
        tcp_established_timeout_seconds=tcp_timeout,
        udp_timeout_seconds=udp_timeout,
        default_group_web_ports=web_ports,
    )
    return said(answer, f"made {answer['network_interface_id'] or 'an ENI'} in {groups_given(answer)}")


@verb(app, "list", LIST)
def list_enis(
    session: Session,
    *,
    vpc: Vpc = "",
    instance: Annotated[str, option("Of this instance.", metavar="INSTANCE")] = "",
    group: Group = "",
    kind: Annotated[str, option("Primary or Secondary.", "--type", metavar="TYPE")] = "",
    address: Annotated[str, option("With this address, or a prefix around it.", metavar="ADDRESS")] = "",
    host: Annotated[str, option("On this hypervisor.", metavar="HOST")] = "",
    account: Account = "",
) -> Shown:
    """List ENIs."""
    answer = session.every(
        "DescribeNetworkInterfaces",
        "network_interfaces",
        vpc_id=vpc,
        instance_id=instance,
        security_group_id=group,
        type=kind.capitalize(),
        private_ip_address=address,
        host=host,
        account_id=account,
    )
    return table(answer, "network_interfaces", LISTED)


@verb(app, "show", READ)
def show(session: Session, eni: EniId) -> Shown:
    """Show an ENI with all its addresses."""
    answer = session.every("DescribeNetworkInterfaces", "network_interfaces", network_interface_ids=[eni])
    return details(answer, session.the_one(answer["network_interfaces"], eni), DETAILS)


@verb(app, "groups", WRITE)
def groups(session: Session, eni: EniId, groups: GroupIds) -> Shown:
    """Replace all groups of a secondary ENI; those of a primary one are its instance's."""
    answer = session.write("ModifyNetworkInterfaceAttribute", network_interface_id=eni, security_group_ids=groups)
    return said(answer, f"{eni} is in {', '.join(sorted(groups))}")


@verb(app, "set", WRITE)
def set_attributes(
    session: Session,
    eni: EniId,
    *,
    host: Host = None,
    own_namespace: OwnNamespace = None,
    tcp_timeout: TcpTimeout = None,
    udp_timeout: UdpTimeout = None,
) -> Shown:
    """Change where an ENI is, its namespace, or when its idle sessions end."""
    answer = session.write(
        "ModifyNetworkInterfaceAttribute",
        network_interface_id=eni,
        host=host,
        own_namespace=own_namespace,
        tcp_established_timeout_seconds=tcp_timeout,
        udp_timeout_seconds=udp_timeout,
    )
    return said(answer, f"changed {eni}")


@verb(app, "attach", WRITE)
def attach(session: Session, eni: EniId, instance: InstanceId) -> Shown:
    """Attach a secondary ENI to an instance."""
    answer = session.write("AttachNetworkInterface", network_interface_id=eni, instance_id=instance)
    return said(answer, f"attached {eni} to {instance}")


@verb(app, "detach", WRITE)
def detach(session: Session, eni: EniId, instance: InstanceId) -> Shown:
    """Detach a secondary ENI from its instance."""
    answer = session.write("DetachNetworkInterface", network_interface_id=eni, instance_id=instance)
    return said(answer, f"detached {eni} from {instance}")


@verb(app, "assign", WRITE)
def assign(session: Session, eni: EniId, addresses: Addresses) -> Shown:
    """Give an ENI addresses or prefixes."""
    name, fields = _of_family("Assign", addresses)
    answer = session.write(name, network_interface_id=eni, **fields)
    return said(answer, f"{eni} has {', '.join(addresses)}")


@verb(app, "unassign", WRITE)
def unassign(session: Session, eni: EniId, addresses: Addresses) -> Shown:
    """Take addresses or prefixes from an ENI. Its primary address cannot go."""
    name, fields = _of_family("Unassign", addresses)
    answer = session.write(name, network_interface_id=eni, **fields)
    return said(answer, f"{eni} no longer has {', '.join(addresses)}")


@verb(app, "delete", WRITE)
def delete(session: Session, eni: EniId) -> Shown:
    """Delete a secondary ENI that is attached to no instance."""
    return said(session.write("DeleteNetworkInterface", network_interface_id=eni), f"deleted {eni}")


def _of_family(deed: str, words: list[str]) -> tuple[str, Document]:
    """The RPC for addresses of one family, and its fields. Raises Fault for both families: that were two writes."""
    families = {is_ipv6(word) for word in words}
    if len(families) > 1:
        raise Fault(ExitCode.USAGE, "IPv4 and IPv6 are two changes; give one family, then the other")
    addresses, prefixes = _split(words)
    if families == {True}:
        return f"{deed}Ipv6Addresses", {"ipv6_addresses": addresses, "ipv6_prefixes": prefixes}
    return f"{deed}PrivateIpAddresses", {"private_ip_addresses": addresses, "ipv4_prefixes": prefixes}


class _Words(NamedTuple):
    addresses: list[str]
    prefixes: list[str]


def _split(words: list[str]) -> _Words:
    """Addresses and CIDRs apart."""
    return _Words([word for word in words if "/" not in word], [word for word in words if "/" in word])

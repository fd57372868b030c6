"""`pdp instance …`: instances, whose groups are those of their primary ENI."""

from typing import Annotated

from pdp.cli.administration.session import Session
from pdp.cli.administration.shown import Columns, Shown, details, said, table
from pdp.cli.administration.verbs import LIST, READ, WRITE, things, verb
from pdp.cli.administration.words import (
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
    option,
)
from pdp.cli.options import Account

app = things("instance", "Instances and their groups.")

COLUMNS: Columns = {
    "instance": "instance_id",
    "status": "status",
    "groups": "security_group_ids",
    "enis": "network_interface_ids",
    "locks": "operation_locks",
    "account": "account_id",
}


def _status(word: str) -> str:
    """As the product writes it: `running` is Running."""
    return word[:1].upper() + word[1:]


@verb(app, "create", WRITE)
def create(
    session: Session,
    vpc: VpcId,
    *,
    group: Groups = [],  # noqa: B006 - typer makes a new one each time
    address: Annotated[str, option("The primary IPv4 address.", metavar="ADDRESS")] = "",
    ipv6: Annotated[list[str], option("An IPv6 address; may be repeated.", "--ipv6", metavar="ADDRESS")] = [],  # noqa: B006
    host: Annotated[str, option("The hypervisor that carries it.", metavar="HOST")] = "",
    status: Annotated[str, option("Its status; without it, Running.", metavar="WORD")] = "",
    own_id: OwnId = "",
    eni_id: Annotated[str, option("Likewise for its primary ENI.", "--eni-id", metavar="ID")] = "",
    account: Account = "",
    web_ports: WebPorts = False,
) -> Shown:
    """Make an instance and its primary ENI."""
    answer = session.write(
        "CreateInstance",
        instance_id=own_id,
        account_id=account,
        vpc_id=vpc,
        security_group_ids=group,
        private_ip_address=address,
        ipv6_addresses=ipv6,
        host=host,
        status=_status(status),
        network_interface_id=eni_id,
        default_group_web_ports=web_ports,
    )
    name, eni = answer["instance_id"] or "an instance", answer["network_interface_id"] or "an ENI"
    return said(answer, f"made {name} with {eni} in {groups_given(answer)}")


@verb(app, "list", LIST)
def list_instances(
    session: Session,
    *,
    vpc: Vpc = "",
    group: Group = "",
    status: Annotated[str, option("Of this status.", metavar="WORD")] = "",
    account: Account = "",
) -> Shown:
    """List instances."""
    answer = session.every(
        "DescribeInstances",
        "instances",
        vpc_id=vpc,
        security_group_id=group,
        status=_status(status),
        account_id=account,
    )
    return table(answer, "instances", COLUMNS)


@verb(app, "show", READ)
def show(session: Session, instance: InstanceId) -> Shown:
    """Show an instance with its groups, ENIs and locks."""
    answer = session.every("DescribeInstances", "instances", instance_ids=[instance])
    return details(answer, session.the_one(answer["instances"], instance), COLUMNS)


@verb(app, "groups", WRITE)
def groups(session: Session, instance: InstanceId, groups: GroupIds) -> Shown:
    """Replace all groups of an instance, which are those of its primary ENI."""
    answer = session.write("ModifyInstanceAttribute", instance_id=instance, security_group_ids=groups)
    return said(answer, f"{instance} is in {', '.join(sorted(groups))}")


@verb(app, "status", WRITE)
def status(
    session: Session, instance: InstanceId, status: Annotated[str, argument("STATUS", "Such as Running or Stopped.")]
) -> Shown:
    """Set the status of an instance, which changes no verdict."""
    answer = session.write("ModifyInstanceAttribute", instance_id=instance, status=_status(status))
    return said(answer, f"{instance} is {_status(status)}")


@verb(app, "delete", WRITE)
def delete(session: Session, instance: InstanceId) -> Shown:
    """Delete an instance and its primary ENI; its other ENIs are detached."""
    return said(session.write("DeleteInstance", instance_id=instance), f"deleted {instance}")

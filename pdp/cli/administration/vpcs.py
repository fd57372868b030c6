"""`pdp vpc …`: VPCs and their blocks."""

from typing import Annotated

from pdp.cli.administration.session import Session
from pdp.cli.administration.shown import Columns, Shown, details, said, table
from pdp.cli.administration.verbs import LIST, READ, WRITE, things, verb
from pdp.cli.administration.words import Name, NewName, OwnId, VpcId, argument, is_ipv6, option
from pdp.cli.options import Account

app = things("vpc", "VPCs and their blocks.")

COLUMNS: Columns = {
    "vpc": "vpc_id",
    "name": "vpc_name",
    "blocks": lambda vpc: [vpc["cidr_block"], *vpc["secondary_cidr_blocks"], *vpc["ipv6_cidr_blocks"]],
    "account": "owner_id",
}


@verb(app, "create", WRITE)
def create(
    session: Session,
    cidrs: Annotated[list[str], argument("CIDR...", "Its blocks; the first IPv4 one stays for good.")],
    *,
    name: Name = "",
    own_id: OwnId = "",
    account: Account = "",
) -> Shown:
    """Make a VPC."""
    ipv4 = [cidr for cidr in cidrs if not is_ipv6(cidr)]
    answer = session.write(
        "CreateVpc",
        vpc_id=own_id,
        account_id=account,
        vpc_name=name,
        cidr_block=ipv4[0] if ipv4 else "",
        secondary_cidr_blocks=ipv4[1:],
        ipv6_cidr_blocks=[cidr for cidr in cidrs if is_ipv6(cidr)],
    )
    return said(answer, f"made {answer['vpc_id'] or 'a VPC'}")


@verb(app, "list", LIST)
def list_vpcs(session: Session, *, name: Name = "", account: Account = "") -> Shown:
    """List VPCs."""
    return table(session.every("DescribeVpcs", "vpcs", vpc_name=name, account_id=account), "vpcs", COLUMNS)


@verb(app, "show", READ)
def show(session: Session, vpc: VpcId) -> Shown:
    """Show a VPC."""
    answer = session.every("DescribeVpcs", "vpcs", vpc_ids=[vpc])
    return details(answer, session.the_one(answer["vpcs"], vpc), COLUMNS)


@verb(app, "set", WRITE)
def set_attributes(
    session: Session,
    vpc: VpcId,
    *,
    name: NewName = None,
    add: Annotated[list[str], option("A further block; may be repeated.", "--add-block", metavar="CIDR")] = [],  # noqa: B006
    remove: Annotated[list[str], option("A block that goes.", "--remove-block", metavar="CIDR")] = [],  # noqa: B006
) -> Shown:
    """Change the name or the blocks of a VPC."""
    answer = session.write(
        "ModifyVpcAttribute", vpc_id=vpc, vpc_name=name, add_cidr_blocks=add, remove_cidr_blocks=remove
    )
    return details(answer, answer["vpc"], COLUMNS)


@verb(app, "delete", WRITE)
def delete(session: Session, vpc: VpcId) -> Shown:
    """Delete a VPC without ENIs and groups."""
    return said(session.write("DeleteVpc", vpc_id=vpc), f"deleted {vpc}")

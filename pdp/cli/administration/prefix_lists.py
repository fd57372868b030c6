"""`pdp prefix-list …`: named lists of blocks, which rules name as their peer."""

from typing import Annotated

from pdp.cli.administration.session import Session
from pdp.cli.administration.shown import Columns, Shown, details, said, table
from pdp.cli.administration.verbs import LIST, READ, WRITE, things, verb
from pdp.cli.administration.words import (
    Description,
    MaxEntries,
    Name,
    NewDescription,
    NewMaxEntries,
    NewName,
    argument,
    is_ipv6,
    option,
    room_taken,
)
from pdp.cli.answers import Document
from pdp.cli.options import Account

app = things("prefix-list", "Lists of blocks, which rules name as their peer.")

LISTED: Columns = {
    "list": "prefix_list_id",
    "name": "prefix_list_name",
    "family": "address_family",
    "entries": room_taken,
    "groups": "association_count",
    "account": "account_id",
    "description": "description",
}
DETAILS: Columns = {**LISTED, "blocks": lambda item: [entry["cidr"] for entry in item["entries"]]}

ListId = Annotated[str, argument("LIST", "The list, such as pl-bp1abc.")]
Add = Annotated[list[str], option("A block to come; may be repeated.", "--add", metavar="CIDR")]
Remove = Annotated[list[str], option("A block to go; may be repeated.", "--remove", metavar="CIDR")]


def _entries(cidrs: list[str]) -> list[Document]:
    return [{"cidr": cidr} for cidr in cidrs]


@verb(app, "create", WRITE)
def create(
    session: Session,
    cidrs: Annotated[list[str], argument("[CIDR...]", "Its blocks, of one family.")] = [],  # noqa: B006 - typer's way
    *,
    max_entries: MaxEntries,
    family: Annotated[str, option("IPv4 or IPv6. Without it, that of the first block.", metavar="FAMILY")] = "",
    name: Name = "",
    description: Description = "",
    account: Account = "",
) -> Shown:
    """Make a prefix list. A rule that names it counts --max-entries in quotas."""
    guess = "IPv6" if cidrs and is_ipv6(cidrs[0]) else "IPv4" if cidrs else ""
    answer = session.write(
        "CreatePrefixList",
        account_id=account,
        prefix_list_name=name,
        description=description,
        address_family=family or guess,
        max_entries=max_entries,
        entries=_entries(cidrs),
    )
    return said(answer, f"made {answer['prefix_list_id'] or 'a prefix list'}")


@verb(app, "list", LIST)
def list_lists(
    session: Session,
    *,
    name: Name = "",
    family: Annotated[str, option("IPv4 or IPv6.", metavar="FAMILY")] = "",
    account: Account = "",
) -> Shown:
    """List prefix lists, without their blocks."""
    answer = session.every(
        "DescribePrefixLists", "prefix_lists", prefix_list_name=name, address_family=family, account_id=account
    )
    return table(answer, "prefix_lists", LISTED)


@verb(app, "show", READ)
def show(session: Session, list_id: ListId) -> Shown:
    """Show a prefix list with its blocks."""
    answer = session.ask("DescribePrefixListAttributes", prefix_list_id=list_id)
    return details(answer, answer["prefix_list"], DETAILS)


@verb(app, "references", LIST)
def references(session: Session, list_id: ListId) -> Shown:
    """Tell which groups have rules that name a prefix list."""
    key = "prefix_list_associations"
    answer = session.every("DescribePrefixListAssociations", key, prefix_list_id=list_id)
    return table(answer, key, {"group": "resource_id"})


@verb(app, "set", WRITE)
def set_attributes(
    session: Session,
    list_id: ListId,
    *,
    add: Add = [],  # noqa: B006
    remove: Remove = [],  # noqa: B006
    max_entries: NewMaxEntries = None,
    name: NewName = None,
    description: NewDescription = None,
) -> Shown:
    """Change blocks, room, name or description of a prefix list; every rule that names it follows."""
    answer = session.write(
        "ModifyPrefixList",
        prefix_list_id=list_id,
        prefix_list_name=name,
        description=description,
        max_entries=max_entries,
        add_entries=_entries(add),
        remove_entries=_entries(remove),
    )
    return said(answer, f"changed {list_id}")


@verb(app, "delete", WRITE)
def delete(session: Session, list_id: ListId) -> Shown:
    """Delete a prefix list that no rule names."""
    return said(session.write("DeletePrefixList", prefix_list_id=list_id), f"deleted {list_id}")

"""`pdp port-list …`: named lists of port ranges, which rules name in place of ports."""

from typing import Annotated

from pdp.cli.administration.rule_words import range_text
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
    option,
    room_taken,
)
from pdp.cli.answers import Document
from pdp.cli.options import Account
from pdp.cli.words import read_port_range

app = things("port-list", "Lists of port ranges, which rules name in place of ports.")

LISTED: Columns = {
    "list": "port_range_list_id",
    "name": "port_range_list_name",
    "entries": room_taken,
    "groups": "association_count",
    "account": "account_id",
    "description": "description",
}
DETAILS: Columns = {**LISTED, "ports": lambda item: [range_text(entry["port_range"]) for entry in item["entries"]]}

ListId = Annotated[str, argument("LIST", "The list, such as prl-bp1abc.")]
Add = Annotated[list[str], option("Ports to come: ssh, 22, 8000-8010; may be repeated.", "--add", metavar="PORTS")]
Remove = Annotated[list[str], option("Ports to go; may be repeated.", "--remove", metavar="PORTS")]


def _entries(words: list[str]) -> list[Document]:
    return [{"port_range": read_port_range(word)} for word in words]


@verb(app, "create", WRITE)
def create(
    session: Session,
    ports: Annotated[list[str], argument("[PORTS...]", "Its ports: ssh, 22, 8000-8010.")] = [],  # noqa: B006 - typer's way
    *,
    max_entries: MaxEntries,
    name: Name = "",
    description: Description = "",
    account: Account = "",
) -> Shown:
    """Make a port list. A rule that names it counts --max-entries in quotas."""
    answer = session.write(
        "CreatePortRangeList",
        account_id=account,
        port_range_list_name=name,
        description=description,
        max_entries=max_entries,
        entries=_entries(ports),
    )
    return said(answer, f"made {answer['port_range_list_id'] or 'a port list'}")


@verb(app, "list", LIST)
def list_lists(session: Session, *, name: Name = "", account: Account = "") -> Shown:
    """List port lists, without their ports."""
    key = "port_range_lists"
    answer = session.every("DescribePortRangeLists", key, port_range_list_name=name, account_id=account)
    return table(answer, key, LISTED)


@verb(app, "show", READ)
def show(session: Session, list_id: ListId) -> Shown:
    """Show a port list with its ports."""
    answer = session.ask("DescribePortRangeListEntries", port_range_list_id=list_id)
    return details(answer, answer["port_range_list"], DETAILS)


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
    """Change ports, room, name or description of a port list; every rule that names it follows."""
    answer = session.write(
        "ModifyPortRangeList",
        port_range_list_id=list_id,
        port_range_list_name=name,
        description=description,
        max_entries=max_entries,
        add_entries=_entries(add),
        remove_entries=_entries(remove),
    )
    return said(answer, f"changed {list_id}")


@verb(app, "delete", WRITE)
def delete(session: Session, list_id: ListId) -> Shown:
    """Delete a port list that no rule names."""
    return said(session.write("DeletePortRangeList", port_range_list_id=list_id), f"deleted {list_id}")

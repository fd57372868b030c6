"""`pdp group …`: security groups and their members."""

from typing import Annotated

from pdp.cli.administration import group_rules
from pdp.cli.administration.rule_words import POLICIES, SIDES, rule_columns, rule_text
from pdp.cli.administration.session import Session
from pdp.cli.administration.shown import Columns, Shown, said, show_fields, show_table, table
from pdp.cli.administration.verbs import LIST, READ, WRITE, things, verb
from pdp.cli.administration.words import (
    Description,
    GroupId,
    Name,
    NewDescription,
    NewName,
    Tags,
    Vpc,
    VpcId,
    argument,
    group_type,
    group_type_name,
    one_of,
    option,
    tags_of,
    tags_text,
)
from pdp.cli.answers import Document
from pdp.cli.exits import ExitCode, Fault
from pdp.cli.options import Account
from pdp.cli.output import Page

app = things("group", "Security groups, their rules and their members.")
group_rules.register(app)

LISTED: Columns = {
    "group": "security_group_id",
    "name": "security_group_name",
    "type": lambda group: group_type_name(group["security_group_type"]),
    "vpc": "vpc_id",
    "rules": "rule_count",
    "members": "member_count",
    "inner": lambda group: group["inner_access_policy"].lower(),
    "note": lambda group: ", ".join(
        word for word, held in (("managed", group["service_managed"]), ("default", group["is_default"])) if held
    ),
}
DETAILS: Columns = {
    **LISTED,
    "description": "description",
    "tags": lambda group: tags_text(group["tags"]),
    "created": "creation_time",
    "account": "account_id",
}

Type = Annotated[str, option("basic or advanced.", "--type", metavar="TYPE")]
Member = Annotated[str, argument("MEMBER", "An ENI (eni-...), or an instance (i-...) whose primary ENI is meant.")]


@verb(app, "create", WRITE)
def create(
    session: Session,
    vpc: VpcId,
    *,
    name: Name = "",
    description: Description = "",
    type_word: Type = "",
    tag: Tags = [],  # noqa: B006 - typer makes a new one each time
    console_defaults: Annotated[bool, option("Start with the console's rules (§4.2).", "--console-defaults")] = False,
    service_managed: Annotated[bool, option("A group that its owner can only read.", "--service-managed")] = False,
) -> Shown:
    """Make a group; without --console-defaults it has no rules."""
    answer = session.write(
        "CreateSecurityGroup",
        vpc_id=vpc,
        security_group_name=name,
        description=description,
        security_group_type=group_type(type_word),
        tags=tags_of(tag),
        console_defaults=console_defaults,
        service_managed=service_managed,
    )
    return said(answer, f"made {answer['security_group_id'] or 'a group'}")


@verb(app, "list", LIST)
def list_groups(
    session: Session,
    *,
    vpc: Vpc = "",
    type_word: Type = "",
    name: Annotated[list[str], option("Of this name; may be repeated.", metavar="TEXT")] = [],  # noqa: B006
    tag: Tags = [],  # noqa: B006
    eni: Annotated[str, option("With this member.", metavar="ENI")] = "",
    managed: Annotated[bool | None, option("Managed by a cloud service, or not.", "--managed/--not-managed")] = None,
    account: Account = "",
) -> Shown:
    """List groups."""
    answer = session.every(
        "DescribeSecurityGroups",
        "security_groups",
        vpc_id=vpc,
        security_group_type=group_type(type_word),
        security_group_names=name,
        tags=tags_of(tag),
        network_interface_id=eni,
        service_managed=managed,
        account_id=account,
    )
    return table(answer, "security_groups", LISTED)


@verb(app, "show", READ)
def show(session: Session, group: GroupId) -> Shown:
    """Show a group and its rules, the one that wins first."""
    answer = session.every("DescribeSecurityGroupAttribute", "permissions", security_group_id=group)
    return Shown(answer, lambda page: _show(page, answer))


def _show(page: Page, answer: Document) -> None:
    show_fields(page, answer["security_group"], DETAILS)
    for direction in SIDES:
        page.heading(direction.capitalize())
        rules = [rule for rule in answer["permissions"] if rule["direction"] == direction]
        show_table(page, rules, rule_columns(direction))


@verb(app, "policy", WRITE)
def policy(session: Session, group: GroupId, policy: Annotated[str, argument("POLICY", "accept or drop.")]) -> Shown:
    """Set what members of a basic group may do among themselves."""
    chosen = one_of("policy", policy, POLICIES)
    answer = session.write("ModifySecurityGroupPolicy", security_group_id=group, inner_access_policy=chosen)
    return said(answer, f"members of {group} among themselves: {chosen.lower()}")


@verb(app, "rename", WRITE)
def rename(session: Session, group: GroupId, name: Annotated[str, argument("NAME", "Its name from now on.")]) -> Shown:
    """Give a group another name."""
    answer = session.write("ModifySecurityGroupAttribute", security_group_id=group, security_group_name=name)
    return said(answer, f"{group} is {name!r}" if name else f"{group} has no name")


@verb(app, "set", WRITE)
def set_attributes(
    session: Session,
    group: GroupId,
    *,
    name: NewName = None,
    description: NewDescription = None,
    tag: Tags = [],  # noqa: B006
    no_tags: Annotated[bool, option("Take all labels away.", "--no-tags")] = False,
) -> Shown:
    """Change name, description or labels of a group. Labels that are given replace all that it has."""
    if tag and no_tags:
        raise Fault(ExitCode.USAGE, "give --tag or --no-tags, not both")
    answer = session.write(
        "ModifySecurityGroupAttribute",
        security_group_id=group,
        security_group_name=name,
        description=description,
        tags={"tags": tags_of(tag)} if tag or no_tags else None,
    )
    return said(answer, f"changed {group}")


def _member(word: str) -> dict[str, str]:
    return {"instance_id" if word.startswith("i-") else "network_interface_id": word}


@verb(app, "join", WRITE)
def join(session: Session, group: GroupId, member: Member) -> Shown:
    """Make an ENI, or an instance's primary ENI, a member."""
    answer = session.write("JoinSecurityGroup", security_group_id=group, **_member(member))
    return said(answer, f"{member} is in {', '.join(answer['security_group_ids'])}")


@verb(app, "leave", WRITE)
def leave(session: Session, group: GroupId, member: Member) -> Shown:
    """End a membership. The last group of an ENI cannot be left."""
    answer = session.write("LeaveSecurityGroup", security_group_id=group, **_member(member))
    return said(answer, f"{member} is in {', '.join(answer['security_group_ids'])}")


@verb(app, "clone", WRITE)
def clone(
    session: Session, source: GroupId, *, name: Name = "", description: Description = "", type_word: Type = ""
) -> Shown:
    """Make a group with the rules of another, also of the other type; tells which rules it cannot have."""
    answer = session.write(
        "CloneSecurityGroup",
        source_security_group_id=source,
        security_group_name=name,
        description=description,
        security_group_type=group_type(type_word),
    )
    return said(answer, f"made {answer['security_group_id'] or 'a group'}", *map(_clone_line, answer["results"]))


def _clone_line(result: Document) -> str:
    rule = rule_text(result["permission"]) if "permission" in result else f"rule {result['row']}"
    outcome = "changed" if result["accepted"] else f"left out: {result['code']}"
    return f"{'~' if result['accepted'] else '-'} {rule}: {outcome}: {result['message']}"


@verb(app, "references", READ)
def references(
    session: Session, groups: Annotated[list[str], argument("GROUP...", "The groups that are named.")]
) -> Shown:
    """Tell which groups have rules that name a group."""
    key = "security_group_references"
    answer = session.every("DescribeSecurityGroupReferences", key, security_group_ids=groups)
    columns: Columns = {
        "group": "security_group_id",
        "named by": lambda item: [other["security_group_id"] for other in item["referencing_security_groups"]],
    }
    return table(answer, key, columns)


@verb(app, "delete", WRITE)
def delete(session: Session, group: GroupId) -> Shown:
    """Delete a group that has no members and that no other group names."""
    return said(session.write("DeleteSecurityGroup", security_group_id=group), f"deleted {group}")

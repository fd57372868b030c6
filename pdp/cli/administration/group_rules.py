"""`pdp group …`: the rules of a group, one by one or as a file."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pdp.cli.administration.rule_words import (
    INGRESS,
    Destinations,
    PeerAccount,
    Policy,
    Ports,
    Priority,
    Protocol,
    RuleWords,
    SourcePorts,
    Sources,
    Way,
    changed_permissions,
    direction_word,
    permissions_of,
    rule_lines,
    rule_text,
)
from pdp.cli.administration.session import Session
from pdp.cli.administration.shown import Columns, Shown, said, show_table
from pdp.cli.administration.verbs import READ, WRITE, Options, Verb, verb
from pdp.cli.administration.words import Description, GroupId, NewDescription, argument, option, text_in
from pdp.cli.answers import Document
from pdp.cli.exits import ExitCode, Fault
from pdp.cli.output import Page
from pdp.formats.rule_files import read_rules_json

RuleIds = Annotated[list[str], option("A rule by its id; may be repeated.", "--rule", metavar="ID")]
Format = Annotated[str, option("json or csv. Without it, as the file's name says.", "--format", metavar="FORMAT")]
INTRANET = "intranet"


def authorize(
    session: Session,
    group: GroupId,
    direction: Way,
    protocol: Protocol,
    *,
    port: Ports = [],  # noqa: B006 - typer makes a new one each time
    source: Sources = [],  # noqa: B006
    destination: Destinations = [],  # noqa: B006
    policy: Policy = "",
    priority: Priority = "",
    source_port: SourcePorts = "",
    peer_account: PeerAccount = "",
    description: Description = "",
) -> Shown:
    """Add rules: pdp group authorize sg-bp1abc ingress tcp --port ssh --from 10.0.0.0/8."""
    way = direction_word(direction)
    words = RuleWords(
        way, protocol, port, source, destination, policy, priority, source_port, peer_account, description or None
    )
    answer = session.write(
        _of(way, "AuthorizeSecurityGroup"), security_group_id=group, permissions=permissions_of(words)
    )
    return said(answer, *rule_lines("+", answer["permissions"]))


def revoke(
    session: Session,
    group: GroupId,
    direction: Way,
    protocol: Annotated[str, argument("[PROTOCOL]", "As in `authorize`; left out when all are named by --rule.")] = "",
    *,
    rule: RuleIds = [],  # noqa: B006
    port: Ports = [],  # noqa: B006
    source: Sources = [],  # noqa: B006
    destination: Destinations = [],  # noqa: B006
    policy: Policy = "",
    priority: Priority = "",
    source_port: SourcePorts = "",
    peer_account: PeerAccount = "",
) -> Shown:
    """Remove rules, by id or by all that they are: pdp group revoke sg-bp1abc ingress --rule sgr-bp1abc."""
    way = direction_word(direction)
    words = RuleWords(way, protocol, port, source, destination, policy, priority, source_port, peer_account)
    described = any(words[1:])
    if not rule and not described:
        raise Fault(ExitCode.USAGE, "say which rules go: --rule ID, or the words that they were authorized with")
    answer = session.write(
        _of(way, "RevokeSecurityGroup"),
        security_group_id=group,
        security_group_rule_ids=rule,
        permissions=permissions_of(words) if described else [],
    )
    return said(answer, *(rule_lines("-", answer["permissions"]) or ["no rule is like that; nothing was removed"]))


def modify_rule(
    session: Session,
    group: GroupId,
    direction: Way,
    rule: Annotated[str, argument("RULE", "The rule that changes.")],
    *,
    protocol: Annotated[str, option("Another protocol.", metavar="PROTOCOL")] = "",
    port: Annotated[str, option("Other ports.", metavar="PORTS")] = "",
    source: Annotated[str, option("Another source, of the same kind.", "--from", metavar="PEER")] = "",
    destination: Annotated[str, option("Another destination, of the same kind.", "--to", metavar="PEER")] = "",
    policy: Policy = "",
    priority: Annotated[str, option("Another priority, 1 to 100.", metavar="N")] = "",
    source_port: SourcePorts = "",
    peer_account: PeerAccount = "",
    description: NewDescription = None,
) -> Shown:
    """Change fields of a rule; what is not mentioned stays."""
    way = direction_word(direction)
    ports, sources, destinations = ([word] if word else [] for word in (port, source, destination))
    words = RuleWords(
        way, protocol, ports, sources, destinations, policy, priority, source_port, peer_account, description
    )
    (permission,) = changed_permissions(words)
    name = "ModifySecurityGroupRule" if way == INGRESS else "ModifySecurityGroupEgressRule"
    answer = session.write(name, security_group_id=group, security_group_rule_id=rule, permission=permission)
    return said(answer, f"{rule}  {rule_text(answer['permission'])}")


def configure(
    session: Session,
    group: GroupId,
    *,
    authorize_file: Annotated[Path | None, option("Rules to add: JSON Permissions.", "--authorize")] = None,
    revoke_file: Annotated[Path | None, option("Rules to remove: JSON Permissions.", "--revoke")] = None,
    rule: RuleIds = [],  # noqa: B006
) -> Shown:
    """Add and remove rules of both directions at once, all or nothing. `--rule` names rules to remove by id."""
    answer = session.write(
        "ConfigureSecurityGroupPermissions",
        security_group_id=group,
        authorize_permissions=_permissions_in(authorize_file) if authorize_file else [],
        revoke_permissions=_permissions_in(revoke_file) if revoke_file else [],
        revoke_security_group_rule_ids=rule,
    )
    gone, come = answer["revoked_permissions"], answer["authorized_permissions"]
    return said(answer, *rule_lines("-", gone), *rule_lines("+", come))


def import_rules(
    session: Session,
    group: GroupId,
    file: Annotated[Path, argument("FILE", "JSON or CSV, as `export-rules` writes it.")],
    *,
    format_word: Format = "",
    preview: Annotated[bool, option("Tell for each rule what would happen, and write nothing.", "--preview")] = False,
) -> Shown:
    """Add the rules of a file: all of them, or with one that is refused none."""
    answer = session.write(
        "ImportSecurityGroupRules",
        security_group_id=group,
        content=text_in(file),
        format=format_word or file.suffix.lstrip(".").lower(),
        preview=preview,
    )
    return Shown(answer, lambda page: _show_results(page, answer, preview=preview))


RESULTS: Columns = {
    "row": "row",
    "": lambda result: "ok" if result["accepted"] else "REFUSED",
    "rule": lambda result: rule_text(result["permission"]) if "permission" in result else "",
    "why": lambda result: ": ".join(part for part in (result["code"], result["message"]) if part),
}


def _show_results(page: Page, answer: Document, *, preview: bool) -> None:
    show_table(page, answer["results"], RESULTS)
    page.line(f"{answer['added']} {'would come' if preview else 'came'} in, {answer['refused']} refused")
    if preview:
        page.line(("Nothing was written: --preview.", "bold"))


def export_rules(
    session: Session,
    group: GroupId,
    file: Annotated[Path | None, argument("[FILE]", "Where to; without it, stdout.")] = None,
    *,
    format_word: Format = "",
) -> Shown:
    """Write the rules of a group as JSON or CSV."""
    chosen = format_word or (file.suffix.lstrip(".").lower() if file else "json")
    answer = session.ask("ExportSecurityGroupRules", security_group_id=group, format=chosen)
    content: str = answer["content"]
    if file is None:
        return Shown(answer, lambda _: _write_out(content))
    try:
        file.write_text(content, encoding="utf-8", newline="")
    except OSError as error:
        raise Fault(ExitCode.USAGE, f"cannot write {file}: {error.strerror}") from None
    return said(answer, f"wrote {file}")


def _write_out(content: str) -> None:
    sys.stdout.write(content)


def _of(direction: str, name: str) -> str:
    return name if direction == INGRESS else f"{name}Egress"


def _permissions_in(file: Path) -> list[Document]:
    """The Permissions of a file, by the contract's field names. Raises Fault with USAGE."""
    try:
        rows = read_rules_json(text_in(file))
    except ValueError as error:
        raise Fault(ExitCode.USAGE, f"{file}: {error}") from None
    for row in rows:
        if row.permission is None:
            raise Fault(ExitCode.USAGE, f"{file}: rule {row.number}: {row.fault}")
    return [_fields(row.permission, f"{file}: rule {row.number}") for row in rows if row.permission]


def _fields(permission: dict[str, str], place: str) -> Document:
    """A Permission's keys as the contract names them. It has no NicType, which in a VPC is always intranet."""
    if permission.get("NicType", INTRANET) != INTRANET:
        raise Fault(ExitCode.USAGE, f"{place}: NicType {permission['NicType']!r} is not {INTRANET}; leave it out")
    return {_field(key): value for key, value in permission.items() if key != "NicType"}


def _field(key: str) -> str:
    """`Ipv6SourceCidrIp` as the contract names it: `ipv6_source_cidr_ip`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key).removeprefix("_")


VERBS: dict[str, tuple[Verb, Options]] = {
    "authorize": (authorize, WRITE),
    "revoke": (revoke, WRITE),
    "modify-rule": (modify_rule, WRITE),
    "configure": (configure, WRITE),
    "import-rules": (import_rules, WRITE),
    "export-rules": (export_rules, READ),
}


def register(app: typer.Typer) -> None:
    """Puts these verbs among those of groups."""
    for name, (function, options) in VERBS.items():
        verb(app, name, options)(function)

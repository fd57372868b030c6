"""`pdp ram user …` and `pdp ram policy …`: who of an account may do what (§6)."""

from pathlib import Path
from typing import Annotated

from pdp.cli.administration.session import Session
from pdp.cli.administration.shown import Columns, Shown, details, said, show_fields, table
from pdp.cli.administration.verbs import LIST, READ, WRITE, things, verb
from pdp.cli.administration.words import argument, option, text_in
from pdp.cli.answers import Document
from pdp.cli.options import Account
from pdp.cli.output import Page

app = things("ram", "Users, roles and policies of an account.")
users = things("user", "Users and roles.")
policies = things("policy", "Policies: which actions they allow and deny.")
app.add_typer(users)
app.add_typer(policies)

USERS: Columns = {"user": "user_name", "kind": "kind", "policies": "policy_names", "account": "account_id"}
POLICIES: Columns = {"policy": "policy_name", "attached to": "attachment_count", "account": "account_id"}

UserName = Annotated[str, argument("USER", "The name of the user, or with --role of the role.")]
PolicyName = Annotated[str, argument("POLICY", "The policy.")]
Role = Annotated[bool, option("It is a role.", "--role")]


def _user(name: str, account: str, *, role: bool) -> dict[str, str]:
    return {"account_id": account, "user_name": name, "kind": "role" if role else "user"}


@verb(users, "create", WRITE)
def create_user(session: Session, user: UserName, *, role: Role = False, account: Account = "") -> Shown:
    """Make a user or role, who may do nothing yet."""
    answer = session.write("CreateUser", **_user(user, account, role=role))
    return details(answer, answer["user"], USERS)


@verb(users, "list", LIST)
def list_users(
    session: Session,
    *,
    policy: Annotated[str, option("With this policy.", metavar="POLICY")] = "",
    account: Account = "",
) -> Shown:
    """List users and roles."""
    return table(session.every("ListUsers", "users", policy_name=policy, account_id=account), "users", USERS)


@verb(users, "show", READ)
def show_user(session: Session, user: UserName, *, role: Role = False, account: Account = "") -> Shown:
    """Show a user or role with its policies."""
    answer = session.every("ListUsers", "users", **_user(user, account, role=role))
    return details(answer, session.the_one(answer["users"], user), USERS)


@verb(users, "attach", WRITE)
def attach(session: Session, user: UserName, policy: PolicyName, *, role: Role = False, account: Account = "") -> Shown:
    """Give a user or role a policy."""
    answer = session.write("AttachPolicyToUser", **_user(user, account, role=role), policy_name=policy)
    return said(answer, f"{user} has {policy}")


@verb(users, "detach", WRITE)
def detach(session: Session, user: UserName, policy: PolicyName, *, role: Role = False, account: Account = "") -> Shown:
    """Take a policy from a user or role."""
    answer = session.write("DetachPolicyFromUser", **_user(user, account, role=role), policy_name=policy)
    return said(answer, f"{user} does not have {policy}")


@verb(users, "delete", WRITE)
def delete_user(session: Session, user: UserName, *, role: Role = False, account: Account = "") -> Shown:
    """Delete a user or role that has no policy."""
    return said(session.write("DeleteUser", **_user(user, account, role=role)), f"deleted {user}")


@verb(policies, "create", WRITE)
def create_policy(
    session: Session,
    policy: PolicyName,
    file: Annotated[Path, argument("FILE", "The document as JSON; - for stdin.")],
    *,
    account: Account = "",
) -> Shown:
    """Make a policy from its document."""
    answer = session.write("CreatePolicy", account_id=account, policy_name=policy, policy_document=text_in(file))
    return details(answer, answer["policy"], POLICIES)


@verb(policies, "list", LIST)
def list_policies(
    session: Session,
    *,
    user: Annotated[str, option("Of this user, or with --role of this role.", metavar="USER")] = "",
    role: Role = False,
    account: Account = "",
) -> Shown:
    """List policies."""
    answer = session.every("ListPolicies", "policies", **_user(user, account, role=role))
    return table(answer, "policies", POLICIES)


@verb(policies, "show", READ)
def show_policy(session: Session, policy: PolicyName, *, account: Account = "") -> Shown:
    """Show a policy with its document."""
    answer = session.ask("GetPolicy", account_id=account, policy_name=policy)
    return Shown(answer, lambda page: _show_policy(page, answer["policy"]))


def _show_policy(page: Page, policy: Document) -> None:
    show_fields(page, policy, POLICIES)
    page.line()
    for line in policy["policy_document"].splitlines():
        page.line(line)


@verb(policies, "delete", WRITE)
def delete_policy(session: Session, policy: PolicyName, *, account: Account = "") -> Shown:
    """Delete a policy that nobody has."""
    return said(session.write("DeletePolicy", account_id=account, policy_name=policy), f"deleted {policy}")

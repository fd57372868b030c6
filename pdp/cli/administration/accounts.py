"""`pdp whoami`, `pdp quota …` and `pdp smtp …`: who asks, and what accounts may have."""

from typing import Annotated

from pdp.cli.administration.session import Session
from pdp.cli.administration.shown import Columns, Shown, details, said, show_table, table
from pdp.cli.administration.verbs import LIST, READ, WRITE, things, verb
from pdp.cli.administration.words import argument, option
from pdp.cli.answers import Document
from pdp.cli.options import Account
from pdp.cli.output import Page

quota = things("quota", "Limits of an account, and how much of them is used.")
smtp = things("smtp", "Accounts that may send mail to TCP port 25 of the internet.")

CALLER: Columns = {
    "is": "identity_type",
    "account": "account_id",
    "name": "user_name",
    "arn": "arn",
    "hosts": "hosts",
}
QUOTAS: Columns = {
    "quota": "quota_code",
    "limit": "value",
    "default": "default_value",
    "most used": lambda item: item["usage"]["count"] if "usage" in item else "",
    "by": lambda item: item["usage"]["resource_id"] if "usage" in item else "",
    "adjustable": "adjustable",
}
Code = Annotated[str, argument("QUOTA", "Such as groups_per_eni.")]


def whoami(session: Session) -> Shown:
    """Tell who asks: what the server takes this token for."""
    answer = session.ask("GetCallerIdentity")
    return details(answer, answer, CALLER)


@verb(quota, "list", READ)
def list_quotas(session: Session, *, account: Account = "") -> Shown:
    """List the limits of an account and how much of each is used."""
    answer = session.every("DescribeQuotas", "quotas", account_id=account)
    return Shown(answer, lambda page: _show_quotas(page, answer))


def _show_quotas(page: Page, answer: Document) -> None:
    show_table(page, answer["quotas"], QUOTAS)
    page.heading("What they limit")
    for item in answer["quotas"]:
        page.line(f"  {item['quota_code']}: {item['description']}{' ' if item['reason'] else ''}{item['reason']}")
    versions = [f"{item['version']}{' (in force)' if item['in_force'] else ''}" for item in answer["limits_versions"]]
    page.line()
    page.field("account", answer["account_id"])
    page.field("versions", ", ".join(versions))


@verb(quota, "set", WRITE)
def set_quota(
    session: Session,
    quota_code: Code,
    value: Annotated[int, argument("VALUE", "Its value from now on; lowering it removes nothing.")],
    *,
    account: Account = "",
) -> Shown:
    """Set a limit of an account, at once and for everything that exists."""
    answer = session.write("ModifyQuota", account_id=account, quota_code=quota_code, value=value)
    return details(answer, answer["quota"], QUOTAS)


@verb(quota, "version", WRITE)
def set_version(session: Session, version: Annotated[str, argument("VERSION", "2024 or 2026.")]) -> Shown:
    """Choose the version of the limits for all accounts; the operator alone may."""
    return said(session.write("SetLimitsVersion", version=version), f"the limits are those of {version}")


@verb(smtp, "list", LIST)
def list_exemptions(session: Session, *, account: Account = "") -> Shown:
    """List accounts that may send mail to TCP port 25."""
    answer = session.every("DescribeSmtpExemptions", "smtp_exemptions", account_id=account)
    return table(answer, "smtp_exemptions", {"account": "account_id"})


@verb(smtp, "exempt", WRITE)
def exempt(
    session: Session,
    account: Annotated[str, argument("ACCOUNT", "The account.")],
    *,
    end: Annotated[bool, option("Take the exemption away.", "--end")] = False,
) -> Shown:
    """Let an account send mail to TCP port 25 of the internet; the operator alone may."""
    answer = session.write("SetSmtpExemption", account_id=account, exempt=not end)
    return said(answer, f"{account} {'may no longer' if end else 'may'} send mail to TCP port 25")

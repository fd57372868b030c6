"""Accounts that may send mail to TCP port 25 of the internet (§2 stage 3): listed, and changed by the operator."""

from dataclasses import replace

from pdp.model.ids import AccountId
from pdp.model.network import Account
from pdp.policy.changes import Put
from pdp.policy.checking import operator_only
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask, Planned, account_asked, required
from pdp.server.list_pages import page
from pdp.server.network.fields import missing, new_owner
from pdp.v1 import account_service_pb2 as pb


def describe_smtp_exemptions(
    snapshot: Snapshot, request: pb.DescribeSmtpExemptionsRequest, ask: Ask
) -> pb.DescribeSmtpExemptionsResponse:
    """Exempt accounts, by id: the caller's own, for the operator any."""
    account = account_asked(ask, request.account_id)
    found = sorted(one.id for one in snapshot.accounts.values() if one.smtp_exempt and account in {"", one.id})
    shown, token = page(snapshot, request, found)
    return pb.DescribeSmtpExemptionsResponse(
        smtp_exemptions=[pb.SmtpExemption(account_id=one) for one in shown], next_token=token
    )


def set_smtp_exemption(snapshot: Snapshot, request: pb.SetSmtpExemptionRequest, ask: Ask) -> Planned:
    """An account may send mail from now on, or no longer."""
    if not ask.by_operator:
        raise operator_only("an account's SMTP exemption")
    account_id: AccountId = new_owner(ask, required(request.account_id, "account_id"))
    if not request.HasField("exempt"):
        raise missing("exempt", "whether the account may send mail, true or false")
    account = snapshot.accounts.get(account_id, Account(account_id))
    if account.smtp_exempt is request.exempt:
        return Planned((), lambda _after: pb.SetSmtpExemptionResponse())
    changed = replace(account, smtp_exempt=request.exempt)
    return Planned((Put(changed),), lambda _after: pb.SetSmtpExemptionResponse())

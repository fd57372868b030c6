"""RAM policies (§6.1): made, removed, shown. A document that cannot be read is never stored."""

from collections import Counter

from pdp.model.codes import Code
from pdp.model.errors import FieldError, Refusal, quoted
from pdp.model.ids import AccountId
from pdp.model.ram import RamPolicy
from pdp.policy.changes import Delete, Kind, Put
from pdp.policy.ram import parse_policy
from pdp.policy.snapshot import Snapshot
from pdp.server.accounts.ram_names import kind_asked, named_policy, named_user, new_name
from pdp.server.asking import Ask, Planned, account_asked, required
from pdp.server.list_pages import page
from pdp.server.network.fields import missing, new_owner
from pdp.v1 import account_service_pb2 as pb
from pdp.v1 import resources_pb2


def create_policy(snapshot: Snapshot, request: pb.CreatePolicyRequest, ask: Ask) -> Planned:
    """A policy that nobody has yet."""
    account = new_owner(ask, request.account_id)
    name = new_name(request.policy_name, "policy_name")
    policy = RamPolicy(account, name, _document(required(request.policy_document, "policy_document")))
    if policy.key in snapshot.policies:
        message = f"there is a policy {quoted(name)} already"
        raise Refusal(Code.ALREADY_EXISTS, message, field="policy_name", resource=name)
    return Planned((Put(policy),), lambda _after: pb.CreatePolicyResponse(policy=policy_message(policy, 0)))


def delete_policy(snapshot: Snapshot, request: pb.DeletePolicyRequest, ask: Ask) -> Planned:
    """A policy that nobody has goes."""
    policy = named_policy(snapshot, new_owner(ask, request.account_id), request.policy_name)
    return Planned((Delete(Kind.POLICY, policy.key),), lambda _after: pb.DeletePolicyResponse())


def get_policy(snapshot: Snapshot, request: pb.GetPolicyRequest, ask: Ask) -> pb.GetPolicyResponse:
    """One policy with its document."""
    account = new_owner(ask, request.account_id)
    policy = named_policy(snapshot, account, request.policy_name)
    return pb.GetPolicyResponse(policy=policy_message(policy, _attachments(snapshot)[account, policy.name]))


def list_policies(snapshot: Snapshot, request: pb.ListPoliciesRequest, ask: Ask) -> pb.ListPoliciesResponse:
    """Policies that meet all filters, by account and name, without their documents."""
    account = account_asked(ask, request.account_id)
    found = [policy for policy in snapshot.policies.values() if account in {"", policy.account}]
    if request.user_name:
        if not account:
            raise missing("account_id", "the account of the user")
        user = named_user(snapshot, account, kind_asked(request.kind), request.user_name)
        found = [policy for policy in found if policy.name in user.policies]
    found.sort(key=lambda policy: (policy.account, policy.name))
    shown, token = page(snapshot, request, found)
    attached = _attachments(snapshot)
    messages = [policy_message(policy, attached[policy.account, policy.name]) for policy in shown]
    for message in messages:
        message.ClearField("policy_document")
    return pb.ListPoliciesResponse(policies=messages, next_token=token)


def policy_message(policy: RamPolicy, attached: int) -> resources_pb2.RamPolicy:
    """A policy as the contract shows it; `attached` counts the users and roles that have it."""
    return resources_pb2.RamPolicy(
        account_id=policy.account,
        policy_name=policy.name,
        policy_document=policy.document,
        attachment_count=attached,
    )


def _attachments(snapshot: Snapshot) -> Counter[tuple[AccountId, str]]:
    """How many users and roles have each policy, by account and name."""
    return Counter((user.account, name) for user in snapshot.users.values() for name in user.policies)


def _document(text: str) -> str:
    try:
        parse_policy(text)
    except ValueError as error:
        raise FieldError(Code.MALFORMED_POLICY_DOCUMENT, "policy_document", str(error)) from None
    return text

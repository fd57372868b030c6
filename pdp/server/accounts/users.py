"""RAM users and roles (§6): made, removed, listed, and given policies."""

from dataclasses import replace

from pdp.model.codes import Code
from pdp.model.errors import Refusal, quoted
from pdp.model.ram import RamUser
from pdp.policy.changes import Delete, Kind, Put
from pdp.policy.snapshot import Snapshot
from pdp.server.accounts.ram_names import kind_asked, named_policy, named_user, new_name
from pdp.server.asking import Ask, Planned, account_asked
from pdp.server.list_pages import page
from pdp.server.network.fields import new_owner
from pdp.v1 import account_service_pb2 as pb
from pdp.v1 import resources_pb2


def create_user(snapshot: Snapshot, request: pb.CreateUserRequest, ask: Ask) -> Planned:
    """A user or role without policies, who so may do nothing."""
    account, name = new_owner(ask, request.account_id), new_name(request.user_name, "user_name")
    user = RamUser(account, name, kind_asked(request.kind))
    if user.key in snapshot.users:
        message = f"there is a {user.kind} {quoted(user.name)} already"
        raise Refusal(Code.ALREADY_EXISTS, message, field="user_name", resource=user.name)
    return Planned((Put(user),), lambda _after: pb.CreateUserResponse(user=user_message(user)))


def delete_user(snapshot: Snapshot, request: pb.DeleteUserRequest, ask: Ask) -> Planned:
    """A user or role without policies goes."""
    account = new_owner(ask, request.account_id)
    user = named_user(snapshot, account, kind_asked(request.kind), request.user_name)
    if user.policies:
        message = f"{user.kind} {user.name} has the policies {', '.join(user.policies[:20])}; detach them first"
        raise Refusal(Code.DEPENDENCY_VIOLATION, message, resource=user.name)
    return Planned((Delete(Kind.USER, user.key),), lambda _after: pb.DeleteUserResponse())


def list_users(snapshot: Snapshot, request: pb.ListUsersRequest, ask: Ask) -> pb.ListUsersResponse:
    """Users and roles that meet all filters, by account, kind and name."""
    account = account_asked(ask, request.account_id)
    kind = kind_asked(request.kind) if request.kind else ""
    found = [
        user
        for user in snapshot.users.values()
        if account in {"", user.account}
        and kind in {"", user.kind}
        and request.user_name in {"", user.name}
        and (not request.policy_name or request.policy_name in user.policies)
    ]
    found.sort(key=lambda user: (user.account, user.kind, user.name))
    shown, token = page(snapshot, request, found)
    return pb.ListUsersResponse(users=map(user_message, shown), next_token=token)


def attach_policy(snapshot: Snapshot, request: pb.AttachPolicyToUserRequest, ask: Ask) -> Planned:
    """A user or role has a policy of the same account from now on."""
    account = new_owner(ask, request.account_id)
    user = named_user(snapshot, account, kind_asked(request.kind), request.user_name)
    policy = named_policy(snapshot, account, request.policy_name)
    after = replace(user, policies=tuple(sorted({*user.policies, policy.name})))
    return Planned((Put(after),), lambda _after: pb.AttachPolicyToUserResponse())


def detach_policy(snapshot: Snapshot, request: pb.DetachPolicyFromUserRequest, ask: Ask) -> Planned:
    """A user or role no longer has a policy."""
    account = new_owner(ask, request.account_id)
    user = named_user(snapshot, account, kind_asked(request.kind), request.user_name)
    policy = named_policy(snapshot, account, request.policy_name)
    after = replace(user, policies=tuple(name for name in user.policies if name != policy.name))
    return Planned((Put(after),), lambda _after: pb.DetachPolicyFromUserResponse())


def user_message(user: RamUser) -> resources_pb2.RamUser:
    """A user or role as the contract shows it."""
    return resources_pb2.RamUser(
        account_id=user.account, user_name=user.name, kind=user.kind, policy_names=user.policies
    )

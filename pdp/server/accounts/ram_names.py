"""Users, roles and policies as requests name them (§6): read strictly, and looked up."""

from pdp.model.errors import quoted
from pdp.model.ids import AccountId
from pdp.model.ram import KINDS, USER_KIND, RamPolicy, RamUser, checked_name, policy_key, user_key
from pdp.policy.changes import Kind
from pdp.policy.checking import not_found
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import required
from pdp.server.network.fields import fault


def kind_asked(kind: str) -> str:
    """`user` or `role`; blank is a user."""
    if kind and kind not in KINDS:
        raise fault("kind", f"{quoted(kind)} is neither {' nor '.join(KINDS)}")
    return kind or USER_KIND


def new_name(name: str, field: str) -> str:
    """The name of a new user, role or policy, by the one rule that all of them have."""
    try:
        return checked_name(required(name, field))
    except ValueError as error:
        raise fault(field, str(error)) from None


def named_user(snapshot: Snapshot, account: AccountId, kind: str, name: str) -> RamUser:
    """The user or role of the field `user_name`."""
    user = snapshot.users.get(user_key(account, kind, required(name, "user_name")))
    if user is None:
        raise not_found(Kind.USER, name).at("user_name")
    return user


def named_policy(snapshot: Snapshot, account: AccountId, name: str) -> RamPolicy:
    """The policy of the field `policy_name`."""
    policy = snapshot.policies.get(policy_key(account, required(name, "policy_name")))
    if policy is None:
        raise not_found(Kind.POLICY, name).at("policy_name")
    return policy

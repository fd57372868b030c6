"""The RAM users, roles and policies of `pdp.json` (§6).

A policy's document is kept as the text that it is; what it means is not this module's to say.
"""

from collections.abc import Iterable
from typing import TypeVar

from pdp.formats.json_text import parse_json
from pdp.formats.pdp_values import Values
from pdp.model.errors import quoted
from pdp.model.ram import KINDS, USER_KIND, RamPolicy, RamUser, checked_account, checked_name, policy_key

_USER_KEYS = ("account", "name", "kind", "policies")
_POLICY_KEYS = ("account", "name", "document")
R = TypeVar("R", RamUser, RamPolicy)


def read_policies(root: Values) -> tuple[RamPolicy, ...]:
    """The policies, by key."""
    policies: dict[str, RamPolicy] = {}
    for values in root.listed("policies", _POLICY_KEYS):
        account, name = values.parsed("account", checked_account), values.parsed("name", checked_name)
        document = values.parsed("document", _document)
        if account and name and document:
            _keep(policies, RamPolicy(account, name, document), values)
    return tuple(policies[key] for key in sorted(policies))


def read_users(root: Values, policies: Iterable[RamPolicy]) -> tuple[RamUser, ...]:
    """The users and roles, by key. One that names a policy which its account does not have is a fault."""
    keys = {policy.key for policy in policies}
    users: dict[str, RamUser] = {}
    for values in root.listed("users", _USER_KEYS):
        account, name = values.parsed("account", checked_account), values.parsed("name", checked_name)
        kind = values.values.get("kind", USER_KIND)
        if kind not in KINDS:
            values.fault("kind", f"{quoted(kind)} is not one of the texts {', '.join(KINDS)}")
            continue
        attached = values.texts("policies")
        if account and name:
            for policy in attached:
                if policy_key(account, policy) not in keys:
                    values.fault("policies", f"the account {account} has no policy {quoted(policy)}")
            _keep(users, RamUser(account, name, str(kind), attached), values)
    return tuple(users[key] for key in sorted(users))


def _keep(kept: dict[str, R], resource: R, values: Values) -> None:
    if kept.setdefault(resource.key, resource) is not resource:
        values.fault("name", f"{quoted(resource.name)} stands twice")


def _document(text: str) -> str:
    """The text of a document, which is a JSON object. Raises ValueError."""
    if not isinstance(parse_json(text), dict):
        raise ValueError(f"{quoted(text)} is not the text of a JSON object")
    return text

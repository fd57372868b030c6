"""RAM users and policies, as values (§6). What a policy's document means is `pdp.policy.ram`'s to say.

A key is text that tells one of them apart from all others: neither an account nor a kind nor a name has a slash in it.
"""

import re
from dataclasses import dataclass

from pdp.model.errors import quoted
from pdp.model.ids import AccountId

USER_KIND = "user"
ROLE_KIND = "role"
KINDS = (USER_KIND, ROLE_KIND)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}\Z")
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")


def checked_name(text: str) -> str:
    """The name of a user, role, policy, operator or agent. Raises ValueError."""
    if not _NAME.match(text):
        raise ValueError(f"{quoted(text)} is not a name: 1 to 64 of A-Z a-z 0-9 . _ @ -, a letter or digit first")
    return text


def checked_account(text: str) -> AccountId:
    """The id of an account that somebody speaks for. Raises ValueError."""
    if not _ACCOUNT.match(text):
        raise ValueError(f"{quoted(text)} is not an account: 1 to 64 of A-Z a-z 0-9 _ -, a letter or digit first")
    return AccountId(text)


def user_key(account: AccountId, kind: str, name: str) -> str:
    """The key of a user or role."""
    return f"{account}/{kind}/{name}"


def policy_key(account: AccountId, name: str) -> str:
    """The key of a policy."""
    return f"{account}/{name}"


@dataclass(frozen=True, slots=True)
class RamUser:
    """A user or role of an account, with the names of its policies, sorted. `kind` is one of KINDS."""

    account: AccountId
    name: str
    kind: str = USER_KIND
    policies: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What tells it apart from all others."""
        return user_key(self.account, self.kind, self.name)


@dataclass(frozen=True, slots=True)
class RamPolicy:
    """A policy of an account: its document is JSON text (§6.1)."""

    account: AccountId
    name: str
    document: str

    @property
    def key(self) -> str:
        """What tells it apart from all others."""
        return policy_key(self.account, self.name)

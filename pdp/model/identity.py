"""Who asks (§6.5). An identity says who somebody is, and never what they may do: that is `pdp.policy.ram`'s to say."""

from dataclasses import dataclass
from enum import Enum

from pdp.model.ids import NO_ACCOUNT, AccountId
from pdp.model.ram import ROLE_KIND, USER_KIND, user_key


class CallerKind(Enum):
    """What somebody is. The values are those of the file of tokens.

    ACCOUNT is the account's owner. OPERATOR and AGENT stand outside accounts. NOBODY is who showed no credentials, or
    wrong ones, where some are needed: it may do nothing, and is there for a refusal to name.
    """

    ACCOUNT = "account"
    USER = USER_KIND
    ROLE = ROLE_KIND
    OPERATOR = "operator"
    AGENT = "agent"
    NOBODY = "nobody"


IN_AN_ACCOUNT = frozenset((CallerKind.ACCOUNT, CallerKind.USER, CallerKind.ROLE))
"""Kinds that belong to an account; the others have none."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks.

    `account` is blank for who stands outside accounts. `name` is a user's, role's, operator's or agent's own. `hosts`
    are those whose ENIs an agent may ask about; with none named it may ask about all (§6.5).
    """

    kind: CallerKind
    account: AccountId = NO_ACCOUNT
    name: str = ""
    hosts: tuple[str, ...] = ()

    @staticmethod
    def local() -> "Caller":
        """Whoever reaches a server without credentials, which only this machine can: its operator."""
        return Caller(CallerKind.OPERATOR, name="local")

    @staticmethod
    def nobody() -> "Caller":
        """Who did not say who they are."""
        return Caller(CallerKind.NOBODY)

    @property
    def ram_key(self) -> str:
        """The key of the `RamUser` that a user or role is."""
        return user_key(self.account, self.kind.value, self.name)

    def may_ask_about_host(self, host: str) -> bool:
        """Whether an agent may ask about ENIs of this host; one that names hosts never about an ENI without any."""
        return self.kind is CallerKind.AGENT and (not self.hosts or host in self.hosts)

    def __str__(self) -> str:
        """As RAM names it: `acs:ram::1234:root`, `acs:ram::1234:user/alice`, `acs:ram:::operator/local`."""
        if self.kind is CallerKind.NOBODY:
            return "nobody"
        ending = "root" if self.kind is CallerKind.ACCOUNT else f"{self.kind.value}/{self.name}"
        return f"acs:ram::{self.account}:{ending}"

"""RAM (§6): what a policy's document means, and who may do what.

A document is read strictly. What is not understood might be the very thing that refuses somebody, so it is never left
aside: unknown keys, operators and values are errors, with the path to them.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from pdp.model.errors import quoted
from pdp.model.identity import IN_AN_ACCOUNT, Caller, CallerKind
from pdp.model.ids import NO_ACCOUNT, AccountId
from pdp.policy.ram_conditions import OPERATORS, Condition, Context, make_condition, number_of
from pdp.policy.wildcards import wildcard

VERSION = "1"
MOST_CHARACTERS = 6_144
"""Of a document, as in RAM."""
EVERYTHING = "*"
"""The resource of actions that are about none in particular. Only a statement on `*` is about them (§6.3)."""

_ACTION = re.compile(r"(\*|[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+)\Z")
_RESOURCE = re.compile(r"(\*|acs:\S+)\Z")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. Every pattern is matched against a whole name.

    A pattern of resources is `*` or begins with `acs:`, and so only the first meets EVERYTHING (§6.3).
    """

    denies: bool
    actions: tuple["re.Pattern[str]", ...]
    resources: tuple["re.Pattern[str]", ...]
    conditions: tuple[Condition, ...] = ()

    def is_about(self, request: "AccessRequest") -> bool:
        """Whether action, resource and every condition match (§6.1, §6.3, §6.4)."""
        if not any(pattern.match(request.action) for pattern in self.actions):
            return False
        if not any(pattern.match(request.resource) for pattern in self.resources):
            return False
        return all(condition.holds(request.context, denies=self.denies) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class Policy:
    """A document that was read. `name` is for explanations."""

    statements: tuple[Statement, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """What is asked for: an action such as `ecs:JoinSecurityGroup` on a resource of an account.

    `resource` is a full name (§6.3) or EVERYTHING. `account` owns the resource, or is the one whose list is asked for.
    """

    action: str
    resource: str
    account: AccountId
    context: Context = field(default_factory=dict)


class Allowed(NamedTuple):
    """It may be done. `why` is one clause: what allows it."""

    why: str


class Denied(NamedTuple):
    """It may not be done. `why` is one clause: what denies it, or that nothing allows it."""

    why: str


Decision = Allowed | Denied


def may(caller: Caller, policies: Iterable[Policy], request: AccessRequest) -> Decision:
    """Whether the caller may do it (§6.5). `policies` are those attached to a user or role, all of them.

    Agents ask only about flows, which no policy is about: here they may do nothing.
    """
    if caller.kind is CallerKind.OPERATOR:
        return Allowed("the operator administers every account")
    if caller.kind not in IN_AN_ACCOUNT:
        return Denied(f"{caller} belongs to no account, and so may neither read nor change what accounts have")
    if caller.account == NO_ACCOUNT or caller.account != request.account:
        return Denied(f"{caller} belongs to another account than the resource")
    if caller.kind is CallerKind.ACCOUNT:
        return Allowed("the owner may do everything in the account")
    return decide_access(policies, request)


def decide_access(policies: Iterable[Policy], request: AccessRequest) -> Decision:
    """Any Deny that is about the request refuses it; else an Allow permits it; else it is refused (§6.1)."""
    allowed: Allowed | None = None
    for policy in policies:
        for number, statement in enumerate(policy.statements, start=1):
            if not statement.is_about(request):
                continue
            place = f"statement {number} of policy {policy.name or 'without a name'}"
            if statement.denies:
                return Denied(f"{place} denies {request.action} on {request.resource}")
            allowed = allowed or Allowed(f"{place} allows it")
    return allowed or Denied(f"no policy allows {request.action} on {request.resource}")


@lru_cache(maxsize=1024)
def parse_policy(text: str, name: str = "") -> Policy:
    """A policy from its document. Raises ValueError with the path to the fault, such as `Statement[0].Effect`."""
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"the document has {len(text)} characters; a policy may have {MOST_CHARACTERS}")
    try:
        document = json.loads(
            text,
            object_pairs_hook=_without_duplicates,
            parse_float=number_of,
            parse_constant=number_of,
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"the document is not JSON: {error}") from None
    except RecursionError:
        raise ValueError("the document is nested too deeply to be a policy") from None
    members = _members(document, "", {"Version", "Statement"})
    if members["Version"] != VERSION:
        raise ValueError(f'Version: {quoted(members["Version"])} is not the text "{VERSION}"')
    found = members["Statement"]
    if isinstance(found, dict):
        return Policy((_statement(found, "Statement"),), name)
    if not isinstance(found, list) or not found:
        raise ValueError("Statement: must be a statement or a list of at least one")
    return Policy(tuple(_statement(item, f"Statement[{index}]") for index, item in enumerate(found)), name)


def _statement(value: object, path: str) -> Statement:
    members = _members(value, path, {"Effect", "Action", "Resource"}, {"Condition"})
    if members["Effect"] not in ("Allow", "Deny"):
        raise ValueError(f"{path}.Effect: {quoted(members['Effect'])} is neither Allow nor Deny")
    actions = _texts(members["Action"], f"{path}.Action")
    for action in actions:
        if not _ACTION.match(action):
            raise ValueError(f"{path}.Action: {quoted(action)} is not service:Action, such as ecs:Describe*, nor *")
    resources = _texts(members["Resource"], f"{path}.Resource")
    for resource in resources:
        if not _RESOURCE.match(resource):
            raise ValueError(
                f"{path}.Resource: {quoted(resource)} is neither * nor a name such as acs:ecs:*:*:securitygroup/*"
            )
    return Statement(
        denies=members["Effect"] == "Deny",
        actions=tuple(wildcard(action, ignore_case=True) for action in actions),
        resources=tuple(wildcard(resource) for resource in resources),
        conditions=tuple(_conditions(members.get("Condition", {}), f"{path}.Condition")),
    )


def _conditions(value: object, path: str) -> Iterable[Condition]:
    if not isinstance(value, dict):
        raise ValueError(f"{path}: must be an object of operators")
    for name, keys in value.items():
        operator = OPERATORS.get(name)
        if operator is None:
            raise ValueError(f"{path}: {quoted(name)} is no operator known here; known are {', '.join(OPERATORS)}")
        if not isinstance(keys, dict) or not keys:
            raise ValueError(f"{path}.{name}: must be an object of keys, with at least one")
        for key, wanted in keys.items():
            place = f"{path}.{name}.{quoted(key)}"
            texts = _texts([_as_text(one) for one in wanted] if isinstance(wanted, list) else _as_text(wanted), place)
            try:
                yield make_condition(operator, key, texts)
            except ValueError as error:
                raise ValueError(f"{place}: {error}") from None


def _as_text(value: object) -> object:
    """Numbers and booleans as the text that means the same."""
    if isinstance(value, bool):
        return str(value).lower()
    return format(value, "f") if isinstance(value, Decimal) else str(value) if isinstance(value, int) else value


def _texts(value: object, path: str) -> tuple[str, ...]:
    """A text, or a list of at least one, as a tuple."""
    texts = value if isinstance(value, list) else [value]
    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f"{path}: {quoted(text)} is not a text")
    if not texts:
        raise ValueError(f"{path}: an empty list; name at least one")
    return tuple(texts)


def _members(value: object, path: str, required: Iterable[str], optional: Iterable[str] = ()) -> Mapping[str, Any]:
    """An object with all of the required members, and no other than these and the optional ones."""
    where = f"{path}: " if path else ""
    if not isinstance(value, dict):
        raise ValueError(f"{where}must be an object")
    for name in sorted(required):
        if name not in value:
            raise ValueError(f"{where}{name} is missing")
    known = {*required, *optional}
    for name in value:
        if name not in known:
            raise ValueError(f"{where}{quoted(name)} is not known here; known are {', '.join(sorted(known))}")
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are all different: of two alike, readers disagree which one counts."""
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{quoted(twice)} is there twice in one object")
    return members

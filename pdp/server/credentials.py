"""Who is calling: static tokens from a file, and what a server without any may listen on.

The file holds hashes only, so that reading it gives nobody a token. A token is 32 random bytes: nothing that could be
guessed, which is why one round of SHA-256 is enough. A token is never logged and never repeated in an error.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from secrets import token_bytes
from stat import S_IWOTH
from typing import Any, NamedTuple, Protocol

from pdp.formats.json_text import parse_json
from pdp.model.codes import Code
from pdp.model.errors import PdpError, quoted
from pdp.model.identity import IN_AN_ACCOUNT, Caller, CallerKind
from pdp.model.ids import NO_ACCOUNT
from pdp.model.ram import checked_account, checked_name
from pdp.server.listening import ListenError, is_local
from pdp.server.reloading import Reloaded

AUTHORIZATION = "authorization"
"""The key of the metadata that carries `Bearer TOKEN`."""
TOKEN_PREFIX = "pdp_"  # noqa: S105 - it is there to be recognised, by people and by scanners for leaked secrets
LONGEST_TOKEN = 512

FILE_VERSION = 1
_HASH = re.compile(r"[0-9a-f]{64}\Z")
_BEARER = re.compile(r"(?i:bearer) +([!-~]+)\Z")

Metadata = Iterable[tuple[str, str | bytes]]

ADVICE = "send the metadata `authorization: Bearer TOKEN`"
OPEN_NOTICE = (
    "NO CREDENTIALS ARE CONFIGURED: whoever can reach this address from this machine is the operator; "
    "give --credentials FILE to tell callers apart"
)
"""What a server without credentials says when it starts."""


class CredentialsError(Exception):
    """A file of tokens that cannot be used. The message names the file and the fault."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One token of the file: its hash, and whose it is."""

    digest: bytes
    caller: Caller


class WhoCalls(Protocol):
    """Knows who a call comes from."""

    def caller(self, metadata: Metadata) -> Caller:
        """The caller, or PdpError with UNAUTHENTICATED."""


class Credentials:
    """Callers by token, from a file that is read again when it changes; looked at once a second at most."""

    def __init__(self, entries: Reloaded[tuple[Entry, ...]]) -> None:
        self._entries = entries

    def caller(self, metadata: Metadata) -> Caller:
        """Who the token of a call's metadata belongs to. Raises PdpError with UNAUTHENTICATED.

        Every entry is compared, in constant time, also after one was found: how long it takes tells nothing.
        """
        token = _token(metadata)
        if token is None:
            raise PdpError(Code.UNAUTHENTICATED, f"this server wants to know who asks; {ADVICE}")
        digest = sha256(token.encode("ascii")).digest()
        found: Caller | None = None
        for entry in self._entries.value:
            if compare_digest(entry.digest, digest):
                found = entry.caller
        if found is None:
            raise PdpError(
                Code.UNAUTHENTICATED, "this token is not known here: it is mistyped, withdrawn or another server's"
            )
        return found


class NoCredentials:
    """For a server that has none, and so listens where only this machine can reach it: whoever asks is its operator.

    Who shows a token nevertheless expects to be told apart from others, and so is refused rather than let in as more
    than they are.
    """

    def caller(self, metadata: Metadata) -> Caller:
        """The operator. Raises PdpError with UNAUTHENTICATED for a call that shows credentials."""
        if _token(metadata) is not None:
            raise PdpError(
                Code.UNAUTHENTICATED,
                "this server has no credentials to hold the token against; leave it away, or start the server with "
                "--credentials FILE",
            )
        return Caller.local()


def open_credentials(path: Path) -> Credentials:
    """The callers that a file names. Raises CredentialsError."""
    try:
        return Credentials(Reloaded("credentials", [path], lambda: read_entries(path)))
    except (OSError, ValueError) as error:
        raise CredentialsError(f"credentials: {error}") from None


def check_exposure(listen: str, *, has_credentials: bool, has_tls: bool) -> None:
    """Raises ListenError for an address where anybody could ask unknown, or listen to tokens on their way.

    Loopback and the sockets of this machine are always fine.
    """
    if is_local(listen):
        return
    if not has_credentials:
        raise ListenError(
            f"cannot listen on {listen} without credentials: anybody who reaches it could change the policy; "
            "give --credentials FILE, --tls-cert FILE and --tls-key FILE, or listen on 127.0.0.1"
        )
    if not has_tls:
        raise ListenError(
            f"cannot listen on {listen} without TLS: tokens would be readable on their way; "
            "give --tls-cert FILE and --tls-key FILE, or listen on 127.0.0.1"
        )


class NewToken(NamedTuple):
    """A token to hand out, and its entry for the file, which does not give it away."""

    token: str
    entry: dict[str, Any]


def new_token(caller: Caller) -> NewToken:
    """A new token for a caller."""
    token = TOKEN_PREFIX + urlsafe_b64encode(token_bytes(32)).decode("ascii").rstrip("=")
    entry: dict[str, Any] = {"sha256": sha256(token.encode("ascii")).hexdigest(), "kind": caller.kind.value}
    members = {"account": caller.account, "name": caller.name, "hosts": list(caller.hosts)}
    return NewToken(token, entry | {name: value for name, value in members.items() if value})


def read_entries(path: Path) -> tuple[Entry, ...]:
    """The entries of a file of tokens. Raises OSError or ValueError, which names the file and the entry."""
    if path.stat().st_mode & S_IWOTH:
        raise ValueError(f"{path}: everybody may write to it, and so be anybody; take that away (chmod o-w)")
    try:
        return parse_entries(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def parse_entries(text: str) -> tuple[Entry, ...]:
    """The entries in the text of a file of tokens. Raises ValueError with the path to the fault."""
    members = _members(parse_json(text), "the file", required={"version", "tokens"})
    if type(members["version"]) is not int or members["version"] != FILE_VERSION:
        raise ValueError(f"version: {quoted(members['version'])} is not {FILE_VERSION}, which this server reads")
    if not isinstance(members["tokens"], list):
        raise ValueError("tokens: must be a list")
    entries = tuple(_entry(item, f"tokens[{index}]") for index, item in enumerate(members["tokens"]))
    if len({entry.digest for entry in entries}) < len(entries):
        raise ValueError("tokens: one token is there twice, so that it is not clear whose it is")
    return entries


def _entry(value: object, path: str) -> Entry:
    members = _members(value, path, required={"sha256", "kind"}, optional={"account", "name", "hosts"})
    if not isinstance(members["sha256"], str) or not _HASH.match(members["sha256"]):
        raise ValueError(f"{path}.sha256: must be the SHA-256 of the token as 64 digits of 0-9 a-f")
    kinds = [kind for kind in CallerKind if kind is not CallerKind.NOBODY]
    kind = next((kind for kind in kinds if kind.value == members["kind"]), None)
    if kind is None:
        words = ", ".join(kind.value for kind in kinds)
        raise ValueError(f"{path}.kind: {quoted(members['kind'])} is not one of {words}")
    return Entry(bytes.fromhex(members["sha256"]), _caller(kind, members, path))


def _caller(kind: CallerKind, members: dict[str, Any], path: str) -> Caller:
    """A caller with exactly the parts that its kind has."""
    fitting = {
        "account": kind in IN_AN_ACCOUNT,
        "name": kind is not CallerKind.ACCOUNT,
        "hosts": kind is CallerKind.AGENT and "hosts" in members,
    }
    for name, fits in fitting.items():
        if fits and name not in members:
            raise ValueError(f"{path}.{name}: is missing; a token of kind {kind.value} needs it")
        if not fits and name in members:
            raise ValueError(f"{path}.{name}: a token of kind {kind.value} has none; take it away")
    try:
        account = checked_account(_text(members["account"])) if fitting["account"] else NO_ACCOUNT
        name = checked_name(_text(members["name"])) if fitting["name"] else ""
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    hosts = members.get("hosts", ["any"])
    if not isinstance(hosts, list) or not hosts or not all(isinstance(host, str) and host for host in hosts):
        raise ValueError(f"{path}.hosts: must be a list of at least one host; leave it away for all hosts")
    return Caller(kind, account, name, tuple(hosts) if fitting["hosts"] else ())


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{quoted(value)} is not a text")
    return value


def _token(metadata: Metadata) -> str | None:
    """The token of a call; None if it shows no credentials. Raises PdpError for credentials of another form."""
    shown = [value for key, value in metadata if key.lower() == AUTHORIZATION]
    if not shown:
        return None
    value = shown[0]
    match = _BEARER.match(value) if isinstance(value, str) and len(value) <= LONGEST_TOKEN else None
    if match is None or len(shown) > 1:
        raise PdpError(Code.UNAUTHENTICATED, f"the authorization of this call is not one bearer token; {ADVICE}")
    return match[1]


def _members(value: object, path: str, required: set[str], optional: Iterable[str] = ()) -> dict[str, Any]:
    """An object with all of the required members, and no other than these and the optional ones."""
    if not isinstance(value, dict):
        raise ValueError(f"{path}: must be an object")
    known = required | {*optional}
    for name in sorted(required - value.keys()):
        raise ValueError(f"{path}: {name} is missing")
    for name in value:
        if name not in known:
            raise ValueError(f"{path}: {quoted(name)} is not known; known are {', '.join(sorted(known))}")
    return value

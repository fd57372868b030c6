"""`pdp.json`: what the ECS API has no word for.

Stricter than the API's answers: this file is written by hand, and a typo must not open traffic. So an unknown key is a
fault, and so is null where a value is expected.
"""

from collections.abc import Collection, Container, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import NamedTuple, TypeVar

from pdp.formats.bundle_files import PDP_JSON, read_bytes
from pdp.formats.faults import Findings
from pdp.formats.json_text import decode_text, parse_json
from pdp.model.errors import quoted
from pdp.model.ids import AccountId, EniId, InstanceId
from pdp.model.instants import Instant, parse_instant
from pdp.model.limits import LIMITS_BY_VERSION
from pdp.model.network import (
    DEFAULT_SETTINGS,
    TCP_ESTABLISHED_TIMEOUTS_S,
    UDP_TIMEOUTS_S,
    Account,
    Penalty,
    PenaltyAction,
    PenaltyClass,
    SameGroupPrecedence,
    Settings,
    SmtpScope,
)

_ENI_KEYS = ("own_namespace", "host", "tcp_established_timeout_s", "udp_timeout_s")
_PENALTY_KEYS = ("instance", "class", "action", "domain", "url", "reason", "since", "until")
_SETTINGS_KEYS = ("same_group_precedence", "smtp_scope", "limits")
E = TypeVar("E", bound=Enum)


class EniSettings(NamedTuple):
    """What the file sets of one ENI (§1.6, §2.3). Timeouts are in seconds; None leaves the default."""

    own_namespace: bool
    host: str
    tcp_established_timeout_s: int | None
    udp_timeout_s: int | None


class PdpJson(NamedTuple):
    """The whole file; without a file, nothing."""

    accounts: tuple[Account, ...] = ()
    enis: Mapping[EniId, EniSettings] = {}
    penalties: tuple[Penalty, ...] = ()
    settings: Settings = DEFAULT_SETTINGS


class KnownIds(NamedTuple):
    """The ids that the file may name. None: the ENIs could not be read, so that no id can be said to be unknown."""

    enis: Container[str] | None
    instances: Container[str] | None


def read_pdp_json(path: Path | None, known: KnownIds, findings: Findings) -> PdpJson:
    """The content of the file, as far as it has no faults."""
    if path is None:
        return PdpJson()
    try:
        body = parse_json(decode_text(read_bytes(path)))
    except ValueError as error:
        findings.fault(PDP_JSON, "", str(error))
        return PdpJson()
    root = _Values(body, "", ("accounts", "enis", "penalties", "settings"), findings)
    return PdpJson(
        tuple(_account(account, values) for account, values in root.objects("accounts", ("smtp_exempt",))),
        {EniId(eni): _eni(eni, values, known) for eni, values in root.objects("enis", _ENI_KEYS)},
        tuple(sorted(_penalties(root, known), key=repr)),
        _settings(root.object("settings", _SETTINGS_KEYS)),
    )


class _Values:
    """One object of the file. Each reader gives the value or, after a fault, what absence means."""

    def __init__(self, value: object, path: str, keys: Collection[str] | None, findings: Findings) -> None:
        self.values: dict[str, object] = value if isinstance(value, dict) else {}
        self._path = path
        self._findings = findings
        if not isinstance(value, dict):
            self.fault("", f"{quoted(value)} is not an object")
        for key in self.values:
            if keys is not None and key not in keys:
                self.fault(key, f"unknown key; the keys here are {', '.join(keys)}")

    def fault(self, key: str, message: str) -> None:
        """A fault under a key of this object."""
        self._findings.fault(PDP_JSON, self._under(key), message)

    def note(self, text: str) -> None:
        """Something about this object that is reported, not refused."""
        self._findings.note(f"{PDP_JSON}: {self._path}: {text}")

    def object(self, key: str, keys: Collection[str] | None) -> "_Values":
        """The object under a key, which has no other keys than these (None: any)."""
        return _Values(self.values.get(key, {}), self._under(key), keys, self._findings)

    def objects(self, key: str, keys: Collection[str]) -> Iterator[tuple[str, "_Values"]]:
        """The objects that stand by their ids under a key."""
        outer = self.object(key, None)
        for name in outer.values:
            if not name:
                outer.fault("", "an id is blank")
            yield name, outer.object(name, keys)

    def listed(self, key: str, keys: Collection[str]) -> Iterator["_Values"]:
        """The objects of the list under a key."""
        items = self.values.get(key, [])
        if not isinstance(items, list):
            self.fault(key, f"{quoted(items)} is not a list")
            return
        for position, item in enumerate(items):
            values = _Values(item, f"{self._under(key)}[{position}]", keys, self._findings)
            if isinstance(item, dict):
                yield values

    def text(self, key: str) -> str:
        """A text; blank or null is none."""
        value = self.values.get(key)
        if value is None or isinstance(value, str):
            return value or ""
        self.fault(key, f"{quoted(value)} is not a text")
        return ""

    def flag(self, key: str) -> bool:
        """True or false; false when it is absent."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self.fault(key, f"{quoted(value)} is neither true nor false")
        return value is True

    def one_of(self, key: str, choices: Collection[int]) -> int | None:
        """One of some numbers; None when it is absent."""
        if key not in self.values:
            return None
        value = self.values[key]
        if type(value) is int and value in choices:
            return value
        self.fault(key, f"{quoted(value)} is not one of the numbers {', '.join(map(str, choices))}")
        return None

    def member(self, key: str, kind: type[E], default: E | None = None) -> E | None:
        """The member of an enumeration whose value stands there, exactly as written."""
        if key not in self.values and default is not None:
            return default
        value = self.values.get(key, "")
        for member in kind:
            if value == member.value:
                return member
        choices = ", ".join(str(member.value) for member in kind)
        self.fault(key, f"{quoted(value)} is not one of the texts {choices}")
        return default

    def instant(self, key: str) -> Instant | None:
        """A time; None when it is blank."""
        text = self.text(key)
        try:
            return parse_instant(text) if text else None
        except ValueError as error:
            self.fault(key, str(error))
            return None

    def _under(self, key: str) -> str:
        return ".".join(part for part in (self._path, key) if part)


def _account(account: str, values: _Values) -> Account:
    return Account(AccountId(account), values.flag("smtp_exempt"))


def _eni(eni: str, values: _Values, known: KnownIds) -> EniSettings:
    if known.enis is not None and eni not in known.enis:
        values.fault("", "DescribeNetworkInterfaces has no ENI of this id")
    return EniSettings(
        values.flag("own_namespace"),
        values.text("host"),
        values.one_of("tcp_established_timeout_s", TCP_ESTABLISHED_TIMEOUTS_S),
        values.one_of("udp_timeout_s", UDP_TIMEOUTS_S),
    )


def _penalties(root: _Values, known: KnownIds) -> Iterator[Penalty]:
    for values in root.listed("penalties", _PENALTY_KEYS):
        penalty_class = values.member("class", PenaltyClass)
        action = values.member("action", PenaltyAction)
        instance, domain, url, reason = map(values.text, ("instance", "domain", "url", "reason"))
        if action is PenaltyAction.BLOCK_DOMAIN:
            if not domain and not url:
                values.fault("domain", "BLOCK_DOMAIN needs a domain or a url")
        elif action is not None and not instance:
            values.fault("instance", f"{action.value} needs an instance")
        elif action is not None and known.instances is not None and instance not in known.instances:
            values.fault("instance", f"{quoted(instance)} is named by no ENI and not by DescribeInstances")
        since, until = values.instant("since"), values.instant("until")
        if since is not None and until is not None and until <= since:
            values.note("ends no later than it begins, so it never has effect")
        if penalty_class and action:
            yield Penalty(penalty_class, action, InstanceId(instance), domain, url, reason, since, until)


def _settings(values: _Values) -> Settings:
    default = DEFAULT_SETTINGS
    precedence = values.member("same_group_precedence", SameGroupPrecedence, default.same_group_precedence)
    scope = values.member("smtp_scope", SmtpScope, default.smtp_scope)
    limits = values.values.get("limits", default.limits)
    if not isinstance(limits, str) or limits not in LIMITS_BY_VERSION:
        values.fault("limits", f"{quoted(limits)} is not one of the texts {', '.join(LIMITS_BY_VERSION)}")
        limits = default.limits
    return Settings(precedence or default.same_group_precedence, scope or default.smtp_scope, limits)

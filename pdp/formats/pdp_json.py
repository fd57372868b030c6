"""`pdp.json`: what the ECS API has no word for.

Written by hand or by an export. What it says of something refers to what the API's answers list: an id that they do not
have is a fault.
"""

from collections.abc import Container, Iterator, Mapping
from typing import NamedTuple

from pdp.formats.bundle_files import PDP_JSON, BundleFiles
from pdp.formats.faults import Findings
from pdp.formats.json_text import decode_text, parse_json
from pdp.formats.pdp_penalties import read_penalties
from pdp.formats.pdp_ram import read_policies, read_users
from pdp.formats.pdp_values import Values
from pdp.model.errors import quoted
from pdp.model.ids import AccountId, EniId, GroupId, InstanceId, PortListId, PrefixListId, RuleId
from pdp.model.limits import ADJUSTABLE, LARGEST_QUOTA, LIMITS_BY_VERSION
from pdp.model.network import (
    DEFAULT_SETTINGS,
    TCP_ESTABLISHED_TIMEOUTS_S,
    UDP_TIMEOUTS_S,
    Account,
    Penalty,
    SameGroupPrecedence,
    Settings,
    SmtpScope,
)
from pdp.model.ram import RamPolicy, RamUser
from pdp.model.rules import USER_ORIGIN

_ROOT_KEYS = (
    "accounts",
    "enis",
    "groups",
    "instances",
    "prefix_lists",
    "port_lists",
    "users",
    "policies",
    "penalties",
    "settings",
)
_ACCOUNT_KEYS = ("smtp_exempt", "quotas")
_ENI_KEYS = ("own_namespace", "host", "tcp_established_timeout_s", "udp_timeout_s")
_GROUP_KEYS = ("account", "is_default", "rules")
_RULE_KEYS = ("origin", "id_is_derived")
_OWNER_KEYS = ("account",)
_SETTINGS_KEYS = ("same_group_precedence", "smtp_scope", "limits")


class EniSettings(NamedTuple):
    """What the file sets of one ENI (§1.6, §2.3). Timeouts are in seconds; None leaves the default."""

    own_namespace: bool
    host: str
    tcp_established_timeout_s: int | None
    udp_timeout_s: int | None


class RuleSettings(NamedTuple):
    """What the file says of one rule: who added it (§1.3), and whether its id only stands for a missing one (§3.3)."""

    origin: str
    id_is_derived: bool


class GroupSettings(NamedTuple):
    """What the file says of one group. `account` is None where the group has its VPC's."""

    account: AccountId | None
    is_default: bool
    rules: Mapping[RuleId, RuleSettings]


class PdpJson(NamedTuple):
    """The whole file; without a file, nothing."""

    accounts: tuple[Account, ...] = ()
    enis: Mapping[EniId, EniSettings] = {}
    groups: Mapping[GroupId, GroupSettings] = {}
    instances: Mapping[InstanceId, AccountId] = {}
    prefix_lists: Mapping[PrefixListId, AccountId] = {}
    port_lists: Mapping[PortListId, AccountId] = {}
    users: tuple[RamUser, ...] = ()
    policies: tuple[RamPolicy, ...] = ()
    penalties: tuple[Penalty, ...] = ()
    settings: Settings = DEFAULT_SETTINGS


class KnownIds(NamedTuple):
    """The ids that the file may name. None: an answer is broken, so that no id can be said to be unknown.

    `groups` holds those of each group's rules; `punishable` are the instances that an ENI or DescribeInstances names.
    """

    enis: Container[str] | None
    groups: Mapping[GroupId, Container[str]] | None
    instances: Container[str] | None
    punishable: Container[str] | None
    prefix_lists: Container[str]
    port_lists: Container[str]


def read_pdp_json(files: BundleFiles, known: KnownIds, findings: Findings) -> PdpJson:
    """The content of the file, as far as it has no faults."""
    if not files.has_pdp_json:
        return PdpJson()
    try:
        body = parse_json(decode_text(files.read(PDP_JSON)))
    except ValueError as error:
        findings.fault(PDP_JSON, "", str(error))
        return PdpJson()
    root = Values(body, "", _ROOT_KEYS, findings)
    policies = read_policies(root)
    return PdpJson(
        accounts=tuple(_account(account, values) for account, values in root.objects("accounts", _ACCOUNT_KEYS)),
        enis={EniId(eni): _eni(eni, values, known) for eni, values in root.objects("enis", _ENI_KEYS)},
        groups={GroupId(group): _group(group, values, known) for group, values in root.objects("groups", _GROUP_KEYS)},
        instances={InstanceId(key): owner for key, owner in _owners(root, "instances", known.instances)},
        prefix_lists={PrefixListId(key): owner for key, owner in _owners(root, "prefix_lists", known.prefix_lists)},
        port_lists={PortListId(key): owner for key, owner in _owners(root, "port_lists", known.port_lists)},
        users=read_users(root, policies),
        policies=policies,
        penalties=read_penalties(root, known.punishable),
        settings=_settings(root.object("settings", _SETTINGS_KEYS)),
    )


def _account(account: str, values: Values) -> Account:
    quotas = values.numbers("quotas", ADJUSTABLE, LARGEST_QUOTA)
    return Account(AccountId(account), values.flag("smtp_exempt"), quotas)


def _eni(eni: str, values: Values, known: KnownIds) -> EniSettings:
    values.must_be_in(known.enis, eni, "DescribeNetworkInterfaces has no ENI of this id")
    return EniSettings(
        values.flag("own_namespace"),
        values.text("host"),
        values.one_of("tcp_established_timeout_s", TCP_ESTABLISHED_TIMEOUTS_S),
        values.one_of("udp_timeout_s", UDP_TIMEOUTS_S),
    )


def _group(group: str, values: Values, known: KnownIds) -> GroupSettings:
    values.must_be_in(known.groups, group, "DescribeSecurityGroups has no group of this id")
    known_rules = None if known.groups is None else known.groups.get(GroupId(group))
    rules = {}
    for rule, of_rule in values.objects("rules", _RULE_KEYS):
        of_rule.must_be_in(known_rules, rule, "the group has no rule of this id")
        origin = of_rule.required_text("origin") if "origin" in of_rule.values else USER_ORIGIN
        rules[RuleId(rule)] = RuleSettings(origin, of_rule.flag("id_is_derived"))
    account = AccountId(values.text("account")) if "account" in values.values else None
    return GroupSettings(account, values.flag("is_default"), rules)


def _owners(root: Values, key: str, known: Container[str] | None) -> Iterator[tuple[str, AccountId]]:
    """The accounts of resources whose answers do not name one."""
    for object_id, values in root.objects(key, _OWNER_KEYS):
        values.must_be_in(known, object_id, "no answer of the API is about this id")
        yield object_id, AccountId(values.required_text("account"))


def _settings(values: Values) -> Settings:
    default = DEFAULT_SETTINGS
    precedence = values.member("same_group_precedence", SameGroupPrecedence, default.same_group_precedence)
    scope = values.member("smtp_scope", SmtpScope, default.smtp_scope)
    limits = values.values.get("limits", default.limits)
    if not isinstance(limits, str) or limits not in LIMITS_BY_VERSION:
        values.fault("limits", f"{quoted(limits)} is not one of the texts {', '.join(LIMITS_BY_VERSION)}")
        limits = default.limits
    return Settings(precedence or default.same_group_precedence, scope or default.smtp_scope, limits)

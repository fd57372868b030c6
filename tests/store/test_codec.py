"""Text of the store: what is written is read back equal, and what was never written is refused by name."""

import json
from dataclasses import replace

import pytest
from hypothesis import given

from pdp.model.addresses import Family
from pdp.model.groups import GroupType
from pdp.model.ids import AccountId, EniId, GroupId, PenaltyId, Revision, RuleId
from pdp.model.instants import LAST, Instant
from pdp.model.network import Account, Penalty, PenaltyAction, PenaltyClass, PenaltyState, Settings, SmtpScope
from pdp.model.protocols import EVERY_PORT
from pdp.model.ram import ROLE_KIND, RamPolicy, RamUser
from pdp.model.rules import Action
from pdp.policy.changes import (
    AddRules,
    Change,
    Delete,
    JoinGroup,
    Kind,
    LeaveGroup,
    Origin,
    Put,
    RemoveRules,
    ReplaceRule,
    Resource,
    kind_of,
)
from pdp.policy.draft import resources_in
from pdp.store.codec import (
    CHANGES,
    PEERS,
    RESOURCES,
    Unreadable,
    commit_from,
    commit_text,
    resource_from,
    resource_text,
)
from pdp.store.commit import Commit
from tests.builders import BELOW_RULES, eni, group, port_list, prefix_list, rule, vpc
from tests.properties.policies import few, resources_of, seeds

ENI = eni("eni-1", "10.0.0.5", "fd00::7", "10.0.1.0/28", groups=["sg-a", "sg-b"], instance="i-1", primary=True)
GROUP = group(
    "sg-a",
    "accept tcp/22 from 10.0.0.9/8 @10 sport 1000-2000 own 10.0.0.5 id sgr-7",
    "drop all to sg-b@2000 @100",
    "accept udp/prl-1 from pl-1 derived",
    type=GroupType.ADVANCED,
)
RICH_GROUP = replace(
    GROUP,
    name="two\nlines, ü, 漢, \x00 and \ud800",
    description='"quoted"\\',
    tags=(("env", "prod"), ("team", "")),
    created="2026-01-01T00:00:00Z",
    service_managed=True,
    is_default=True,
)
PENALTY = Penalty(
    PenaltyClass.HARMFUL_INFORMATION,
    PenaltyAction.BLOCK_DOMAIN,
    domain="example.com",
    url="http://example.com/x",
    reason="a reason",
    since=Instant(-1),
    until=LAST,
    id=PenaltyId("pen-1"),
    state=PenaltyState.APPEAL_FILED,
    statement="it was not us",
)
EVERY_KIND: list[Resource] = [
    ENI,
    RICH_GROUP,
    vpc("vpc-1", "10.0.0.0/8", "fd00::/16"),
    prefix_list("pl-1", "10.0.0.0/8", "192.168.0.0/16"),
    prefix_list("pl-2", family=Family.IPV6),
    replace(port_list("prl-1", "22", "1000-2000"), entries=(EVERY_PORT,)),
    Account(AccountId("1000"), smtp_exempt=True, quotas=(("groups_per_eni", 6), ("groups_per_account", 200))),
    PENALTY,
    RamUser(AccountId("1000"), "alice", ROLE_KIND, ("p1", "p2")),
    RamPolicy(AccountId("1000"), "p1", '{"Version": "1"}'),
    Settings(smtp_scope=SmtpScope.ALL, limits="2026"),
    BELOW_RULES,
]
RULE = GROUP.rules[0]
EVERY_CHANGE: list[Change] = [
    *(Put(resource) for resource in EVERY_KIND),
    *(Delete(kind, "x") for kind in Kind),
    AddRules(GroupId("sg-a"), GROUP.rules),
    RemoveRules(GroupId("sg-a"), (RuleId("sgr-7"), RuleId("sgr-8"))),
    ReplaceRule(GroupId("sg-a"), replace(RULE, action=Action.DROP)),
    JoinGroup(EniId("eni-1"), GroupId("sg-a")),
    LeaveGroup(EniId("eni-1"), GroupId("sg-a")),
]
COMMIT = Commit(
    Revision(7),
    Instant(1_767_225_600_000_000_001),
    "acs:ram::1000:user/alice",
    "ipv4:127.0.0.1:5000",
    "AuthorizeSecurityGroup",
    "token-1",
    Origin.IMPORT,
    tuple(EVERY_CHANGE),
)


@pytest.mark.parametrize("resource", EVERY_KIND, ids=lambda resource: type(resource).__name__)
def test_a_resource_of_every_kind_comes_back_equal(resource: Resource) -> None:
    assert resource_from(kind_of(resource).value, resource_text(resource)) == resource


@pytest.mark.parametrize("change", EVERY_CHANGE, ids=lambda change: type(change).__name__)
def test_a_change_of_every_kind_comes_back_equal(change: Change) -> None:
    commit = replace(COMMIT, changes=(change,))
    assert commit_from(commit_text(commit)) == commit


@pytest.mark.parametrize("origin", Origin)
def test_a_commit_comes_back_equal(origin: Origin) -> None:
    commit = replace(COMMIT, origin=origin)
    assert commit_from(commit_text(commit)) == commit


@few
@given(seeds)
def test_random_policies_come_back_equal(seed: int) -> None:
    for resource in resources_in(resources_of(seed)):
        back = resource_from(kind_of(resource).value, resource_text(resource))
        assert back == resource
        assert repr(back) == repr(resource)  # a CIDR compares by its text too, an enum's member not by its type
        commit = replace(COMMIT, changes=(Put(resource),))
        assert commit_from(commit_text(commit)) == commit


def test_every_kind_of_resource_change_and_peer_has_a_tag() -> None:
    assert set(RESOURCES) == {kind.value for kind in Kind}
    assert {type(change) for change in EVERY_CHANGE} == set(CHANGES.values())
    assert {type(rule.peer) for rule in GROUP.rules} == set(PEERS.values())


def test_text_is_compact_and_sorted_and_holds_no_default() -> None:
    assert resource_text(eni("eni-1", "10.0.0.5", groups=["sg-a"])) == (
        '{"account":"1000","addresses":["10.0.0.5"],"groups":["sg-a"],"id":"eni-1","vpc":"vpc-1"}'
    )
    changes = (AddRules(GroupId("sg-a"), (rule("accept tcp/22 from sg-b id sgr-1"),)), Delete(Kind.ENI, "eni-1"))
    assert (
        '"changes":[{"add_rules":{"group":"sg-a","rules":[{"action":"accept","direction":"ingress","id":"sgr-1",'
        '"peer":{"group":{"account":"","group":"sg-b"}},"ports":[22,22],"priority":1,"protocol":6}]}},'
        '{"delete":{"id":"eni-1","kind":"eni"}}],'
    ) in commit_text(replace(COMMIT, changes=changes))
    assert resource_text(Settings()) == "{}"


def test_text_is_ascii_whatever_names_hold() -> None:
    assert resource_text(RICH_GROUP).isascii()


def changed(resource: Resource, **keys: object) -> str:
    return json.dumps(json.loads(resource_text(resource)) | keys)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("colour", "red", "colour"),
        ("id", 7, "7 is not of type str @ $.id"),
        ("id", None, "null is not of type str @ $.id"),
        ("primary", 1, "1 is not of type bool @ $.primary"),
        ("udp_timeout_s", True, "true is not of type int @ $.udp_timeout_s"),
        ("udp_timeout_s", 30.0, "30.0 is not of type int @ $.udp_timeout_s"),
        ("udp_timeout_s", "30", "'30' is not of type int @ $.udp_timeout_s"),
        ("groups", "sg-a", "'sg-a' is not a list @ $.groups"),
        ("groups", {"sg-a": 1}, "is not a list @ $.groups"),
        ("groups", [1], "1 is not of type str @ $.groups"),
        ("addresses", ["10.0.0.500"], "'10.0.0.500' is not an IPv4 or IPv6 address @ $.addresses"),
        ("addresses", [167772165], "is not of type str @ $.addresses"),
        ("prefixes", ["10.0.0.5/28"], "'10.0.0.5/28' is not written as 10.0.0.0/28 @ $.prefixes"),
    ],
)
def test_a_key_with_a_wrong_value_is_named(key: str, value: object, said: str) -> None:
    with pytest.raises(Unreadable) as caught:
        resource_from("eni", changed(ENI, **{key: value}))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("direction", "up", "'up' is none of ingress, egress"),
        ("direction", 1, "1 is none of ingress, egress"),
        ("action", ["drop"], "is none of accept, drop"),
        ("ports", "22/22", "is not a list of a first and a last port"),
        ("ports", [23, 22], "is not a list of a first and a last port"),
        ("ports", [False, True], "is not a list of a first and a last port"),
        ("ports", [0, 65536], "is not a list of a first and a last port"),
        ("protocol", "6", "'6' is not of type int"),
        ("peer", {"cidr": "10.0.0.0/33"}, "no prefix length"),
        ("peer", {"cidr": 8}, "8 is not of type str"),
        ("peer", {"cidr": "10.0.0.0/8", "group": {}}, "is not an object of one key out of cidr, group, prefix_list"),
        ("peer", {}, "is not an object of one key"),
        ("peer", "10.0.0.0/8", "is not an object of one key"),
        ("peer", {"tag": "x"}, "unknown key 'tag': it is none of cidr, group, prefix_list"),
        ("peer", {"group": {"group": "sg-b", "account": "", "vpc": ""}}, "vpc"),
        ("peer", {"group": {"account": ""}}, "required field missing"),
    ],
)
def test_a_part_of_a_rule_that_is_wrong_is_named(key: str, value: object, said: str) -> None:
    rules = json.loads(resource_text(GROUP))["rules"]
    rules[1][key] = value
    with pytest.raises(Unreadable) as caught:
        resource_from("group", changed(GROUP, rules=rules))
    assert said in str(caught.value)
    assert f"$.rules.{key}" in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("router", "{}", "'router' is no kind of resource"),
        ("eni", "", "is not JSON"),
        ("eni", "{", "is not JSON"),
        ("eni", "[" * 100_000, "is not JSON"),
        ("eni", '{"udp_timeout_s":NaN}', "NaN is no number of JSON"),
        ("eni", "[]", "this is no object"),
        ("eni", "null", "this is no object"),
        ("eni", '"eni-1"', "this is no object"),
        ("settings", "[]", "this is no object"),
        ("settings", '""', "this is no object"),
        ("eni", "{}", "required field missing @ $.id"),
        ("account", '{"id":"1","quotas":["ab"]}', "'ab' is not a list @ $.quotas"),
        ("account", '{"id":"1","quotas":[["ab"]]}', '["ab"] is not a list of 2 @ $.quotas'),
        ("prefix_list", '{"id":"pl-1","family":5,"max_entries":1,"entries":[]}', "5 is neither 4 nor 6"),
        ("prefix_list", '{"id":"pl-1","family":4.0,"max_entries":1,"entries":[]}', "4.0 is neither 4 nor 6"),
        ("settings", '{"smtp_scope":"some"}', "'some' is not a valid SmtpScope @ $.smtp_scope"),
    ],
)
def test_text_that_is_no_resource_is_refused(kind: str, text: str, said: str) -> None:
    with pytest.raises(Unreadable) as caught:
        resource_from(kind, text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "{} is not a list"),
        ("[1]", "1 is not an object of one key out of put, delete"),
        ('[{"rename":{}}]', "unknown key 'rename'"),
        ('[{"put":{"resource":{"router":{}}}}]', "unknown key 'router'"),
        ('[{"put":{"resource":{"eni":{}}}}]', "required field missing @ $.changes.resource.id"),
        ('[{"delete":{"kind":"router","id":"x"}}]', "'router' is not a valid Kind @ $.changes.kind"),
        ('[{"delete":{"kind":"eni","id":"x","why":""}}]', "extra fields found (why)"),
        ('[{"join_group":[]}]', "this is no object"),
    ],
)
def test_text_that_is_no_change_is_refused(text: str, said: str) -> None:
    tree = json.loads(commit_text(COMMIT)) | {"changes": json.loads(text)}
    with pytest.raises(Unreadable) as caught:
        commit_from(json.dumps(tree))
    assert said in str(caught.value)


@pytest.mark.parametrize("key", ["revision", "at", "caller", "source", "method", "client_token", "origin", "changes"])
def test_a_commit_without_one_of_its_keys_is_refused(key: str) -> None:
    tree = json.loads(commit_text(COMMIT))
    del tree[key]
    with pytest.raises(Unreadable, match=rf"required field missing @ \$\.{key}"):
        commit_from(json.dumps(tree))


def test_a_field_at_its_default_may_be_absent_and_may_be_written() -> None:
    plain = eni("eni-1", groups=["sg-a"])
    assert resource_from("eni", changed(plain, udp_timeout_s=30, host="")) == plain

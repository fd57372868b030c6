"""Rules that are added, removed and changed (§3.4 to §3.6, §4.5, §4.9, §5)."""

from dataclasses import replace

import pytest

from pdp.model.codes import Code
from pdp.model.groups import SecurityGroup
from pdp.model.ids import GroupId, RuleId
from pdp.model.protocols import PortRange
from pdp.model.rules import Rule
from pdp.policy.apply import apply
from pdp.policy.changes import AddRules, Put
from tests.builders import NOW, group, policy, port_list, prefix_list, rule, vpc
from tests.policy.applying import (
    ADVANCED,
    IMPORT,
    OPERATOR,
    add,
    done,
    full,
    ids,
    modify,
    numbers,
    quotas,
    refused,
    remove,
)

SSH = "accept tcp/22 from 10.0.0.0/8"
ONE = policy([group("sg-a", SSH)], prefix_lists=[prefix_list("pl-1", "10.0.0.0/8")], port_lists=[port_list("prl-1")])
PEERS = policy(
    [
        group("sg-a"),
        group("sg-b"),
        group("sg-x", type=ADVANCED),
        group("sg-far", vpc="vpc-2"),
        group("sg-theirs", account="2000"),
    ],
    vpcs=[vpc("vpc-1"), vpc("vpc-2")],
)
BY_SERVICE = policy([replace(group("sg-a", SSH), service_managed=True)])


def test_a_rule_that_is_added_is_there() -> None:
    assert ids(done(ONE, add("sg-a", "drop all from 0.0.0.0/0")), "sg-a") == ["new-1", "sgr-1"]


def test_a_change_makes_the_next_revision_and_says_what_it_touched() -> None:
    applied = apply(ONE, [add("sg-a", "drop all from 0.0.0.0/0")], IMPORT, NOW)
    assert applied.snapshot.revision == ONE.revision + 1
    assert {(kind.value, key) for kind, key in applied.touched} == {("group", "sg-a")}


@pytest.mark.parametrize("text", [SSH, "accept tcp/22 from 10.1.2.3/8", f"{SSH} id sgr-9", f"{SSH} derived"])
def test_adding_a_rule_that_exists_succeeds_and_adds_nothing(text: str) -> None:
    """§5.1: description and id are no part of a rule's identity, and a CIDR is what it matches (§3.7)."""
    described = replace(rule(text), id=RuleId("new-1"), description="another")
    assert done(ONE, AddRules(GroupId("sg-a"), (described,))) is ONE


def test_two_equal_rules_in_one_request_are_refused() -> None:
    """§5.1: also when the group has them already."""
    refused(Code.DUPLICATE_PERMISSIONS, ONE, add("sg-a", "drop icmp from 0.0.0.0/0", "drop icmp from 0.0.0.0/0"))
    refused(Code.DUPLICATE_PERMISSIONS, ONE, add("sg-a", SSH, SSH))


@pytest.mark.parametrize(
    "other",
    [
        "drop tcp/22 from 10.0.0.0/8",
        "accept tcp/22 to 10.0.0.0/8",
        "accept udp/22 from 10.0.0.0/8",
        "accept tcp/23 from 10.0.0.0/8",
        "accept tcp/prl-1 from 10.0.0.0/8",
        "accept tcp/22 from pl-1",
        f"{SSH} @2",
        f"{SSH} sport 1-9",
        f"{SSH} own 10.0.0.5",
    ],
)
def test_what_makes_a_rule_another_one(other: str) -> None:
    """§5.1: direction, policy, priority, protocol, ports, peer and narrowing fields."""
    assert len(ids(done(ONE, add("sg-a", other)), "sg-a")) == 2


def test_a_group_cannot_have_a_rule_twice_by_being_put_as_a_whole() -> None:
    """§5.1: no way round."""
    refused(Code.RULE_DUPLICATE, policy(), Put(group("sg-a", SSH, SSH)))
    refused(Code.RULE_DUPLICATE, ONE, Put(group("sg-a", SSH, SSH)))


def test_rules_are_told_apart_by_their_ids() -> None:
    """§3.3: ids are unique within a group, and everyone has one."""
    refused(Code.ALREADY_EXISTS, ONE, add("sg-a", "drop icmp from 0.0.0.0/0 id sgr-1"))
    refused(Code.ALREADY_EXISTS, ONE, add("sg-a", "drop icmp from ::/0 id x", "drop gre from ::/0 id x"), origin=IMPORT)
    nameless = AddRules(GroupId("sg-a"), (rule("drop icmp from 0.0.0.0/0"),))
    refused(Code.INVALID_PARAMETER, ONE, nameless, says="no id")


def test_a_rule_is_removed_by_its_id() -> None:
    """§5.2."""
    assert ids(done(ONE, remove("sg-a", "sgr-1")), "sg-a") == []


def test_removing_an_unknown_rule_is_refused() -> None:
    """§5.2: all or nothing (§5.4)."""
    assert refused(Code.RULE_NOT_EXIST, ONE, remove("sg-a", "sgr-1", "sgr-9")).resource == "sgr-9"


def test_removing_no_rule_changes_nothing() -> None:
    """§5.2: revoking by fields that match nothing comes to this."""
    assert done(ONE, remove("sg-a")) is ONE


def test_a_rule_that_goes_and_comes_back_leaves_the_same_snapshot() -> None:
    assert done(ONE, remove("sg-a", "sgr-1"), add("sg-a", f"{SSH} id sgr-1")) is ONE


def test_one_bad_rule_refuses_the_good_ones() -> None:
    """§5.4."""
    refused(Code.INVALID_PRIORITY, ONE, add("sg-a", "drop icmp from 0.0.0.0/0", "drop gre from 0.0.0.0/0 @101"))


def test_changes_of_both_directions_are_made_at_once_or_not_at_all() -> None:
    """§5.4."""
    both = (remove("sg-a", "sgr-1"), add("sg-a", "drop all to 0.0.0.0/0"))
    assert ids(done(ONE, *both), "sg-a") == ["new-1"]
    refused(Code.RULE_NOT_EXIST, ONE, *reversed(both), remove("sg-a", "sgr-1"))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("accept all from 0.0.0.0/0 @0", Code.INVALID_PRIORITY),
        ("accept all from 0.0.0.0/0 @101", Code.INVALID_PRIORITY),
        ("accept all from 0.0.0.0/0 @110", Code.INVALID_PRIORITY),
        ("accept tcp/all from 0.0.0.0/0", Code.INVALID_PORT_RANGE),
        ("accept udp/all from 0.0.0.0/0", Code.INVALID_PORT_RANGE),
        ("accept 6/all from 0.0.0.0/0", Code.INVALID_PORT_RANGE),
        ("accept icmp/22 from 0.0.0.0/0", Code.INVALID_PORT_RANGE),
        ("accept all/22 from 0.0.0.0/0", Code.INVALID_PORT_RANGE),
        ("accept gre/prl-1 from 0.0.0.0/0", Code.INVALID_PORT_RANGE),
        ("accept all from pl-9", Code.PREFIX_LIST_NOT_FOUND),
        ("accept tcp/prl-9 from 0.0.0.0/0", Code.PORT_LIST_NOT_FOUND),
    ],
)
def test_what_a_new_rule_may_not_be(text: str, code: Code) -> None:
    """§3.4, §3.6."""
    refused(code, ONE, add("sg-a", text))
    refused(code, ONE, add("sg-a", text), origin=OPERATOR)


@pytest.mark.parametrize("text", ["accept all from ::/0 @100", "accept tcp/1-65535 from ::/0", "drop 255 from ::/0"])
def test_what_a_new_rule_may_be_at_the_most(text: str) -> None:
    """§3.4 to §3.6."""
    assert len(ids(done(ONE, add("sg-a", text)), "sg-a")) == 2


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (replace(rule(SSH), ports=PortRange(0, 22)), Code.INVALID_PORT_RANGE),
        (replace(rule(SSH), ports=PortRange(22, 65_536)), Code.INVALID_PORT_RANGE),
        (replace(rule(SSH), ports=PortRange(23, 22)), Code.INVALID_PORT_RANGE),
        (replace(rule(SSH), port_list=rule("accept tcp/prl-1 from ::/0").port_list), Code.INVALID_PORT_RANGE),
        (replace(rule(SSH), source_ports=PortRange(0, 1)), Code.INVALID_SOURCE_PORT_RANGE),
        (replace(rule("accept 255 from ::/0"), protocol=256), Code.INVALID_PROTOCOL),
        (replace(rule(SSH), priority=111), Code.INVALID_PRIORITY),
    ],
)
def test_what_no_rule_is_wherever_it_comes_from(made: Rule, code: Code) -> None:
    """§3.4 to §3.6: an import is held to this too."""
    new = AddRules(GroupId("sg-a"), (replace(made, id=RuleId("new-1")),))
    refused(code, ONE, new)
    refused(code, ONE, new, origin=IMPORT)


def test_a_group_peer_stands_between_basic_groups_of_one_vpc() -> None:
    """§4.5: other accounts are allowed."""
    assert len(ids(done(PEERS, add("sg-a", "accept all from sg-b", "drop all to sg-theirs@2000")), "sg-a")) == 2


@pytest.mark.parametrize(
    ("to", "peer", "code", "says"),
    [
        ("sg-a", "sg-a", Code.GROUP_PEER_DENIED, "itself"),
        ("sg-a", "sg-x", Code.GROUP_PEER_DENIED, "only basic"),
        ("sg-x", "sg-a", Code.GROUP_PEER_DENIED, "only basic"),
        ("sg-a", "sg-far", Code.GROUP_PEER_DENIED, "same VPC"),
        ("sg-a", "sg-b@2000", Code.GROUP_PEER_DENIED, "account 2000"),
        ("sg-a", "sg-unknown", Code.GROUP_NOT_FOUND, "sg-unknown"),
        ("sg-a", "sg-unknown@2000", Code.GROUP_NOT_FOUND, "sg-unknown"),
    ],
)
def test_which_group_peers_are_refused(to: str, peer: str, code: Code, says: str) -> None:
    """§4.5."""
    refused(code, PEERS, add(to, f"accept all from {peer}"), says=says)


def test_where_a_group_is_that_cannot_be_a_peer_is_not_said() -> None:
    """§6.5: it may be another account's."""
    refusal = refused(Code.GROUP_PEER_DENIED, PEERS, add("sg-a", "accept all from sg-far"))
    assert "vpc-2" not in str(refusal)


def with_peers(count: int) -> SecurityGroup:
    return group("sg-a", *(f"accept tcp/{port} from sg-b" for port in range(1, count + 1)))


def test_the_21st_rule_with_a_group_peer_is_refused() -> None:
    """§4.5: at most 20 such rules in a group."""
    snapshot = done(policy([group("sg-b")]), Put(with_peers(20)))
    assert numbers(refused(Code.GROUP_PEERS, snapshot, add("sg-a", "accept all to sg-b"))) == (20, 20, 21)
    assert len(ids(done(snapshot, add("sg-a", "accept all to 10.0.0.0/8")), "sg-a")) == 21
    refused(Code.GROUP_PEERS, policy([group("sg-b")]), Put(with_peers(21)))


def test_the_201st_rule_of_a_group_is_refused_in_either_direction() -> None:
    """§4.10, §4.12: both directions count together; the refusal names limit, value and count and says what to do."""
    snapshot = policy([full("sg-a")])
    for text in ("drop all from 0.0.0.0/0", "drop all to 0.0.0.0/0"):
        refusal = refused(Code.RULES_PER_GROUP, snapshot, add("sg-a", text), says="rules per group")
        assert numbers(refusal) == (200, 200, 201)
        assert "delete rules that are no longer needed, or spread rules over several groups" in str(refusal)
        assert refusal.resource == "sg-a"
    assert len(ids(done(policy([full("sg-a", 199)]), add("sg-a", "drop all to ::/0")), "sg-a")) == 200


def test_a_full_group_takes_a_rule_in_exchange_for_another() -> None:
    """§4.10."""
    swap = (add("sg-a", "drop all to 0.0.0.0/0"), remove("sg-a", "sgr-1"))
    assert len(ids(done(policy([full("sg-a")]), *swap), "sg-a")) == 200


def test_rules_per_group_stay_at_200_with_the_reason() -> None:
    """§4.10: asking for more is refused and says what to do instead."""
    refused(Code.QUOTA_FIXED, policy(), quotas(rules_per_group=300), says="spread rules over several groups")


@pytest.mark.parametrize(
    "text",
    [
        "drop tcp/22 from 10.0.0.0/8 id sgr-1",
        "accept tcp/22-23 from 10.0.0.0/8 @7 id sgr-1",
        "accept udp/22 from 192.168.0.0/16 id sgr-1",
        "accept icmp from 10.0.0.0/8 id sgr-1",
        f"{SSH} own 10.0.0.5 sport 1-9 id sgr-1",
    ],
)
def test_a_rule_may_change_its_values(text: str) -> None:
    """§5.3."""
    assert done(ONE, modify("sg-a", text)).groups[GroupId("sg-a")].rules == (rule(text),)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SSH, "accept tcp/22 to 10.0.0.0/8"),
        (SSH, "accept tcp/22 from pl-1"),
        (SSH, "accept tcp/22 from sg-b"),
        (SSH, "accept tcp/22 from ::/0"),
        ("accept tcp/22 from sg-b", SSH),
        (SSH, "accept tcp/prl-1 from 10.0.0.0/8"),
        ("accept tcp/prl-1 from 10.0.0.0/8", SSH),
        ("accept tcp/prl-1 from 10.0.0.0/8", "accept icmp from 10.0.0.0/8"),
        (f"{SSH} sport 1-9", SSH),
        (f"{SSH} own 10.0.0.5", SSH),
        (f"{SSH} own 10.0.0.5", f"{SSH} own fd00::5"),
    ],
)
def test_a_rule_keeps_its_kinds_and_no_field_is_blanked(before: str, after: str) -> None:
    """§5.3: whichever way the group is written."""
    snapshot = policy(
        [group("sg-a", before), group("sg-b")],
        prefix_lists=[prefix_list("pl-1", "10.0.0.0/8")],
        port_lists=[port_list("prl-1")],
    )
    refused(Code.RULE_KIND_FIXED, snapshot, modify("sg-a", f"{after} id sgr-1"))
    refused(Code.RULE_KIND_FIXED, snapshot, Put(group("sg-a", f"{after} id sgr-1")))


def test_a_rule_cannot_become_equal_to_another() -> None:
    """§5.3."""
    two = policy([group("sg-a", SSH, "drop tcp/22 from 10.0.0.0/8")])
    refused(Code.RULE_DUPLICATE, two, modify("sg-a", f"{SSH} id sgr-2"), says="sgr-2")


def test_two_rules_may_change_places() -> None:
    """§5.3: what counts is what the group has in the end."""
    two = policy([group("sg-a", SSH, "drop tcp/22 from 10.0.0.0/8")])
    swap = (modify("sg-a", "drop tcp/22 from 10.0.0.0/8 id sgr-1"), modify("sg-a", f"{SSH} id sgr-2"))
    assert ids(done(two, *swap), "sg-a") == ["sgr-1", "sgr-2"]
    assert done(two, *swap).groups == done(two, *reversed(swap)).groups


def test_changing_an_unknown_rule_is_refused() -> None:
    """§5.2."""
    refused(Code.RULE_NOT_EXIST, ONE, modify("sg-a", f"{SSH} id sgr-9"))
    refused(Code.GROUP_NOT_FOUND, ONE, modify("sg-z", f"{SSH} id sgr-1"))


def test_an_old_rule_of_priority_110_may_get_another_description_but_not_another_content() -> None:
    """§3.4."""
    old = rule("accept tcp/22 from 10.0.0.0/8 @110 id sgr-1")
    snapshot = policy([group("sg-a", old)])
    described = done(snapshot, Put(group("sg-a", replace(old, description="old"))))
    assert described.groups[GroupId("sg-a")].rules[0].description == "old"
    refused(Code.INVALID_PRIORITY, snapshot, modify("sg-a", "accept tcp/23 from 10.0.0.0/8 @110 id sgr-1"))


def test_the_order_of_changes_never_changes_the_snapshot() -> None:
    """§3.3: insertion order never matters."""
    two = (add("sg-a", "drop icmp from ::/0 id b"), add("sg-a", "drop gre from ::/0 id a"))
    assert done(ONE, *two).groups == done(ONE, *reversed(two)).groups


@pytest.mark.parametrize(
    "change",
    [
        add("sg-a", "drop icmp from ::/0"),
        add("sg-a", SSH),
        add("sg-a", SSH, SSH),
        remove("sg-a", "sgr-1"),
        remove("sg-a", "sgr-9"),
        remove("sg-a"),
        modify("sg-a", "drop tcp/22 from 10.0.0.0/8 id sgr-1"),
    ],
)
def test_every_write_of_a_service_managed_groups_rules_is_refused(change: AddRules) -> None:
    """§4.9: also one that would change nothing, or is wrong otherwise."""
    refused(Code.MANAGED_BY_CLOUD_PRODUCT, BY_SERVICE, change)


def test_the_operator_changes_rules_of_service_managed_groups() -> None:
    """§6.5."""
    assert ids(done(BY_SERVICE, remove("sg-a", "sgr-1"), origin=OPERATOR), "sg-a") == []

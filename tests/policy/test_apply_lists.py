"""Prefix lists and port lists (§1.5, §3.9, §4.11)."""

from dataclasses import replace

import pytest

from pdp.model.addresses import Family
from pdp.model.codes import Code
from pdp.model.rules import PortList, PrefixList
from pdp.policy.changes import Origin, Put
from pdp.policy.snapshot import Snapshot
from tests.builders import eni, group, policy, port_list, prefix_list
from tests.policy.applying import (
    IMPORT,
    accepted,
    add,
    delete,
    done,
    full,
    ids,
    join,
    numbers,
    quota,
    refused,
    remove,
)

PL, PRL = prefix_list("pl-1", "10.0.0.0/8", max_entries=10), port_list("prl-1", "80", max_entries=20)
BY_PREFIX, BY_PORT = "accept all from pl-1 id by-list", "accept tcp/prl-1 from ::/0 id by-list"
BY_BOTH = "accept tcp/prl-1 from pl-1 id by-list"


def using(*rules: str, others: int = 0) -> Snapshot:
    """sg-a with these rules and others of its own."""
    return policy([group("sg-a", *rules, *full("sg-o", others).rules)], prefix_lists=[PL], port_lists=[PRL])


@pytest.mark.parametrize(
    ("text", "counts", "fits"),
    [(BY_PREFIX, 10, 190), (BY_PORT, 20, 180), (BY_BOTH, 200, 0), ("drop gre to ::/0", 1, 199)],
)
def test_a_rule_counts_the_max_entries_of_its_lists(text: str, counts: int, fits: int) -> None:
    """§4.11: not the entries there are, and the product of both."""
    assert accepted(using(others=fits), add("sg-a", text))
    refusal = refused(Code.RULES_PER_GROUP, using(others=fits + 1), add("sg-a", text))
    assert numbers(refusal) == (200, fits + 1, fits + 1 + counts)


def test_lists_count_toward_the_total_of_an_eni() -> None:
    """§4.11, §4.12."""
    groups = [full(f"sg-{n}") for n in range(4)]
    names = [item.id for item in groups]
    snapshot = policy(
        [*groups, group("sg-4", BY_BOTH), full("sg-5", 1)],
        [eni("eni-a", groups=names)],
        prefix_lists=[PL],
        port_lists=[PRL],
    )
    joined = done(snapshot, join("eni-a", "sg-4"))
    wider = Put(replace(PRL, max_entries=21))
    assert numbers(refused(Code.RULES_PER_GROUP, joined, wider)) == (200, 200, 210)
    assert numbers(refused(Code.RULES_PER_ENI, done(snapshot, wider, origin=IMPORT), join("eni-a", "sg-4"))) == (
        1000,
        800,
        1010,
    )


@pytest.mark.parametrize(
    ("text", "grown"), [(BY_PREFIX, replace(PL, max_entries=11)), (BY_PORT, replace(PRL, max_entries=21))]
)
def test_growing_a_list_may_not_break_the_groups_that_use_it(text: str, grown: PrefixList | PortList) -> None:
    """§4.11, §4.12: the refusal names the group; with room, or another list, there is nothing to refuse."""
    counts = PL.max_entries if text is BY_PREFIX else PRL.max_entries
    refusal = refused(Code.RULES_PER_GROUP, using(text, others=200 - counts), Put(grown))
    assert numbers(refusal) == (200, 200, 201)
    assert quota(refusal).subject == "sg-a"
    assert accepted(using(text, others=199 - counts), Put(grown))
    assert accepted(using(others=200), Put(grown))


def test_growing_a_list_may_not_break_a_member_of_a_group_that_uses_it() -> None:
    """§4.12."""
    groups = [
        full("sg-0", 201),
        *(full(f"sg-{n}") for n in range(1, 4)),
        group("sg-4", BY_PREFIX, *full("x", 189).rules),
    ]
    member = eni("eni-a", groups=[item.id for item in groups])
    snapshot = policy(groups, [member], prefix_lists=[PL])
    assert numbers(refused(Code.RULES_PER_ENI, snapshot, Put(replace(PL, max_entries=11)))) == (1000, 1000, 1001)


def test_shrinking_max_entries_makes_room() -> None:
    """§4.11."""
    snapshot = using(BY_PREFIX, others=190)
    refused(Code.RULES_PER_GROUP, snapshot, add("sg-a", "drop gre to ::/0"))
    assert len(ids(done(snapshot, Put(replace(PL, max_entries=9)), add("sg-a", "drop gre to ::/0")), "sg-a")) == 192


def test_a_list_holds_no_more_than_max_entries() -> None:
    """§1.5: else a list of one would count one and hold a thousand."""
    three = prefix_list("pl-1", "10.0.0.0/8", "11.0.0.0/8", "12.0.0.0/8", max_entries=2)
    two = replace(three, entries=three.entries[:2])
    assert numbers(refused(Code.LIST_ENTRIES, policy(), Put(three))) == (2, 0, 3)
    assert numbers(refused(Code.LIST_ENTRIES, policy(prefix_lists=[two]), Put(three))) == (2, 2, 3)
    full_list = policy(prefix_lists=[replace(three, max_entries=3)])
    refused(Code.LIST_ENTRIES, full_list, Put(three), says="cannot be lowered")
    ports = port_list("prl-1", "22", "80", max_entries=1)
    assert numbers(refused(Code.LIST_ENTRIES, policy(), Put(ports))) == (1, 0, 2)


def test_an_entry_given_twice_is_one() -> None:
    """§1.5."""
    twice = prefix_list("pl-1", "10.0.0.0/8", "10.0.0.0/8", max_entries=1)
    assert len(done(policy(), Put(twice)).prefix_lists[twice.id].entries) == 1


def test_an_ipv6_list_may_hold_blocks_that_are_ipv4_since_they_were_mapped() -> None:
    """§2.2."""
    assert accepted(policy(), Put(prefix_list("pl-2", "fd00::/8", "::ffff:10.0.0.0/104")))


@pytest.mark.parametrize("origin", list(Origin))
def test_a_prefix_list_is_of_one_family(origin: Origin) -> None:
    """§1.5."""
    mixed = prefix_list("pl-1", "10.0.0.0/8", "fd00::/8")
    refused(Code.INVALID_PARAMETER, policy(), Put(mixed), origin=origin)


def test_a_prefix_list_keeps_its_family() -> None:
    """§1.5."""
    other = prefix_list("pl-1", family=Family.IPV6)
    refused(Code.INVALID_PARAMETER, policy(prefix_lists=[PL]), Put(other))


@pytest.mark.parametrize("size", [0, -1])
def test_a_new_list_holds_at_least_one_entry(size: int) -> None:
    """§4.11: else its rules would count nothing."""
    refused(Code.INVALID_PARAMETER, policy(), Put(prefix_list("pl-2", max_entries=size)))
    refused(Code.INVALID_PARAMETER, policy(), Put(port_list("prl-2", max_entries=size)))


def test_no_list_takes_away_from_what_counts() -> None:
    """§4.11: a list of nothing loads, one of less than nothing does not."""
    assert accepted(policy(), Put(prefix_list("pl-2", max_entries=0)), origin=IMPORT)
    refused(Code.INVALID_PARAMETER, policy(), Put(prefix_list("pl-2", max_entries=-1)), origin=IMPORT)


@pytest.mark.parametrize("gone", [PL, PRL])
@pytest.mark.parametrize("origin", list(Origin))
def test_a_list_that_rules_name_cannot_be_deleted(gone: PrefixList | PortList, origin: Origin) -> None:
    """§3.9: of every origin, since a rule without its list has no meaning."""
    refused(Code.DEPENDENCY_VIOLATION, using(BY_BOTH), delete(gone), origin=origin, says="sg-a")
    assert accepted(using(BY_BOTH), delete(gone), remove("sg-a", "by-list"), origin=origin)
    assert accepted(using(), delete(gone), origin=origin)


def test_what_names_a_list_that_is_missing_is_refused_before_anything_is_counted() -> None:
    """§3.9: also when a member of the group changes at once."""
    snapshot = policy([group("sg-a"), group("sg-b")], [eni("eni-a", groups=["sg-b"])])
    refused(Code.PREFIX_LIST_NOT_FOUND, snapshot, add("sg-a", BY_PREFIX), join("eni-a", "sg-a"))
    used = policy([group("sg-a", BY_PREFIX), group("sg-b")], [eni("eni-a", groups=["sg-b"])], prefix_lists=[PL])
    refused(Code.DEPENDENCY_VIOLATION, used, delete(PL), join("eni-a", "sg-a"))

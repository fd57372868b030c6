"""The origin *import*: structure is refused as a bundle is, all else loads and is reported (§3.4, §3.6, §4.10)."""

from dataclasses import replace

import pytest

from pdp.model.codes import Code
from pdp.model.groups import SecurityGroup
from pdp.model.ids import EniId, GroupId, Revision, StoreId
from pdp.model.resources import Resources
from pdp.model.rules import Action
from pdp.policy.apply import Applied, apply
from pdp.policy.changes import Origin, Put
from pdp.policy.draft import resources_in
from pdp.policy.quotas import findings
from pdp.policy.snapshot import Snapshot, resources_of
from tests.builders import NOW, eni, group, port_list, prefix_list, resources, vpc
from tests.policy.applying import ADVANCED, IMPORT, OPERATOR, REQUEST, full, refused

EMPTY = Snapshot(StoreId("one"), Revision(0))
VPCS = [vpc("vpc-1"), vpc("vpc-2")]
B, X, FAR = group("sg-b"), group("sg-x", type=ADVANCED), group("sg-far", vpc="vpc-2")


def loaded(content: Resources) -> Applied:
    return apply(EMPTY, [Put(resource) for resource in resources_in(content)], IMPORT, NOW)


PASSES: dict[str, tuple[SecurityGroup, str]] = {
    "a priority of 110": (group("sg-a", "accept tcp/22 from ::/0 @110"), "priority above 100"),
    "TCP without ports": (group("sg-a", "accept tcp/all from ::/0"), "TCP or UDP for all ports"),
    "a group that names itself": (group("sg-a", "accept all from sg-a"), "name the group itself"),
    "a peer that is advanced": (group("sg-a", "accept all from sg-x"), "advanced group as peer"),
    "an advanced group with a peer": (group("sg-a", "accept all from sg-b", type=ADVANCED), "have a group peer"),
    "a peer of another VPC": (group("sg-a", "accept all from sg-far"), "another VPC"),
    "21 group peers": (group("sg-a", *(f"drop tcp/{n} to sg-b" for n in range(1, 22))), "21 is above the limit of 20"),
    "201 rules": (full("sg-a", 201), "201 is above the limit of 200"),
    "201 rules by lists": (group("sg-a", "accept tcp/prl-1 from pl-1"), "220 is above the limit of 200"),
    "an advanced group that accepts within": (group("sg-a", type=ADVANCED, inner=Action.ACCEPT), "inner access Accept"),
}


@pytest.mark.parametrize("name", PASSES)
def test_what_runs_in_the_cloud_loads_and_is_reported(name: str) -> None:
    """§3.4, §3.6, §4.4, §4.5, §4.10, §4.11: a request is refused the same, the operator's too."""
    odd, says = PASSES[name]
    lists = {"prefix_lists": [prefix_list("pl-1", max_entries=11)], "port_lists": [port_list("prl-1", max_entries=20)]}
    content = resources([odd, B, X, FAR], vpcs=VPCS, **lists)  # type: ignore[arg-type]
    applied = loaded(content)
    assert set(applied.snapshot.groups[odd.id].rules) == set(odd.rules)
    assert [note for note in applied.notes if says in note]
    around = loaded(replace(content, groups=(B, X, FAR))).snapshot
    for origin in (REQUEST, OPERATOR):
        with pytest.raises(Exception, match="sg-a"):
            apply(around, [Put(odd)], origin, NOW)


def test_equal_rules_load_as_they_are() -> None:
    """§5.1: two that an export holds are two."""
    twice = group("sg-a", "drop all from ::/0", "drop all from ::/0")
    assert loaded(resources([twice])).snapshot.groups[twice.id] == twice


def test_service_managed_groups_and_their_members_load() -> None:
    """§4.9."""
    managed = replace(group("sg-a"), service_managed=True)
    assert loaded(resources([managed], [eni("eni-a", groups=["sg-a"])])).snapshot.groups[managed.id].service_managed


def test_ids_are_kept_and_derived_ones_compare_as_blank() -> None:
    """§3.3."""
    old = group("sg-a", "accept all from ::/0 id sgr-derived-1 derived")
    (rule,) = loaded(resources([old])).snapshot.groups[old.id].rules
    assert (rule.id, rule.id_is_derived) == ("sgr-derived-1", True)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("accept all from ::/0 @0", Code.INVALID_PRIORITY),
        ("accept all from ::/0 @111", Code.INVALID_PRIORITY),
        ("accept icmp/22 from ::/0", Code.INVALID_PORT_RANGE),
        ("accept all/22 from ::/0", Code.INVALID_PORT_RANGE),
        ("accept gre/prl-1 from ::/0", Code.INVALID_PORT_RANGE),
        ("accept all from pl-9", Code.PREFIX_LIST_NOT_FOUND),
        ("accept tcp/prl-9 from ::/0", Code.PORT_LIST_NOT_FOUND),
        ("accept all from sg-unknown", Code.GROUP_NOT_FOUND),
    ],
)
def test_what_a_bundle_may_not_hold_is_refused(text: str, code: Code) -> None:
    """§3.4, §3.6, §3.9."""
    refused(
        code, loaded(resources([B], port_lists=[port_list("prl-1")])).snapshot, Put(group("sg-a", text)), origin=IMPORT
    )


def test_an_unknown_peer_with_an_owner_loads_and_has_no_members() -> None:
    """§4.5."""
    assert loaded(resources([group("sg-a", "accept all from sg-unknown@2000")])).snapshot.groups[GroupId("sg-a")].rules


def test_the_order_of_an_imports_changes_is_of_no_account() -> None:
    """§3.8: ENIs before groups, groups before VPCs and lists, and peers in a circle."""
    content = resources(
        [group("sg-a", "accept all from sg-b"), group("sg-b", "accept tcp/prl-1 from pl-1", "drop all from sg-a")],
        [eni("eni-a", "10.0.0.5", groups=["sg-a", "sg-b"])],
        prefix_lists=[prefix_list("pl-1")],
        port_lists=[port_list("prl-1")],
    )
    changes = [Put(resource) for resource in resources_in(content)]
    forward, backward = (apply(EMPTY, order, IMPORT, NOW).snapshot for order in (changes, changes[::-1]))
    assert resources_of(forward) == resources_of(backward)


def test_half_of_an_import_is_never_seen() -> None:
    """§5.4: one resource that is refused refuses all."""
    refused(
        Code.GROUP_NOT_FOUND, EMPTY, Put(vpc("vpc-1")), Put(B), Put(eni("eni-a", groups=["sg-none"])), origin=IMPORT
    )


def test_only_an_import_has_notes() -> None:
    over = loaded(resources([full("sg-a", 201)])).snapshot
    for origin in (Origin.REQUEST, Origin.OPERATOR):
        assert apply(over, [Put(B)], origin, NOW).notes == ()
    assert len(apply(over, [Put(B)], IMPORT, NOW).notes) == 1


def test_notes_grow_with_what_is_wrong_and_not_with_what_is_there() -> None:
    """§4.10: one sentence for a group and one for an ENI, however many rules and members."""
    crowd = [eni(f"eni-{n}", groups=["sg-a", "sg-b"]) for n in range(300)]
    content = resources([full("sg-a", 900), B], crowd)
    assert findings(content) == ["sg-a: 900 is above the limit of 200 rules per group (limits of 2024)"]
    late = group("sg-l", *(f"drop tcp/{n} from ::/0 @110" for n in range(1, 200)))
    (note,) = findings(resources([late]))
    assert len(note) < 200
    assert note.endswith("and 194 more")


def test_an_import_may_move_what_a_request_may_not() -> None:
    """§4.6: the cloud is right."""
    snapshot = loaded(resources([B, X, FAR], [eni("eni-a", groups=["sg-b"])], vpcs=VPCS)).snapshot
    moved = apply(
        snapshot, [Put(group("sg-b", vpc="vpc-2")), Put(eni("eni-a", groups=["sg-b"], vpc="vpc-2"))], IMPORT, NOW
    )
    assert moved.snapshot.enis[EniId("eni-a")].vpc == "vpc-2"
    refused(Code.DIFFERENT_VPC, snapshot, Put(group("sg-b", vpc="vpc-2")), origin=IMPORT)

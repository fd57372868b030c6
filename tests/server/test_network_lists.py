from dataclasses import replace
from typing import Any

import pytest

from pdp.model.codes import Code
from pdp.model.ids import AccountId, PortListId, PrefixListId
from pdp.model.rules import PortList, PrefixList
from pdp.server.network.service import NETWORK_SERVICE
from tests.builders import ACCOUNT, eni, group, policy, port_list, prefix_list
from tests.server.planning import OPERATOR, OWNER, STRANGER, Planning, over_limit, refused


def owned_prefixes(list_id: str, *entries: str, max_entries: int = 10, account: str = ACCOUNT) -> PrefixList:
    return replace(prefix_list(list_id, *entries, max_entries=max_entries), account=AccountId(account))


def owned_ports(list_id: str, *entries: str, max_entries: int = 10, account: str = ACCOUNT) -> PortList:
    return replace(port_list(list_id, *entries, max_entries=max_entries), account=AccountId(account))


def network(*args: Any, **kwargs: Any) -> Planning:
    lists: dict[str, Any] = {
        "prefix_lists": [owned_prefixes("pl-1", "10.0.0.0/8"), owned_prefixes("pl-o", account="2000")],
        "port_lists": [owned_ports("prl-1", "22"), owned_ports("prl-o", account="2000")],
    }
    return Planning(NETWORK_SERVICE, policy(*args, **{**lists, **kwargs}))


def cidrs(*texts: str) -> list[dict[str, str]]:
    return [{"cidr": text} for text in texts]


def ranges(*texts: str) -> list[dict[str, str]]:
    return [{"port_range": text} for text in texts]


NEW_PREFIXES: dict[str, Any] = {"address_family": "ipv4", "max_entries": 3}
NEW_PORTS: dict[str, Any] = {"max_entries": 3}


def test_a_prefix_list_is_made_and_shown() -> None:
    planning = network()
    fields: dict[str, Any] = {"prefix_list_name": "offices", "description": "all\nof them"}
    made = planning("CreatePrefixList", **NEW_PREFIXES, **fields, entries=cidrs("192.0.2.0/24", "10.0.0.0/8"))
    shown = planning("DescribePrefixListAttributes", prefix_list_id=made.prefix_list_id).prefix_list
    assert (shown.prefix_list_name, shown.description) == ("offices", "all\nof them")
    assert (shown.address_family, shown.account_id, shown.max_entries, shown.entry_count) == ("IPv4", ACCOUNT, 3, 2)
    assert [entry.cidr for entry in shown.entries] == ["10.0.0.0/8", "192.0.2.0/24"]


def test_a_port_list_is_made_and_shown() -> None:
    planning = network()
    made = planning("CreatePortRangeList", **NEW_PORTS, port_range_list_name="web", entries=ranges("443/443", "80/80"))
    shown = planning("DescribePortRangeListEntries", port_range_list_id=made.port_range_list_id).port_range_list
    assert (shown.port_range_list_name, shown.account_id, shown.max_entries) == ("web", ACCOUNT, 3)
    assert ([entry.port_range for entry in shown.entries], shown.entry_count) == (["80/80", "443/443"], 2)


BOTH = [("CreatePrefixList", NEW_PREFIXES), ("CreatePortRangeList", NEW_PORTS)]


@pytest.mark.parametrize(("method", "fields"), BOTH)
@pytest.mark.parametrize("max_entries", [0, 201])
def test_a_list_has_room_for_1_to_200_entries(method: str, fields: dict[str, Any], max_entries: int) -> None:
    with refused(Code.INVALID_PARAMETER, "max_entries"):
        network()(method, **{**fields, "max_entries": max_entries})
    for size in (1, 200):
        network()(method, **{**fields, "max_entries": size})


@pytest.mark.parametrize(("method", "fields"), BOTH)
def test_the_room_of_a_list_is_required(method: str, fields: dict[str, Any]) -> None:
    with refused(Code.MISSING_PARAMETER, "max_entries"):
        network()(method, **{name: value for name, value in fields.items() if name != "max_entries"})


@pytest.mark.parametrize("name", ["x", "n" * 129, "http://a", "HTTPS://a", "a\x00b"])
def test_a_name_has_2_to_128_characters_and_is_no_url(name: str) -> None:
    with refused(Code.INVALID_PARAMETER, "prefix_list_name"):
        network()("CreatePrefixList", **NEW_PREFIXES, prefix_list_name=name)
    with refused(Code.INVALID_PARAMETER, "port_range_list_name"):
        network()("CreatePortRangeList", **NEW_PORTS, port_range_list_name=name)


@pytest.mark.parametrize(("method", "fields"), BOTH)
def test_a_description_has_at_most_256_characters(method: str, fields: dict[str, Any]) -> None:
    network()(method, **fields, description="d" * 256)
    with refused(Code.INVALID_PARAMETER, "description"):
        network()(method, **fields, description="d" * 257)


@pytest.mark.parametrize("family", ["IPv5", "4", "ＩＰv4"])
def test_a_family_is_ipv4_or_ipv6(family: str) -> None:
    with refused(Code.INVALID_PARAMETER, "address_family"):
        network()("CreatePrefixList", address_family=family, max_entries=3)


def test_a_family_is_required() -> None:
    with refused(Code.MISSING_PARAMETER, "address_family"):
        network()("CreatePrefixList", max_entries=3)


@pytest.mark.parametrize(
    ("entries", "code", "field"),
    [
        (["10.0.0.1/8"], Code.INVALID_PARAMETER, "entries[0].cidr"),
        (["10.0.0.0/8", "fd00::/16"], Code.INVALID_PARAMETER, "entries[1].cidr"),
        (["10.0.0.0/8", "10.0.0.0/8"], Code.INVALID_PARAMETER, "entries[1].cidr"),
        (["192.0.2.1", "192.0.2.1/32"], Code.INVALID_PARAMETER, "entries[1].cidr"),
        ([""], Code.MISSING_PARAMETER, "entries[0].cidr"),
        (["x"], Code.INVALID_PARAMETER, "entries[0].cidr"),
    ],
)
def test_an_entry_is_a_block_of_the_family_given_once(entries: list[str], code: Code, field: str) -> None:
    with refused(code, field):
        network()("CreatePrefixList", **NEW_PREFIXES, entries=cidrs(*entries))


@pytest.mark.parametrize(
    ("entries", "code", "field"),
    [
        (["-1/-1"], Code.INVALID_PORT_RANGE, "entries[0].port_range"),
        (["80/80", "0/80"], Code.INVALID_PORT_RANGE, "entries[1].port_range"),
        (["90/80"], Code.INVALID_PORT_RANGE, "entries[0].port_range"),
        (["٢٢/22"], Code.INVALID_PORT_RANGE, "entries[0].port_range"),
        (["80/80", "80/80"], Code.INVALID_PARAMETER, "entries[1].port_range"),
        ([""], Code.MISSING_PARAMETER, "entries[0].port_range"),
    ],
)
def test_an_entry_is_a_range_of_ports_given_once(entries: list[str], code: Code, field: str) -> None:
    with refused(code, field):
        network()("CreatePortRangeList", **NEW_PORTS, entries=ranges(*entries))


def test_a_new_list_holds_no_more_than_it_has_room_for() -> None:
    with over_limit(Code.LIST_ENTRIES, value=1, present=0, wanted=2):
        network()("CreatePrefixList", address_family="IPv4", max_entries=1, entries=cidrs("10.0.0.0/8", "192.0.2.0/24"))
    with over_limit(Code.LIST_ENTRIES, value=1, present=0, wanted=2):
        network()("CreatePortRangeList", max_entries=1, entries=ranges("80/80", "443/443"))


def test_entries_go_before_others_come() -> None:
    planning = network(prefix_lists=[owned_prefixes("pl-1", "10.0.0.0/8", max_entries=1)])
    planning(
        "ModifyPrefixList",
        prefix_list_id="pl-1",
        add_entries=cidrs("192.0.2.0/24"),
        remove_entries=cidrs("10.0.0.0/8", "172.16.0.0/12"),
    )
    assert [str(entry) for entry in planning.snapshot.prefix_lists[PrefixListId("pl-1")].entries] == ["192.0.2.0/24"]


def test_port_entries_go_before_others_come() -> None:
    planning = network(port_lists=[owned_ports("prl-1", "22", max_entries=1)])
    planning(
        "ModifyPortRangeList",
        port_range_list_id="prl-1",
        add_entries=ranges("80/80"),
        remove_entries=ranges("22/22", "23/23"),
    )
    assert [str(entry) for entry in planning.snapshot.port_lists[PortListId("prl-1")].entries] == ["80/80"]


def test_name_and_description_can_be_changed_and_blanked() -> None:
    planning = network()
    planning("ModifyPrefixList", prefix_list_id="pl-1", prefix_list_name="offices", description="text")
    planning("ModifyPortRangeList", port_range_list_id="prl-1", port_range_list_name="web", description="text")
    planning("ModifyPrefixList", prefix_list_id="pl-1", prefix_list_name="")
    planning("ModifyPortRangeList", port_range_list_id="prl-1", port_range_list_name="")
    prefixes, ports = planning.snapshot.prefix_lists[PrefixListId("pl-1")], planning.snapshot.port_lists
    assert (prefixes.name, prefixes.description) == ("", "text")
    assert (ports[PortListId("prl-1")].name, ports[PortListId("prl-1")].description) == ("", "text")


def test_what_a_list_has_already_changes_nothing() -> None:
    planning = network()
    assert planning.ignored("ModifyPrefixList", prefix_list_id="pl-1", add_entries=cidrs("10.0.0.0/8"))
    assert planning.ignored("ModifyPortRangeList", port_range_list_id="prl-1", add_entries=ranges("22/22"))


def test_room_is_never_below_the_entries_there_are() -> None:
    full = [owned_prefixes("pl-1", "10.0.0.0/8", "192.0.2.0/24")]
    with over_limit(Code.LIST_ENTRIES, value=1, present=2, wanted=2):
        network(prefix_lists=full)("ModifyPrefixList", prefix_list_id="pl-1", max_entries=1)
    with over_limit(Code.LIST_ENTRIES, value=1, present=2, wanted=2):
        network(port_lists=[owned_ports("prl-1", "22", "80")])(
            "ModifyPortRangeList", port_range_list_id="prl-1", max_entries=1
        )


def test_more_room_counts_against_every_group_that_names_the_list() -> None:
    """§4.11: a rule counts the list's max_entries."""
    rules = ["accept tcp/22 from pl-1", *(f"accept tcp/22 from 10.0.0.{n}" for n in range(190))]
    planning = network([group("sg-a", *rules)], [eni("eni-1", groups=["sg-a"])])
    with over_limit(Code.RULES_PER_GROUP, value=200, present=200, wanted=201):
        planning("ModifyPrefixList", prefix_list_id="pl-1", max_entries=11)
    planning("ModifyPrefixList", prefix_list_id="pl-1", max_entries=9)


def test_a_list_that_a_rule_names_stays_and_says_who() -> None:
    planning = network([group("sg-b", "accept tcp/prl-1 from pl-1"), group("sg-a", "accept tcp/22 from pl-1")])
    with refused(Code.DEPENDENCY_VIOLATION, saying="sg-a, sg-b"):
        planning("DeletePrefixList", prefix_list_id="pl-1")
    with refused(Code.DEPENDENCY_VIOLATION, saying="sg-b"):
        planning("DeletePortRangeList", port_range_list_id="prl-1")
    answer = planning("DescribePrefixListAssociations", prefix_list_id="pl-1", max_results=1)
    first = [(one.resource_type, one.resource_id) for one in answer.prefix_list_associations]
    assert (first, answer.next_token != "") == ([("securitygroup", "sg-a")], True)
    (shown,) = planning("DescribePrefixLists").prefix_lists
    assert (shown.association_count, len(shown.entries), shown.entry_count) == (2, 0, 1)


def test_a_list_that_no_rule_names_goes() -> None:
    planning = network()
    planning("DeletePrefixList", prefix_list_id="pl-1")
    planning("DeletePortRangeList", port_range_list_id="prl-1")
    assert set(planning.snapshot.prefix_lists) == {"pl-o"}
    assert set(planning.snapshot.port_lists) == {"prl-o"}


OF_ONE = [
    ("prefix_list_id", "pl-", Code.PREFIX_LIST_NOT_FOUND, method)
    for method in (
        "ModifyPrefixList",
        "DeletePrefixList",
        "DescribePrefixListAttributes",
        "DescribePrefixListAssociations",
    )
] + [
    ("port_range_list_id", "prl-", Code.PORT_LIST_NOT_FOUND, method)
    for method in ("ModifyPortRangeList", "DeletePortRangeList", "DescribePortRangeListEntries")
]


@pytest.mark.parametrize(("field", "prefix", "unknown", "method"), OF_ONE)
def test_a_list_is_named_and_exists_and_is_the_callers(field: str, prefix: str, unknown: Code, method: str) -> None:
    with refused(Code.MISSING_PARAMETER, field):
        network()(method)
    for caller, list_id, code in (
        (OWNER, f"{prefix}9", unknown),
        (OWNER, f"{prefix}o", Code.FORBIDDEN),
        (STRANGER, f"{prefix}1", Code.FORBIDDEN),
    ):
        with refused(code, field):
            network()(method, caller, **{field: list_id})


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["pl-1", "pl-6"]),
        ({"address_family": "IPv6"}, ["pl-6"]),
        ({"prefix_list_name": "six"}, ["pl-6"]),
        ({"prefix_list_ids": ["pl-1", "pl-o"]}, ["pl-1"]),
        ({"max_results": 1}, ["pl-1"]),
    ],
)
def test_prefix_lists_are_listed_by_what_they_are(filters: dict[str, Any], found: list[str]) -> None:
    six = replace(owned_prefixes("pl-6", "fd00::/16"), name="six")
    planning = network(prefix_lists=[six, owned_prefixes("pl-o", account="2000"), owned_prefixes("pl-1")])
    assert [shown.prefix_list_id for shown in planning("DescribePrefixLists", **filters).prefix_lists] == found


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["prl-1", "prl-2"]),
        ({"port_range_list_name": "web"}, ["prl-2"]),
        ({"port_range_list_ids": ["prl-1", "prl-o"]}, ["prl-1"]),
        ({"max_results": 1}, ["prl-1"]),
    ],
)
def test_port_lists_are_listed_by_what_they_are(filters: dict[str, Any], found: list[str]) -> None:
    web = replace(owned_ports("prl-2", "80"), name="web")
    planning = network(port_lists=[web, owned_ports("prl-o", account="2000"), owned_ports("prl-1")])
    answer = planning("DescribePortRangeLists", **filters)
    assert [shown.port_range_list_id for shown in answer.port_range_lists] == found


def test_the_operator_sees_all_lists_and_names_the_account_of_a_new_one() -> None:
    planning = network()
    assert len(planning("DescribePrefixLists", OPERATOR).prefix_lists) == 2
    assert len(planning("DescribePortRangeLists", OPERATOR, account_id="2000").port_range_lists) == 1
    with refused(Code.MISSING_PARAMETER, "account_id"):
        planning("CreatePrefixList", OPERATOR, **NEW_PREFIXES)
    with refused(Code.MISSING_PARAMETER, "account_id"):
        planning("CreatePortRangeList", OPERATOR, **NEW_PORTS)

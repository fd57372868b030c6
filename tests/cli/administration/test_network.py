"""`pdp vpc`, `pdp instance`, `pdp eni`, `pdp prefix-list` and `pdp port-list` at a real server."""

import pytest

from tests.cli.administration.serving import ACCOUNT, Shop, unlike

OWNED = ("--account", ACCOUNT)


def test_a_vpc_has_blocks_that_come_and_go(shop: Shop) -> None:
    name = unlike("vpc-")
    made = shop.text("vpc", "create", "10.1.0.0/16", "2001:db8::/56", "--id", name, "--name", "lab", *OWNED)
    assert made.startswith(f"made {name}\n")
    assert name in shop.text("vpc", "list", "--name", "lab")
    changed = shop.text("vpc", "set", name, "--add-block", "10.2.0.0/16", "--remove-block", "2001:db8::/56")
    assert "blocks       10.1.0.0/16, 10.2.0.0/16\n" in changed
    assert "blocks       10.1.0.0/16, 10.2.0.0/16\n" in shop.text("vpc", "show", name)
    assert f"deleted {name}" in shop.text("vpc", "delete", name)
    assert shop.refusal("vpc", "show", name, code=2) == f"there is no {name}, or you may not see it"


def test_an_instance_has_the_groups_of_its_primary_eni(shop: Shop, vpc: str, group: str) -> None:
    instance, eni = shop.instance(vpc, "--group", group, "--address", "10.0.0.5", "--host", "hv-1")
    other = shop.group(vpc, "--type", "advanced")
    assert f"{instance} is in {other}\n" in shop.text("instance", "groups", instance, other)
    assert f"groups       {other}\n" in shop.text("instance", "show", instance)
    assert f"groups       {other}\n" in shop.text("eni", "show", eni)
    assert shop.text("instance", "list", "--group", other).splitlines()[1].split()[0] == instance
    assert f"{instance} is Stopped\n" in shop.text("instance", "status", instance, "stopped")
    assert instance in shop.text("instance", "list", "--vpc", vpc, "--status", "stopped")
    fault = shop.refusal("eni", "groups", eni, group, code=5)
    assert fault.startswith("InvalidOperation.PrimaryNetworkInterface: ")
    assert "pdp instance groups" in fault
    shop.text("instance", "delete", instance)


def test_without_a_group_the_default_one_is_made(shop: Shop, vpc: str) -> None:
    assert "in a new default group" in shop.text("instance", "create", vpc, "--dry-run")
    shop.text("instance", "create", vpc, "--web-ports")
    (group,) = shop.json("group", "list", "--vpc", vpc)["security_groups"]
    assert group["is_default"]
    assert len(shop.rules(group["security_group_id"])) == 5


def test_an_eni_is_attached_and_detached(shop: Shop, vpc: str, group: str) -> None:
    instance, _ = shop.instance(vpc, "--group", group)
    made = shop.json("eni", "create", vpc, "10.0.0.9", "10.0.0.16/28", "fd00::9", "10.0.0.10", "--group", group)
    eni = made["network_interface_id"]
    shop.text("eni", "attach", eni, instance)
    assert eni in shop.text("eni", "list", "--instance", instance, "--type", "secondary")
    shown = shop.text("eni", "show", eni)
    assert "addresses    10.0.0.9, 10.0.0.10, fd00::9\n" in shown
    assert "prefixes     10.0.0.16/28\n" in shown
    shop.text("eni", "detach", eni, instance)
    shop.text("eni", "delete", eni)


def test_addresses_are_assigned_by_family(shop: Shop, vpc: str, group: str) -> None:
    _, eni = shop.instance(vpc, "--group", group, "--address", "10.0.0.5")
    shop.text("eni", "assign", eni, "10.0.0.6", "10.0.0.32/28")
    shop.text("eni", "assign", eni, "fd00::6", "fd00:0:1::/80")
    shown = shop.json("eni", "show", eni)["network_interfaces"][0]
    assert shown["private_ip_addresses"] == ["10.0.0.5", "10.0.0.6"]
    assert (shown["ipv4_prefixes"], shown["ipv6_prefixes"]) == (["10.0.0.32/28"], ["fd00:0:1::/80"])
    assert eni in shop.text("eni", "list", "--vpc", vpc, "--address", "10.0.0.33")
    shop.text("eni", "unassign", eni, "10.0.0.6", "10.0.0.32/28")
    shop.text("eni", "unassign", eni, "fd00::6", "fd00:0:1::/80")
    assert shop.json("eni", "show", eni)["network_interfaces"][0]["private_ip_addresses"] == ["10.0.0.5"]
    assert "one family" in shop.refusal("eni", "assign", eni, "10.0.0.7", "2001:db8::7", code=2)


def test_settings_of_an_eni_change_alone(shop: Shop, vpc: str, group: str) -> None:
    eni = shop.json("eni", "create", vpc, "--group", group, "--host", "hv-1")["network_interface_id"]
    shop.text("eni", "set", eni, "--own-namespace", "--tcp-timeout", 60)
    shown = shop.json("eni", "show", eni)["network_interfaces"][0]
    assert (shown["host"], shown["own_namespace"]) == ("hv-1", True)
    assert (shown["tcp_established_timeout_seconds"], shown["udp_timeout_seconds"]) == (60, 30)
    shop.text("eni", "set", eni, "--host", "", "--shared")
    shown = shop.json("eni", "show", eni)["network_interfaces"][0]
    assert (shown["host"], shown["own_namespace"], shown["tcp_established_timeout_seconds"]) == ("", False, 60)
    assert shop.refusal("eni", "set", eni, "--udp-timeout", 11, code=2).startswith("InvalidParameter: ")


def test_groups_of_a_secondary_eni_are_its_own(shop: Shop, vpc: str, group: str) -> None:
    eni = shop.json("eni", "create", vpc, "--group", group)["network_interface_id"]
    others = [shop.group(vpc) for _ in range(6)]
    shop.text("eni", "groups", eni, *others[:5])
    fault = shop.refusal("group", "join", others[5], eni, code=5)
    assert fault.startswith("InstanceSecurityGroupLimitExceeded: ")
    assert "the limit is 5" in fault
    assert "pdp quota set groups_per_eni N" in fault


def test_a_prefix_list_s_blocks_come_and_go(shop: Shop, group: str) -> None:
    words = ("prefix-list", "create", "10.1.0.0/16", "10.2.0.0/16", "--max-entries", 3, "--name", "branches", *OWNED)
    name = shop.json(*words)["prefix_list_id"]
    assert shop.text("prefix-list", "list", "--name", "branches").splitlines()[1].split()[:4] == [
        name,
        "branches",
        "IPv4",
        "2",
    ]
    shop.text("prefix-list", "set", name, "--add", "10.3.0.0/16", "--remove", "10.1.0.0/16", "--max-entries", 2)
    assert "blocks       10.2.0.0/16, 10.3.0.0/16\n" in shop.text("prefix-list", "show", name)
    shop.text("group", "authorize", group, "ingress", "icmp", "--from", name)
    assert shop.text("prefix-list", "references", name).split() == ["GROUP", group]
    assert shop.refusal("prefix-list", "delete", name, code=5).startswith("DependencyViolation: ")
    shop.text("group", "revoke", group, "ingress", "icmp", "--from", name)
    shop.text("prefix-list", "delete", name)


def test_the_family_of_a_prefix_list_is_that_of_its_blocks(shop: Shop) -> None:
    name = shop.json("prefix-list", "create", "2001:db8::/32", "--max-entries", 1, *OWNED)["prefix_list_id"]
    assert shop.json("prefix-list", "show", name)["prefix_list"]["address_family"] == "IPv6"
    assert shop.refusal("prefix-list", "create", "--max-entries", 1, *OWNED, code=2).startswith("MissingParameter: ")


def test_a_port_list_takes_ports_in_words(shop: Shop) -> None:
    words = ("port-list", "create", "ssh", "8000-8010", "--max-entries", 3, "--name", "tools", *OWNED)
    name = shop.json(*words)["port_range_list_id"]
    shop.text("port-list", "set", name, "--add", "https", "--remove", "22")
    assert "ports        443 (https), 8000-8010\n" in shop.text("port-list", "show", name)
    assert name in shop.text("port-list", "list", "--name", "tools")
    shop.text("port-list", "delete", name)
    assert shop.refusal("port-list", "show", name, code=2).startswith("InvalidPortRangeListId.NotFound: ")


@pytest.mark.parametrize(
    "words", [("vpc", "create", "10.0.0.0/99"), ("eni", "list", "--address", "here"), ("eni", "show", "eni-\udcff")]
)
def test_what_the_server_cannot_read_is_the_question_s_fault(shop: Shop, words: tuple[str, ...]) -> None:
    shop.refusal(*words, *(OWNED if words[1] == "create" else ()), code=2)

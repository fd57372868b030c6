"""`pdp group …`: rules, one by one and as files, at a real server."""

import csv
import json
from pathlib import Path

import pytest

from tests.cli.administration.serving import Shop

SSH = ("tcp", "--port", "ssh", "--from", "10.0.0.0/8")


def test_rules_come_and_go_in_words(shop: Shop, group: str) -> None:
    text = shop.text(
        "group", "authorize", group, "ingress", "tcp", "--port", "ssh", "--port", "8000-8010", "--from", "10.0.0.0/8"
    )
    assert [line.split("  ")[1] for line in text.splitlines()[:2]] == [
        "ingress: accept TCP 22 (ssh) from 10.0.0.0/8, priority 1",
        "ingress: accept TCP 8000-8010 from 10.0.0.0/8, priority 1",
    ]
    assert sorted(shop.rules(group)) == ["ingress Accept TCP 22/22", "ingress Accept TCP 8000/8010"]
    shop.text("group", "revoke", group, "ingress", *SSH)
    assert shop.rules(group) == ["ingress Accept TCP 8000/8010"]


def test_egress_has_its_peer_where_it_goes_to(shop: Shop, group: str) -> None:
    words = ("udp", "--port", "53/53", "--to", "2001:db8::/32", "--policy", "drop", "--priority", "7")
    text = shop.text("group", "authorize", group, "egress", *words, "--source-port", "1024-65535")
    line = text.splitlines()[0].split("  ")[1]
    assert line == "egress: drop UDP 53 (dns) to 2001:db8::/32, source ports 1024-65535, priority 7"
    shown = shop.text("group", "show", group)
    assert "TO" in shown.split()
    assert "source ports 1024-65535" in shown


def test_a_rule_goes_by_its_id(shop: Shop, group: str) -> None:
    (rule,) = shop.json("group", "authorize", group, "ingress", *SSH)["permissions"]
    gone = shop.text("group", "revoke", group, "ingress", "--rule", rule["security_group_rule_id"])
    assert gone.startswith(f"- {rule['security_group_rule_id']}  ")
    assert shop.rules(group) == []


def test_fields_that_match_nothing_remove_nothing(shop: Shop, group: str) -> None:
    before = shop.revision()
    assert "nothing was removed" in shop.text("group", "revoke", group, "ingress", *SSH)
    assert shop.revision() == before


def test_a_rule_is_modified_where_the_words_say_so(shop: Shop, group: str) -> None:
    (rule,) = shop.json("group", "authorize", group, "ingress", *SSH, "--description", "old")["permissions"]
    name = rule["security_group_rule_id"]
    text = shop.text("group", "modify-rule", group, "ingress", name, "--port", "https", "--priority", "9")
    assert text.startswith(f"{name}  ingress: accept TCP 443 (https) from 10.0.0.0/8, priority 9")
    shop.text("group", "modify-rule", group, "ingress", name, "--description", "")
    (rule,) = shop.json("group", "show", group)["permissions"]
    assert rule.get("description", "") == ""


@pytest.mark.parametrize(("file", "reader"), [("rules.csv", "csv"), ("rules.json", "json")])
def test_rules_go_out_as_a_file_and_in_again(shop: Shop, vpc: str, file: str, reader: str, tmp_path: Path) -> None:
    group, other = shop.group(vpc, "--console-defaults"), shop.group(vpc)
    shop.text("group", "export-rules", group, tmp_path / file)
    content = (tmp_path / file).read_text()
    rows = list(csv.DictReader(content.splitlines())) if reader == "csv" else json.loads(content)
    assert len(rows) == 5
    preview = shop.text("group", "import-rules", other, tmp_path / file, "--preview")
    assert "5 would come in, 0 refused" in preview
    assert "Nothing was written: --preview." in preview
    assert shop.rules(other) == []
    assert "5 came in, 0 refused" in shop.text("group", "import-rules", other, tmp_path / file)
    assert sorted(shop.rules(other)) == sorted(shop.rules(group))


def test_rules_go_to_stdout_without_a_file(shop: Shop, group: str) -> None:
    shop.text("group", "authorize", group, "ingress", *SSH)
    assert shop.text("group", "export-rules", group, "--format", "csv").splitlines()[0].startswith("SecurityGroupRule")
    assert json.loads(shop.text("group", "export-rules", group))[0]["PortRange"] == "22/22"


def test_a_preview_tells_of_each_rule_why_it_is_refused(shop: Shop, group: str) -> None:
    rules = (
        "Direction,IpProtocol,PortRange,Priority,SourceCidrIp\ningress,TCP,22/22,1,10.0.0.0/8\ningress,TCP,1/2,101,::\n"
    )
    result = shop.run("group", "import-rules", group, "-", "--format", "csv", "--preview", stdin=rules)
    lines = result.stdout.splitlines()
    assert lines[1].split()[:2] == ["1", "ok"]
    assert lines[2].split()[:2] == ["2", "REFUSED"]
    assert "1 would come in, 1 refused" in lines


def test_rules_of_both_directions_change_at_once(shop: Shop, group: str, tmp_path: Path) -> None:
    (old,) = shop.json("group", "authorize", group, "ingress", *SSH)["permissions"]
    added = tmp_path / "add.json"
    added.write_text(
        '[{"Direction": "egress", "IpProtocol": "ICMPv6", "PortRange": "-1/-1", "Ipv6DestCidrIp": "::/0", '
        '"NicType": "intranet"}]'
    )
    text = shop.text("group", "configure", group, "--authorize", added, "--rule", old["security_group_rule_id"])
    assert [line[0] for line in text.splitlines()[:2]] == ["-", "+"]
    assert shop.rules(group) == ["egress Accept ICMPv6 -1/-1"]
    shop.text("group", "configure", group, "--revoke", added)
    assert shop.rules(group) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}", "holds neither"),
        ('[{"Port": "1/2"}]', "rule 1: unknown key 'Port'"),
        ('[{"NicType": "internet"}]', "rule 1: NicType 'internet' is not intranet"),
    ],
)
def test_a_file_that_is_none_is_refused(shop: Shop, content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "add.json").write_text(content)
    assert said in shop.refusal("group", "configure", "sg-a", "--authorize", tmp_path / "add.json", code=2)
    assert "cannot read" in shop.refusal("group", "configure", "sg-a", "--authorize", tmp_path / "none.json", code=2)


def test_the_200th_rule_is_the_last_and_the_refusal_has_the_numbers(shop: Shop, group: str) -> None:
    for start in (1000, 2000):
        ports = [word for port in range(start, start + 100) for word in ("--port", port)]
        shop.text("group", "authorize", group, "ingress", "tcp", *ports, "--from", "10.0.0.0/8")
    fault = shop.refusal("group", "authorize", group, "ingress", *SSH, code=5)
    assert fault.startswith("AuthorizationLimitExceed: ")
    assert f"{group}: rules per group: the limit is 200, there are 200 now, and this would make 201" in fault
    assert fault.endswith("`pdp group show` lists the rules, `pdp group revoke` takes them away")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("authorize", "sg-a", "sideways", "tcp"), "direction 'sideways' is neither ingress nor egress"),
        (("authorize", "sg-a", "ingress", "tcp", "--port", "ssh"), "name it with --from"),
        (("authorize", "sg-a", "egress", "tcp", "--port", "ssh", "--from", "10.0.0.0/8"), "name it with --to"),
        (("authorize", "sg-a", "ingress", *SSH, "--port", "ftp"), "port 'ftp' is none of 22, 8000-8010"),
        (("authorize", "sg-a", "ingress", *SSH, "--policy", "allow"), "policy 'allow' is none of accept, drop"),
        (("authorize", "sg-a", "ingress", "tcp", "--from", "10.0.0.0/8"), "name them with --port, such as ssh or all"),
        (("authorize", "sg-a", "ingress", "17", "--from", "10.0.0.0/8"), "a rule of 17 needs ports"),
        (("revoke", "sg-a", "ingress"), "say which rules go"),
    ],
)
def test_words_that_say_nothing_are_refused_before_anybody_is_asked(
    shop: Shop, words: tuple[str, ...], said: str
) -> None:
    assert said in shop.refusal("group", *words, code=2)


@pytest.mark.parametrize(
    ("protocol", "said"), [("tcp", "TCP 1-65535"), ("17", "UDP 1-65535"), ("icmp", "ICMP all"), ("all", "ALL all")]
)
def test_all_ports_are_those_that_the_protocol_has(shop: Shop, protocol: str, said: str) -> None:
    words = ("sg-bp1web", "ingress", protocol, "--port", "all", "--from", "10.0.0.0/8")
    text = shop.text("group", "authorize", *words, "--dry-run")
    assert f"accept {said} from 10.0.0.0/8" in text


def test_a_list_takes_the_place_of_peer_and_ports(shop: Shop, group: str) -> None:
    account = ("--account", "1234")
    peers = shop.json("prefix-list", "create", "10.9.0.0/16", "--max-entries", 3, *account)["prefix_list_id"]
    ports = shop.json("port-list", "create", "ssh", "--max-entries", 2, *account)["port_range_list_id"]
    text = shop.text("group", "authorize", group, "ingress", "tcp", "--port", ports, "--from", peers)
    assert f"ingress: accept TCP {ports} from {peers}, priority 1" in text

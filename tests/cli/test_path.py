"""`pdp path`: a connection is judged at both ends."""

import json

import pytest

from tests.cli.running import BUNDLE, Pdp, fault_of

PATHS = {
    "allowed": ("eni-bp1app01:40000", "eni-bp1db01:mysql", "tcp"),
    "stopped by the receiver": ("eni-bp1web01:40000", "eni-bp1db01:mysql", "tcp"),
    "stopped by the sender": ("eni-bp1db01:40000", "198.51.100.230:https", "tcp"),
    "from outside": ("198.51.100.17:50022", "eni-bp1bastion:ssh", "tcp"),
    "from another address of an ENI": ("eni-bp1app02@10.20.2.165:40000", "eni-bp1db01:mysql", "tcp"),
    "over IPv6": ("[2001:db8:77::9]:40000", "eni-bp1web01:https", "tcp"),
    "without ports": ("198.51.100.17", "eni-bp1web02", "icmp"),
}
ENDS = {
    "allowed": ("ACCEPT", "ACCEPT"),
    "stopped by the receiver": ("ACCEPT", "DROP"),
    "stopped by the sender": ("DROP", None),
    "from outside": (None, "ACCEPT"),
    "from another address of an ENI": ("ACCEPT", "ACCEPT"),
    "over IPv6": (None, "ACCEPT"),
    "without ports": (None, "ACCEPT"),
}


@pytest.mark.parametrize("name", PATHS)
def test_both_ends_are_judged_alike_by_server_and_bundle(name: str, address: str, pdp: Pdp) -> None:
    by_server, by_bundle = (
        json.loads(pdp("path", *PATHS[name], *whom, "--json").stdout)
        for whom in (("--server", address), ("--bundle", BUNDLE))
    )
    assert by_server == by_bundle
    ends = tuple(verdict and verdict["action"] for verdict in (by_server["egress"], by_server["ingress"]))
    assert ends == ENDS[name]
    assert by_server["allowed"] is ("DROP" not in ends)


@pytest.mark.parametrize("name", PATHS)
def test_exit_code_tells_whether_it_is_allowed(name: str, pdp: Pdp) -> None:
    plain, asked = (pdp("path", *PATHS[name], "--bundle", BUNDLE, *more) for more in ((), ("--exit-code",)))
    assert plain.exit_code == 0
    assert asked.exit_code == (1 if "DROP" in ENDS[name] else 0)
    assert asked.stdout == plain.stdout
    assert asked.stdout.startswith("NOT ALLOWED\n" if "DROP" in ENDS[name] else "ALLOWED\n")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("allowed", "flow TCP 10.20.2.21:40000 -> 10.20.3.31:3306"),
        ("allowed", "ingress ACCEPT eni-bp1db01 by RULE: sgr-bp1dbapp of sg-bp1db, priority 10"),
        ("allowed", "holds for TCP from 10.20.2.21/32 to anywhere port 3306"),
        ("over IPv6", "flow TCP [2001:db8:77::9]:40000 -> [2408:4005:3c0:9c01::11]:443"),
        ("without ports", "flow ICMP 198.51.100.17 -> 10.20.1.12"),
        ("from outside", "egress not judged: 198.51.100.17 is outside"),
    ],
)
def test_the_text_names_both_ends(name: str, line: str, pdp: Pdp) -> None:
    text = pdp("path", *PATHS[name], "--bundle", BUNDLE).stdout
    assert line in [" ".join(line.split()) for line in text.splitlines()]


@pytest.mark.parametrize("by_server", [True, False])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("198.51.100.7:1", "198.51.100.8:2", "tcp"), "INVALID_PATH"),
        (("eni-none:1", "eni-bp1db01:2", "tcp"), "UNKNOWN_ENI"),
        (("[2001:db8::1]:1", "eni-bp1db01:2", "tcp"), "INVALID_PATH"),
        (("i-bp1app01:1", "eni-bp1db01:2", "tcp"), "UNKNOWN_ENI: source.eni_id: 'i-bp1app01' is an instance"),
    ],
)
def test_a_path_without_an_answer_is_an_error(
    words: tuple[str, ...], said: str, by_server: bool, address: str, pdp: Pdp
) -> None:
    result = pdp("path", *words, *(("--server", address) if by_server else ("--bundle", BUNDLE)))
    assert result.exit_code == 2
    assert fault_of(result).startswith(said)

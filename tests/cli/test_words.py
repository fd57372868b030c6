"""Flows in words: what is read, and that what cannot be read is never guessed."""

import pytest

from pdp.cli.exits import ExitCode, Fault
from pdp.cli.path import path_from_words
from pdp.cli.words import flow_from_words, read_port_range
from pdp.formats.scenarios import PathEnd, PathQuestion


@pytest.mark.parametrize(
    ("words", "flow"),
    [
        ("ingress tcp 198.51.100.7:40000 10.0.0.5:22", "ingress TCP 198.51.100.7:40000 -> 10.0.0.5:22"),
        ("egress UDP 10.0.0.5:1 198.51.100.7:53", "egress UDP 10.0.0.5:1 -> 198.51.100.7:53"),
        ("INGRESS 6 198.51.100.7:0 10.0.0.5:65535", "ingress TCP 198.51.100.7:0 -> 10.0.0.5:65535"),
        ("ingress tcp 198.51.100.7:40000 10.0.0.5:ssh", "ingress TCP 198.51.100.7:40000 -> 10.0.0.5:22"),
        ("ingress tcp 198.51.100.7:40000 10.0.0.5:PostgreSQL", "ingress TCP 198.51.100.7:40000 -> 10.0.0.5:5432"),
        ("ingress tcp [2001:db8::1]:5 [2001:db8::2]:https", "ingress TCP [2001:db8::1]:5 -> [2001:db8::2]:443"),
        ("ingress icmpv6 2001:db8::1 2001:db8::2", "ingress ICMPv6 2001:db8::1 -> 2001:db8::2"),
        ("ingress icmpv6 [2001:db8::1] [2001:db8::2]", "ingress ICMPv6 2001:db8::1 -> 2001:db8::2"),
        ("ingress icmp 198.51.100.7 10.0.0.5", "ingress ICMP 198.51.100.7 -> 10.0.0.5"),
        ("ingress 47 198.51.100.7 10.0.0.5", "ingress GRE 198.51.100.7 -> 10.0.0.5"),
        ("ingress 0 198.51.100.7 10.0.0.5", "ingress 0 198.51.100.7 -> 10.0.0.5"),
        ("ingress tcp [::ffff:198.51.100.7]:5 10.0.0.5:22", "ingress TCP 198.51.100.7:5 -> 10.0.0.5:22"),
    ],
)
def test_a_flow_is_read_from_words(words: str, flow: str) -> None:
    assert str(flow_from_words(*words.split())) == flow


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("in tcp 198.51.100.7:1 10.0.0.5:22", "direction 'in' is neither ingress nor egress"),
        ("\u0131ngress tcp 198.51.100.7:1 10.0.0.5:22", "is neither ingress nor egress"),
        (
            "ingress sctp 198.51.100.7 10.0.0.5",
            "protocol 'sctp' is neither TCP, UDP, ICMP, ICMPv6, GRE nor a number from 0 to 255",
        ),
        ("ingress 256 198.51.100.7 10.0.0.5", "protocol '256' is neither TCP"),
        ("ingress all 198.51.100.7 10.0.0.5", "protocol 'all' is a rule's word; a flow has one protocol"),
        (
            "ingress tcp 198.51.100.7 10.0.0.5:22",
            "source 198.51.100.7 has no port, which TCP needs; write 198.51.100.7:40000",
        ),
        ("ingress tcp 198.51.100.7:1 2001:db8::2", "destination 2001:db8::2 has no port"),
        ("ingress tcp 198.51.100.7:1 2001:db8::2", "write [2001:db8::2]:443"),
        ("ingress tcp 2001:db8::2 [2001:db8::1]:1", "write [2001:db8::2]:40000"),
        ("ingress 132 198.51.100.7:1 10.0.0.5", "has port 1, but protocol 132 has no ports"),
        ("ingress tcp [198.51.100.7]:1 10.0.0.5:22", "source '[198.51.100.7]:1' is not of the form [IPv6]:PORT"),
        ("ingress icmp 198.51.100.7:1 10.0.0.5", "source 198.51.100.7 has port 1, but ICMP has no ports; leave it out"),
        ("ingress tcp 198.51.100.7:65536 10.0.0.5:22", "source port '65536' is neither a number from 0 to 65535"),
        ("ingress tcp 198.51.100.7:+1 10.0.0.5:22", "source port '+1'"),
        ("ingress tcp 198.51.100.7:1_0 10.0.0.5:22", "source port '1_0'"),
        ("ingress tcp 198.51.100.7:٢٢ 10.0.0.5:22", "source port '٢٢'"),
        ("ingress tcp 198.51.100.7: 10.0.0.5:22", "source port ''"),
        ("ingress tcp 198.51.100.7:ftp 10.0.0.5:22", "nor one of: ssh, telnet"),
        ("ingress tcp 198.51.100.0/24:1 10.0.0.5:22", "source '198.51.100.0/24' is not an IPv4 or IPv6 address"),
        ("ingress tcp [fe80::1%eth0]:1 [fe80::2]:22", "source 'fe80::1%eth0' is not an IPv4 or IPv6 address"),
        ("ingress tcp [2001:db8::1]5 [2001:db8::2]:22", "is not of the form [IPv6]:PORT"),
        ("ingress tcp [2001:db8::1 [2001:db8::2]:22", "is not of the form [IPv6]:PORT"),
        ("ingress tcp web.example:1 10.0.0.5:22", "source 'web.example' is not an IPv4 or IPv6 address"),
        ("ingress tcp 198.51.100.7:1 [2001:db8::2]:22", "MIXED_ADDRESS_FAMILIES"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_write(words: str, said: str) -> None:
    with pytest.raises(Fault) as caught:
        flow_from_words(*words.split())
    assert caught.value.exit_code is ExitCode.USAGE
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("words", "question"),
    [
        ("eni-a:1 eni-b:mysql tcp", PathQuestion(PathEnd("eni-a"), PathEnd("eni-b"), 6, 1, 3306)),
        ("198.51.100.7:1 eni-b:22 tcp", PathQuestion(PathEnd("", "198.51.100.7"), PathEnd("eni-b"), 6, 1, 22)),
        ("eni-a@10.0.0.9:1 eni-b:22 udp", PathQuestion(PathEnd("eni-a", "10.0.0.9"), PathEnd("eni-b"), 17, 1, 22)),
        (
            "eni-a@[2001:db8::1]:1 [2001:db8::2]:2 6",
            PathQuestion(PathEnd("eni-a", "2001:db8::1"), PathEnd("", "2001:db8::2"), 6, 1, 2),
        ),
        ("eni-a 2001:db8::2 icmpv6", PathQuestion(PathEnd("eni-a"), PathEnd("", "2001:db8::2"), 58, None, None)),
    ],
)
def test_a_path_is_read_from_words(words: str, question: PathQuestion) -> None:
    assert path_from_words(*words.split()) == question


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("eni-a eni-b:22 tcp", "source eni-a has no port, which TCP needs; write eni-a:40000"),
        ("eni-a:1 eni-b:22 icmp", "source eni-a has port 1, but ICMP has no ports"),
        (
            "vm-a:1 eni-b:22 tcp",
            "source 'vm-a' is not an IPv4 or IPv6 address, nor an ENI's id, which begins with eni-",
        ),
        ("eni-a@eni-b:1 eni-b:22 tcp", "source 'eni-b' is not an IPv4 or IPv6 address"),
        ("eni-a:1 eni-b:22 all", "protocol 'all' is a rule's word"),
    ],
)
def test_a_path_that_cannot_be_read_is_refused(words: str, said: str) -> None:
    with pytest.raises(Fault) as caught:
        path_from_words(*words.split())
    assert caught.value.exit_code is ExitCode.USAGE
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("word", "ports"),
    [
        ("ssh", "22/22"),
        ("HTTPS", "443/443"),
        ("22", "22/22"),
        ("8000-8010", "8000/8010"),
        ("22/22", "22/22"),
        ("8000/8010", "8000/8010"),
        ("1-65535", "1/65535"),
        ("all", "-1/-1"),
        ("-1/-1", "-1/-1"),
    ],
)
def test_ports_of_a_rule_are_read_from_a_word(word: str, ports: str) -> None:
    assert read_port_range(word) == ports


@pytest.mark.parametrize(
    "word", ["", "0", "65536", "ftp", "10-9", "10/9", "22-", "-22", "-1", "2 2", "٢٢", "22-23-24", "ssh-https", "+22"]
)
def test_ports_that_cannot_be_read_are_refused_with_what_to_write(word: str) -> None:
    with pytest.raises(Fault, match="is none of 22, 8000-8010 and 22/22 within 1 to 65535, all, and the names ssh"):
        read_port_range(word)

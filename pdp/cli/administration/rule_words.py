"""Rules from the words of a command line, and as people read them: `accept TCP 22 (ssh) from 10.0.0.0/8`.

A rule's peer stands on the side that traffic comes from on ingress, and on the side that it goes to on egress; the
other side narrows the rule. The server checks every rule; here only words become fields of a Permission.
"""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Annotated, Any, NamedTuple

from pdp.cli.administration.shown import Columns
from pdp.cli.administration.words import argument, is_ipv6, one_of, option
from pdp.cli.answers import Document
from pdp.cli.exits import ExitCode, Fault
from pdp.cli.words import read_direction, read_port_range
from pdp.model.flow import Direction
from pdp.model.protocols import LAST_PORT, PORT_BY_NAME, has_ports, parse_protocol

INGRESS = Direction.INGRESS.word
SIDES = {INGRESS: ("source", "dest"), Direction.EGRESS.word: ("dest", "source")}
"""For each direction the side of the peer, and the ENI's own side, as the Permission's fields name them."""
POLICIES = {"accept": "Accept", "drop": "Drop"}
NO_PORTS = "-1/-1"
"""All there is, of protocols without ports; those with ports are refused it, and have ALL_PORTS."""
ALL_PORTS = f"1/{LAST_PORT}"
NAME_BY_PORT = {str(port): name for name, port in PORT_BY_NAME.items()}

Way = Annotated[str, argument("DIRECTION", "ingress or egress, as the members see it.")]
Protocol = Annotated[str, argument("PROTOCOL", "tcp, udp, icmp, icmpv6, gre, all, or an IANA number.")]
Ports = Annotated[
    list[str],
    option("Ports: ssh, 22, 8000-8010, all, or a port list prl-...; may be repeated.", "--port", metavar="PORTS"),
]
Sources = Annotated[
    list[str],
    option("Where it comes from: a CIDR; on ingress also sg-... or pl-...; may be repeated.", "--from", metavar="PEER"),
]
Destinations = Annotated[
    list[str],
    option("Where it goes to: a CIDR; on egress also sg-... or pl-...; may be repeated.", "--to", metavar="PEER"),
]
Policy = Annotated[str, option("accept (which it is without this) or drop.", "--policy", metavar="POLICY")]
Priority = Annotated[str, option("1 to 100, the lowest wins. Without it, 1.", "--priority", metavar="N")]
SourcePorts = Annotated[str, option("Only from these source ports.", "--source-port", metavar="PORTS")]
PeerAccount = Annotated[str, option("The account of a group that is the peer.", "--peer-account", metavar="ID")]


class RuleWords(NamedTuple):
    """What the words say of rules; blank what they do not mention. Several ports or peers make several rules."""

    direction: str
    protocol: str = ""
    ports: Sequence[str] = ()
    sources: Sequence[str] = ()
    destinations: Sequence[str] = ()
    policy: str = ""
    priority: str = ""
    source_ports: str = ""
    peer_account: str = ""
    description: str | None = None


def direction_word(word: str) -> str:
    """`ingress` or `egress`. Raises Fault with USAGE."""
    return read_direction(word).word


def permissions_of(words: RuleWords) -> list[Document]:
    """One Permission for each combination of ports and peers. Raises Fault with USAGE."""
    peers = words.sources if words.direction == INGRESS else words.destinations
    if not peers:
        flag = "--from" if words.direction == INGRESS else "--to"
        raise Fault(ExitCode.USAGE, f"an {words.direction} rule needs a peer: name it with {flag}, such as 10.0.0.0/8")
    if _has_ports(words.protocol) and not words.ports:
        raise Fault(
            ExitCode.USAGE, f"a rule of {words.protocol} needs ports: name them with --port, such as ssh or all"
        )
    return changed_permissions(words)


def changed_permissions(words: RuleWords) -> list[Document]:
    """Likewise, without a peer where none is named: the fields that a change of a rule mentions."""
    peer_side, own_side = SIDES[words.direction]
    ends = {"source": words.sources, "dest": words.destinations}
    fixed = {
        "ip_protocol": words.protocol,
        "policy": one_of("policy", words.policy, POLICIES),
        "priority": words.priority,
        "source_port_range": read_port_range(words.source_ports) if words.source_ports else "",
        f"{peer_side}_group_owner_account": words.peer_account,
    }
    common: Document = {name: value for name, value in fixed.items() if value}
    if words.description is not None:
        common["description"] = words.description
    choices = (
        [_ports(word, words.protocol) for word in words.ports] or [{}],
        [_peer(peer_side, word) for word in ends[peer_side]] or [{}],
        [_block(own_side, word) for word in ends[own_side]] or [{}],
    )
    return [{**common, **ports, **peer, **own} for ports, peer, own in product(*choices)]


def _has_ports(protocol: str) -> bool:
    """Whether it is one with ports; what is no protocol at all is the server's to refuse."""
    try:
        number = parse_protocol(protocol)
    except ValueError:
        return False
    return number is not None and has_ports(number)


def _ports(word: str, protocol: str) -> dict[str, str]:
    if word.startswith("prl-"):
        return {"port_range_list_id": word}
    port_range = read_port_range(word)
    return {"port_range": ALL_PORTS if port_range == NO_PORTS and _has_ports(protocol) else port_range}


def _peer(side: str, word: str) -> dict[str, str]:
    if word.startswith("sg-"):
        return {f"{side}_group_id": word}
    if word.startswith("pl-"):
        return {f"{side}_prefix_list_id": word}
    return _block(side, word)


def _block(side: str, word: str) -> dict[str, str]:
    return {f"ipv6_{side}_cidr_ip" if is_ipv6(word) else f"{side}_cidr_ip": word}


def ports_text(rule: Document) -> str:
    """`22 (ssh)`, `8000-8010`, `all`, or a port list's id."""
    word = rule.get("port_range", "")
    if rule.get("port_range_list_id") and word in {"", NO_PORTS}:
        return str(rule["port_range_list_id"])
    return range_text(word)


def range_text(word: str) -> str:
    """A port range of the contract as people write it."""
    if word in {"", NO_PORTS}:
        return "all"
    first, _, last = word.partition("/")
    if first != last:
        return f"{first}-{last}"
    return f"{first} ({NAME_BY_PORT[first]})" if first in NAME_BY_PORT else first


def peer_text(rule: Document) -> str:
    """Who the rule is about: a block, a group, with its account if that is given, or a prefix list."""
    side, _ = SIDES[rule["direction"]]
    account = rule.get(f"{side}_group_owner_account", "")
    group = rule.get(f"{side}_group_id", "")
    group = f"{group} of {account}" if group and account else group
    return _block_text(rule, side) or group or str(rule.get(f"{side}_prefix_list_id", ""))


def narrowing_text(rule: Document) -> str:
    """What else a flow must meet: source ports, or an address of the own side."""
    _, own = SIDES[rule["direction"]]
    ports = rule.get("source_port_range", "")
    parts = [f"source ports {range_text(ports)}"] if ports not in {"", NO_PORTS} else []
    block = _block_text(rule, own)
    return ", ".join([*parts, *([f"own side {block}"] if block else [])])


def _block_text(rule: Document, side: str) -> str:
    return str(rule.get(f"{side}_cidr_ip") or rule.get(f"ipv6_{side}_cidr_ip") or "")


def rule_text(rule: Document) -> str:
    """A rule in one line: `ingress: accept TCP 22 (ssh) from 10.0.0.0/8, priority 1`."""
    way = "from" if rule["direction"] == INGRESS else "to"
    narrowed = narrowing_text(rule)
    policy, protocol = str(rule.get("policy", "")).lower(), rule.get("ip_protocol", "")
    text = f"{rule['direction']}: {policy} {protocol} {ports_text(rule)} {way} {peer_text(rule)}"
    return f"{text}, {f'{narrowed}, ' if narrowed else ''}priority {rule.get('priority', '')}"


def rule_lines(sign: str, rules: Iterable[Document]) -> list[str]:
    """Rules that came (+) or went (-), each with its id."""
    return [f"{sign} {rule['security_group_rule_id'] or '(a new id)'}  {rule_text(rule)}" for rule in rules]


def rule_columns(direction: str) -> Columns:
    """How a table shows the rules of one direction."""
    narrowed: dict[str, Any] = {
        "rule": "security_group_rule_id",
        "priority": "priority",
        "policy": lambda rule: rule.get("policy", "").lower(),
        "protocol": "ip_protocol",
        "ports": ports_text,
        "from" if direction == INGRESS else "to": peer_text,
        "only": narrowing_text,
        "description": "description",
    }
    return narrowed

"""What to look at next, a sentence each: the usual causes that a verdict alone does not show.

A hint is given only where its facts are seen in this very flow; it may suggest, and never contradicts the verdict.
"""

from collections.abc import Callable, Iterator

from pdp.model.addresses import Address, Cidr, Family
from pdp.model.flow import Direction
from pdp.model.instants import format_instant
from pdp.model.protocols import exists_in, has_ports, protocol_name
from pdp.model.rules import Action, GroupPeer
from pdp.model.verdict import Stage
from pdp.policy.context import OwnedRule
from pdp.policy.rule_accounts import RuleAccounts, name_of, shown
from pdp.policy.stage_accounts import Facts, holds, owner_ids
from pdp.policy.stages import HEALTH_CHECK_BLOCK

EPHEMERAL_FIRST = 32_768
"""The lowest port that the usual guests choose for the client side of a session."""
SERVICE_LAST = 1_023


def hints_for(facts: Facts, accounts: RuleAccounts) -> tuple[str, ...]:
    """The hints for one explanation, the most telling first."""
    if _is_swapped(facts):
        found = [*_swapped(facts)]
    elif facts.verdict.action is Action.ACCEPT:
        found = [*_not_own(facts), *_accepted(facts), *_above_drops(facts, accounts)]
    else:
        found = [*_not_own(facts), *_reply(facts), *BY_DROP[facts.verdict.reason](facts, accounts)]
    if facts.verdict.valid_until is not None:
        found.append(
            f"This verdict holds until {format_instant(facts.verdict.valid_until)}: a penalty changes it then."
        )
    return tuple(found)


def _is_own(facts: Facts, address: Address) -> bool:
    return any(holds(prefix, address) for prefix in facts.eni.member_prefixes)


def _own_side(facts: Facts) -> Address:
    return Address(facts.flow.family, facts.flow.own)


def _is_swapped(facts: Facts) -> bool:
    """The remote address is the ENI's, and the own side's is not."""
    return _is_own(facts, facts.remote) and not _is_own(facts, _own_side(facts))


def _swapped(facts: Facts) -> Iterator[str]:
    side = "destination" if facts.flow.direction is Direction.INGRESS else "source"
    yield (
        f"Source and destination look swapped: in {facts.flow.direction.word} the ENI is the {side}, but the {side} "
        f"{_own_side(facts)} is no address of {facts.eni.id}, and {facts.remote} is."
    )


def _not_own(facts: Facts) -> Iterator[str]:
    """The own side is not the ENI's: routed traffic, or a slip in the question (§2.0)."""
    own = _own_side(facts)
    if not _is_own(facts, own):
        yield f"{own} is no address of {facts.eni.id}; that is right only if {facts.eni.id} routes for it."


def _accepted(facts: Facts) -> Iterator[str]:
    """An accepted port is not an open port (§2.6)."""
    flow = facts.flow
    if facts.verdict.reason is Stage.SAME_INSTANCE:
        yield "The guest forwards this by itself: look at its routes, its own firewall, and what listens there."
    elif flow.direction is Direction.EGRESS:
        yield (
            "Leaving is one half: the receiver's own groups must let it in, and something must listen there. Ask about "
            "the path to judge both ends."
        )
    elif has_ports(flow.protocol):
        every = "0.0.0.0" if flow.family is Family.IPV4 else "[::]"  # noqa: S104 - what to look for, not to bind to
        yield (
            f"An accepted port is not an open port: check in the guest that a process listens on {every}:"
            f"{flow.destination_port} and not on loopback alone (ss -lntu), and that the guest's own firewall "
            "(iptables, nftables, firewalld, Windows Firewall) lets it in."
        )
    else:
        yield "Groups let it in; if nothing answers, look at the guest's own firewall (iptables, nftables, firewalld)."


def _above_drops(facts: Facts, accounts: RuleAccounts) -> Iterator[str]:
    """Drop rules that members of one group never reach (§2 stage 4)."""
    drops = [name_of(*owned) for owned in accounts.matching if owned.rule.action is Action.DROP]
    if drops and facts.verdict.reason is Stage.SAME_GROUP:
        yield (
            f"{shown(drops)} would drop it, but members of {facts.verdict.group} may talk above every rule: set its "
            "inner access policy to Drop to let rules decide."
        )


def _penalty(facts: Facts, _accounts: RuleAccounts) -> Iterator[str]:
    yield (
        f"No rule and no group opens {facts.eni.instance} while the penalty has effect: its owner can remove the cause "
        "and ask for unblocking, or appeal; an appeal by itself changes nothing."
    )


def _smtp(facts: Facts, _accounts: RuleAccounts) -> Iterator[str]:
    yield (
        "Send mail over TCP port 465 (SMTP over TLS) instead, or ask for account "
        f"{facts.smtp_account or 'of this ENI'} to be exempted from the block of port 25."
    )


def _rule(facts: Facts, accounts: RuleAccounts) -> Iterator[str]:
    """A drop by rule: accepts that stand behind it, or what would have to change."""
    rule, group = facts.verdict.rule, facts.verdict.group
    if rule is None or group is None:
        raise AssertionError("a verdict by rule names its rule and group")
    name = name_of(rule, group)
    accepts = [name_of(*owned) for owned in accounts.matching if owned.rule.action is Action.ACCEPT]
    if accepts:
        yield f"{name} keeps {shown(accepts)} from accepting this flow."
    if rule.priority > 1:
        yield f"To let it pass, narrow or remove {name}, or give an accept rule a priority below {rule.priority}."
    else:
        yield f"To let it pass, narrow or remove {name}: nothing stands before a drop of priority 1."
    if facts.flow.direction is Direction.INGRESS and holds(HEALTH_CHECK_BLOCK, facts.remote):
        yield f"Load balancers check health from {HEALTH_CHECK_BLOCK}: behind this rule they see the ENI as down."


def _default(facts: Facts, accounts: RuleAccounts) -> Iterator[str]:
    """Nothing accepted it: the accept rules that nearly did, and what to add."""
    accepts = [owned for owned in accounts.considered if owned.rule.action is Action.ACCEPT]
    nearly = [owned for owned in accepts if accounts.failures(owned.rule) == 1]
    yield from _ipv4_only(facts, accounts, nearly)
    yield from _port_zero(facts, accounts, nearly)
    yield from _other_group(facts, accounts, nearly)
    yield from _other_direction(facts, accounts)
    flow = facts.flow
    side = "from" if flow.direction is Direction.INGRESS else "to"
    # ICMP of the other family is matched by ALL alone (§3.5).
    what = protocol_name(flow.protocol if exists_in(flow.protocol, flow.family) else None)
    if has_ports(flow.protocol):
        # No port range holds port 0, and new TCP and UDP rules need one.
        what = f"{what} port {flow.destination_port}" if flow.destination_port else "ALL"
    yield (
        f"To let it pass, add an {flow.direction.word} rule to {' or '.join(facts.eni.groups[:3])} that accepts "
        f"{what} {side} {facts.remote}/{flow.family.bits}, or widen a near miss."
    )


def _ipv4_only(facts: Facts, accounts: RuleAccounts, nearly: list[OwnedRule]) -> Iterator[str]:
    """0.0.0.0/0 does not cover IPv6, nor ::/0 IPv4 (§3.7)."""
    for rule, group in nearly:
        peer = rule.peer
        if isinstance(peer, Cidr) and peer.prefix.length == 0 and not accounts.matcher.peer(rule):
            every = "::/0" if facts.flow.family is Family.IPV6 else "0.0.0.0/0"
            yield (
                f"{name_of(rule, group)} accepts {peer}, which covers no IPv{facts.flow.family:d} address: add a rule "
                f"for {every} if that is meant."
            )
            return


def _port_zero(facts: Facts, accounts: RuleAccounts, nearly: list[OwnedRule]) -> Iterator[str]:
    """Port 0 is outside every range (§3.6)."""
    flow = facts.flow
    by_port = [owned for owned in nearly if not accounts.matcher.destination_port(owned.rule)]
    if by_port and has_ports(flow.protocol) and flow.destination_port == 0:
        yield "Destination port 0 is in no port range, not even 1/65535: only -1/-1 or protocol ALL covers it."


def _other_group(facts: Facts, accounts: RuleAccounts, nearly: list[OwnedRule]) -> Iterator[str]:
    """A group peer wants another group's member, or a private address (§3.8)."""
    for rule, group in nearly:
        peer = rule.peer
        if not isinstance(peer, GroupPeer) or accounts.matcher.peer(rule):
            continue
        if facts.owners.enis:
            groups = shown(sorted(facts.owners.groups))
            yield (
                f"{name_of(rule, group)} accepts members of {peer.group}, but {facts.remote} belongs to "
                f"{owner_ids(facts.owners.enis)} in {groups}."
            )
        else:
            yield (
                f"{name_of(rule, group)} accepts members of {peer.group} by their private addresses alone; "
                f"{facts.remote} is none of an ENI in {facts.eni.vpc}. A public address of a member does not count."
            )
        return


def _other_direction(facts: Facts, accounts: RuleAccounts) -> Iterator[str]:
    """A rule that would match, were it of the flow's direction."""
    for rule, group in accounts.rules:
        # A rule for ALL protocols is the usual "let everything out", and says nothing about this flow.
        named = rule.action is Action.ACCEPT and rule.protocol is not None
        if named and not accounts.matcher.direction(rule) and accounts.failures(rule) == 0:
            yield (
                f"{name_of(rule, group)} would match, but it is an {rule.direction.word} rule and this flow is "
                f"{facts.flow.direction.word}."
            )
            return


def _reply(facts: Facts) -> Iterator[str]:
    """A dropped packet that looks like the answer of a service (§2.3)."""
    flow = facts.flow
    if not has_ports(flow.protocol) or facts.verdict.reason not in {Stage.RULE, Stage.DEFAULT}:
        return
    if 0 < flow.source_port <= SERVICE_LAST and flow.destination_port >= EPHEMERAL_FIRST:
        yield (
            f"This looks like a reply from port {flow.source_port}. Groups are stateful: replies pass without a rule, "
            "so ask about the packet that opens the session."
        )


BY_DROP: dict[Stage, Callable[[Facts, RuleAccounts], Iterator[str]]] = {
    Stage.PENALTY: _penalty,
    Stage.SMTP_BLOCKED: _smtp,
    Stage.RULE: _rule,
    Stage.DEFAULT: _default,
}
"""The stages that can drop."""

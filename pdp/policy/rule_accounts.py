"""Rules beside one flow: which conditions each meets, and why each but the winner did not give the verdict.

The conditions are those of `Matcher`, asked one by one; nothing here decides anew whether a rule matches.
"""

from dataclasses import dataclass, replace
from functools import cached_property

from pdp.model.addresses import Address, Cidr, Family
from pdp.model.errors import FieldError, Reason, quoted
from pdp.model.ids import GroupId
from pdp.model.protocols import ICMP, ICMPV6, has_ports, protocol_name
from pdp.model.rules import GroupPeer, Rule
from pdp.model.verdict import Stage, Verdict
from pdp.policy.context import OwnedRule
from pdp.policy.explanation import Condition, RuleAccount
from pdp.policy.matching import Matcher
from pdp.policy.snapshot import Snapshot

MOST_NEAR_MISSES = 10
MOST_SHOWN = 10
"""Entries of a list that a sentence shows."""


def name_of(rule: Rule, group: GroupId) -> str:
    """A rule as sentences name it."""
    return f"{rule.id} of {group}" + (" (its id is derived)" if rule.id_is_derived else "")


def shown(items: list[str]) -> str:
    """The first few of a list, and how many more there are."""
    more = f" and {len(items) - MOST_SHOWN} more" if len(items) > MOST_SHOWN else ""
    return ", ".join(items[:MOST_SHOWN]) + more


@dataclass(frozen=True)
class RuleAccounts:
    """Accounts of an ENI's rules, `rules` being those of all its groups in both directions, for one verdict."""

    matcher: Matcher
    verdict: Verdict
    rules: tuple[OwnedRule, ...]

    @cached_property
    def considered(self) -> tuple[OwnedRule, ...]:
        """The rules of the flow's direction, the most precedent first (§3.1, §3.3)."""
        rules = [owned for owned in self.rules if self.matcher.direction(owned.rule)]
        return tuple(sorted(rules, key=lambda owned: owned.rule.precedence(owned.group)))

    @cached_property
    def matching(self) -> tuple[OwnedRule, ...]:
        """Those that match."""
        return tuple(owned for owned in self.considered if self.matcher.matches(owned.rule))

    def matched(self) -> tuple[RuleAccount, ...]:
        """Accounts of the rules that match; of one that is there twice without an id, the first is the winner."""
        accounts = [self.account(owned) for owned in self.matching]
        for place, account in enumerate(accounts):
            if account.won and place:
                accounts[place] = replace(account, won=False, lost_because="the same rule is there twice")
        return tuple(accounts)

    def near_misses(self) -> tuple[RuleAccount, ...]:
        """Accounts of the first rules that fail by exactly one test."""
        missing = [owned for owned in self.considered if self.failures(owned.rule) == 1]
        return tuple(map(self.account, missing[:MOST_NEAR_MISSES]))

    def account(self, owned: OwnedRule) -> RuleAccount:
        """The account of one rule of either direction."""
        rule, group = owned
        conditions = self._conditions(rule)
        verdict = self.verdict
        won = verdict.reason is Stage.RULE and verdict.group == group and verdict.rule == rule
        failed = [condition for condition in conditions if not condition.met]
        if won:
            lost_because = ""
        elif failed:
            lost_because = "; ".join(f"{item.name}: wants {item.wanted}, found {item.found}" for item in failed)
        elif verdict.rule is not None and verdict.group is not None:
            lost_because = behind(owned, OwnedRule(verdict.rule, verdict.group))
        else:
            lost_because = f"{verdict.reason.name} answered, a stage above the rules"
        return RuleAccount(rule, group, conditions, won, lost_because)

    def failures(self, rule: Rule) -> int:
        """How many tests beside the direction a rule fails."""
        test = self.matcher
        tests = (test.protocol, test.destination_port, test.peer, test.source_port, test.own_side)
        return sum(not met(rule) for met in tests)

    def _conditions(self, rule: Rule) -> tuple[Condition, ...]:
        """All tests of a rule."""
        test, flow = self.matcher, self.matcher.flow
        ported = has_ports(flow.protocol)
        destination_port = f"port {flow.destination_port}" if ported else "a protocol without ports"
        source_port = f"port {flow.source_port}" if ported else "a protocol without ports"
        own = str(Address(flow.family, flow.own))
        return (
            Condition("direction", rule.direction.word, flow.direction.word, test.direction(rule)),
            Condition("protocol", wanted_protocol(rule), self._found_protocol(rule), test.protocol(rule)),
            Condition("destination port", self._wanted_ports(rule), destination_port, test.destination_port(rule)),
            Condition("peer", self._wanted_peer(rule), self._found_peer(rule), test.peer(rule)),
            Condition("source port", str(rule.source_ports or "any port"), source_port, test.source_port(rule)),
            Condition("own side", wanted_cidr(rule.own_cidr), own, test.own_side(rule)),
        )

    def _found_protocol(self, rule: Rule) -> str:
        """The flow's protocol, with its family where that is why the rule does not match (§3.5)."""
        flow = self.matcher.flow
        name = protocol_name(flow.protocol)
        return (
            name if rule.protocol != flow.protocol or self.matcher.protocol(rule) else f"{name} over IPv{flow.family:d}"
        )

    def _wanted_ports(self, rule: Rule) -> str:
        if rule.port_list is None:
            return str(rule.ports or "any port")
        entries = [str(ports) for ports in self.matcher.port_lists[rule.port_list].entries]
        return f"{shown(entries)} of {rule.port_list}" if entries else f"{rule.port_list}, which has no entries"

    def _wanted_peer(self, rule: Rule) -> str:
        peer = rule.peer
        if isinstance(peer, Cidr):
            return wanted_cidr(peer)
        if isinstance(peer, GroupPeer):
            return f"a private address of an ENI in {peer.group}"
        entries = [str(prefix) for prefix in self.matcher.prefix_lists[peer.prefix_list].entries]
        return f"{shown(entries)} of {peer.prefix_list}" if entries else f"{peer.prefix_list}, which has no entries"

    def _found_peer(self, rule: Rule) -> str:
        """The remote address, with who has it where the rule asks for members."""
        address = str(Address(self.matcher.flow.family, self.matcher.flow.remote))
        if not isinstance(rule.peer, GroupPeer):
            return address
        enis = [f"{eni.id} ({', '.join(eni.groups)})" for eni in self.matcher.owners.enis]
        return f"{address} of {shown(enis)}" if enis else f"{address}, which no ENI of the VPC has"


def wanted_protocol(rule: Rule) -> str:
    """A rule's protocol for people."""
    family = {ICMP: Family.IPV4, ICMPV6: Family.IPV6}.get(rule.protocol or 0)
    name = protocol_name(rule.protocol)
    return f"{name} over IPv{family:d}" if family else name


def wanted_cidr(cidr: Cidr | None) -> str:
    """A CIDR as written, with the block that it means where that differs (§3.7)."""
    if cidr is None:
        return "any address"
    block = str(cidr.prefix)
    return block if cidr.text == block else f"{cidr.text} (that is {block})"


def behind(owned: OwnedRule, winner: OwnedRule) -> str:
    """Why a rule that matches stands behind the winner (§3.3)."""
    (rule, group), (first, first_group) = owned, winner
    name = name_of(first, first_group)
    if rule.priority != first.priority:
        return f"priority {rule.priority} is behind {first.priority} of {name}"
    if rule.action is not first.action:
        return f"same priority, but drop wins over accept: {name} drops"
    by = "rule id" if rule.precedence(group)[2] != first.precedence(first_group)[2] else "group id"
    return f"same priority and policy as {name}, which is named first by its {by}"


def find_rule(snapshot: Snapshot, rules: tuple[OwnedRule, ...], eni_id: str, rule_id: str, group_id: str) -> OwnedRule:
    """The rule of an id among an ENI's rules, in `group_id` unless that is blank.

    Raises FieldError with UNKNOWN_RULE, which names the groups of the ENI's account that have such a rule, if any.
    """
    named = [owned for owned in rules if owned.rule.id == rule_id and group_id in {"", owned.group}]
    groups = sorted({owned.group for owned in named})
    if len(groups) == 1:
        return named[0]
    if groups:
        raise FieldError(
            Reason.UNKNOWN_RULE,
            "group_id",
            f"several groups of {eni_id} have a rule {quoted(rule_id)}; name one of {shown(list(groups))}",
        )
    mine = snapshot.eni(eni_id).groups
    if group_id and group_id not in mine:
        raise FieldError(
            Reason.UNKNOWN_RULE, "group_id", f"{eni_id} is not in {quoted(group_id)} but in {shown(list(mine))}"
        )
    account = snapshot.account_of(snapshot.eni(eni_id))
    own = (group for group in snapshot.groups.values() if group.account == account)
    holders = sorted(group.id for group in own if any(rule.id == rule_id for rule in group.rules))
    where = "no group of its account has one"
    if holders:
        where = f"one is in {shown(list(holders))}"
        where += "" if set(holders) & set(mine) else f", and {eni_id} is not"
    raise FieldError(
        Reason.UNKNOWN_RULE,
        "rule_id",
        f"no rule {quoted(rule_id)} is in {group_id or shown(list(mine))} of {eni_id}; {where}",
    )

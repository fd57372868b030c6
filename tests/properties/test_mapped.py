"""An IPv4-mapped address or CIDR is the IPv4 one that it maps (§2.2)."""

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pdp.model.addresses import Address, Cidr, Family, format_address, parse_address, parse_cidr
from pdp.model.flow import Flow, make_flow
from pdp.model.resources import Resources
from pdp.policy.decide import decide
from pdp.policy.draft import snapshot_of
from tests.aimed_flows import edge_flows
from tests.properties.policies import checker_of, few, resources_of, seeds

addresses = st.integers(0, (1 << 32) - 1)


def mapped(address: Address) -> Address:
    """The same address, read from its mapped form."""
    if address.family is Family.IPV6:
        return address
    dotted = format_address(*address)
    hexadecimal = f"::ffff:{address.value >> 16:x}:{address.value & 0xFFFF:X}"
    assert parse_address(f"::FFFF:{dotted}") == parse_address(hexadecimal)
    return parse_address(hexadecimal)


def with_mapped_cidrs(resources: Resources) -> Resources:
    """The same policy, each IPv4 CIDR of a rule written in its mapped form."""
    groups = []
    for group in resources.groups:
        rules = [
            replace(
                rule,
                peer=mapped_cidr(rule.peer) if isinstance(rule.peer, Cidr) else rule.peer,
                own_cidr=mapped_cidr(rule.own_cidr) if rule.own_cidr else None,
            )
            for rule in group.rules
        ]
        groups.append(replace(group, rules=tuple(rules)))
    return replace(resources, groups=tuple(groups))


def mapped_cidr(cidr: Cidr) -> Cidr:
    family, first, length = cidr.prefix
    return parse_cidr(f"::ffff:{format_address(family, first)}/{96 + length}") if family is Family.IPV4 else cidr


@given(addresses, st.integers(0, 32))
def test_a_mapped_cidr_is_the_ipv4_cidr(value: int, length: int) -> None:
    text = format_address(Family.IPV4, value)
    assert parse_cidr(f"::ffff:{text}/{96 + length}").prefix == parse_cidr(f"{text}/{length}").prefix


@few
@given(seeds)
def test_a_flow_or_policy_in_mapped_form_has_the_same_verdicts(seed: int) -> None:
    resources = resources_of(seed)
    before, after = snapshot_of(resources), snapshot_of(with_mapped_cidrs(resources))
    checker = checker_of(after)
    for eni_id, flow, at in edge_flows(Random(seed), before, 40):
        again = rewritten(flow)
        expected, verdict = decide(before, eni_id, flow, at), checker.check(eni_id, again, at)
        assert again == flow
        assert verdict._replace(rule=None) == expected._replace(rule=None)
        assert (verdict.rule and verdict.rule.id) == (expected.rule and expected.rule.id)


def rewritten(flow: Flow) -> Flow:
    ends = mapped(flow.source), mapped(flow.destination)
    return make_flow(flow.direction, flow.protocol, *ends, flow.source_port, flow.destination_port)

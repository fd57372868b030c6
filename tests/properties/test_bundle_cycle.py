"""Out as a bundle and in again: nothing is lost, whatever a policy holds."""

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given

from pdp.formats.bundle import read_bundle, read_bundle_files
from pdp.formats.bundle_writer import bundle_files, write_files
from pdp.formats.permissions import derived_id
from pdp.model.groups import SecurityGroup
from pdp.model.ids import NO_ACCOUNT, AccountId, PenaltyId
from pdp.model.limits import ADJUSTABLE
from pdp.model.network import Penalty, PenaltyAction, PenaltyState, Vpc
from pdp.model.ram import KINDS, RamPolicy, RamUser
from pdp.model.resources import Resources
from pdp.model.rules import GroupPeer, Rule
from pdp.policy.decide import decide
from pdp.policy.draft import snapshot_of
from pdp.policy.snapshot import KINDS as KINDS_OF_RESOURCES
from pdp.policy.snapshot import resources_of
from tests.aimed_flows import edge_flows
from tests.properties.policies import few, seeds
from tests.workloads import ACCOUNTS, random_resources

CASES = Path(__file__).resolve().parent.parent / "conformance"
READABLE = sorted(path.parent.name for path in CASES.glob("*/expected.jsonl"))
DOCUMENT = '{"Version": "1",\n "Statement": {"Effect": "Deny", "Action": "ecs:*", "Resource": "*"}}'
TEXTS = ("", "web", 'a "quoted" text, with a comma', "部署\u2028🚀\x00\x7f", "line\nline", " ", "-1", "null")


def random_policy(seed: int) -> Resources:
    """A random policy as a store may hold it, with names, owners and all else that no verdict depends on."""
    rng = Random(seed)
    made = random_resources(rng)
    vpcs = {vpc.id: vpc for vpc in made.vpcs}
    for group in made.groups:
        vpcs.setdefault(group.vpc, Vpc(group.vpc, NO_ACCOUNT))
    return replace(
        made,
        groups=tuple(
            replace(
                group,
                rules=random_rules(rng, group, {other.id for other in made.groups}),
                name=rng.choice(TEXTS),
                description=rng.choice(TEXTS),
                service_managed=rng.random() < 0.2,
                tags=tuple((f"k{n}", rng.choice(TEXTS)) for n in range(rng.randint(0, 3))),
                created=rng.choice(("", "2026-01-01T00:00:00Z")),
                is_default=rng.random() < 0.2,
            )
            for group in made.groups
        ),
        enis=tuple(
            replace(
                eni,
                primary=rng.random() < 0.5,
                host=rng.choice(TEXTS),
                prefixes=tuple(sorted(set(eni.prefixes))),
                service_managed=rng.random() < 0.2,
            )
            for eni in made.enis
        ),
        vpcs=tuple(
            replace(vpc, name=rng.choice(TEXTS), cidr_blocks=tuple(sorted(set(vpc.cidr_blocks))))
            for vpc in vpcs.values()
        ),
        instances=tuple(
            replace(instance, account=rng.choice((NO_ACCOUNT, *ACCOUNTS)), status=rng.choice(("", "Running")))
            for instance in made.instances
        ),
        prefix_lists=tuple(
            replace(item, account=rng.choice(ACCOUNTS), name=rng.choice(TEXTS), description=rng.choice(TEXTS))
            for item in made.prefix_lists
        ),
        port_lists=tuple(
            replace(item, account=rng.choice(ACCOUNTS), name=rng.choice(TEXTS), description=rng.choice(TEXTS))
            for item in made.port_lists
        ),
        accounts=tuple(
            replace(
                account,
                quotas=tuple((name, rng.randint(1, 99)) for name in sorted(ADJUSTABLE) if rng.random() < 0.3),
            )
            for account in made.accounts
        ),
        policies=tuple(RamPolicy(account, "p", DOCUMENT) for account in ACCOUNTS),
        users=tuple(
            RamUser(account, f"u.{n}@x", rng.choice(KINDS), ("p",) if rng.random() < 0.5 else ())
            for n, account in enumerate(ACCOUNTS)
        ),
        penalties=tuple(random_penalty(rng, penalty, n) for n, penalty in enumerate(made.penalties)),
        settings=replace(made.settings, limits=rng.choice(("2024", "2026"))),
    )


def random_rules(rng: Random, group: SecurityGroup, groups: set[str]) -> tuple[Rule, ...]:
    """The group's rules, each id once. Half of the derived ids are such that reading derives them again."""
    made = [random_rule(rng, rule, groups) for rule in group.rules]
    named = [
        replace(rule, id=derived_id(group.id, rule)) if rule.id_is_derived and rng.random() < 0.5 else rule
        for rule in made
    ]
    return tuple({rule.id: rule for rule in named}.values())


def random_rule(rng: Random, rule: Rule, groups: set[str]) -> Rule:
    """The rule with what no verdict depends on. An unknown group has an account, without which nobody knows it."""
    peer = rule.peer
    if isinstance(peer, GroupPeer) and peer.group not in groups:
        peer = GroupPeer(peer.group, peer.account or AccountId("9000"))
    return replace(
        rule,
        peer=peer,
        description=rng.choice(TEXTS),
        created=rng.choice(("", "2026-01-01T00:00:00Z")),
        origin=rng.choice(("user", "user", "system", "DMS")),
    )


def random_penalty(rng: Random, penalty: Penalty, number: int) -> Penalty:
    """The penalty somewhere on its way, with an id of its own or without any."""
    domain = "www.example.com" if penalty.action is PenaltyAction.BLOCK_DOMAIN else ""
    return replace(
        penalty,
        domain=domain,
        url=rng.choice(("", "https://www.example.com/x")),
        id=PenaltyId(f"pen-{number}") if rng.random() < 0.7 else PenaltyId(""),
        reason=rng.choice(TEXTS),
        state=rng.choice(tuple(PenaltyState)),
        statement=rng.choice(TEXTS),
    )


@few
@given(seed=seeds)
def test_a_policy_is_the_same_after_export_and_import(seed: int) -> None:
    before = snapshot_of(random_policy(seed))
    files = dict(bundle_files(resources_of(before)))
    bundle = read_bundle_files(files)
    after = snapshot_of(bundle.resources)
    assert resources_of(after) == resources_of(before)
    assert dict(bundle_files(bundle.resources)) == files
    for eni, flow, at in edge_flows(Random(seed), before, 40):
        assert decide(after, eni, flow, at) == decide(before, eni, flow, at)


@few
@given(seed=seeds)
def test_the_order_of_resources_changes_no_byte(seed: int) -> None:
    rng, resources = Random(seed), resources_of(snapshot_of(random_policy(seed)))
    shuffled: dict[str, Any] = {
        kind: tuple(rng.sample(found := getattr(resources, kind), len(found))) for kind in KINDS_OF_RESOURCES
    }
    assert list(bundle_files(replace(resources, **shuffled))) == list(bundle_files(resources))


@pytest.mark.parametrize("case", READABLE)
def test_a_conformance_bundle_is_the_same_after_export_and_import(case: str, tmp_path: Path) -> None:
    read = read_bundle(CASES / case / "bundle").resources
    before = resources_of(snapshot_of(read))
    write_files(tmp_path / "raw", bundle_files(read))
    write_files(tmp_path / "stored", bundle_files(before))
    assert read_bundle(tmp_path / "raw").resources == read
    assert resources_of(snapshot_of(read_bundle(tmp_path / "stored").resources)) == before

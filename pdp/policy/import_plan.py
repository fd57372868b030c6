"""What must change so that a policy holds what a bundle names: the plan of an import.

Resources that are as they should be give no change, so that bringing in the same bundle twice makes one revision. Pure;
whether the changes may be is decided where they are applied.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pdp.model.groups import SecurityGroup
from pdp.model.ids import NO_ACCOUNT
from pdp.model.network import DEFAULT_SETTINGS, Settings, Vpc
from pdp.model.resources import Resources
from pdp.policy.changes import Change, Delete, Kind, Put, Resource, key_of, kind_of
from pdp.policy.draft import MAPS, normal, resources_in, stored
from pdp.policy.snapshot import Snapshot

RULES = "rule"
"""What rules are counted under. They are no resources of their own: a group has the rules of the bundle alone."""


class KindCount(NamedTuple):
    """How many of one kind an import makes, replaces, removes and leaves as they were."""

    created: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0


class ImportPlan(NamedTuple):
    """The changes, each kind in order of keys, and what they come to by kind: a `Kind`'s value, or RULES."""

    changes: tuple[Change, ...]
    counts: Mapping[str, KindCount]


def changes_toward(snapshot: Snapshot, resources: Resources, *, remove_unnamed: bool) -> ImportPlan:
    """The changes that lead to the resources; with `remove_unnamed` to nothing else beside them.

    Settings count as named when they are not the defaults, which stand for a bundle that says nothing of them; and a
    VPC that a bundle only mentions, without blocks, account or name, stays as it is where it is known.
    """
    counts: Counter[tuple[str, str]] = Counter()
    puts: list[Put] = []
    deletes: list[Delete] = []
    named: set[tuple[Kind, str]] = set()
    for resource in map(normal, resources_in(resources)):
        kind, key = kind_of(resource), key_of(resource)
        named.add((kind, key))
        before = stored(snapshot, kind, key)
        if _says_nothing(resource, before, remove_unnamed=remove_unnamed):
            continue
        counts[kind.value, _became(before, resource)] += 1
        _count_rules(counts, before, resource)
        if before != resource:
            puts.append(Put(resource))
    puts.sort(key=lambda put: (kind_of(put.resource).value, key_of(put.resource)))
    if remove_unnamed:
        for kind, name in MAPS.items():
            for key in sorted(getattr(snapshot, name)):
                if (kind, key) not in named:
                    counts[kind.value, "removed"] += 1
                    _count_rules(counts, stored(snapshot, kind, key), None)
                    deletes.append(Delete(kind, key))
    return ImportPlan((*puts, *deletes), _by_kind(counts))


def _says_nothing(resource: Resource, before: Resource | None, *, remove_unnamed: bool) -> bool:
    """Whether a bundle holds the resource for want of a word about it."""
    if isinstance(resource, Settings):
        return resource == DEFAULT_SETTINGS and not remove_unnamed
    return before is not None and isinstance(resource, Vpc) and resource == Vpc(resource.id, NO_ACCOUNT)


def _became(before: object | None, after: object | None) -> str:
    if before is None:
        return "created"
    if after is None:
        return "removed"
    return "unchanged" if before == after else "changed"


def _count_rules(counts: Counter[tuple[str, str]], before: Resource | None, after: Resource | None) -> None:
    """The rules of a group, by id."""
    old = {rule.id: rule for rule in before.rules} if isinstance(before, SecurityGroup) else {}
    new = {rule.id: rule for rule in after.rules} if isinstance(after, SecurityGroup) else {}
    for rule_id in old.keys() | new.keys():
        counts[RULES, _became(old.get(rule_id), new.get(rule_id))] += 1


def _by_kind(counts: Counter[tuple[str, str]]) -> dict[str, KindCount]:
    kinds = [kind.value for kind in Kind]
    kinds.insert(kinds.index(Kind.GROUP.value) + 1, RULES)
    return {kind: KindCount(*_of(counts, kind)) for kind in kinds if any(_of(counts, kind))}


def _of(counts: Counter[tuple[str, str]], kind: str) -> Iterable[int]:
    return [counts[kind, name] for name in KindCount._fields]

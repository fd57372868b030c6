"""The state of a store as a snapshot: what a start reads, and whoever was left too far behind to follow."""

from pdp.model.errors import quoted
from pdp.model.ids import Revision, StoreId
from pdp.model.resources import Resources
from pdp.policy.changes import Kind, Resource, key_of
from pdp.policy.draft import MAPS, snapshot_of
from pdp.policy.snapshot import Snapshot
from pdp.store.codec import resource_from
from pdp.store.contract import Driver, Item, StoreRefused, TooOld

ATTEMPTS = 5
"""How often the state is asked for while others compact away what was the head just before."""


def read_snapshot(driver: Driver) -> Snapshot:
    """The snapshot at the head. Raises StoreRefused for an object that cannot be read, TooOld, and StoreUnavailable."""
    for _ in range(ATTEMPTS - 1):
        try:
            return _read(driver, driver.head())
        except TooOld:
            continue
    return _read(driver, driver.head())


def differing(before: Snapshot, after: Snapshot) -> frozenset[tuple[Kind, str]]:
    """The kinds and keys of all resources that differ between two snapshots."""
    found = set()
    for kind, name in MAPS.items():
        old, new = getattr(before, name), getattr(after, name)
        found |= {(kind, key) for key in old if key not in new}
        found |= {(kind, key) for key, resource in new.items() if old.get(key) != resource}
    if before.settings != after.settings:
        found.add((Kind.SETTINGS, ""))
    return frozenset(found)


def _read(driver: Driver, revision: int) -> Snapshot:
    found: dict[str, list[Resource]] = {kind.value: [] for kind in Kind}
    for item in driver.items(revision):
        resource = _resource(driver, item)
        found[item.kind].append(resource)
    named: dict[str, object] = {name: tuple(found[kind.value]) for kind, name in MAPS.items()}
    if settings := found[Kind.SETTINGS.value]:
        named["settings"] = settings[0]
    return snapshot_of(Resources(**named), StoreId(driver.store_id), Revision(revision))  # type: ignore[arg-type]


def _resource(driver: Driver, item: Item) -> Resource:
    try:
        resource = resource_from(item.kind, item.body)
    except ValueError as error:
        raise _damaged(driver, item, f"cannot be read: {error}") from error
    if key_of(resource) != item.id:
        raise _damaged(driver, item, f"says that it is {quoted(key_of(resource))}")
    return resource


def _damaged(driver: Driver, item: Item, what: str) -> StoreRefused:
    return StoreRefused(
        driver.facts().place,
        f"the {item.kind} {quoted(item.id)} {what}",
        "it is damaged, or was written by a newer version of this program: run that, or restore a copy",
    )

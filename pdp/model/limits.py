"""Quotas as data, in named versions (§4.10). Counting is not done here, and nothing here refuses anything."""

from dataclasses import dataclass, replace
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one version. `flat_rules_per_eni` is None where the total per ENI follows the two before it."""

    version: str
    groups_per_eni: int
    rules_per_group: int
    flat_rules_per_eni: int | None
    addresses_per_basic_group: int
    enis_per_advanced_group: int = 65_536
    groups_per_account: int = 100
    group_peers_per_group: int = 20

    @property
    def rules_per_eni(self) -> int:
        """Rules over all groups of one ENI, both directions counted together."""
        if self.flat_rules_per_eni is not None:
            return self.flat_rules_per_eni
        return self.groups_per_eni * self.rules_per_group


LIMITS_BY_VERSION = {
    limits.version: limits
    for limits in (
        Limits(
            "2024",
            groups_per_eni=5,
            rules_per_group=200,
            flat_rules_per_eni=None,
            addresses_per_basic_group=2_000,
        ),
        Limits(
            "2026",
            groups_per_eni=10,
            rules_per_group=200,
            flat_rules_per_eni=1_000,
            addresses_per_basic_group=6_000,
        ),
    )
}
"""What `2026` does not state anew is as in `2024`."""

ADJUSTABLE = (
    "groups_per_eni",
    "addresses_per_basic_group",
    "enis_per_advanced_group",
    "groups_per_account",
    "group_peers_per_group",
)
"""Limits that an account may have set to another value."""
FIXED = {
    "rules_per_group": "rules per group cannot be adjusted; delete rules that are no longer needed, or spread rules "
    "over several groups",
    "rules_per_eni": "rules per ENI cannot be adjusted by itself: under the limits of 2024 it is groups per ENI times "
    "rules per group, so raise groups per ENI; under those of 2026 it is 1,000 whatever the groups",
}
"""Limits that nobody may adjust, and what to do instead (§4.10)."""
LARGEST_QUOTA = 1_000_000
"""Above any use, so that a mistyped value is noticed."""


@lru_cache(maxsize=1024)
def limits_under(version: str, quotas: tuple[tuple[str, int], ...]) -> Limits:
    """The limits of a version, with an account's adjusted ones in their place."""
    return replace(LIMITS_BY_VERSION[version], **dict(quotas))  # type: ignore[arg-type]


LAST_NEW_PRIORITY = 100
LAST_PRIORITY = 110
"""The highest priority of a new rule, and of one in an old group that the system made (§3.4)."""

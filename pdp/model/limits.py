"""Quotas as data, in named versions (§4.10). Counting is not done here, and nothing here refuses anything."""

from dataclasses import dataclass


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

LAST_NEW_PRIORITY = 100
"""The highest priority of a new rule; old groups hold rules up to 110 (§3.4)."""

"""What a request may call private: addresses of ENIs, and blocks of VPCs (§2, §3.8).

Whoever has an address of a group's member is let in above all its rules (§2, stage 4), and what lies in a VPC's blocks
is never the internet that mail is kept from (stage 3). So neither can be said of an address that is somebody else's.
"""

from collections.abc import Iterable

from pdp.model.addresses import Prefix
from pdp.model.network import Eni, Vpc
from pdp.policy.checking import Check, invalid, named, operator_only
from pdp.policy.stages import PRIVATE_BLOCKS


def check_addresses(check: Check, before: Eni | None, after: Eni) -> None:
    """New addresses lie in the VPC's blocks; in private space, where the VPC has none of their family."""
    had = before.member_prefixes if before is not None else ()
    vpc = check.after.vpcs[after.vpc]
    for prefix in sorted(set(after.member_prefixes) - set(had)):
        why = why_not_private(vpc, prefix)
        if why:
            raise invalid(after.id, why)


def why_not_private(vpc: Vpc, prefix: Prefix) -> str:
    """Why no ENI of a VPC may have these addresses; blank where one may."""
    blocks = [block for block in vpc.cidr_blocks if block.family is prefix.family] or PRIVATE_BLOCKS
    if _within(prefix, blocks):
        return ""
    return f"{prefix} is no private address of {vpc.id}, whose addresses are in {named(map(str, blocks))}"


def check_vpc(check: Check, before: Vpc | None, after: Vpc) -> None:
    """An account's own VPCs are in private space; what else is theirs, the operator knows."""
    had = before.cidr_blocks if before is not None else ()
    for block in after.cidr_blocks:
        if check.is_request and block not in had and not _within(block, PRIVATE_BLOCKS):
            raise operator_only(f"{after.id}: the block {block}, which is outside {named(map(str, PRIVATE_BLOCKS))},")


def _within(prefix: Prefix, blocks: Iterable[Prefix]) -> bool:
    return any(block.holds(prefix) for block in blocks)

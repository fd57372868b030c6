"""Addresses that a request may call private, of ENIs and of VPCs: who has one is let in above all rules (§2, §3.8)."""

from dataclasses import replace

import pytest

from pdp.model.codes import Code
from pdp.policy.changes import Origin, Put
from tests.builders import eni, group, policy, vpc
from tests.policy.applying import IMPORT, OPERATOR, REQUEST, accepted, done, refused

GROUP = group("sg-a")
HERE = vpc("vpc-1", "10.0.0.0/16")
INSIDE = eni("eni-1", "10.0.0.5", groups=["sg-a"])
WORLD = policy([GROUP], [INSIDE], vpcs=[HERE])


@pytest.mark.parametrize("origin", [REQUEST, OPERATOR])
@pytest.mark.parametrize("address", ["198.51.100.7", "10.1.0.5", "0.0.0.0/0", "10.0.0.0/8", "2001:db8::7", "::/0"])
def test_an_eni_gets_no_address_from_outside_its_vpc(address: str, origin: Origin) -> None:
    """§2 stage 4: whoever sent from it would be taken for a member of the ENI's groups."""
    for changed in (eni("eni-1", "10.0.0.5", address, groups=["sg-a"]), eni("eni-2", address, groups=["sg-a"])):
        says = "no private address of vpc-1"
        refused(Code.INVALID_PARAMETER, WORLD, Put(changed), origin=origin, says=says)


def test_an_eni_has_addresses_and_prefixes_within_its_vpc() -> None:
    assert accepted(WORLD, Put(eni("eni-2", "10.0.0.6", "10.0.255.255", "10.0.16.0/28", groups=["sg-a"])))


def test_a_vpc_without_blocks_of_a_family_holds_private_addresses_of_it() -> None:
    """§2.0: of a VPC that a bundle only mentions, no blocks are known."""
    bare = policy([GROUP], vpcs=[vpc("vpc-1")])
    assert accepted(bare, Put(eni("eni-2", "192.168.0.1", "fd00::1", groups=["sg-a"])))
    refused(Code.INVALID_PARAMETER, bare, Put(eni("eni-2", "198.51.100.7", groups=["sg-a"])))


def test_what_an_eni_was_brought_in_with_it_keeps() -> None:
    odd = eni("eni-2", "198.51.100.7", groups=["sg-a"])
    brought = done(WORLD, Put(odd), origin=IMPORT)
    assert accepted(brought, Put(replace(odd, host="host-9")))


@pytest.mark.parametrize("block", ["0.0.0.0/0", "8.8.8.0/24", "10.0.0.0/7", "::/0", "2001:db8::/56"])
def test_an_account_takes_no_block_of_the_internet_for_its_vpc(block: str) -> None:
    """§2 stage 3: mail to it would leave although the account has no exemption."""
    for changed in (vpc("vpc-1", "10.0.0.0/16", block), vpc("vpc-2", block)):
        refused(Code.OPERATOR_ONLY, WORLD, Put(changed), says=block)
        done(WORLD, Put(changed), origin=OPERATOR)


def test_an_account_keeps_the_blocks_that_the_operator_gave_its_vpc() -> None:
    given = vpc("vpc-1", "10.0.0.0/16", "2001:db8::/56")
    assert accepted(policy([GROUP], vpcs=[given]), Put(vpc("vpc-1", "10.0.0.0/16", "192.168.0.0/24", "2001:db8::/56")))

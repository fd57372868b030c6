"""Identifiers, one type each, so that a group's id cannot be passed where an ENI's is meant."""

from typing import NewType

AccountId = NewType("AccountId", str)
VpcId = NewType("VpcId", str)
GroupId = NewType("GroupId", str)
RuleId = NewType("RuleId", str)
EniId = NewType("EniId", str)
InstanceId = NewType("InstanceId", str)
PrefixListId = NewType("PrefixListId", str)
PortListId = NewType("PortListId", str)
PenaltyId = NewType("PenaltyId", str)
StoreId = NewType("StoreId", str)
Revision = NewType("Revision", int)

NO_ACCOUNT = AccountId("")
NO_INSTANCE = InstanceId("")
NO_PENALTY = PenaltyId("")

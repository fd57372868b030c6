"""Whose a resource is, and its full name in RAM policies (§6.3, §6.5, §6.6). Pure look-ups; nothing is decided here."""

from typing import NamedTuple

from pdp.model.ids import AccountId, EniId, GroupId, InstanceId, PenaltyId, PortListId, PrefixListId, VpcId
from pdp.policy.ram_conditions import TAG_PREFIX, Context
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask
from pdp.server.network.lookups import instance_account, instance_exists, penalty_account

NO_CONTEXT: Context = {}


class OwnedResource(NamedTuple):
    """A resource that a request is about: whose it is, and its full name.

    `context` is what the request says of it to conditions. `action` is set where another one is asked for than that of
    the RPC itself.
    """

    account: AccountId
    name: str
    context: Context = NO_CONTEXT
    action: str = ""


def resource(ask: Ask, account: str, kind: str, resource_id: str, context: Context = NO_CONTEXT) -> OwnedResource:
    """A resource by kind (`securitygroup`, `ram:user`) and id; without an id, any of the account's.

    A kind without a service is of ECS. RAM is the same in all regions, and so its names have none.
    """
    service, colon, word = kind.rpartition(":")
    region = "" if service == "ram" else ask.region
    name = f"acs:{service if colon else 'ecs'}:{region}:{account}:{word}/{resource_id or '*'}"
    return OwnedResource(AccountId(account), name, context)


def group(snapshot: Snapshot, ask: Ask, group_id: str) -> OwnedResource:
    """A security group, with its tags. One that does not exist is the caller's own to miss, as for all kinds here."""
    found = snapshot.groups.get(GroupId(group_id))
    account = ask.caller.account if found is None else found.account
    return resource(ask, account, "securitygroup", group_id, tags(found.tags if found is not None else ()))


def tags(labels: tuple[tuple[str, str], ...]) -> Context:
    """What labels say to conditions."""
    return {f"{TAG_PREFIX}{key}": (value,) for key, value in labels}


def eni(snapshot: Snapshot, ask: Ask, eni_id: str) -> OwnedResource:
    """An ENI."""
    found = snapshot.enis.get(EniId(eni_id))
    return resource(ask, ask.caller.account if found is None else snapshot.account_of(found), "eni", eni_id)


def vpc(snapshot: Snapshot, ask: Ask, vpc_id: str) -> OwnedResource:
    """A VPC."""
    found = snapshot.vpcs.get(VpcId(vpc_id))
    return resource(ask, ask.caller.account if found is None else found.account, "vpc:vpc", vpc_id)


def instance(snapshot: Snapshot, ask: Ask, instance_id: str) -> OwnedResource:
    """An instance."""
    wanted = InstanceId(instance_id)
    there = instance_exists(snapshot, wanted)
    return resource(ask, instance_account(snapshot, wanted) if there else ask.caller.account, "instance", instance_id)


def prefix_list(snapshot: Snapshot, ask: Ask, list_id: str) -> OwnedResource:
    """A prefix list."""
    found = snapshot.prefix_lists.get(PrefixListId(list_id))
    return resource(ask, ask.caller.account if found is None else found.account, "prefixlist", list_id)


def port_list(snapshot: Snapshot, ask: Ask, list_id: str) -> OwnedResource:
    """A port list."""
    found = snapshot.port_lists.get(PortListId(list_id))
    return resource(ask, ask.caller.account if found is None else found.account, "portrangelist", list_id)


def penalty(snapshot: Snapshot, ask: Ask, penalty_id: str) -> OwnedResource:
    """A penalty, which is its instance's. One of a domain or URL is nobody's but the operator's."""
    found = snapshot.penalties.get(PenaltyId(penalty_id))
    if found is None:
        return resource(ask, ask.caller.account, "penalty", penalty_id)
    return resource(ask, penalty_account(snapshot, found), "penalty", penalty_id)

"""Everything that verdicts depend on at one revision, immutable.

A check reads one snapshot and never waits. The maps are persistent, so that the next revision shares all that a commit
leaves alone. A snapshot never depends on the order in which its resources came.
"""

from dataclasses import dataclass, fields, replace
from hashlib import sha256
from typing import TypeVar

from immutables import Map

from pdp.model.errors import PdpError, Reason, quoted
from pdp.model.groups import SecurityGroup
from pdp.model.ids import (
    AccountId,
    EniId,
    GroupId,
    InstanceId,
    PenaltyId,
    PortListId,
    PrefixListId,
    Revision,
    StoreId,
    VpcId,
)
from pdp.model.limits import Limits, limits_under
from pdp.model.network import DEFAULT_SETTINGS, Account, Eni, Instance, Penalty, Settings, Vpc
from pdp.model.ram import RamPolicy, RamUser
from pdp.model.resources import Resources
from pdp.model.rules import PortList, PrefixList
from pdp.policy.usage import Usage

FIRST_REVISION = Revision(1)
KINDS = tuple(field.name for field in fields(Resources) if field.name != "settings")
K = TypeVar("K", bound=str)
V = TypeVar("V")


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One revision of one store.

    `users` and `policies` go by their keys. `blocks` holds each instance's BLOCK_TRAFFIC penalties that are not lifted,
    whether in effect or not; `instance_enis` the ids of each instance's ENIs, sorted; `usage` who uses what.
    """

    store: StoreId
    revision: Revision
    groups: Map[GroupId, SecurityGroup] = Map()
    enis: Map[EniId, Eni] = Map()
    vpcs: Map[VpcId, Vpc] = Map()
    instances: Map[InstanceId, Instance] = Map()
    prefix_lists: Map[PrefixListId, PrefixList] = Map()
    port_lists: Map[PortListId, PortList] = Map()
    accounts: Map[AccountId, Account] = Map()
    penalties: Map[PenaltyId, Penalty] = Map()
    users: Map[str, RamUser] = Map()
    policies: Map[str, RamPolicy] = Map()
    settings: Settings = DEFAULT_SETTINGS
    blocks: Map[InstanceId, tuple[Penalty, ...]] = Map()
    instance_enis: Map[InstanceId, tuple[EniId, ...]] = Map()
    usage: Usage = Usage()

    def eni(self, eni_id: str) -> Eni:
        """The ENI of an id; MISSING_ENI or UNKNOWN_ENI otherwise (§2.1). An instance's id is answered with its ENIs."""
        eni = self.enis.get(EniId(eni_id))
        if eni is not None:
            return eni
        if not eni_id:
            raise PdpError(Reason.MISSING_ENI, "the ENI's id is missing; give one such as eni-bp1abc")
        message = f"no ENI has the id {quoted(eni_id)}"
        siblings = self.instance_enis.get(InstanceId(eni_id))
        if siblings:
            message = f"{quoted(eni_id)} is an instance; ask about one of its ENIs: {', '.join(siblings[:20])}"
        raise PdpError(Reason.UNKNOWN_ENI, message)

    def groups_of(self, eni: Eni) -> tuple[SecurityGroup, ...]:
        """The ENI's groups, by id."""
        return tuple(self.groups[group] for group in eni.groups)

    def account_of(self, eni: Eni) -> AccountId:
        """Who owns an ENI: its owner, else its VPC's (§2 stage 3)."""
        return self.owner_in(eni.vpc, eni.account)

    def owner_in(self, vpc_id: VpcId, account: AccountId) -> AccountId:
        """Who owns ENIs of a VPC that name an account, or none."""
        vpc = self.vpcs.get(vpc_id)
        return account or (vpc.account if vpc is not None else account)

    def is_smtp_exempt(self, account: AccountId) -> bool:
        """Whether an account may send mail from TCP port 25 (§2 stage 3)."""
        known = self.accounts.get(account)
        return known is not None and known.smtp_exempt

    def limits_of(self, account: AccountId) -> Limits:
        """The limits of an account (§4.10)."""
        adjusted = self.accounts.get(account)
        return limits_under(self.settings.limits, adjusted.quotas if adjusted is not None else ())


def resources_of(snapshot: Snapshot) -> Resources:
    """All resources of a snapshot, each kind sorted by id: equal for equal snapshots, whatever came before them."""
    return Resources(
        groups=_sorted(snapshot.groups),
        enis=_sorted(snapshot.enis),
        vpcs=_sorted(snapshot.vpcs),
        instances=_sorted(snapshot.instances),
        prefix_lists=_sorted(snapshot.prefix_lists),
        port_lists=_sorted(snapshot.port_lists),
        accounts=_sorted(snapshot.accounts),
        penalties=_sorted(snapshot.penalties),
        users=_sorted(snapshot.users),
        policies=_sorted(snapshot.policies),
        settings=snapshot.settings,
    )


def _sorted(resources: Map[K, V]) -> tuple[V, ...]:
    return tuple(resources[key] for key in sorted(resources))


def content_digest(resources: Resources) -> StoreId:
    """A name for exactly this content, the same whatever the order of files, rules and members."""
    digest = sha256(repr(resources.settings).encode())
    for kind in KINDS:
        digest.update(f"\n{kind}\n".encode())
        for text in sorted(map(_canonical_text, getattr(resources, kind))):
            digest.update(text.encode("utf-8", "backslashreplace") + b"\n")
    return StoreId(f"sha256:{digest.hexdigest()[:32]}")


def _canonical_text(resource: object) -> str:
    """A resource's whole content; a group's rules and a list's entries, which have no order of their own, sorted."""
    match resource:
        case SecurityGroup():
            return repr(replace(resource, rules=tuple(sorted(resource.rules, key=repr))))
        case PrefixList():
            return repr(replace(resource, entries=tuple(sorted(resource.entries))))
        case PortList():
            return repr(replace(resource, entries=tuple(sorted(resource.entries))))
    return repr(resource)

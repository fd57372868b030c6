"""Prefix lists (§1.5), which rules follow as they are at each moment (§3.9)."""

from dataclasses import replace
from functools import partial

from pdp.model.addresses import Family, Prefix
from pdp.model.errors import quoted
from pdp.model.ids import PrefixListId
from pdp.model.rules import PrefixList
from pdp.policy.changes import Delete, Kind, Put
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask, Planned, account_asked, required
from pdp.server.list_pages import page
from pdp.server.network.fields import (
    MOST_DESCRIPTION,
    exact_block,
    fault,
    filter_ids,
    new_owner,
    paragraph,
    proper_name,
)
from pdp.server.network.list_entries import changed_entries, new_entries, room
from pdp.server.network.lookups import named_prefix_list
from pdp.server.network.messages import prefix_list_message
from pdp.v1 import network_service_pb2 as pb

_FAMILIES = {"ipv4": Family.IPV4, "ipv6": Family.IPV6}


def create_prefix_list(_snapshot: Snapshot, request: pb.CreatePrefixListRequest, ask: Ask) -> Planned:
    """A prefix list of one family, with the entries given."""
    account = new_owner(ask, request.account_id)
    family = _family(required(request.address_family, "address_family"))
    size = room(request.max_entries, given=request.HasField("max_entries"))
    entries = new_entries((entry.cidr for entry in request.entries), partial(_entry, family), "entries", "cidr")
    made = PrefixList(
        PrefixListId(ask.new_id("pl-")),
        family,
        size,
        entries,
        account,
        proper_name(request.prefix_list_name, "prefix_list_name"),
        paragraph(request.description, "description", MOST_DESCRIPTION),
    )
    return Planned((Put(made),), lambda _after: pb.CreatePrefixListResponse(prefix_list_id=made.id))


def modify_prefix_list(snapshot: Snapshot, request: pb.ModifyPrefixListRequest, ask: Ask) -> Planned:
    """Another name, description or room; entries go, then others come."""
    before = named_prefix_list(snapshot, ask, request.prefix_list_id)
    entries = changed_entries(
        before.entries,
        _entries(before.family, [entry.cidr for entry in request.remove_entries], "remove_entries"),
        _entries(before.family, [entry.cidr for entry in request.add_entries], "add_entries"),
    )
    has = request.HasField
    after = replace(
        before,
        name=proper_name(request.prefix_list_name, "prefix_list_name") if has("prefix_list_name") else before.name,
        description=(
            paragraph(request.description, "description", MOST_DESCRIPTION)
            if has("description")
            else before.description
        ),
        max_entries=room(request.max_entries, given=True) if has("max_entries") else before.max_entries,
        entries=entries,
    )
    return Planned((Put(after),), lambda _after: pb.ModifyPrefixListResponse())


def delete_prefix_list(snapshot: Snapshot, request: pb.DeletePrefixListRequest, ask: Ask) -> Planned:
    """A prefix list that no rule names goes."""
    gone = named_prefix_list(snapshot, ask, request.prefix_list_id)
    return Planned((Delete(Kind.PREFIX_LIST, gone.id),), lambda _after: pb.DeletePrefixListResponse())


def describe_prefix_lists(
    snapshot: Snapshot, request: pb.DescribePrefixListsRequest, ask: Ask
) -> pb.DescribePrefixListsResponse:
    """Prefix lists that meet all filters, by id, without their entries."""
    account = account_asked(ask, request.account_id)
    wanted = filter_ids(request.prefix_list_ids, "prefix_list_ids")
    family = _family(request.address_family) if request.address_family else None
    found = sorted(
        one.id
        for one in snapshot.prefix_lists.values()
        if (not wanted or one.id in wanted)
        and (not account or one.account == account)
        and (not request.prefix_list_name or one.name == request.prefix_list_name)
        and (family is None or one.family is family)
    )
    shown, token = page(snapshot, request, found)
    messages = [prefix_list_message(snapshot, snapshot.prefix_lists[one], with_entries=False) for one in shown]
    return pb.DescribePrefixListsResponse(prefix_lists=messages, next_token=token)


def describe_prefix_list(
    snapshot: Snapshot, request: pb.DescribePrefixListAttributesRequest, ask: Ask
) -> pb.DescribePrefixListAttributesResponse:
    """One prefix list with its entries."""
    shown = named_prefix_list(snapshot, ask, request.prefix_list_id)
    return pb.DescribePrefixListAttributesResponse(prefix_list=prefix_list_message(snapshot, shown, with_entries=True))


def describe_prefix_list_users(
    snapshot: Snapshot, request: pb.DescribePrefixListAssociationsRequest, ask: Ask
) -> pb.DescribePrefixListAssociationsResponse:
    """The groups whose rules name a prefix list, by id."""
    shown = named_prefix_list(snapshot, ask, request.prefix_list_id)
    groups, token = page(snapshot, request, snapshot.usage.users_of_list(shown.id))
    return pb.DescribePrefixListAssociationsResponse(
        prefix_list_associations=[
            pb.PrefixListAssociation(resource_type="securitygroup", resource_id=group) for group in groups
        ],
        next_token=token,
    )


def _family(text: str) -> Family:
    family = _FAMILIES.get(text.lower()) if text.isascii() else None
    if family is None:
        raise fault("address_family", f"{quoted(text)} is neither IPv4 nor IPv6")
    return family


def _entry(family: Family, text: str, field: str) -> Prefix:
    return exact_block(required(text, field), family, field)


def _entries(family: Family, texts: list[str], field: str) -> list[Prefix]:
    return [_entry(family, text, f"{field}[{n}].cidr") for n, text in enumerate(texts)]

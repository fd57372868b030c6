"""Port lists (§1.5), which rules follow as they are at each moment (§3.9)."""

from dataclasses import replace

from pdp.model.codes import Code
from pdp.model.errors import FieldError, quoted
from pdp.model.ids import PortListId
from pdp.model.protocols import PortRange, parse_port_range
from pdp.model.rules import PortList
from pdp.policy.changes import Delete, Kind, Put
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask, Planned, account_asked, required
from pdp.server.list_pages import page
from pdp.server.network.fields import MOST_DESCRIPTION, filter_ids, new_owner, paragraph, proper_name
from pdp.server.network.list_entries import changed_entries, new_entries, room
from pdp.server.network.lookups import named_port_list
from pdp.server.network.messages import port_list_message
from pdp.v1 import network_service_pb2 as pb


def create_port_list(_snapshot: Snapshot, request: pb.CreatePortRangeListRequest, ask: Ask) -> Planned:
    """A port list with the entries given."""
    account = new_owner(ask, request.account_id)
    size = room(request.max_entries, given=request.HasField("max_entries"))
    entries = new_entries((entry.port_range for entry in request.entries), _entry, "entries", "port_range")
    made = PortList(
        PortListId(ask.new_id("prl-")),
        size,
        entries,
        account,
        proper_name(request.port_range_list_name, "port_range_list_name"),
        paragraph(request.description, "description", MOST_DESCRIPTION),
    )
    return Planned((Put(made),), lambda _after: pb.CreatePortRangeListResponse(port_range_list_id=made.id))


def modify_port_list(snapshot: Snapshot, request: pb.ModifyPortRangeListRequest, ask: Ask) -> Planned:
    """Another name, description or room; entries go, then others come."""
    before = named_port_list(snapshot, ask, request.port_range_list_id)
    entries = changed_entries(
        before.entries,
        _entries([entry.port_range for entry in request.remove_entries], "remove_entries"),
        _entries([entry.port_range for entry in request.add_entries], "add_entries"),
    )
    has = request.HasField
    name = request.port_range_list_name
    after = replace(
        before,
        name=proper_name(name, "port_range_list_name") if has("port_range_list_name") else before.name,
        description=(
            paragraph(request.description, "description", MOST_DESCRIPTION)
            if has("description")
            else before.description
        ),
        max_entries=room(request.max_entries, given=True) if has("max_entries") else before.max_entries,
        entries=entries,
    )
    return Planned((Put(after),), lambda _after: pb.ModifyPortRangeListResponse())


def delete_port_list(snapshot: Snapshot, request: pb.DeletePortRangeListRequest, ask: Ask) -> Planned:
    """A port list that no rule names goes."""
    gone = named_port_list(snapshot, ask, request.port_range_list_id)
    return Planned((Delete(Kind.PORT_LIST, gone.id),), lambda _after: pb.DeletePortRangeListResponse())


def describe_port_lists(
    snapshot: Snapshot, request: pb.DescribePortRangeListsRequest, ask: Ask
) -> pb.DescribePortRangeListsResponse:
    """Port lists that meet all filters, by id, without their entries."""
    account = account_asked(ask, request.account_id)
    wanted = filter_ids(request.port_range_list_ids, "port_range_list_ids")
    found = sorted(
        one.id
        for one in snapshot.port_lists.values()
        if (not wanted or one.id in wanted)
        and (not account or one.account == account)
        and (not request.port_range_list_name or one.name == request.port_range_list_name)
    )
    shown, token = page(snapshot, request, found)
    messages = [port_list_message(snapshot, snapshot.port_lists[one], with_entries=False) for one in shown]
    return pb.DescribePortRangeListsResponse(port_range_lists=messages, next_token=token)


def describe_port_list(
    snapshot: Snapshot, request: pb.DescribePortRangeListEntriesRequest, ask: Ask
) -> pb.DescribePortRangeListEntriesResponse:
    """One port list with its entries."""
    shown = named_port_list(snapshot, ask, request.port_range_list_id)
    return pb.DescribePortRangeListEntriesResponse(
        port_range_list=port_list_message(snapshot, shown, with_entries=True)
    )


def _entry(text: str, field: str) -> PortRange:
    try:
        ports = parse_port_range(required(text, field))
    except ValueError as error:
        raise FieldError(Code.INVALID_PORT_RANGE, field, str(error)) from None
    if ports is None:
        description = f"{quoted(text)} is not a range of ports; a port list holds ranges such as 80/80"
        raise FieldError(Code.INVALID_PORT_RANGE, field, description)
    return ports


def _entries(texts: list[str], field: str) -> list[PortRange]:
    return [_entry(text, f"{field}[{n}].port_range") for n, text in enumerate(texts)]

"""The list of ENIs, by any of what they are (§1.6)."""

from collections.abc import Iterable

from pdp.model.addresses import Address, parse_address
from pdp.model.errors import quoted
from pdp.model.ids import EniId, InstanceId
from pdp.model.network import Eni
from pdp.policy.snapshot import Snapshot
from pdp.server.asking import Ask, account_asked
from pdp.server.list_pages import page
from pdp.server.network.fields import fault, filter_ids
from pdp.server.network.messages import PRIMARY, SECONDARY, eni_message
from pdp.v1 import network_service_pb2 as pb


def describe_enis(
    snapshot: Snapshot, request: pb.DescribeNetworkInterfacesRequest, ask: Ask
) -> pb.DescribeNetworkInterfacesResponse:
    """ENIs that meet all filters, by id."""
    account = account_asked(ask, request.account_id)
    ids = filter_ids(request.network_interface_ids, "network_interface_ids")
    if request.type not in {"", PRIMARY, SECONDARY}:
        raise fault("type", f"{quoted(request.type)} is neither {PRIMARY} nor {SECONDARY}")
    address = _address(request.private_ip_address)
    found = sorted(
        eni.id
        for eni in _candidates(snapshot, ids, request.instance_id)
        if (not account or snapshot.account_of(eni) == account)
        and _meets(eni, request)
        and (address is None or _has(eni, address))
    )
    shown, token = page(snapshot, request, found)
    return pb.DescribeNetworkInterfacesResponse(
        network_interfaces=[eni_message(snapshot, snapshot.enis[eni]) for eni in shown], next_token=token
    )


def _candidates(snapshot: Snapshot, ids: frozenset[str], instance_id: str) -> Iterable[Eni]:
    """The ENIs named, else those of the instance, else all."""
    if not ids and not instance_id:
        return snapshot.enis.values()
    named = map(EniId, ids) if ids else snapshot.instance_enis.get(InstanceId(instance_id), ())
    return (snapshot.enis[eni] for eni in named if eni in snapshot.enis)


def _meets(eni: Eni, request: pb.DescribeNetworkInterfacesRequest) -> bool:
    """Whether an ENI meets the filters that compare text."""
    return (
        (not request.vpc_id or eni.vpc == request.vpc_id)
        and (not request.instance_id or eni.instance == request.instance_id)
        and (not request.security_group_id or request.security_group_id in eni.groups)
        and (not request.type or eni.primary is (request.type == PRIMARY))
        and (not request.host or eni.host == request.host)
    )


def _has(eni: Eni, address: Address) -> bool:
    """Whether an address is among the ENI's own, or within one of its prefixes (§2.0)."""
    return address in eni.addresses or any(
        prefix.family is address.family and prefix.first <= address.value <= prefix.last for prefix in eni.prefixes
    )


def _address(text: str) -> Address | None:
    try:
        return parse_address(text) if text else None
    except ValueError as error:
        raise fault("private_ip_address", str(error)) from None

"""A path is one 5-tuple, asked as the sender's egress and the receiver's ingress (§2.5)."""

from functools import partial

import pytest

from pdp.model.errors import FieldError, Reason
from pdp.model.protocols import ICMP, TCP
from pdp.policy.owners import find_owners
from pdp.policy.path import End, Path, resolve_path
from tests.builders import eni, group, policy

SNAPSHOT = policy(
    [group("sg-a"), group("sg-b", vpc="vpc-2")],
    [
        eni("eni-both", "10.0.0.5", "10.0.0.55", "fd00::5", groups=["sg-a"], instance="i-1"),
        eni("eni-also", "10.0.0.6", "fd00::6", groups=["sg-a"]),
        eni("eni-v4", "10.0.0.7", groups=["sg-a"]),
        eni("eni-v6", "fd00::8", groups=["sg-a"]),
        eni("eni-none", "10.9.0.0/28", groups=["sg-a"]),
        *(eni(f"eni-p{number}", "10.8.0.0/28", groups=["sg-a"]) for number in range(1, 5)),
        eni("eni-far", "10.7.0.1", groups=["sg-b"], vpc="vpc-2"),
    ],
)


def path(
    source: End, destination: End, protocol: int = TCP, ports: tuple[int | None, int | None] = (40000, 22)
) -> Path:
    return resolve_path(SNAPSHOT, partial(find_owners, SNAPSHOT), source, destination, protocol, *ports)


def told(found: Path) -> tuple[str | None, str | None]:
    """Both checks as text."""
    egress, ingress = (check and f"{check[0]}: {check[1]}" for check in (found.egress, found.ingress))
    return egress, ingress


def test_between_two_enis_both_ends_are_asked_about_one_5_tuple() -> None:
    """§2.5."""
    assert told(path(End("eni-both"), End("eni-v4"))) == (
        "eni-both: egress TCP 10.0.0.5:40000 -> 10.0.0.7:22",
        "eni-v4: ingress TCP 10.0.0.5:40000 -> 10.0.0.7:22",
    )


def test_an_outside_end_is_not_asked() -> None:
    """§2.5: to and from an outside address."""
    assert told(path(End("eni-v4"), End(address="198.51.100.7"))) == (
        "eni-v4: egress TCP 10.0.0.7:40000 -> 198.51.100.7:22",
        None,
    )
    assert told(path(End(address="198.51.100.7"), End("eni-v4"))) == (
        None,
        "eni-v4: ingress TCP 198.51.100.7:40000 -> 10.0.0.7:22",
    )


@pytest.mark.parametrize(
    ("address", "owners"),
    [
        ("10.0.0.5", "eni-both"),
        ("10.0.0.55", "eni-both"),
        ("10.9.0.3", "eni-none"),
        ("10.8.0.4", "eni-p1, eni-p2, eni-p3, eni-p4"),
    ],
)
def test_an_address_of_an_eni_in_the_same_vpc_is_not_outside(address: str, owners: str) -> None:
    """§2.5, §3.8: what that ENI drops must not come out as allowed because nobody named it."""
    known, unnamed = End("eni-v4"), End(address=address)
    for name, ends in (("source", (unnamed, known)), ("destination", (known, unnamed))):
        with pytest.raises(
            FieldError, match=f"{address} is not outside but in the same VPC that of {owners}; name the ENI"
        ) as error:
            path(*ends)
        assert (error.value.reason, error.value.field) == (Reason.INVALID_PATH, f"{name}.eni_id")


def test_an_address_beside_its_eni_is_judged() -> None:
    """§2.5."""
    assert path(End("eni-v4"), End("eni-both", "10.0.0.5")).ingress is not None


def test_an_address_of_another_vpc_is_outside() -> None:
    """§2.5, §3.8: there it is somebody else's."""
    found = path(End("eni-v4"), End(address="10.7.0.1"))
    assert found.egress is not None
    assert found.ingress is None


@pytest.mark.parametrize(
    ("source", "destination", "addresses"),
    [
        (End("eni-both"), End("eni-also"), ("10.0.0.5", "10.0.0.6")),
        (End("eni-both"), End("eni-v6"), ("fd00::5", "fd00::8")),
        (End("eni-both"), End(address="2001:db8::1"), ("fd00::5", "2001:db8::1")),
        (End(address="2001:db8::1"), End("eni-both"), ("2001:db8::1", "fd00::5")),
        (End("eni-both"), End("eni-also", "fd00::6"), ("fd00::5", "fd00::6")),
        (End("eni-both", "10.0.0.55"), End("eni-also"), ("10.0.0.55", "10.0.0.6")),
        (End("eni-both"), End(address="::ffff:198.51.100.7"), ("10.0.0.5", "198.51.100.7")),
        (End("eni-v4", "192.0.2.1"), End("eni-also"), ("192.0.2.1", "10.0.0.6")),
        (End("eni-v4", "fd00::99"), End("eni-also"), ("fd00::99", "fd00::6")),
        (End("eni-none", "10.9.0.3"), End("eni-also"), ("10.9.0.3", "10.0.0.6")),
        (End("eni-both"), End("eni-both"), ("10.0.0.5", "10.0.0.5")),
    ],
)
def test_an_eni_alone_means_its_primary_address_of_the_other_ends_family(
    source: End, destination: End, addresses: tuple[str, str]
) -> None:
    """§2.5: IPv4 where both have it and neither end says, else IPv6."""
    found = path(source, destination)
    assert (str(found.source), str(found.destination)) == addresses


def test_a_protocol_without_ports_needs_none() -> None:
    """§2.1."""
    assert (
        told(path(End("eni-v4"), End("eni-both"), ICMP, (None, None)))[1]
        == "eni-both: ingress ICMP 10.0.0.7 -> 10.0.0.5"
    )


@pytest.mark.parametrize(
    ("source", "destination", "reason", "field", "words"),
    [
        (End(), End("eni-v4"), Reason.INVALID_PATH, "source", "empty"),
        (End("eni-v4"), End(), Reason.INVALID_PATH, "destination", "empty"),
        (End(address="10.0.0.1"), End(address="10.0.0.2"), Reason.INVALID_PATH, "source.eni_id", "at least one"),
        (End("eni-x"), End("eni-v4"), Reason.UNKNOWN_ENI, "source.eni_id", "no ENI has the id 'eni-x'"),
        (End("eni-v4"), End("i-1"), Reason.UNKNOWN_ENI, "destination.eni_id", "eni-both"),
        (End("eni-v4"), End(address="10.0.0.0/8"), Reason.INVALID_ADDRESS, "destination.address", "10.0.0.0/8"),
        (End("eni-v4", "ten"), End("eni-both"), Reason.INVALID_ADDRESS, "source.address", "'ten'"),
        (
            End("eni-v4", "10.0.0.7"),
            End(address="fd00::1"),
            Reason.MIXED_ADDRESS_FAMILIES,
            "destination.address",
            "IPv6",
        ),
        (End("eni-v4"), End("eni-v6"), Reason.INVALID_PATH, "destination.eni_id", "no address family in common"),
        (End("eni-v4"), End(address="fd00::1"), Reason.INVALID_PATH, "source.eni_id", "eni-v4 has no IPv6 address"),
        (End(address="10.0.0.1"), End("eni-v6"), Reason.INVALID_PATH, "destination.eni_id", "give destination.address"),
        (End("eni-none"), End("eni-v4"), Reason.INVALID_PATH, "destination.eni_id", "no address family in common"),
    ],
)
def test_an_end_that_cannot_be_resolved_is_an_error_of_its_field(
    source: End, destination: End, reason: Reason, field: str, words: str
) -> None:
    """§2.5, §2.1."""
    with pytest.raises(FieldError) as caught:
        path(source, destination)
    assert (caught.value.reason, caught.value.field) == (reason, field)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("protocol", "ports", "reason", "field"),
    [
        (TCP, (None, 22), Reason.MISSING_PORT, "source_port"),
        (TCP, (1, None), Reason.MISSING_PORT, "destination_port"),
        (TCP, (1, 65536), Reason.INVALID_PORT, "destination_port"),
        (256, (1, 2), Reason.INVALID_PROTOCOL, "protocol"),
    ],
)
def test_the_rest_of_the_5_tuple_is_tested_as_in_any_flow(
    protocol: int, ports: tuple[int | None, int | None], reason: Reason, field: str
) -> None:
    """§2.1."""
    with pytest.raises(FieldError) as caught:
        path(End("eni-v4"), End("eni-both"), protocol, ports)
    assert (caught.value.reason, caught.value.field) == (reason, field)

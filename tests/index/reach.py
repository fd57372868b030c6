"""How far an answer of the index reaches, in one line, for tables of cases."""

from pdp.index.cache import IndexCache
from pdp.index.checker import Checker
from pdp.model.instants import Instant
from pdp.model.protocols import PortRange
from pdp.model.verdict import Region, Verdict
from pdp.policy.decide import decide
from pdp.policy.snapshot import Snapshot
from tests.builders import NOW, flow


def check(snapshot: Snapshot, text: str, eni_id: str = "eni-a", when: Instant = NOW) -> Verdict:
    """The verdict by index with its region; it must be the definition's."""
    asked = flow(text)
    verdict = Checker(snapshot, IndexCache()).check_region(eni_id, asked, when)
    assert verdict._replace(region=None) == decide(snapshot, eni_id, asked, when)
    return verdict


def region(snapshot: Snapshot, text: str, eni_id: str = "eni-a", when: Instant = NOW) -> Region:
    """The region of an answer."""
    found = check(snapshot, text, eni_id, when).region
    assert found is not None
    return found


def remote(snapshot: Snapshot, text: str, eni_id: str = "eni-a") -> str:
    """The remote CIDR of the region."""
    return str(region(snapshot, text, eni_id).remote)


def own(snapshot: Snapshot, text: str, eni_id: str = "eni-a") -> str:
    """The CIDR of the region on the ENI's side."""
    return str(region(snapshot, text, eni_id).own)


def ports(snapshot: Snapshot, text: str, eni_id: str = "eni-a") -> PortRange:
    """The destination ports of the region."""
    return region(snapshot, text, eni_id).destination_ports


def source_ports(snapshot: Snapshot, text: str, eni_id: str = "eni-a") -> PortRange:
    """The source ports of the region."""
    return region(snapshot, text, eni_id).source_ports

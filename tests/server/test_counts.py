import pytest

from pdp.model.codes import Code
from pdp.model.errors import PdpError, Reason
from pdp.server.counts import Counts


@pytest.mark.parametrize("reason", [*Reason, *Code])
def test_a_refusal_is_counted_under_its_own_reason_alone(reason: Reason | Code) -> None:
    counts = Counts()
    counts.error(PdpError(reason, "no"))
    own = counts.codes[reason] if isinstance(reason, Code) else counts.errors[reason.value]
    assert (own, sum(counts.errors) + sum(counts.codes.values())) == (1, 1)

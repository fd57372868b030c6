"""An import that was interrupted goes on where it was, and never commits twice."""

from collections.abc import Iterator
from typing import Any

import pytest

from pdp.cli.administration import bundle_parts
from pdp.cli.administration.bundle_parts import cut_bundle
from pdp.cli.administration.import_bundle import import_bundle
from pdp.cli.administration.session import Session
from pdp.cli.connection import Connection
from pdp.cli.exits import ExitCode, Fault
from pdp.cli.remote import Remote
from tests.cli.administration.serving import Shop, serving
from tests.cli.running import BUNDLE, Pdp


class Line:
    """The way to a server: it notes what passes, and loses the answers to calls of one name."""

    def __init__(self, remote: Remote, loses: str = "") -> None:
        self._remote, self._loses = remote, loses
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def call(self, name: str, fields: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((name, fields))
        answer = self._remote.call(name, fields)
        if name == self._loses:
            raise Fault(ExitCode.SERVER, "the line broke")
        return answer

    def parts(self) -> list[int]:
        return [fields["part_number"] for name, fields in self.calls if name == "StageBundlePart"]


@pytest.fixture
def address() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture
def remote(address: str) -> Iterator[Remote]:
    with Remote(Connection(address), 30) as remote:
        yield remote


def session_on(line: Line, **options: object) -> Session:
    return Session(line, {"client_token": "", "validate_only": False, **options}, None)


def test_parts_that_the_server_has_are_not_sent_again(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_parts, "PART_BYTES", 5000)
    last = len(cut_bundle(BUNDLE).parts)
    assert last > 3
    broken = Line(remote, loses="PlanImport")
    with pytest.raises(Fault, match="the line broke"):
        import_bundle(session_on(broken), BUNDLE, yes=True)
    assert broken.parts() == [*range(1, last + 1)]
    line = Line(remote)
    import_bundle(session_on(line), BUNDLE, yes=True)
    assert line.parts() == [1]


def test_a_lost_answer_is_asked_for_again_with_the_token_and_nothing_is_done_twice(
    remote: Remote, address: str, pdp: Pdp
) -> None:
    shop = Shop(pdp, address)
    before = shop.revision()
    broken = Line(remote, loses="CommitImport")
    with pytest.raises(Fault, match="may have been committed") as caught:
        import_bundle(session_on(broken), BUNDLE, yes=True)
    assert caught.value.exit_code is ExitCode.SERVER
    token = str(caught.value).rpartition(" ")[2]
    assert broken.calls[-1][1]["write_options"]["client_token"] == token
    assert "Nothing to change" in shop.text("import", BUNDLE, "--yes", "--client-token", token)
    assert shop.revision() == before + 1


def test_a_policy_that_moved_since_the_plan_is_not_imported_over(remote: Remote, address: str, pdp: Pdp) -> None:
    class Meanwhile(Line):
        def call(self, name: str, fields: dict[str, Any]) -> dict[str, Any]:
            answer = super().call(name, fields)
            if name == "PlanImport":
                Shop(pdp, address).vpc()
            return answer

    with pytest.raises(Fault, match="RevisionMismatch") as caught:
        import_bundle(session_on(Meanwhile(remote)), BUNDLE, yes=True)
    assert caught.value.exit_code is ExitCode.REFUSED
    assert Shop(pdp, address).text("group", "list") == "none\n"

"""Lists over all their pages, at one revision, from a real server."""

from collections.abc import Iterator
from typing import Any

import pytest

from pdp.cli.administration import session as sessions
from pdp.cli.administration.session import Session
from pdp.cli.connection import Connection
from pdp.cli.exits import ExitCode, Fault
from pdp.cli.remote import Remote
from pdp.server.list_pages import MOST_HELD
from tests.cli.administration.serving import Shop


@pytest.fixture
def remote(store_address: str) -> Iterator[Remote]:
    with Remote(Connection(store_address), 30) as remote:
        yield remote


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "PAGE_SIZE", 2)


class Interrupted:
    """The server, with others who write and list a great deal after each of the first `times` calls.

    A server holds what was listed for a while, so that lists go on; many others make it let go.
    """

    OTHERS = MOST_HELD + 1

    def __init__(self, remote: Remote, vpc: str, times: int) -> None:
        self._remote, self._vpc, self._times = remote, vpc, times

    def call(self, name: str, fields: dict[str, Any]) -> dict[str, Any]:
        answer = self._remote.call(name, fields)
        if self._times > 0:
            self._times -= 1
            for number in range(self.OTHERS):
                self._remote.call("ModifyVpcAttribute", {"vpc_id": self._vpc, "vpc_name": f"{self._times}.{number}"})
                self._remote.call("DescribeSecurityGroups", {"vpc_id": self._vpc, "max_results": 1})
        return answer


def ids(answer: dict[str, Any]) -> list[str]:
    return [group["security_group_id"] for group in answer["security_groups"]]


def listed(session: Session, vpc: str) -> dict[str, Any]:
    return session.every("DescribeSecurityGroups", "security_groups", vpc_id=vpc)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_all_pages_make_one_answer(count: int, shop: Shop, vpc: str, remote: Remote) -> None:
    made = sorted(shop.group(vpc) for _ in range(count))
    answer = listed(Session(remote, {}, None), vpc)
    assert ids(answer) == made
    assert answer.keys() == {"security_groups", "position"}


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 9])
def test_a_limit_ends_a_list(limit: int, shop: Shop, vpc: str, remote: Remote) -> None:
    made = sorted(shop.group(vpc) for _ in range(4))
    assert ids(listed(Session(remote, {}, limit), vpc)) == made[:limit]


def test_a_list_that_the_server_let_go_of_is_read_again(shop: Shop, vpc: str, remote: Remote) -> None:
    made = sorted(shop.group(vpc) for _ in range(4))
    before = shop.revision()
    answer = listed(Session(Interrupted(remote, vpc, times=1), {}, None), vpc)
    assert ids(answer) == made
    assert answer["position"]["revision"] == before + Interrupted.OTHERS


def test_a_list_that_never_rests_is_given_up(shop: Shop, vpc: str, remote: Remote) -> None:
    for _ in range(4):
        shop.group(vpc)
    with pytest.raises(Fault, match=r"InvalidParameter\.NextToken") as caught:
        listed(Session(Interrupted(remote, vpc, times=99), {}, None), vpc)
    assert caught.value.exit_code is ExitCode.USAGE

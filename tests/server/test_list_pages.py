from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest

from pdp.model.codes import Code
from pdp.model.errors import FieldError, Refusal
from pdp.model.ids import Revision, StoreId
from pdp.policy.snapshot import Snapshot
from pdp.server.list_pages import HeldSnapshots, page
from pdp.v1.security_group_service_pb2 import (
    DescribeSecurityGroupReferencesRequest,
    DescribeSecurityGroupsRequest,
    DescribeSecurityGroupsResponse,
)


def at_revision(revision: int, store: str = "store-1") -> Snapshot:
    return Snapshot(StoreId(store), Revision(revision))


HERE = at_revision(7)


def asked(**fields: Any) -> DescribeSecurityGroupsRequest:
    return DescribeSecurityGroupsRequest(**fields)


def all_pages(count: int, size: int) -> list[list[int]]:
    pages, token = [], ""
    while True:
        items, token = page(HERE, asked(max_results=size, next_token=token), range(count))
        pages.append([*items])
        if not token:
            return pages


@pytest.mark.parametrize(("count", "size"), [(0, 1), (1, 1), (5, 2), (6, 2), (3, 1000), (250, 0)])
def test_pages_hold_every_item_once_in_order(count: int, size: int) -> None:
    pages = all_pages(count, size)
    assert [item for items in pages for item in items] == [*range(count)]
    assert all(len(items) == (size or 100) for items in pages[:-1])


def test_the_last_page_has_no_token_even_when_it_is_full() -> None:
    assert all_pages(4, 2) == [[0, 1], [2, 3]]


def test_more_than_a_thousand_in_one_answer_are_refused() -> None:
    with pytest.raises(FieldError) as refusal:
        page(HERE, asked(max_results=1001), range(3))
    assert (refusal.value.reason, refusal.value.field) == (Code.INVALID_PARAMETER, "max_results")


TOKEN = page(HERE, asked(vpc_id="vpc-1", max_results=2), range(9))[1]


def test_a_token_is_taken_with_another_page_size() -> None:
    assert [*page(HERE, asked(vpc_id="vpc-1", max_results=3, next_token=TOKEN), range(9))[0]] == [2, 3, 4]


NONSENSE, NO_ASCII, HUGE = "x", "é", "A" * 100_000


def moved(token: str, start: int) -> str:
    revision, _, binding = urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().split(".")
    return urlsafe_b64encode(f"{revision}.{start}.{binding}".encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("snapshot", "request_"),
    [
        (at_revision(8), asked(vpc_id="vpc-1", next_token=TOKEN)),
        (at_revision(7, "store-2"), asked(vpc_id="vpc-1", next_token=TOKEN)),
        (HERE, asked(vpc_id="vpc-2", next_token=TOKEN)),
        (HERE, asked(next_token=TOKEN)),
        (HERE, DescribeSecurityGroupReferencesRequest(next_token=TOKEN)),
        (HERE, asked(vpc_id="vpc-1", next_token=NONSENSE)),
        (HERE, asked(vpc_id="vpc-1", next_token=NO_ASCII)),
        (HERE, asked(vpc_id="vpc-1", next_token=TOKEN[:-3])),
        (HERE, asked(vpc_id="vpc-1", next_token=moved(TOKEN, 4))),
        (HERE, asked(vpc_id="vpc-1", next_token=HUGE)),
    ],
)
def test_a_token_of_another_list_is_refused(snapshot: Snapshot, request_: Any) -> None:
    with pytest.raises(Refusal) as refusal:
        page(snapshot, request_, range(9))
    assert (refusal.value.code, refusal.value.field) == (Code.INVALID_NEXT_TOKEN, "next_token")


def test_a_list_with_further_pages_keeps_its_snapshot() -> None:
    held = HeldSnapshots()
    held.keep_for(DescribeSecurityGroupsResponse(next_token=TOKEN), HERE)
    assert held.for_request(asked(next_token=TOKEN), at_revision(8)) is HERE


def test_a_list_that_ended_keeps_nothing() -> None:
    held, present = HeldSnapshots(), at_revision(8)
    held.keep_for(DescribeSecurityGroupsResponse(), HERE)
    assert held.for_request(asked(next_token=TOKEN), present) is present


def test_a_new_list_begins_at_the_present() -> None:
    held, present = HeldSnapshots(), at_revision(8)
    held.keep_for(DescribeSecurityGroupsResponse(next_token=TOKEN), HERE)
    assert held.for_request(asked(), present) is present


def test_only_so_many_snapshots_are_kept_the_newest_used_ones() -> None:
    held, present = HeldSnapshots(most=2), at_revision(99)
    kept = [at_revision(revision) for revision in (7, 8, 9)]
    tokens = [page(snapshot, asked(max_results=1), range(3))[1] for snapshot in kept]
    for snapshot, token in zip(kept, tokens, strict=True):
        held.keep_for(DescribeSecurityGroupsResponse(next_token=token), snapshot)
    found = [held.for_request(asked(next_token=token), present) for token in tokens]
    assert [snapshot.revision for snapshot in found] == [99, 8, 9]

"""Every conformance case, imported through the API into a store of SQLite and asked over gRPC; and out and in again."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import grpc
import pytest

from pdp.policy.snapshot import Snapshot, resources_of
from pdp.server.app import PolicyServer
from pdp.server.config import ServerConfig
from pdp.server.opening import StoreToServe
from pdp.v1 import flow_pb2
from pdp.v1.decision_service_pb2 import BatchCheckFlowsRequest
from pdp.v1.decision_service_pb2_grpc import DecisionServiceStub
from pdp.v1.import_service_pb2 import (
    BundleFile,
    CommitImportRequest,
    ExportBundleRequest,
    PlanImportRequest,
    StageBundlePartRequest,
)
from pdp.v1.import_service_pb2_grpc import ImportServiceStub
from tests.end_to_end.conftest import ANY_PORT
from tests.end_to_end.test_server_checks import CASES, asked_and_expected, message_of

if TYPE_CHECKING:  # their names exist for type checkers only
    from pdp.v1.decision_service_pb2_grpc import DecisionServiceAsyncStub
    from pdp.v1.import_service_pb2_grpc import ImportServiceAsyncStub

ID = "import-1"


class Stored(NamedTuple):
    """A server on a store of its own, and clients of it."""

    server: PolicyServer
    imports: "ImportServiceAsyncStub"
    decisions: "DecisionServiceAsyncStub"

    @property
    def snapshot(self) -> Snapshot:
        return self.server.source.loaded().snapshot

    async def bring_in(self, files: list[BundleFile]) -> int:
        """Imports some files, a part each, and gives the revision."""
        for number, file in enumerate(files, 1):
            part = StageBundlePartRequest(import_id=ID, part_number=number, files=[file])
            await self.imports.StageBundlePart(part)
        plan = await self.imports.PlanImport(PlanImportRequest(import_id=ID, part_count=len(files)))
        assert list(plan.faults) == []
        done = await self.imports.CommitImport(CommitImportRequest(import_id=ID, part_count=len(files)))
        assert done.counts == plan.counts
        with pytest.raises(grpc.aio.AioRpcError, match="there is no import"):
            await self.imports.PlanImport(PlanImportRequest(import_id=ID, part_count=len(files)))
        return done.position.revision

    async def export(self) -> list[BundleFile]:
        """The whole bundle."""
        files: list[BundleFile] = []
        token = ""
        while True:
            answer = await self.imports.ExportBundle(ExportBundleRequest(next_token=token, max_results=3))
            files += answer.files
            token = answer.next_token
            if not token:
                return files


StartStore = Callable[[Path], Awaitable[Stored]]


@pytest.fixture
async def start_store() -> AsyncIterator[StartStore]:
    """`await start_store(path)`: a server in this process on a store of SQLite."""
    async with AsyncExitStack() as running:

        async def start(path: Path) -> Stored:
            server = PolicyServer(ServerConfig(listen=ANY_PORT, grace_s=0.1))
            await server.start()
            running.push_async_callback(server.stop)
            await server.follow(server.open_store(StoreToServe(f"sqlite:{path}")))
            channel = grpc.aio.insecure_channel(server.address)
            running.push_async_callback(channel.close)
            return Stored(server, ImportServiceStub(channel), DecisionServiceStub(channel))

        yield start


def files_of(bundle: Path) -> list[BundleFile]:
    return [BundleFile(name=path.name, content=path.read_bytes()) for path in sorted(bundle.iterdir())]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_an_imported_case_gives_the_expected_verdicts(
    case: Path, start_store: StartStore, tmp_path: Path
) -> None:
    stored = await start_store(tmp_path / "pdp.db")
    revision = await stored.bring_in(files_of(case / "bundle"))
    pairs = asked_and_expected(case)
    request = BatchCheckFlowsRequest(flows=[message_of(question) for question, _ in pairs], at_least_revision=revision)
    answer = await stored.decisions.BatchCheckFlows(request)
    assert answer.position.revision == revision == 1
    for (_, expected), item in zip(pairs, answer.items, strict=True):
        if expected["action"] == "ERROR":
            assert flow_pb2.ErrorReason.Name(item.error.reason) == f"ERROR_REASON_{expected['reason']}"
            continue
        verdict = item.verdict
        assert flow_pb2.Action.Name(verdict.action) == f"ACTION_{expected['action']}"
        assert flow_pb2.VerdictReason.Name(verdict.reason) == f"VERDICT_REASON_{expected['reason']}"
        assert (verdict.rule_id, verdict.group_id) == (expected.get("rule", ""), expected.get("group", ""))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_out_and_in_again_is_the_same(case: Path, start_store: StartStore, tmp_path: Path) -> None:
    first, second = await start_store(tmp_path / "first.db"), await start_store(tmp_path / "second.db")
    await first.bring_in(files_of(case / "bundle"))
    await second.bring_in(await first.export())
    assert resources_of(second.snapshot) == resources_of(first.snapshot)

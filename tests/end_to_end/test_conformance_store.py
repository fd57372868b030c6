"""The conformance cases that are to be refused, brought to a store through the API: neither planned nor committed."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from grpc import StatusCode

from pdp.v1.import_service_pb2 import BundleFile, CommitImportRequest, PlanImportRequest, StageBundlePartRequest
from tests.architecture.sources import ROOT
from tests.end_to_end.administered import Administered, administered
from tests.end_to_end.refusals import refused_by

REFUSED = sorted(path.parent for path in (ROOT / "tests" / "conformance").glob("*/expected_error.json"))


@pytest.fixture(scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Administered]:
    async with administered(tmp_path_factory.mktemp("served")) as running:
        yield running


def test_there_are_cases() -> None:
    assert len(REFUSED) >= 3


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
async def test_a_bundle_that_is_incomplete_is_imported_by_no_means(case: Path, served: Administered) -> None:
    imports, before = served.operator.imports, served.snapshot
    files = [BundleFile(name=path.name, content=path.read_bytes()) for path in sorted((case / "bundle").iterdir())]
    part = StageBundlePartRequest(import_id=case.name, part_number=1, files=files)
    await imports.StageBundlePart(part)
    plan = await imports.PlanImport(PlanImportRequest(import_id=case.name, part_count=1))
    assert plan.fault_count == len(plan.faults) > 0
    assert not plan.counts
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await imports.CommitImport(CommitImportRequest(import_id=case.name, part_count=1))
    refused = refused_by(caught.value)
    assert (refused.info.reason, refused.status) == ("InvalidBundle.Refused", StatusCode.INVALID_ARGUMENT)
    named = " ".join(f"{fault.field}: {fault.description}" for fault in refused.details["BadRequest"].field_violations)
    for word in json.loads((case / "expected_error.json").read_text(encoding="utf-8"))["mentions"]:
        assert word in named
    assert served.snapshot is before

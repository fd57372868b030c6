"""ImportService: parts put aside, a plan that changes nothing, one commit, and the bundle back again."""

import asyncio
import json
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import replace
from threading import Event, Thread
from typing import Any

import pytest
from google.protobuf.message import Message

from pdp.formats.bundle import Bundle, read_bundle_files
from pdp.formats.bundle_writer import bundle_files
from pdp.model.codes import Code
from pdp.model.errors import Refusal
from pdp.model.identity import Caller
from pdp.model.instants import SECOND, Instant
from pdp.model.resources import Resources
from pdp.policy.draft import snapshot_of
from pdp.policy.snapshot import resources_of
from pdp.server import import_service, staging
from pdp.server.import_service import Export, ImportService
from pdp.server.staging import Staging
from pdp.v1 import import_service_pb2 as pb
from pdp.v1.resources_pb2 import WriteOptions
from tests.builders import NOW, eni, group, resources, vpc
from tests.server.administering import OPERATOR, OWNER, THREADS, Administered, refused

EMPTY = resources(vpcs=[])
VPCS = [vpc("vpc-1", "10.0.0.0/8")]
GROUPS = [group("sg-a", "accept tcp/22 from 10.0.0.0/8"), group("sg-b")]
BUNDLE = resources(GROUPS, [eni("eni-1", "10.0.0.5", groups=["sg-a"])], vpcs=VPCS)


class Imports:
    """A policy and the import service of it, asked by the operator."""

    def __init__(self, before: Resources = EMPTY) -> None:
        self.now = NOW
        self.service = ImportService()
        self.policy = Administered(before, self.service.service, now=lambda: self.now)

    def call(self, method: str, request: Any, caller: Caller = OPERATOR) -> Any:
        return self.policy.call(method, request, caller)

    def stage(self, number: int, files: dict[str, bytes], import_id: str = "import-1") -> Any:
        named = [pb.BundleFile(name=name, content=content) for name, content in files.items()]
        return self.call(
            "StageBundlePart", pb.StageBundlePartRequest(import_id=import_id, part_number=number, files=named)
        )

    def plan(self, parts: int = 1, **fields: Any) -> Any:
        return self.call("PlanImport", pb.PlanImportRequest(import_id="import-1", part_count=parts, **fields))

    def commit(self, parts: int = 1, *, remove_unnamed: bool = False, **options: Any) -> Any:
        request = pb.CommitImportRequest(
            import_id="import-1",
            part_count=parts,
            remove_unnamed=remove_unnamed,
            write_options=WriteOptions(**options),
        )
        return self.call("CommitImport", request)

    @property
    def resources(self) -> Resources:
        return resources_of(self.policy.snapshot)


def files_of(content: Resources) -> dict[str, bytes]:
    return dict(bundle_files(content))


def counted(answer: Any) -> dict[str, tuple[int, int, int, int]]:
    return {count.kind: (count.created, count.changed, count.removed, count.unchanged) for count in answer.counts}


def test_a_plan_tells_what_would_change_and_changes_nothing() -> None:
    imports = Imports()
    imports.stage(1, files_of(BUNDLE))
    before = imports.policy.snapshot
    plan = imports.plan()
    assert counted(plan) == {"vpc": (1, 0, 0, 0), "group": (2, 0, 0, 0), "rule": (1, 0, 0, 0), "eni": (1, 0, 0, 0)}
    assert plan.fault_count == 0
    assert imports.policy.snapshot is before


def test_a_bundle_comes_in_with_one_commit() -> None:
    imports = Imports()
    imports.stage(1, files_of(BUNDLE))
    plan, before = imports.plan(), imports.policy.snapshot.revision
    answer = imports.commit(expected_revision=plan.position.revision)
    assert answer.position.revision == before + 1
    assert counted(answer) == counted(plan)
    assert imports.resources == resources_of(snapshot_of(BUNDLE))


def test_the_same_bundle_again_moves_nothing() -> None:
    imports = Imports(BUNDLE)
    imports.stage(1, files_of(BUNDLE))
    before = imports.policy.snapshot
    assert counted(imports.commit())["group"] == (0, 0, 0, 2)
    assert imports.policy.snapshot is before


def test_what_a_bundle_does_not_name_stays_unless_it_is_to_be_all_there_is() -> None:
    other = group("sg-z", "accept all from 0.0.0.0/0")
    imports = Imports(replace(BUNDLE, groups=(*BUNDLE.groups, other)))
    imports.stage(1, files_of(BUNDLE))
    imports.commit()
    assert "sg-z" in imports.policy.snapshot.groups
    imports.stage(1, files_of(BUNDLE))
    assert counted(imports.plan(remove_unnamed=True))["group"] == (0, 0, 1, 2)
    imports.commit(remove_unnamed=True)
    assert imports.resources == resources_of(snapshot_of(BUNDLE))


def test_files_may_come_in_pieces_and_parts_in_any_order() -> None:
    imports = Imports()
    halves: tuple[dict[str, bytes], dict[str, bytes]] = ({}, {})
    for name, content in files_of(BUNDLE).items():
        halves[0][name], halves[1][name] = content[:7], content[7:]
    imports.stage(2, halves[1])
    assert list(imports.stage(1, halves[0]).staged_parts) == [1, 2]
    imports.commit(2)
    assert imports.resources == resources_of(snapshot_of(BUNDLE))


def test_the_same_part_again_changes_nothing_and_another_is_refused() -> None:
    imports = Imports()
    imports.stage(1, {"pdp.json": b"{}"})
    assert imports.stage(1, {"pdp.json": b"{}"}).staged_bytes == 2
    error = refused(lambda: imports.stage(1, {"pdp.json": b"{ }"}))
    assert error.reason is Code.IDEMPOTENT_MISMATCH


def test_missing_and_surplus_parts_are_named() -> None:
    imports = Imports()
    imports.stage(3, files_of(BUNDLE))
    assert "part 1 of 3 is not staged" in refused(lambda: imports.commit(3)).message
    imports.stage(1, {"a.json": b""})
    assert "part 3 is staged" in refused(lambda: imports.plan(1)).message


@pytest.mark.parametrize("import_id", ["", "a b", "é", "x" * 65])
def test_an_import_has_a_plain_name(import_id: str) -> None:
    error = refused(lambda: Imports().stage(1, {"pdp.json": b"{}"}, import_id))
    assert error.violations[0].field == "import_id"


@pytest.mark.parametrize("name", ["", "../pdp.json", "a/b", "a\0"])
def test_a_file_has_the_name_of_a_file_in_a_directory(name: str) -> None:
    assert refused(lambda: Imports().stage(1, {name: b""})).violations[0].field == "files[0].name"


@pytest.mark.parametrize("number", [0, 10_001])
def test_parts_are_numbered_from_one(number: int) -> None:
    assert refused(lambda: Imports().stage(number, {"pdp.json": b"{}"})).violations[0].field == "part_number"


def test_a_part_has_files() -> None:
    assert refused(lambda: Imports().stage(1, {})).reason is Code.MISSING_PARAMETER


def test_reading_a_bundle_keeps_nobody_else_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    area, ended = Staging(), []
    area.add("import-1", 1, tuple(files_of(BUNDLE).items()), NOW)

    def read(files: Mapping[str, bytes]) -> Bundle:
        other = Thread(target=area.forget, args=("import-2", NOW), daemon=True)
        other.start()
        other.join(10)
        ended.append(not other.is_alive())
        return read_bundle_files(files)

    monkeypatch.setattr(staging, "read_bundle_files", read)
    assert area.bundle("import-1", 1, NOW) is area.bundle("import-1", 1, NOW)
    assert ended == [True]


def test_an_import_that_was_aborted_or_rests_for_an_hour_is_forgotten() -> None:
    imports = Imports()
    imports.stage(1, files_of(BUNDLE))
    imports.call("AbortImport", pb.AbortImportRequest(import_id="import-1"))
    imports.call("AbortImport", pb.AbortImportRequest(import_id="import-1"))
    assert refused(imports.plan).reason is Code.IMPORT_NOT_FOUND
    imports.stage(1, files_of(BUNDLE))
    imports.now = Instant(NOW + 3_599 * SECOND)
    imports.plan()
    imports.now = Instant(imports.now + 3_600 * SECOND)
    assert refused(imports.plan).reason is Code.IMPORT_NOT_FOUND


@pytest.mark.parametrize(
    ("method", "request_"),
    [("AbortImport", pb.AbortImportRequest(import_id="other")), ("ExportBundle", pb.ExportBundleRequest())],
)
def test_what_rests_for_an_hour_takes_no_memory_once_anything_is_asked(method: str, request_: Message) -> None:
    imports = Imports()
    imports.stage(1, files_of(BUNDLE))
    parts = weakref.ref(imports.service.staging._imports["import-1"])
    imports.now = Instant(NOW + 3_600 * SECOND)
    imports.call(method, request_)
    assert parts() is None


def test_an_import_that_was_committed_is_forgotten_and_one_that_was_only_validated_is_not() -> None:
    imports = Imports()
    imports.stage(1, files_of(BUNDLE))
    imports.commit(validate_only=True)
    imports.commit()
    assert refused(imports.plan).reason is Code.IMPORT_NOT_FOUND


async def test_a_committed_import_is_forgotten_although_its_caller_has_gone_away() -> None:
    began, gone = Event(), Event()

    def wait(method: str, *_: object) -> None:
        if method == "ImportService/CommitImport":
            began.set()
            assert gone.wait(60)

    service = ImportService()
    policy = Administered(EMPTY, service.service, wait)
    named = tuple(files_of(BUNDLE).items())
    service.staging.add("import-1", 1, named, NOW)
    commit = pb.CommitImportRequest(import_id="import-1", part_count=1)
    call = asyncio.ensure_future(policy.answering("CommitImport", commit.SerializeToString(), OPERATOR))
    await asyncio.to_thread(began.wait, 60)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    gone.set()
    THREADS[0].submit(int).result()
    assert "sg-a" in policy.snapshot.groups
    assert service.staging.digest("import-1", NOW) == b""


def test_the_room_for_parts_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "MOST_BYTES", 10)
    imports = Imports()
    assert "split the bundle" in refused(lambda: imports.stage(1, {"pdp.json": b"0123456789a"})).message
    imports.stage(1, {"pdp.json": b"0123456789"})
    error = refused(lambda: imports.stage(2, {"pdp.json": b"0"}))
    assert error.reason is Code.STAGED_IMPORTS
    assert "the limit is 10, and this would make 11" in error.message


def test_the_number_of_imports_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "MOST_IMPORTS", 1)
    imports = Imports()
    imports.stage(1, {"pdp.json": b""})
    imports.stage(2, {"pdp.json": b""})
    error = refused(lambda: imports.stage(1, {"pdp.json": b""}, "import-2"))
    assert error.reason is Code.STAGED_IMPORTS
    assert "commit or abort one first, such as 'import-1'" in error.message


def test_a_bundle_with_faults_is_planned_as_faults_and_never_committed() -> None:
    imports = Imports()
    files = files_of(BUNDLE)
    del files["DescribeSecurityGroupAttribute.sg-a.json"]
    imports.stage(1, files)
    before = imports.policy.snapshot
    plan = imports.plan()
    assert (plan.fault_count, [fault.resource_id for fault in plan.faults]) == (1, ["sg-a"])
    assert not plan.counts
    error = refused(imports.commit)
    assert error.reason is Code.BUNDLE_REFUSED
    assert "sg-a" in error.message
    assert imports.policy.snapshot is before


def test_what_the_policy_cannot_hold_is_planned_as_a_fault() -> None:
    """The bundle is whole in itself, but would take away a group that another one names as its peer."""
    before = replace(BUNDLE, enis=(*BUNDLE.enis, eni("eni-2", "10.0.0.6", groups=["sg-b"])))
    imports = Imports(before)
    imports.stage(
        1,
        files_of(
            resources([GROUPS[0], replace(GROUPS[1], vpc=vpc("vpc-2").id)], BUNDLE.enis, vpcs=[*VPCS, vpc("vpc-2")])
        ),
    )
    plan = imports.plan()
    assert plan.fault_count == 1
    assert plan.faults[0].code
    assert isinstance(refused(imports.commit), Refusal)


def test_limits_are_noted_and_not_refused() -> None:
    many = group("sg-a", *(f"accept tcp/{port} from 10.0.0.0/8" for port in range(1, 202)))
    imports = Imports()
    imports.stage(1, files_of(resources([many], [eni("eni-1", groups=["sg-a"])], vpcs=VPCS)) | {"notes.txt": b"?"})
    plan = imports.plan()
    assert plan.note_count == len(plan.notes) == 2
    assert "sg-a" in {note.resource_id for note in plan.notes}
    assert "notes.txt" in {note.file for note in plan.notes}
    answer = imports.commit()
    assert answer.note_count == 2
    assert len(imports.policy.snapshot.groups["sg-a"].rules) == 201  # type: ignore[index]


def test_a_note_names_a_file_or_a_resource_and_never_takes_an_answer_s_name_for_one() -> None:
    managed = replace(eni("eni-m", "10.0.0.7", groups=["sg-a"]), service_managed=True)
    files = files_of(replace(BUNDLE, enis=(*BUNDLE.enis, managed)))
    enis = json.loads(files["DescribeNetworkInterfaces.json"])
    next(one for one in enis["NetworkInterfaceSets"]["NetworkInterfaceSet"] if one["NetworkInterfaceId"] == "eni-m")[
        "SecurityGroupIds"
    ] = {"SecurityGroupId": []}
    imports = Imports()
    imports.stage(1, files | {"DescribeNetworkInterfaces.json": json.dumps(enis).encode()})
    (note,) = imports.plan().notes
    assert (note.file, note.resource_id) == ("", "")
    assert note.message.startswith("DescribeNetworkInterfaces: eni-m is service-managed")


def test_a_lost_answer_is_given_again_although_the_parts_are_gone() -> None:
    imports = Imports()
    imports.stage(1, files_of(BUNDLE))
    once: dict[str, Any] = {"client_token": "once"}
    first = imports.commit(**once)
    imports.call("AbortImport", pb.AbortImportRequest(import_id="import-1"))
    assert imports.commit(**once) == first
    assert refused(imports.commit).reason is Code.IMPORT_NOT_FOUND


def test_a_token_is_for_what_was_committed_under_it_and_for_nothing_else_staged_since() -> None:
    imports = Imports()
    imports.stage(1, files_of(BUNDLE))
    once: dict[str, Any] = {"client_token": "once"}
    first = imports.commit(**once)
    assert imports.commit(**once) == first
    imports.call("AbortImport", pb.AbortImportRequest(import_id="import-1"))
    imports.stage(1, files_of(resources(GROUPS, vpcs=VPCS)))
    error = refused(lambda: imports.commit(**once))
    assert isinstance(error, Refusal)
    assert (error.code, error.field) == (Code.IDEMPOTENT_MISMATCH, "write_options.client_token")
    imports.call("AbortImport", pb.AbortImportRequest(import_id="import-1"))
    imports.stage(1, files_of(BUNDLE))
    assert imports.commit(**once) == first


def test_validating_an_import_writes_nothing() -> None:
    imports = Imports()
    imports.stage(1, files_of(BUNDLE))
    before = imports.policy.snapshot
    assert counted(imports.commit(validate_only=True))["eni"] == (1, 0, 0, 0)
    assert imports.policy.snapshot is before


def test_only_the_operator_may_import_and_export() -> None:
    imports = Imports()
    error = refused(lambda: imports.call("ExportBundle", pb.ExportBundleRequest(), OWNER))
    assert error.reason is Code.OPERATOR_ONLY


def exported(imports: Imports, **fields: Any) -> tuple[dict[str, bytes], int]:
    """The files of an export, and how many answers it took."""
    files: dict[str, bytes] = {}
    token, answers = "", 0
    while True:
        answer = imports.call("ExportBundle", pb.ExportBundleRequest(next_token=token, **fields))
        answers += 1
        for file in answer.files:
            files[file.name] = files.get(file.name, b"") + file.content
        token = answer.next_token
        if not token:
            return files, answers


def test_an_export_reads_back_to_equal_resources() -> None:
    imports = Imports(BUNDLE)
    files, answers = exported(imports)
    assert answers == 1
    assert resources_of(snapshot_of(read_bundle_files(files).resources)) == imports.resources


def test_an_export_in_small_answers_and_pieces_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    imports = Imports(BUNDLE)
    whole, _ = exported(imports)
    monkeypatch.setattr(import_service, "PIECE_BYTES", 100)
    assert exported(imports, max_results=2)[0] == whole
    monkeypatch.setattr(import_service, "ANSWER_BYTES", 250)
    files, answers = exported(imports)
    assert files == whole
    assert answers > 3


def test_an_export_goes_on_at_its_revision_and_can_be_asked_again() -> None:
    imports = Imports(BUNDLE)
    whole, _ = exported(imports)
    first = imports.call("ExportBundle", pb.ExportBundleRequest(max_results=1))
    imports.stage(1, files_of(resources(GROUPS, vpcs=VPCS)))
    imports.commit(remove_unnamed=True)
    rest = pb.ExportBundleRequest(max_results=1_000, next_token=first.next_token)
    second = imports.call("ExportBundle", rest)
    assert imports.call("ExportBundle", rest) == second
    assert second.position == first.position
    assert {file.name: file.content for file in (*first.files, *second.files)} == whole


class Counted:
    """The pieces of an export, with how often one was asked for."""

    asked = 0

    def __init__(self, pieces: Iterator[pb.BundleFile]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[pb.BundleFile]:
        return self

    def __next__(self) -> pb.BundleFile:
        Counted.asked += 1
        return next(self._pieces)


def test_an_export_from_a_place_far_beyond_its_end_ends_there(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = snapshot_of(BUNDLE)
    pieces = list(import_service.pieces_of(snapshot))
    monkeypatch.setattr(import_service, "pieces_of", lambda _: Counted(iter(pieces)))
    assert Export().pieces(snapshot, 10_000, 10) == ([], True)
    assert Counted.asked <= len(pieces) + 2


def test_an_export_has_a_bound_for_its_answers() -> None:
    error = refused(lambda: Imports().call("ExportBundle", pb.ExportBundleRequest(max_results=1_001)))
    assert error.reason is Code.INVALID_PARAMETER

"""ImportService: bundles in, planned first and visible with one commit, and out again.

A half-imported policy would accept what a missing rule or member drops. So parts are put aside until all are there, and
the whole bundle is one write like any other: planned on the present snapshot, applied, appended.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from pdp.formats.bundle import Bundle
from pdp.formats.bundle_writer import bundle_files
from pdp.formats.faults import BundleRefused, Fault
from pdp.model.codes import Code
from pdp.model.errors import PdpError, Refusal
from pdp.policy.apply import apply
from pdp.policy.changes import Origin
from pdp.policy.import_plan import KindCount, changes_toward
from pdp.policy.quotas import findings
from pdp.policy.snapshot import Snapshot, resources_of
from pdp.server.asking import Ask, Planned, ServiceMethods, required
from pdp.server.list_pages import MOST_RESULTS, results_asked, start_of, token_after
from pdp.server.staging import Staging
from pdp.v1 import import_service_pb2 as messages

SERVICE_NAME: str = messages.DESCRIPTOR.services_by_name["ImportService"].full_name

MOST_FINDINGS = 1_000
MOST_PART_BYTES = 64 << 20
"""Of one part of a bundle, where the server takes messages as large."""
PIECE_BYTES = 1 << 20
"""Of a file, in one message of an export."""
ANSWER_BYTES = 3 << 20
"""Of all pieces in one answer."""


class ImportService:
    """The service's functions, over its staging area. Calls of one server share one."""

    def __init__(self) -> None:
        self.staging = Staging()
        self._export = Export()
        self.service = ServiceMethods(
            SERVICE_NAME,
            writes={"CommitImport": self.commit},
            reads={
                "StageBundlePart": self.stage,
                "PlanImport": self.plan,
                "AbortImport": self.abort,
                "ExportBundle": self.export,
            },
            origin=Origin.IMPORT,
            most_bytes={"StageBundlePart": MOST_PART_BYTES},
            meant={"CommitImport": lambda request, ask: self.staging.digest(request.import_id, ask.at)},
            written={"CommitImport": lambda request, ask: self.staging.forget(request.import_id, ask.at)},
        )

    def stage(
        self, _snapshot: Snapshot, request: messages.StageBundlePartRequest, ask: Ask
    ) -> messages.StageBundlePartResponse:
        """Puts a part aside."""
        part = tuple((file.name, file.content) for file in request.files)
        numbers, size = self.staging.add(request.import_id, request.part_number, part, ask.at)
        return messages.StageBundlePartResponse(staged_parts=numbers, staged_bytes=size)

    def plan(self, snapshot: Snapshot, request: messages.PlanImportRequest, ask: Ask) -> messages.PlanImportResponse:
        """What an import would change, or what stops it."""
        try:
            bundle = self._bundle(request, ask)
            plan = changes_toward(snapshot, bundle.resources, remove_unnamed=request.remove_unnamed)
            applied = apply(snapshot, plan.changes, Origin.IMPORT, ask.at)
        except BundleRefused as refused:
            return _with_faults(map(_fault, refused.faults[:MOST_FINDINGS]), len(refused.faults))
        except Refusal as refused:
            if refused.field:  # of the request, not of the bundle
                raise
            return _with_faults([_refused(refused)], 1)
        notes = [*map(_note_of_bundle, bundle.notes), *map(_note_of_policy, applied.notes)]
        return messages.PlanImportResponse(
            counts=_counts(plan.counts), notes=notes[:MOST_FINDINGS], note_count=len(notes)
        )

    def commit(self, snapshot: Snapshot, request: messages.CommitImportRequest, ask: Ask) -> Planned:
        """The changes of an import. Raises PdpError with BUNDLE_REFUSED for a bundle with faults."""
        try:
            bundle = self._bundle(request, ask)
        except BundleRefused as refused:
            raise PdpError(Code.BUNDLE_REFUSED, refused.message, refused.violations) from None
        plan = changes_toward(snapshot, bundle.resources, remove_unnamed=request.remove_unnamed)

        def answer(after: Snapshot) -> messages.CommitImportResponse:
            notes = len(bundle.notes) + (len(findings(resources_of(after))) if plan.changes else 0)
            return messages.CommitImportResponse(counts=_counts(plan.counts), note_count=notes)

        return Planned(plan.changes, answer)

    def _bundle(self, request: messages.PlanImportRequest | messages.CommitImportRequest, ask: Ask) -> Bundle:
        """The bundle that was staged. Raises FieldError for a request without an id, and like `Staging.bundle`."""
        return self.staging.bundle(required(request.import_id, "import_id"), request.part_count, ask.at)

    def abort(
        self, _snapshot: Snapshot, request: messages.AbortImportRequest, ask: Ask
    ) -> messages.AbortImportResponse:
        """Forgets an import."""
        self.staging.forget(required(request.import_id, "import_id"), ask.at)
        return messages.AbortImportResponse()

    def export(
        self, snapshot: Snapshot, request: messages.ExportBundleRequest, ask: Ask
    ) -> messages.ExportBundleResponse:
        """The next files of a bundle."""
        self.staging.forget_resting(ask.at)
        most = results_asked(request, MOST_RESULTS)
        start = start_of(snapshot, request)
        pieces, is_last = self._export.pieces(snapshot, start, most)
        token = "" if is_last else token_after(snapshot, request, start + len(pieces))
        return messages.ExportBundleResponse(files=pieces, next_token=token)


class Export:
    """The pieces of a snapshot's bundle, made as they are asked for. On one thread.

    Who asks for the next pieces goes on where the last answer ended; any other question starts anew.
    """

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._next = 0
        self._pieces: Iterator[messages.BundleFile] = iter(())
        self._ahead: list[messages.BundleFile] = []

    def pieces(self, snapshot: Snapshot, start: int, most: int) -> tuple[Sequence[messages.BundleFile], bool]:
        """At most so many pieces from one on, as many as fit into an answer, and whether they are the last."""
        if self._snapshot is not snapshot or self._next != start:
            self._snapshot, self._ahead = snapshot, []
            self._pieces = pieces_of(snapshot)
            for _ in islice(self._pieces, start):  # a token that nobody gave may name any place
                pass
        found, size = self._ahead, sum(len(piece.content) for piece in self._ahead)
        self._ahead = []
        for piece in self._pieces:
            size += len(piece.content)
            if found and (len(found) >= most or size > ANSWER_BYTES):
                self._ahead = [piece]
                break
            found.append(piece)
        self._next = start + len(found)
        return found, not self._ahead


def pieces_of(snapshot: Snapshot) -> Iterator[messages.BundleFile]:
    """Every file of a snapshot's bundle, large ones in pieces."""
    for name, content in bundle_files(resources_of(snapshot)):
        for start in range(0, max(1, len(content)), PIECE_BYTES):
            yield messages.BundleFile(name=name, content=content[start : start + PIECE_BYTES])


def _counts(counts: Mapping[str, KindCount]) -> Iterable[messages.ImportCount]:
    return [messages.ImportCount(kind=kind, **count._asdict()) for kind, count in counts.items()]


def _with_faults(faults: Iterable[messages.ImportFinding], count: int) -> messages.PlanImportResponse:
    return messages.PlanImportResponse(faults=faults, fault_count=count)


def _fault(fault: Fault) -> messages.ImportFinding:
    return messages.ImportFinding(file=fault.file, resource_id=fault.id, message=fault.message)


def _refused(refusal: Refusal) -> messages.ImportFinding:
    return messages.ImportFinding(resource_id=refusal.resource, code=refusal.code.value, message=refusal.message)


def _note_of_bundle(text: str) -> messages.ImportFinding:
    """A note of reading: before the first colon stands a file, or an answer that may be of several files."""
    file, _, message = text.partition(": ")
    return messages.ImportFinding(file=file, message=message) if "." in file else messages.ImportFinding(message=text)


def _note_of_policy(text: str) -> messages.ImportFinding:
    """A finding about the policy: before the first colon stands the id of what it is about, or what it is in words."""
    about, colon, message = text.partition(": ")
    if not colon or " " in about:
        return messages.ImportFinding(message=text)
    return messages.ImportFinding(resource_id=about, message=message)

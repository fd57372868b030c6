"""Bundles that are being brought in, part by part, kept apart from the policy until they are whole.

They are held in memory alone and bounded; one that rests for an hour is forgotten at the next call. Any thread may use
it. What a bundle means is read here once, since a plan and a commit ask the same; nobody else waits for that, which
takes long.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock

from pdp.formats.bundle import Bundle, read_bundle_files
from pdp.model.codes import Code
from pdp.model.errors import FieldError, QuotaUse, Refusal, quoted
from pdp.model.instants import SECOND, Instant

Part = tuple[tuple[str, bytes], ...]
"""Files, or pieces of them, in order."""

RESTS_FOR = 3_600 * SECOND
MOST_IMPORTS = 16
"""That are staged at once."""
MOST_BYTES = 1 << 30
"""Of all imports together."""
LAST_PART = 10_000
STAGING_AREA = "the staging area of this server"
"""The subject of its limits."""

_IMPORT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


class NoImport(Refusal):
    """There is no import of this id, or no longer."""

    def __init__(self, import_id: str) -> None:
        super().__init__(
            Code.IMPORT_NOT_FOUND,
            f"there is no import {quoted(import_id)}, or it was forgotten; stage its parts",
            field="import_id",
            resource=import_id,
        )


@dataclass
class _Staged:
    """One import."""

    used: Instant
    parts: dict[int, Part] = field(default_factory=dict)
    digests: dict[int, bytes] = field(default_factory=dict)
    """Of each part, taken as it comes, so that telling what is staged never waits for a whole bundle."""
    bundle: Bundle | None = None

    @property
    def size(self) -> int:
        return sum(len(content) for part in self.parts.values() for _, content in part)


class Staging:
    """All imports of one server."""

    def __init__(self) -> None:
        self._imports: dict[str, _Staged] = {}
        self._lock = Lock()

    def add(self, import_id: str, number: int, part: Part, at: Instant) -> tuple[list[int], int]:
        """Puts a part aside; the numbers and bytes there are now. Raises FieldError and Refusal."""
        _check(import_id, number, part)
        digest = _digest(part)
        with self._lock:
            self._forget_resting(at)
            staged = self._imports.get(import_id) or _Staged(at)
            present = staged.parts.get(number)
            if present is None:
                self._check_room(import_id, sum(len(content) for _, content in part))
                staged.parts[number], staged.digests[number] = part, digest
                staged.bundle = None
            elif present != part:
                raise Refusal(
                    Code.IDEMPOTENT_MISMATCH,
                    f"part {number} of {quoted(import_id)} is staged with other files; abort the import to begin again",
                    field="part_number",
                )
            staged.used = at
            self._imports[import_id] = staged
            return sorted(staged.parts), staged.size

    def bundle(self, import_id: str, part_count: int, at: Instant) -> Bundle:
        """The whole bundle. Raises BundleRefused, FieldError where parts are missing, and NoImport."""
        with self._lock:
            self._forget_resting(at)
            staged = self._imports.get(import_id)
            if staged is None:
                raise NoImport(import_id)
            staged.used = at
            _check_complete(staged.parts, part_count)
            parts, known = dict(staged.parts), staged.bundle
        if known is not None:
            return known
        bundle = read_bundle_files(_joined(parts))
        with self._lock:
            if staged.parts.keys() == parts.keys():  # a part never becomes another one, but one too many may have come
                staged.bundle = bundle
        return bundle

    def digest(self, import_id: str, at: Instant) -> bytes:
        """Tells what is staged from all else; blank where nothing is."""
        with self._lock:
            self._forget_resting(at)
            staged = self._imports.get(import_id)
            if staged is None:
                return b""
            return sha256(repr(sorted(staged.digests.items())).encode()).digest()

    def forget(self, import_id: str, at: Instant) -> None:
        """Forgets an import, if there is one, and those that rest too long."""
        with self._lock:
            self._forget_resting(at)
            self._imports.pop(import_id, None)

    def forget_resting(self, at: Instant) -> None:
        """Forgets the imports that rest too long."""
        with self._lock:
            self._forget_resting(at)

    def _forget_resting(self, at: Instant) -> None:
        for import_id in [name for name, staged in self._imports.items() if at - staged.used >= RESTS_FOR]:
            del self._imports[import_id]

    def _check_room(self, import_id: str, more: int) -> None:
        """Raises Refusal for an import too many, or bytes too many, and names the one that could go first."""
        imports, size = len(self._imports), sum(staged.size for staged in self._imports.values())
        for limit, most, present, wanted in (
            ("staged imports", MOST_IMPORTS, imports, imports + (import_id not in self._imports)),
            ("bytes of all staged imports together", MOST_BYTES, size, size + more),
        ):
            if wanted > most:
                message = (
                    f"{limit}: the limit is {most}, and this would make {wanted}; {self._room_is_made()}; "
                    "one that rests for an hour is forgotten"
                )
                use = QuotaUse(limit, STAGING_AREA, most, present, wanted)
                raise Refusal(Code.STAGED_IMPORTS, message, resource=STAGING_AREA, quota=use)

    def _room_is_made(self) -> str:
        if not self._imports:
            return "split the bundle"
        resting = min(self._imports, key=lambda name: self._imports[name].used)
        return f"commit or abort one first, such as {quoted(resting)}, which rests longest"


def _check(import_id: str, number: int, part: Part) -> None:
    if not _IMPORT_ID.match(import_id):
        raise FieldError(
            Code.INVALID_PARAMETER,
            "import_id",
            f"{quoted(import_id)} is not 1 to 64 ASCII letters, digits, dashes and underscores",
        )
    if not 1 <= number <= LAST_PART:
        raise FieldError(Code.INVALID_PARAMETER, "part_number", f"{number} is not a number from 1 to {LAST_PART}")
    if not part:
        raise FieldError(Code.MISSING_PARAMETER, "files", "files is missing; a part has at least one")
    for place, (name, _) in enumerate(part):
        if not name or "/" in name or "\0" in name:
            raise FieldError(
                Code.INVALID_PARAMETER,
                f"files[{place}].name",
                f"{quoted(name)} is not the name of a file in a directory",
            )


def _check_complete(parts: Mapping[int, Part], part_count: int) -> None:
    if not 1 <= part_count <= LAST_PART:
        raise FieldError(Code.INVALID_PARAMETER, "part_count", f"{part_count} is not a number from 1 to {LAST_PART}")
    missing = [number for number in range(1, part_count + 1) if number not in parts]
    if missing:
        raise FieldError(Code.INVALID_PARAMETER, "part_count", f"part {missing[0]} of {part_count} is not staged")
    if max(parts) > part_count:
        raise FieldError(
            Code.INVALID_PARAMETER, "part_count", f"part {max(parts)} is staged, which is more than {part_count}"
        )


def _digest(part: Part) -> bytes:
    digest = sha256()
    for name, content in part:
        digest.update(f"{len(name.encode())} {len(content)} {name}".encode() + content)
    return digest.digest()


def _joined(parts: Mapping[int, Part]) -> dict[str, bytes]:
    """Each file's bytes, its pieces in the order of the parts."""
    pieces: dict[str, list[bytes]] = {}
    for number in sorted(parts):
        for name, content in parts[number]:
            pieces.setdefault(name, []).append(content)
    return {name: b"".join(contents) for name, contents in pieces.items()}

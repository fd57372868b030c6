"""A bundle's directory cut into parts that a server takes one by one. It reads files and sends nothing."""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pdp.cli.answers import Document
from pdp.cli.exits import ExitCode, Fault
from pdp.formats.bundle_files import PDP_JSON, read_name

PART_BYTES = 2 << 20
"""Of files in one part: well below the 4 MiB that a server takes at least."""
CHUNK_BYTES = 1 << 20


class Piece(NamedTuple):
    """Bytes of one file, from `start`."""

    name: str
    start: int
    size: int


Part = tuple[Piece, ...]


class BundleParts(NamedTuple):
    """The parts of a directory's bundle, in order; an id that another content does not have; and what was skipped."""

    directory: Path
    import_id: str
    parts: tuple[Part, ...]
    skipped: tuple[str, ...]

    def files(self, part: Part) -> list[Document]:
        """The part as BundleFile has it. Raises Fault with POLICY when a file has gone or shrunk meanwhile."""
        return [{"name": piece.name, "content": b64encode(self._bytes(piece)).decode("ascii")} for piece in part]

    def _bytes(self, piece: Piece) -> bytes:
        try:
            with (self.directory / piece.name).open("rb") as stream:
                stream.seek(piece.start)
                content = stream.read(piece.size)
        except OSError as error:
            raise _unreadable(self.directory / piece.name, error) from None
        if len(content) != piece.size:
            raise Fault(ExitCode.POLICY, f"{self.directory / piece.name} changed while it was read; begin again")
        return content


def cut_bundle(directory: Path) -> BundleParts:
    """Finds the files of a bundle and cuts them into parts. Raises Fault with POLICY."""
    try:
        names = sorted(path.name for path in directory.iterdir())
    except OSError as error:
        raise _unreadable(directory, error) from None
    known = [name for name in names if name == PDP_JSON or read_name(name) is not None]
    if not known:
        raise Fault(ExitCode.POLICY, f"{directory} has no file of a bundle, such as DescribeSecurityGroups.json")
    sizes: dict[str, int] = {}
    digest = sha256()
    for name in known:
        sizes[name], of_the_file = _measure(directory / name)
        digest.update(f"{name}\0{sizes[name]}\0".encode() + of_the_file)
    skipped = tuple(name for name in names if name not in sizes)
    return BundleParts(directory, f"bundle-{digest.hexdigest()[:40]}", tuple(_parts(sizes)), skipped)


def _measure(path: Path) -> tuple[int, bytes]:
    """A file's size and digest. Raises Fault with POLICY."""
    digest = sha256()
    size = 0
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise _unreadable(path, error) from None
    return size, digest.digest()


def _parts(sizes: dict[str, int]) -> Iterator[Part]:
    """Pieces of all files, as many in a part as fit; an empty file is a piece too."""
    part: list[Piece] = []
    room = PART_BYTES
    for name, size in sizes.items():
        start = 0
        while True:
            piece = Piece(name, start, min(room, size - start))
            part.append(piece)
            start, room = start + piece.size, room - piece.size
            if room == 0:
                yield tuple(part)
                part, room = [], PART_BYTES
            if start >= size:
                break
    if part:
        yield tuple(part)


def _unreadable(path: Path, error: OSError) -> Fault:
    return Fault(ExitCode.POLICY, f"cannot read {path}: {error.strerror}")

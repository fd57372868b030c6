"""`pdp export`: writes everything at one revision as a bundle that imports to an equal policy."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pdp.cli.administration.session import Session
from pdp.cli.administration.shown import Shown, said
from pdp.cli.administration.words import argument
from pdp.cli.answers import Document
from pdp.cli.exits import ExitCode, Fault
from pdp.formats.bundle_writer import BundleUnwritable, write_files


def export_bundle(
    session: Session, directory: Annotated[Path, argument("DIR", "Where to; it must be empty, or not exist.")]
) -> Shown:
    """Export everything as a bundle. The operator alone may."""
    document: Document = {"directory": str(directory), "files": []}
    try:
        write_files(directory, _files(session, document))
    except BundleUnwritable as error:
        raise Fault(ExitCode.USAGE, str(error)) from None
    position = document["position"]
    revision = f"revision {position['revision']} of {position['store_id']}"
    return said(document, f"wrote {len(document['files'])} files to {directory}, {revision}")


def _files(session: Session, document: Document) -> Iterator[tuple[str, bytes]]:
    """The pieces of all files as they come; the document gets the files' names, and the one position of them all."""
    token = ""
    while True:
        answer = session.ask("ExportBundle", next_token=token)
        document["position"] = answer["position"]
        for file in answer["files"]:
            if file["name"] not in document["files"]:
                document["files"].append(file["name"])
            yield file["name"], file["content"]
        token = answer["next_token"]
        if not token:
            return

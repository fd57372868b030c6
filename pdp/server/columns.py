"""Columns as they come on the wire: packed bytes as arrays, their lengths checked once."""

import numpy as np
from numpy.typing import NDArray

from pdp.index.batch import Columns
from pdp.model.errors import FieldError, Reason
from pdp.v1.decision_service_pb2 import CheckFlowColumnsRequest


def columns_from_proto(request: CheckFlowColumnsRequest, most_rows: int) -> Columns:
    """The columns as arrays over the request's own bytes.

    Raises FieldError: BATCH_TOO_LARGE; INVALID_COLUMN for one that is absent or makes no sense; UNEQUAL_COLUMNS.
    """
    rows = len(request.protocols)
    if not rows and (request.directions or request.sources or request.destinations):
        raise FieldError(Reason.INVALID_COLUMN, "protocols", "the column is missing; give 1 byte a row")
    for name, count, what in (("protocols", rows, "rows"), ("eni_ids", len(request.eni_ids), "ENIs")):
        if count > most_rows:
            raise FieldError(
                Reason.BATCH_TOO_LARGE,
                name,
                f"{count} {what} are more than the {most_rows} that one request may have; split it",
            )
    return Columns(
        eni_ids=list(request.eni_ids),
        eni_index=_eni_index(request, rows),
        directions=_column(request, "directions", rows, 1)[:, 0],
        protocols=_column(request, "protocols", rows, 1)[:, 0],
        sources=_column(request, "sources", rows, 4, 16),
        destinations=_column(request, "destinations", rows, 4, 16),
        source_ports=_column(request, "source_ports", rows, 2).view(">u2")[:, 0].astype(np.uint16),
        destination_ports=_column(request, "destination_ports", rows, 2).view(">u2")[:, 0].astype(np.uint16),
    )


def _column(request: CheckFlowColumnsRequest, name: str, rows: int, *widths: int) -> NDArray[np.uint8]:
    """A column of one of some widths in bytes, of shape (rows, width)."""
    packed: bytes = getattr(request, name)
    for width in widths:
        if len(packed) == rows * width:
            return np.frombuffer(packed, np.uint8).reshape(rows, width)
    wanted = " or ".join(str(rows * width) for width in widths)
    if not packed:
        raise FieldError(Reason.INVALID_COLUMN, name, f"the column is missing; bytes to give for {rows} rows: {wanted}")
    raise FieldError(
        Reason.UNEQUAL_COLUMNS,
        name,
        f"it has {len(packed)} bytes; for the {rows} rows that protocols has it would have {wanted}",
    )


def _eni_index(request: CheckFlowColumnsRequest, rows: int) -> NDArray[np.uint32]:
    """Which ENI each row is of. A position that eni_ids does not have is an error of its row."""
    if rows and not request.eni_ids:
        raise FieldError(Reason.INVALID_COLUMN, "eni_ids", "the ENIs' ids are missing; give at least one")
    if not request.eni_index and len(request.eni_ids) == 1:
        return np.zeros(rows, np.uint32)
    return _column(request, "eni_index", rows, 4).view(">u4")[:, 0].astype(np.uint32)

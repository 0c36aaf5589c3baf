"""The rows of a task: its pieces of the blocks that the stage before wrote."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from daybreak_worker.contract import REQUEST_COLUMNS
from daybreak_worker.errors import BlockCorruptError, BlockMissingError, StateError
from daybreak_worker.keys import block_key
from daybreak_worker.store.object_store import ObjectStore
from daybreak_worker.task.stage_plan import StagePlan

_SPAN_BYTES: Final = 32 * 2**20
"""Bytes of a read: pieces that lie one after another are fetched together up to so many, a larger one alone."""

Extent = Sequence[int]
"""Offset and size in bytes, CRC-32, rows."""


@dataclass(frozen=True, slots=True)
class Pieces:
    tables: list[pa.Table]
    writers: list[str]
    """Of each table the task of the stage before that wrote it."""
    bytes_read: int


def read_pieces(store: ObjectStore, plan: StagePlan, task: Mapping[str, Any]) -> Pieces:
    """The pieces in order, each with the columns of the step's input, the request, the seed and the row's number.

    Fails with BlockMissingError; with BlockCorruptError where bytes, rows or columns are not those that were promised;
    with StoreError.
    """
    tables: list[pa.Table] = []
    writers: list[str] = []
    bytes_read = 0
    for writer, run, attempt, extents in task["sources"]:
        key = block_key(job=plan.ids.job, run=run, stage=plan.before, task=writer, attempt=attempt)
        for span in _spans(extents):
            start = span[0][0]
            length = span[-1][0] + span[-1][1] - start
            data = store.get_range(key, start, length)
            if data is None:
                raise BlockMissingError(key, writer)
            if len(data) != length:
                raise BlockCorruptError(key, found=f"{len(data)} bytes at offset {start}", expected=str(length))
            bytes_read += length
            view = memoryview(data)
            for offset, size, crc, rows in span:
                piece = view[offset - start : offset - start + size]
                tables.append(_decode(key, piece, crc=crc, rows=rows))
                writers.append(writer)
    _require_columns(plan, tables)
    return Pieces(tables, writers, bytes_read)


def _spans(extents: Sequence[Extent]) -> Iterator[list[Extent]]:
    span: list[Extent] = []
    for extent in extents:
        if extent[1] == 0:
            continue
        is_next = bool(span) and extent[0] == span[-1][0] + span[-1][1]
        if span and (not is_next or extent[0] + extent[1] - span[0][0] > _SPAN_BYTES):
            yield span
            span = []
        span.append(extent)
    if span:
        yield span


def _decode(key: str, data: memoryview, *, crc: int, rows: int) -> pa.Table:
    found = zlib.crc32(data)
    if found != crc:
        raise BlockCorruptError(key, found=f"the CRC-32 {found:08x} in a piece", expected=f"{crc:08x}")
    try:
        table = pa.ipc.open_stream(pa.py_buffer(data)).read_all()
        table.validate()
    except pa.ArrowException as error:
        raise BlockCorruptError(key, found="a piece that is no Arrow stream", expected="one") from error
    if table.num_rows != rows:
        raise BlockCorruptError(key, found=f"{table.num_rows} rows in a piece", expected=str(rows))
    return table


def _require_columns(plan: StagePlan, tables: Sequence[pa.Table]) -> None:
    wanted = [*plan.input_columns, *REQUEST_COLUMNS]
    for table in tables:
        if table.column_names != wanted or not table.schema.equals(tables[0].schema, check_metadata=True):
            raise StateError(
                f"{plan.ids.stage}", f"its pieces have the columns {table.column_names}, expected {wanted}"
            )

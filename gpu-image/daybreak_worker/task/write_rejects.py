"""Rejects are for people and their tools: Parquet, with the columns that rejects outside of SQL have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from daybreak_worker.contract import REJECT_COLUMNS
from daybreak_worker.task.open_task import Reject

_TYPES: Final = {"INTEGER": pa.int32(), "BIGINT": pa.int64(), "VARCHAR": pa.string()}
_SCHEMA: Final = pa.schema([(column["name"], _TYPES[column["type"]]) for column in REJECT_COLUMNS])


def render_rejects(step: int, before: str, rejects: Iterable[Reject]) -> bytes:
    """A Parquet file, in the order of the rows of the stage `before`.

    Values of cells stand in `message`, `raw` and `answer` only.
    """
    records = [
        {
            "step": step,
            "row": reject.row,
            "place": f"{before} {reject.writer}",
            "cause": reject.cause,
            "error": reject.error,
            "message": reject.message,
            "raw": reject.raw,
            "answer": reject.answer,
        }
        for reject in sorted(rejects, key=lambda reject: (reject.writer, reject.row))
    ]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(records, _SCHEMA), sink, compression="zstd")
    return bytes(sink.getvalue())

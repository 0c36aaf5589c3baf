"""The block of a task: one piece, the rows that were answered in the order in which they came."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa

from daybreak_worker.contract import ANSWER_COLUMN, INFO_COLUMNS
from daybreak_worker.engine.engine_port import Answer
from daybreak_worker.task.open_task import OpenTask

_BATCH_ROWS: Final = 8_192
_BATCH_BYTES: Final = 64 * 2**20
"""Of a record batch: text has offsets of 32 bits, and a reader holds a batch at once."""
_ZSTD_LEVEL: Final = 1


@dataclass(frozen=True, slots=True)
class WrittenBlock:
    path: Path
    size_bytes: int
    sha256: str
    crc32: int
    rows: int
    """As they were written, not as they were expected."""

    @property
    def partitions(self) -> list[list[int]]:
        return [[0, self.size_bytes, self.crc32, self.rows]] if self.rows > 0 else []


def write_block(task: OpenTask, answer: Mapping[str, Any], path: Path) -> WrittenBlock:
    """Writes the rows with an answer; a block without rows has no bytes. Fails with the system's own error."""
    with path.open("xb") as file:
        sink = _SummingFile(file)
        rows = _write_stream(task, answer, sink)
    return WrittenBlock(path, sink.size_bytes, sink.sha256.hexdigest(), sink.crc32, rows)


def _write_stream(task: OpenTask, answer: Mapping[str, Any], sink: _SummingFile) -> int:
    options = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=_ZSTD_LEVEL))
    writer: Any = None
    rows = 0
    first = 0
    for group in _groups(task.kept_tables()):
        table = pa.concat_tables(group)
        answers = task.answers[first : first + table.num_rows]
        first += table.num_rows
        answered = [each for each in answers if each is not None]
        if not answered:
            continue
        if len(answered) < len(answers):
            table = table.filter(pa.array([each is not None for each in answers]))
        table = _append_answers(table.combine_chunks(), answered, answer)
        if writer is None:
            writer = pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), table.schema, options=options)
        writer.write_table(table)
        rows += table.num_rows
    if writer is not None:
        writer.close()
    return rows


def _groups(tables: Sequence[pa.Table]) -> Iterator[list[pa.Table]]:
    """Pieces that become one record batch."""
    group: list[pa.Table] = []
    rows = size = 0
    for table in tables:
        if group and (rows + table.num_rows > _BATCH_ROWS or size + table.nbytes > _BATCH_BYTES):
            yield group
            group, rows, size = [], 0, 0
        group.append(table)
        rows += table.num_rows
        size += table.nbytes
    if group:
        yield group


def _append_answers(table: pa.Table, answers: Sequence[Answer], answer: Mapping[str, Any]) -> pa.Table:
    finish_reason, prompt_tokens, output_tokens = INFO_COLUMNS
    columns = {
        ANSWER_COLUMN: _answer_column([each.data for each in answers], answer),
        finish_reason: pa.array([each.finish_reason for each in answers], pa.string()),
        prompt_tokens: pa.array([each.prompt_tokens for each in answers], pa.int32()),
        output_tokens: pa.array([each.output_tokens for each in answers], pa.int32()),
    }
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table


def _answer_column(data: Sequence[bytes], answer: Mapping[str, Any]) -> pa.Array:
    if answer["kind"] == "score":
        return pa.Array.from_buffers(pa.float64(), len(data), [None, pa.py_buffer(b"".join(data))])
    if answer["kind"] == "embedding":
        dimensions = answer["dimensions"]
        numbers = pa.py_buffer(b"".join(data))
        values = pa.Array.from_buffers(pa.float32(), len(data) * dimensions, [None, numbers])
        return pa.FixedSizeListArray.from_arrays(values, dimensions)
    return pa.array([text.decode(errors="replace") for text in data], pa.string())


class _SummingFile:
    """A file that knows what was written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size_bytes = 0
        self.crc32 = 0
        self.sha256 = hashlib.sha256()

    def write(self, data: Any) -> int:
        view = memoryview(data)
        self._file.write(view)
        self.sha256.update(view)
        self.crc32 = zlib.crc32(view, self.crc32)
        self.size_bytes += view.nbytes
        return view.nbytes

    @property
    def closed(self) -> bool:
        return self._file.closed

    def flush(self) -> None:
        self._file.flush()

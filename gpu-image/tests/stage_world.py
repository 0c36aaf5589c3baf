"""A stage of kind infer as the stages before leave it: plan, seal, list of tasks, a block with pieces. And its end."""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from daybreak_worker.contract import ANSWER_COLUMN, REQUEST_COLUMN, ROW_COLUMN, SEED_COLUMN, problems_of
from daybreak_worker.keys import KEYS, block_key
from daybreak_worker.law.commits import list_commits
from daybreak_worker.law.ids import StageIds
from daybreak_worker.law.put_once import render_json
from daybreak_worker.store.object_store import ObjectStore

BEFORE = StageIds("a-job", "0001", "00-map")
STAGE = StageIds("a-job", "0001", "01-infer")
WRITER = "000000"
ATTEMPT = "0123456789abcdef01234567"
AT = "2026-11-28T00:00:00.000Z"
FORMATS = {"engine": "duckdb-1.5.5", "block": "1", "partitioner": "1"}
COUNTS = dict.fromkeys(("read", "grown", "written", "rejected", "dropped", "folded", "cut", "pruned"), 0)
TEXT = {"kind": "text"}


def request_of(row: int, *, text: str = "") -> str:
    return json.dumps({"prompt": f"row {row}{text}"})


def piece_of(rows: Sequence[int], texts: dict[int, str]) -> pa.Table:
    return pa.table(
        {
            "id": pa.array(rows, pa.int64()),
            REQUEST_COLUMN: pa.array([request_of(row, text=texts.get(row, "")) for row in rows]),
            SEED_COLUMN: pa.array([1000 + row for row in rows], pa.int64()),
            ROW_COLUMN: pa.array(rows, pa.int64()),
        }
    )


def stream_of(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


@dataclass
class StageWorld:
    """`sizes`: rows of each task, whose pieces have at most `piece_rows`. Row numbers go through all tasks."""

    store: ObjectStore
    sizes: Sequence[int]
    answer: dict[str, Any] = field(default_factory=lambda: dict(TEXT))
    texts: dict[int, str] = field(default_factory=dict)
    """What stands behind the request of a row: signs for a script."""
    limit: dict[str, Any] = field(default_factory=lambda: {"unit": "rows", "value": 0})
    piece_rows: int = 64
    waiting: frozenset[int] = frozenset()
    """Positions of tasks that wait for an amendment."""
    step: dict[str, Any] = field(default_factory=dict)
    """Changes of the step."""

    def build(self) -> StageWorld:
        tasks, block, first = [], b"", 0
        row = 0
        for number, size in enumerate(self.sizes):
            extents = []
            for start in range(row, row + size, self.piece_rows):
                rows = range(start, min(start + self.piece_rows, row + size))
                data = stream_of(piece_of(rows, self.texts))
                extents.append([len(block), len(data), zlib.crc32(data), len(rows)])
                block += data
            row += size
            tasks.append(self._task(f"{number:06d}", first, extents, waits=number in self.waiting))
            first += len(extents)
        self.store.put(block_key(**BEFORE.fields(), task=WRITER, attempt=ATTEMPT), block)
        self.store.put(KEYS["index"].render(**BEFORE.fields(), attempt=ATTEMPT), b"".join(map(render_json, tasks)))
        self._put("sealed", self.sealed(len(tasks), row, len(block)), "Sealed", **BEFORE.fields())
        self.store.put(KEYS["plan"].render(job=STAGE.job, run=STAGE.run), render_json(self._plan()))
        return self

    @property
    def rows(self) -> int:
        return sum(self.sizes)

    def task_body(self, task: str) -> dict[str, Any]:
        key = KEYS["index"].render(**BEFORE.fields(), attempt=ATTEMPT)
        lines = (self.store.get(key) or b"").splitlines()
        return next(body for body in map(json.loads, lines) if body["task"] == task)

    def commits(self) -> list[dict[str, Any]]:
        return list_commits(self.store, STAGE)

    def answers(self) -> dict[int, Any]:
        """Of each row that was written its answer, by the block of the commit that counts; judged by pyarrow."""
        found: dict[int, Any] = {}
        for commit in self.commits():
            key = block_key(**STAGE.fields(), task=commit["task"], attempt=commit["attempt"])
            data = self.store.get(key)
            assert data is not None
            assert len(data) == commit["block"]["sizeBytes"]
            assert hashlib.sha256(data).hexdigest() == commit["block"]["sha256"]
            for offset, size, crc, rows in commit["partitions"]:
                piece = data[offset : offset + size]
                assert zlib.crc32(piece) == crc
                table = pa.ipc.open_stream(piece).read_all()
                assert table.num_rows == rows
                ids = table["id"].to_pylist()
                assert ids == sorted(ids), "rows stand in the order in which they came"
                assert not found.keys() & set(ids), "a row stands twice"
                found.update(zip(ids, table[ANSWER_COLUMN].to_pylist(), strict=True))
        return found

    def rejects(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for commit in self.commits():
            if "rejects" not in commit:
                continue
            ids = {**STAGE.fields(), "task": commit["task"], "attempt": commit["attempt"], "format": "parquet"}
            data = self.store.get(KEYS["rejects"].render(**ids))
            assert data is not None
            rows = pq.read_table(io.BytesIO(data)).to_pylist()
            assert len(rows) == commit["rejects"]["rows"]
            assert {each["place"] for each in rows} == {f"{BEFORE.stage} {WRITER}"}
            # One task wrote all rows, by whose numbers rejects are found.
            found += [{**each, "id": each["row"]} for each in rows]
        return found

    def _put(self, name: str, value: dict[str, Any], schema: str, **ids: str) -> None:
        assert problems_of(value, schema) is None, problems_of(value, schema)
        self.store.put(KEYS[name].render(**ids), render_json(value))

    @staticmethod
    def _task(task: str, first: int, extents: list[list[int]], *, waits: bool) -> dict[str, Any]:
        body = {
            "kind": "partitions",
            "task": task,
            "weightBytes": sum(extent[1] for extent in extents),
            "first": first,
            "end": first + len(extents),
            "tokens": 10,
            "sources": [[WRITER, BEFORE.run, ATTEMPT, extents]] if extents else [],
        }
        return {**body, "waits": True} if waits else body

    @staticmethod
    def sealed(tasks: int, rows: int, size_bytes: int) -> dict[str, Any]:
        counts = {**COUNTS, "read": rows, "written": rows}
        return {
            **BEFORE.fields(),
            "attempt": ATTEMPT,
            "commits": [[WRITER, BEFORE.run, ATTEMPT]],
            "missing": [],
            "amendments": 0,
            "nextTasks": tasks,
            "totals": {"rows": rows, "sizeBytes": size_bytes, "counts": counts},
            "formats": FORMATS,
            "sealedAt": AT,
        }

    def _plan(self) -> dict[str, Any]:
        column = {"name": "id", "type": "BIGINT"}
        output = {"name": "said", "type": "VARCHAR"}
        step = {
            "kind": "infer",
            "step": 2,
            "columns": [column, output],
            "input": [column],
            "uses": ["id"],
            "task": {"embedding": "embed", "score": "score"}.get(self.answer["kind"], "generate"),
            "engine": {"kind": "vllm", "args": {}},
            "model": {"name": "a-model"},
            "prompts": {"prompt": "row {{ id }}"},
            "sampling": {"max_tokens": 16},
            "answer": self.answer,
            "seed": 1,
            "output": output,
            **self.step,
        }
        expected = {"seconds": 1, "basis": "assumed", "because": "a test"}
        stage = {"tasks": 1, "steps": [], "format": "arrow", "inputBytes": 1, "expected": expected}
        return {
            "job": STAGE.job,
            "run": STAGE.run,
            "openedAt": AT,
            "formats": FORMATS,
            "stageIds": [BEFORE.stage, STAGE.stage],
            "rejectLimit": self.limit,
            "stages": [
                {**stage, "kind": "map", "columns": [column]},
                {**stage, "kind": "infer", "columns": [column, output], "opening": step},
            ],
        }

"""The end of an attempt: its block, its rejects, its commit."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from daybreak_worker.engine.engine_port import EngineFacts
from daybreak_worker.errors import ConservationError, StoreError, TaskDiskError
from daybreak_worker.keys import KEYS, block_key
from daybreak_worker.law.commits import commit_attempt
from daybreak_worker.law.put_once import Chosen
from daybreak_worker.store.object_store import ObjectStore
from daybreak_worker.task.open_task import OpenTask
from daybreak_worker.task.stage_plan import StagePlan
from daybreak_worker.task.summarize_rejects import summarize_rejects
from daybreak_worker.task.write_block import WrittenBlock, write_block
from daybreak_worker.task.write_rejects import render_rejects

_PUT_TRIES: Final = 3
"""Of a block, whose key is the attempt's own: one that may have been put is put again."""
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class Signature:
    """Who ran the attempt, with what, and where it writes before it puts."""

    facts: EngineFacts
    worker: str
    scratch: Path
    now: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Finished:
    chosen: Chosen
    infer: dict[str, Any]
    """What this attempt measured, whether it was chosen or not."""
    size_bytes: int


def finish_task(store: ObjectStore, plan: StagePlan, task: OpenTask, signed: Signature) -> Finished:
    """Puts what the attempt wrote and commits it. Blocks; everything that it does may be done again.

    Fails with ConservationError, TaskDiskError, StoreError, StateError.
    """
    path = signed.scratch / f"{task.task}-{task.attempt}.arrow"
    try:
        block = _write(task, plan, path)
        _require_conservation(plan, task, block)
        _put_again(lambda: store.put_file(_block_key(plan, task), path, block.sha256))
    finally:
        path.unlink(missing_ok=True)
    infer = _measure(task, signed.facts)
    commit = {
        **plan.ids.fields(),
        "task": task.task,
        "attempt": task.attempt,
        "block": {"format": "arrow", "sizeBytes": block.size_bytes, "sha256": block.sha256},
        "partitions": block.partitions,
        "infer": infer,
        "rows": block.rows,
        **_put_rejects(store, plan, task),
        "counts": _counts(task, block),
        "formats": dict(plan.formats),
        "worker": signed.worker,
        "bytesRead": task.pieces.bytes_read,
        "startedAt": task.started_at,
        "endedAt": signed.now(),
    }
    return Finished(commit_attempt(store, commit), infer, block.size_bytes)


def _write(task: OpenTask, plan: StagePlan, path: Path) -> WrittenBlock:
    try:
        return write_block(task, plan.step["answer"], path)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise TaskDiskError(f"task {task.task} of {plan.ids.stage}", str(path.parent)) from error


def _block_key(plan: StagePlan, task: OpenTask) -> str:
    return block_key(**plan.ids.fields(), task=task.task, attempt=task.attempt)


def _put_rejects(store: ObjectStore, plan: StagePlan, task: OpenTask) -> dict[str, Any]:
    if not task.rejects:
        return {}
    data = render_rejects(plan.step["step"], plan.before, task.rejects.values())
    _put_again(lambda: store.put(rejects_key(plan, task), data))
    sha256 = hashlib.sha256(data).hexdigest()
    facts = {"format": "parquet", "sizeBytes": len(data), "sha256": sha256, "rows": len(task.rejects)}
    summary = summarize_rejects(plan.step["step"], plan.before, task.rejects)
    return {"rejects": {**facts, "summary": summary}}


def rejects_key(plan: StagePlan, task: OpenTask) -> str:
    return KEYS["rejects"].render(**plan.ids.fields(), task=task.task, attempt=task.attempt, format="parquet")


def _counts(task: OpenTask, block: WrittenBlock) -> dict[str, int]:
    nothing = dict.fromkeys(("grown", "dropped", "folded", "cut", "pruned"), 0)
    return {**nothing, "read": task.rows, "written": block.rows, "rejected": len(task.rejects)}


def _require_conservation(plan: StagePlan, task: OpenTask, block: WrittenBlock) -> None:
    left = block.rows + len(task.rejects)
    if left != task.rows:
        sentence = f"read {task.rows}, written {block.rows} + rejected {len(task.rejects)} = {left}"
        raise ConservationError(f"task {task.task} of {plan.ids.stage}", sentence)


def _measure(task: OpenTask, facts: EngineFacts) -> dict[str, Any]:
    return {
        "rows": task.engine_rows,
        "characters": task.engine_characters,
        "promptTokens": task.prompt_tokens,
        "cachedTokens": task.cached_tokens,
        "outputTokens": task.output_tokens,
        "seconds": round(task.seconds, 3),
        "engine": facts.engine,
        "machine": facts.machine,
        "startSeconds": round(task.start_seconds, 3),
    }


def _put_again(put: Callable[[], None]) -> None:
    for attempt in range(_PUT_TRIES):
        try:
            return put()
        except StoreError as error:
            if not error.is_unknown or attempt == _PUT_TRIES - 1:
                raise
    raise AssertionError("the last try returns or raises")

"""What a task rejected, in short and without a value. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from daybreak_worker.contract import ROW_REJECT_CAUSES
from daybreak_worker.task.open_task import Reject


def summarize_rejects(step: int, before: str, rejects: Mapping[int, Reject]) -> dict[str, Any]:
    """A RejectSummary of the rejects of a task, of which there is one at least; by the numbers of their rows."""
    first = rejects[min(rejects)]
    place = {"file": name_row(step, before, first), "cause": first.cause}
    causes = Counter(rejects[row].cause for row in sorted(rejects))
    return {
        "first": place if first.error is None else {**place, "detail": first.error},
        "causes": [{"cause": cause, "rows": rows} for cause, rows in causes.most_common()],
        "ofModules": sum(rows for cause, rows in causes.items() if cause not in ROW_REJECT_CAUSES),
    }


def name_row(step: int, before: str, reject: Reject) -> str:
    """Where the row of a reject is: its step, and its number in its task of the stage `before`."""
    return f"steps[{step}] infer, row {reject.row} of task {reject.writer} of {before}"

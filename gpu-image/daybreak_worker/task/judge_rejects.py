"""How many rows of a task may be rejected. A count is judged here, a rate when the stage is sealed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daybreak_worker.errors import TooManyRejectsError
from daybreak_worker.task.open_task import OpenTask, Reject
from daybreak_worker.task.stage_plan import StagePlan
from daybreak_worker.task.summarize_rejects import name_row


def require_within_limit(plan: StagePlan, task: OpenTask, reject: Reject) -> None:
    """Fails with TooManyRejectsError where the task has more rejects than it may, this one among them."""
    limit = plan.reject_limit
    rejected = len(task.rejects)
    is_within = limit["value"] > 0 if limit["unit"] == "rate" else rejected <= limit["value"]
    if is_within:
        return
    place = name_row(plan.step["step"], plan.before, reject)
    error = "" if reject.error is None else f": {reject.error}"
    first = f"{place}{error}: {reject.cause.replace('_', ' ')}"
    raise TooManyRejectsError(rejected, limit=render_limit(limit), first=first)


def render_limit(limit: Mapping[str, Any]) -> str:
    """As the spec writes it: `25` rows, or `1%` of the rows read."""
    if limit["unit"] == "rows":
        return f"{limit['value']:g}"
    return f"{round(limit['value'] * 100, 6):g}%"

from __future__ import annotations

from dataclasses import dataclass

from daybreak_worker.law.ids import StageIds


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    stage: StageIds
    worker: str
    index: int
    """Of its share among `of`."""
    of: int
    list_seconds: float = 20.0
    """Age at which a listing of commits is made anew."""
    look_seconds: float = 2.0
    """A wish to end, and the commit of another for a task that both have open, are seen this soon."""
    progress_seconds: float = 5.0
    wait_seconds: float = 60.0
    """How long it waits for an amendment where all tasks left wait for one; then it ends as done."""
    hang_seconds: float = 120.0
    """Rows in the engine and no sign of work for so long, beside what reading their prompts may take: it hangs."""
    drain_seconds: float = 18.0
    """After SIGTERM: for rows to be answered."""
    commit_seconds: float = 5.0
    """After that: for blocks and commits under way."""

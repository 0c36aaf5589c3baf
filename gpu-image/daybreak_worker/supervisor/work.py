"""What the parts of a worker share: what there is to do, and what is under way."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from daybreak_worker.contract import LIMITS
from daybreak_worker.engine.engine_port import EngineFacts
from daybreak_worker.errors import BlockCorruptError, DaybreakError
from daybreak_worker.law.commits import is_task_done
from daybreak_worker.supervisor.admission import Admission
from daybreak_worker.supervisor.changes import Changes
from daybreak_worker.supervisor.options import WorkerOptions
from daybreak_worker.supervisor.ports import Ports
from daybreak_worker.supervisor.presence import Presence
from daybreak_worker.supervisor.tell import Teller
from daybreak_worker.task.board import Board
from daybreak_worker.task.open_task import OpenTask
from daybreak_worker.task.stage_plan import StagePlan

_OPEN_TASKS: Final = LIMITS["openTasks"]


@dataclass(slots=True)
class Work:
    options: WorkerOptions
    ports: Ports
    plan: StagePlan
    board: Board
    admission: Admission
    presence: Presence
    tell: Teller
    spawn: Callable[[Coroutine[Any, Any, None]], object]
    """Runs something beside the rest; its failure ends the worker."""
    changes: Changes = field(default_factory=Changes)
    """Told when a task may be opened, or has ended."""
    rows_changed: Changes = field(default_factory=Changes)
    """Told when there are rows for the engine."""
    facts: EngineFacts | None = None
    """Of the engine that came up last."""
    finishing: set[OpenTask] = field(default_factory=set)
    """Open tasks whose rows are all settled."""
    doubles: set[str] = field(default_factory=set)
    """Open tasks that another worker has open, too: whoever commits first ends the other's work."""

    @property
    def wants_task(self) -> bool:
        """Whether the engine could be short of rows before long."""
        if self.facts is None or len(self.admission.open) >= _OPEN_TASKS:
            return False
        return self.admission.waiting_rows < self.facts.rows_in_flight

    def close(self, task: OpenTask) -> None:
        self.admission.remove(task)
        self.finishing.discard(task)
        self.doubles.discard(task.task)
        self.changes.notify()
        self.rows_changed.notify()

    def drop(self, task: OpenTask, because: str) -> None:
        """Gives up an open task; one that is being committed is let go on."""
        if task not in self.admission.open or task in self.finishing:
            return
        self.close(task)
        self.tell.dropped(task.task, because)

    async def write_presence(self) -> None:
        open_tasks = {task.task: task.started_at for task in self.admission.open}
        await self.ports.blocking(self.presence.write, open_tasks)

    async def require_undone(self, task: str, error: DaybreakError) -> None:
        """Fails with `error`, unless the task needs no more work: a late duplicate may find its input gone."""
        is_done = error.is_final and await self.ports.blocking(is_task_done, self.ports.store, self.plan.ids, task)
        if not is_done:
            # The next run adopts blocks by their length: one with wrong bytes is as good as gone, and goes.
            if isinstance(error, BlockCorruptError):
                await self.ports.blocking(self.ports.store.delete, error.key)
            raise error
        self.board.mark_committed(task)

"""What there is to do in a stage, as the store says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daybreak_worker.contract import problems_of
from daybreak_worker.errors import StateError
from daybreak_worker.keys import KEYS
from daybreak_worker.law.commits import list_committed, read_commit
from daybreak_worker.law.ids import StageIds
from daybreak_worker.law.put_once import parse_json
from daybreak_worker.law.reconcile import amend_tasks
from daybreak_worker.law.stages import list_amendments, read_sealed
from daybreak_worker.store.object_store import ObjectStore
from daybreak_worker.task.stage_plan import StagePlan


class Board:
    """The tasks of a stage and which of them are committed. Its methods block; `refresh` before the first look."""

    def __init__(self, store: ObjectStore, plan: StagePlan) -> None:
        self._store = store
        self._plan = plan
        self._where = KEYS["sealed"].render(**plan.ids.fields())
        self._first, self._bodies = self._read_first()
        self._waiting = {task for task, body in self._bodies.items() if _waits(body)}
        self._amendments: list[dict[str, Any]] = []
        self._live: tuple[str, ...] = ()
        self._committed: set[str] = set()
        self._is_sealed = False

    @property
    def ready(self) -> list[str]:
        """The tasks that count and that nobody has to wait for, in task order."""
        return [task for task in self._live if task not in self._waiting]

    @property
    def committed(self) -> set[str]:
        return self._committed

    @property
    def left(self) -> list[str]:
        """Ready tasks without a commit."""
        return [] if self._is_sealed else [task for task in self.ready if task not in self._committed]

    @property
    def waiting(self) -> list[str]:
        """Tasks that an amendment is to cut."""
        if self._is_sealed:
            return []
        return [task for task in self._live if task in self._waiting and task not in self._committed]

    def refresh(self) -> None:
        """Lists amendments and commits anew. Fails with StateError where they contradict the list, with StoreError."""
        self._amendments += list_amendments(self._store, self._plan.ids, known=len(self._amendments))
        for amendment in self._amendments:
            for task in amendment["tasks"]:
                self._bodies.setdefault(task["task"], task)
                if _waits(task):
                    self._waiting.add(task["task"])
        self._live = amend_tasks(self._where, self._first, self._amendments).live
        self._committed = set(list_committed(self._store, self._plan.ids))
        # A stage may be sealed without all its tasks, in a partial result.
        self._is_sealed = bool(self.left or self.waiting) and read_sealed(self._store, self._plan.ids) is not None

    def is_committed(self, task: str) -> bool:
        """Reads the one commit: somebody may have been quicker since the last listing."""
        if task not in self._committed and read_commit(self._store, self._plan.ids, task) is not None:
            self._committed.add(task)
        return task in self._committed

    def is_live(self, task: str) -> bool:
        return task in self._live

    def mark_committed(self, task: str) -> None:
        self._committed.add(task)

    def task(self, task: str) -> Mapping[str, Any]:
        """The body of a task, judged. Fails with StateError where it is none of partitions."""
        body = self._bodies[task]
        value = parse_json(f"{self._where}, task {task}", body) if isinstance(body, bytes) else body
        problem = problems_of(value, "Task")
        if problem is None and value["kind"] != "partitions":
            problem = f"it reads {value['kind']}, and a model reads blocks"
        if problem is not None:
            raise StateError(f"{self._where}, task {task}", problem)
        return dict(value)

    def _read_first(self) -> tuple[list[str], dict[str, Any]]:
        """The index that the seal of the stage before names. Bodies stay bytes until they are asked for: of 200,000
        tasks a worker reads few.
        """
        ids = self._plan.ids
        before = StageIds(ids.job, ids.run, self._plan.before)
        sealed = read_sealed(self._store, before)
        if sealed is None:
            raise StateError(KEYS["sealed"].render(**before.fields()), "it is not there")
        # An adopted seal keeps the run that sealed, and its index stands there.
        where = {**before.fields(), "run": sealed["run"], "attempt": sealed["attempt"]}
        key = KEYS["index"].render(**where)
        data = self._store.get(key)
        if data is None:
            raise StateError(key, "it is not there")
        lines = [line for line in data.split(b"\n") if line]
        bodies: dict[str, Any] = {}
        for number, line in enumerate(lines, start=1):
            value = parse_json(f"{key}, line {number}", line)
            if not isinstance(value, dict) or not isinstance(value.get("task"), str):
                raise StateError(key, f"line {number} is no task")
            bodies[value["task"]] = line if not value.get("waits") else value
        if len(bodies) != len(lines):
            raise StateError(key, "a task stands twice in the list")
        return list(bodies), bodies


def _waits(body: object) -> bool:
    return isinstance(body, dict) and body.get("waits") is True

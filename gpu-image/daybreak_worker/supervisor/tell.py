"""What the worker says on standard output: lines of the schema WorkerEvent. Nothing in them decides anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from daybreak_worker.engine.engine_port import Answer, EngineFacts, Pulse
from daybreak_worker.errors import DaybreakError
from daybreak_worker.law.ids import StageIds
from daybreak_worker.supervisor.admission import Admission
from daybreak_worker.supervisor.ports import Ports
from daybreak_worker.task.finish_task import Finished
from daybreak_worker.task.open_task import OpenTask


class Teller:
    """Counts are of this process."""

    def __init__(self, ports: Ports) -> None:
        self._emit = ports.emit
        self._now = ports.now
        self._counts = {"answered": 0, "rejected": 0, "promptTokens": 0, "outputTokens": 0}
        self._committed = 0

    def count_answer(self, answer: Answer) -> None:
        self._counts["answered"] += 1
        self._counts["promptTokens"] += answer.prompt_tokens
        self._counts["outputTokens"] += answer.output_tokens

    def count_reject(self) -> None:
        self._counts["rejected"] += 1

    def starting(self, model: str, *, tasks: int, waiting: int) -> None:
        self._say("starting", model=model, tasks=tasks, waiting=waiting)

    def ready(self, facts: EngineFacts, seconds: float) -> None:
        self._say(
            "ready",
            engine=facts.engine,
            machine=facts.machine,
            contextTokens=facts.context_tokens,
            rowsInFlight=facts.rows_in_flight,
            startSeconds=round(seconds, 3),
            parts={part: round(spent, 3) for part, spent in facts.parts.items()},
        )

    def progress(self, admission: Admission, pulse: Pulse) -> None:
        running = {} if pulse.running is None else {"running": pulse.running}
        self._say(
            "progress",
            **self._counts,
            inFlight=len(admission.in_flight),
            **running,
            open=[task.task for task in admission.open],
            committed=self._committed,
        )

    def committed(self, task: OpenTask, finished: Finished) -> None:
        self._committed += finished.chosen.is_mine
        if task.rejects:
            first = task.rejects[min(task.rejects)]
            causes = Counter(reject.cause for reject in task.rejects.values())
            self._say("rejected", task=task.task, causes=causes, first={"row": first.row, "cause": first.cause})
        self._say(
            "committed",
            task=task.task,
            isMine=finished.chosen.is_mine,
            rows=task.rows - len(task.rejects),
            rejected=len(task.rejects),
            sizeBytes=finished.size_bytes,
            promptTokens=task.prompt_tokens,
            outputTokens=task.output_tokens,
            seconds=finished.infer["seconds"],
        )

    def engine_died(self, how: str, rows: int, deaths: int) -> None:
        self._say("engine-died", how=how, rows=rows, deaths=deaths)

    def dropped(self, task: str, because: str) -> None:
        self._say("dropped", task=task, because=because)

    def done(self, *, waiting: int) -> None:
        self._say("done", committed=self._committed, waiting=waiting)

    def _say(self, event: str, **facts: Any) -> None:
        self._emit({"event": event, "at": self._now(), **facts})


def tell_failure(emit: Callable[[dict[str, Any]], None], stage: StageIds, error: DaybreakError, *, at: str) -> None:
    emit({"event": "failed", "at": at, "failure": error.as_failure(stage.stage), "exitCode": error.exit_code})

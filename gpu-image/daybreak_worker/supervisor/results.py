"""What becomes of what the engine says: answers are judged, rows settled, whole tasks committed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from daybreak_worker.engine.engine_port import Answer, EngineFacts, Refusal
from daybreak_worker.errors import EngineRefusalError, StoreError, TooManyRejectsError, blaming
from daybreak_worker.supervisor.admission import Row
from daybreak_worker.supervisor.patience import Patience
from daybreak_worker.supervisor.work import Work
from daybreak_worker.task.finish_task import Finished, Signature, finish_task, rejects_key
from daybreak_worker.task.judge_answer import Judge, create_judge
from daybreak_worker.task.judge_rejects import require_within_limit
from daybreak_worker.task.open_task import OpenTask, Reject
from daybreak_worker.task.read_pattern import UnreadableError
from daybreak_worker.task.stage_plan import StagePlan
from daybreak_worker.task.write_rejects import render_rejects

_AGAIN_SECONDS: Final = 2.0
_NUMBERS: Final = frozenset({"embedding", "score"})
"""Answers that are no text."""


class Results:
    """Listens to the driver of the engine."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._judge = _judge_of(work.plan)
        self._says_text = work.plan.step["answer"]["kind"] not in _NUMBERS

    def on_ready(self, facts: EngineFacts, seconds: float) -> None:
        self._work.facts = replace(facts, start_seconds=seconds)
        self._work.tell.ready(facts, seconds)
        self._work.changes.notify()

    def on_answer(self, row: Row, answer: Answer) -> None:
        row.task.count_answer(row.position, answer, at_seconds=asyncio.get_running_loop().time())
        self._work.tell.count_answer(answer)
        problem = self._judge(answer.data)
        if problem is not None:
            refusal = Refusal(row.id, "answer_shape", answer.finish_reason, problem)
            self._reject(row.task, row.position, refusal, said=answer.data if self._says_text else None)
        else:
            row.task.settle_answer(row.position, answer)
        self._look_after(row.task)

    def on_refusal(self, row: Row, refusal: Refusal) -> None:
        self._reject(row.task, row.position, refusal)
        self._look_after(row.task)

    def on_death(self, how: str, rows: int, deaths: int) -> None:
        self._work.tell.engine_died(how, rows, deaths)

    def settle_bad_rows(self, task: OpenTask, rows: Iterable[int]) -> None:
        """Of a task that was just opened: the rows that no engine can be asked for."""
        for row in list(rows):
            self._reject(task, row, Refusal(0, "invalid_request", None, "the row has no request, or no seed"))
        self._look_after(task)

    def _reject(self, task: OpenTask, position: int, refusal: Refusal, *, said: bytes | None = None) -> None:
        self._work.tell.count_reject()
        reject = task.settle_reject(position, refusal.cause, error=refusal.error, message=refusal.message, said=said)
        try:
            with blaming(task.task):
                require_within_limit(self._work.plan, task, reject)
        except TooManyRejectsError as error:
            self._work.spawn(self._fail(task, error, list(task.rejects.values())))

    async def _fail(self, task: OpenTask, error: TooManyRejectsError, rejects: Sequence[Reject]) -> None:
        """Ends the job, unless somebody else has done the task. What was rejected outlives the attempt."""
        ports, plan = self._work.ports, self._work.plan
        key = rejects_key(plan, task)
        data = render_rejects(plan.step["step"], plan.before, rejects)
        # The job fails for its rows, whether they could be kept or not.
        with suppress(StoreError):
            await ports.blocking(lambda: ports.store.put(key, data))
            error.keep(key, str(ports.store.local_path(key) or key))
        await self._work.require_undone(task.task, error)
        self._work.drop(task, "another worker committed it")

    def _look_after(self, task: OpenTask) -> None:
        if task.is_done and task not in self._work.finishing:
            self._work.finishing.add(task)
            self._work.spawn(self._finish(task))
        if task.is_done or self._work.wants_task:
            self._work.changes.notify()

    async def _finish(self, task: OpenTask) -> None:
        work = self._work
        if work.facts is None:
            raise ValueError("rows are answered by an engine that has come up")
        signature = Signature(work.facts, work.options.worker, work.ports.scratch, work.ports.now)
        with blaming(task.task):
            finished = await self._put(task, signature)
        work.board.mark_committed(task.task)
        work.close(task)
        work.tell.committed(task, finished)
        await work.write_presence()

    async def _put(self, task: OpenTask, signature: Signature) -> Finished:
        """What is answered is not asked again for a store that fails for a while: all of it may be put again."""
        ports, plan, patience = self._work.ports, self._work.plan, Patience()
        while True:
            with patience.bear():
                return await ports.blocking(finish_task, ports.store, plan, task, signature)
            await asyncio.sleep(_AGAIN_SECONDS)


def _judge_of(plan: StagePlan) -> Judge:
    """Fails with EngineRefusalError: before a row is asked, as where no grammar can be made of the shape."""
    try:
        return create_judge(plan.step["answer"])
    except UnreadableError as error:
        raise EngineRefusalError(plan.model, f"it {error}") from error

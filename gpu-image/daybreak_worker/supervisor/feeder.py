"""Opens tasks so that the engine is never short of rows.

The law: the engine is never drained between tasks. The next task is opened while as many rows as the engine takes at
once are still before it, so that rows of the next one enter before the last of this one leave.
"""

from __future__ import annotations

import asyncio
from typing import Final

from daybreak_worker.errors import DaybreakError, JobCancelledError, blaming
from daybreak_worker.law.halt import read_halt
from daybreak_worker.supervisor.admission import bad_rows
from daybreak_worker.supervisor.patience import Patience
from daybreak_worker.supervisor.results import Results
from daybreak_worker.supervisor.work import Work
from daybreak_worker.task.choose_task import choose_task
from daybreak_worker.task.open_task import OpenTask
from daybreak_worker.task.read_pieces import read_pieces

_LOOK_SECONDS: Final = 1.0
"""Between looks at a list in which all that is left waits, or is open elsewhere."""
_ELSEWHERE: Final = "another worker committed it"


class Feeder:
    def __init__(self, work: Work, results: Results) -> None:
        self._work = work
        self._results = results
        self._patience = Patience()
        self._listed_seconds = _now()

    async def await_work(self) -> bool:
        """Waits until a task is ready, before weights are loaded for it. False: there is none, or not in time."""
        board, until = self._work.board, _now() + self._work.options.wait_seconds
        while not board.left:
            if not board.waiting or _now() >= until:
                return False
            await asyncio.sleep(_LOOK_SECONDS)
            with self._patience.bear():
                await self.require_not_halted()
                await self._refresh()
        return True

    async def feed(self) -> None:
        """Returns when nothing is left to do that this worker may still wait for."""
        work, board = self._work, self._work.board
        idle_since: float | None = None
        looked_seconds = -_LOOK_SECONDS
        while True:
            # Where there was none it is not asked for again at each answer: a look takes requests.
            if work.wants_task and _now() - looked_seconds >= _LOOK_SECONDS:
                if await self._try_open_next():
                    idle_since = None
                    continue
                looked_seconds = _now()
            if work.facts is not None and not work.admission.open and not board.left:
                idle_since = _now() if idle_since is None else idle_since
                if not board.waiting or _now() - idle_since >= work.options.wait_seconds:
                    return
            await work.changes.wait(_LOOK_SECONDS)

    async def look_at_doubles(self) -> None:
        """Drops what another worker has committed meanwhile."""
        for name in list(self._work.doubles):
            if await self._work.ports.blocking(self._work.board.is_committed, name):
                for task in [task for task in self._work.admission.open if task.task == name]:
                    self._work.drop(task, _ELSEWHERE)

    async def require_not_halted(self) -> None:
        """Fails with JobCancelledError where somebody wishes the run to end."""
        ids = self._work.options.stage
        halt = await self._work.ports.blocking(lambda: read_halt(self._work.ports.store, job=ids.job, run=ids.run))
        if halt is not None:
            raise JobCancelledError(ids.job, ids.run)

    async def _try_open_next(self) -> bool:
        """As _open_next; False, too, where the store has failed: it is asked again at the next look."""
        with self._patience.bear():
            return await self._open_next()
        return False

    async def _open_next(self) -> bool:
        """Whether there was a task to open. Where there was none, the list is fresh."""
        work, board = self._work, self._work.board
        await self.require_not_halted()
        if _now() - self._listed_seconds >= self._list_age():
            await self._refresh()
        taken = await work.ports.blocking(work.presence.others, _now())
        passed = board.committed | {task.task for task in work.admission.open}
        share = (work.options.index, work.options.of)
        name = choose_task(board.ready if board.left else [], share=share, passed=passed, taken=taken)
        if name is None:
            return False
        # Somebody may have been quicker since the list was made.
        if await work.ports.blocking(board.is_committed, name):
            return True
        if name in taken:
            work.doubles.add(name)
        await self._open(name)
        return True

    def _list_age(self) -> float:
        """Seconds after which the list is made anew: soon where by the last one nothing is left for this worker."""
        is_short = not set(self._work.board.left) - {task.task for task in self._work.admission.open}
        return _LOOK_SECONDS if is_short else self._work.options.list_seconds

    async def _refresh(self) -> None:
        work = self._work
        await work.ports.blocking(work.board.refresh)
        self._listed_seconds = _now()
        for task in list(work.admission.open):
            if not work.board.is_live(task.task):
                work.drop(task, "an amendment put others in its place")
            elif task.task in work.board.committed:
                work.drop(task, _ELSEWHERE)

    async def _open(self, name: str) -> None:
        try:
            with blaming(name):
                task = await self._read(name)
        except DaybreakError as error:
            await self._work.require_undone(name, error)
            self._work.tell.dropped(name, f"{error}; it is committed all the same")
            return
        self._work.admission.add(task)
        self._results.settle_bad_rows(task, bad_rows(task))
        self._work.rows_changed.notify()
        await self._work.write_presence()

    async def _read(self, name: str) -> OpenTask:
        ports, plan, facts = self._work.ports, self._work.plan, self._work.facts
        started_at = ports.now()
        start_seconds = 0.0 if facts is None else facts.start_seconds

        def read() -> OpenTask:
            pieces = read_pieces(ports.store, plan, self._work.board.task(name))
            return OpenTask(name, ports.new_attempt(), started_at, pieces, start_seconds)

        return await ports.blocking(read)


def _now() -> float:
    return asyncio.get_running_loop().time()

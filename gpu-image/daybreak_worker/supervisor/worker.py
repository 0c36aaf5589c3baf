"""The life of a worker, from the first look at what there is to do until nothing of it is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, NoReturn, TypeVar

from daybreak_worker.engine.engine_port import Engine
from daybreak_worker.errors import WorkerStoppedError
from daybreak_worker.supervisor.admission import Admission
from daybreak_worker.supervisor.engine_driver import EngineDriver
from daybreak_worker.supervisor.feeder import Feeder
from daybreak_worker.supervisor.options import WorkerOptions
from daybreak_worker.supervisor.patience import Patience
from daybreak_worker.supervisor.ports import Ports
from daybreak_worker.supervisor.presence import BEAT_SECONDS, Presence
from daybreak_worker.supervisor.results import Results
from daybreak_worker.supervisor.tell import Teller
from daybreak_worker.supervisor.work import Work
from daybreak_worker.task.board import Board
from daybreak_worker.task.open_task import OpenTask
from daybreak_worker.task.stage_plan import read_stage_plan

_CLOSE_SECONDS: Final = 10.0
"""For an engine that was killed to be gone. One that a driver holds longer is the system's."""

_Result = TypeVar("_Result")


class Worker:
    def __init__(self, work: Work, stopping: asyncio.Event) -> None:
        self._work = work
        self._stopping = stopping
        self._results = Results(work)
        self._feeder = Feeder(work, self._results)

    async def run(self) -> None:
        """Returns when nothing is left to do; fails with whatever ends the worker before that."""
        work = self._work
        work.tell.starting(work.plan.model, tasks=len(work.board.left), waiting=len(work.board.waiting))
        if await self._unless_stopped(self._feeder.await_work()):
            engine = await self._unless_stopped(work.ports.blocking(work.ports.open_engine, work.plan))
            try:
                await self._run_engine(engine)
            finally:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_CLOSE_SECONDS):
                        await engine.close()
                await work.ports.blocking(work.presence.forget)
        work.tell.done(waiting=len(work.board.waiting))

    async def _run_engine(self, engine: Engine) -> None:
        work = self._work
        driver = EngineDriver(
            engine,
            work.admission,
            self._results,
            rows_changed=work.rows_changed,
            model=work.plan.model,
            worker=work.options.worker,
            hang_seconds=work.options.hang_seconds,
        )
        helpers = (driver.run(), self._beat(), self._look_around(), self._report_progress(driver))
        async with self._helped(*helpers) as group:
            feeding = group.create_task(self._feeder.feed())
            stop = asyncio.create_task(self._stopping.wait())
            try:
                await asyncio.wait({feeding, stop}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                stop.cancel()
            if not feeding.done():
                feeding.cancel()
                await self._drain()

    async def _unless_stopped(self, work: Awaitable[_Result]) -> _Result:
        """What it gives; fails with WorkerStoppedError where the worker is to end before."""
        doing = asyncio.ensure_future(work)
        stop = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({doing, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
        if doing.done():
            return doing.result()
        doing.cancel()
        raise WorkerStoppedError(self._work.options.worker)

    @asynccontextmanager
    async def _helped(self, *helpers: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.TaskGroup]:
        """Runs what helps for as long as the block inside runs. The first failure of any ends all."""
        try:
            async with asyncio.TaskGroup() as group:
                self._work.spawn = group.create_task
                tasks = [group.create_task(helper) for helper in helpers]
                yield group
                for task in tasks:
                    task.cancel()
        except BaseExceptionGroup as failures:
            _raise_first(failures)

    async def _drain(self) -> NoReturn:
        """No new rows. What is answered in time is committed; nothing is waited for of which nothing can be whole."""
        work, now = self._work, asyncio.get_running_loop().time
        work.admission.is_closed = True
        until = now() + work.options.drain_seconds
        while any(self._may_become_whole(task) for task in work.admission.open) and now() < until:
            await work.changes.wait(until - now())
        until = now() + work.options.commit_seconds
        while work.finishing and now() < until:
            await work.changes.wait(until - now())
        raise WorkerStoppedError(work.options.worker)

    def _may_become_whole(self, task: OpenTask) -> bool:
        in_flight = sum(row.task is task for row in self._work.admission.in_flight.values())
        return task not in self._work.finishing and task.left == in_flight

    async def _beat(self) -> None:
        while True:
            await self._work.write_presence()
            await asyncio.sleep(BEAT_SECONDS)

    async def _look_around(self) -> None:
        patience = Patience()
        while True:
            await asyncio.sleep(self._work.options.look_seconds)
            with patience.bear():
                await self._feeder.require_not_halted()
                await self._feeder.look_at_doubles()

    async def _report_progress(self, driver: EngineDriver) -> None:
        while True:
            await asyncio.sleep(self._work.options.progress_seconds)
            if self._work.admission.in_flight:
                self._work.tell.progress(self._work.admission, driver.pulse)


async def open_worker(options: WorkerOptions, ports: Ports, stopping: asyncio.Event) -> Worker:
    """Reads what there is to do; `stopping` is set when the worker is to end before all of it is done.

    Fails with StateError, StoreError.
    """
    plan = await ports.blocking(read_stage_plan, ports.store, options.stage)
    board = await ports.blocking(Board, ports.store, plan)
    await ports.blocking(board.refresh)
    work = Work(
        options,
        ports,
        plan,
        board,
        Admission(ports.rng),
        Presence(ports.store, options.stage, worker=options.worker, now=ports.now),
        Teller(ports),
        asyncio.ensure_future,
    )
    return Worker(work, stopping)


def _raise_first(failures: BaseExceptionGroup[BaseException]) -> NoReturn:
    """What failed first, with its own cause: several that fail together have one reason."""
    first: BaseException = failures
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    raise first

"""A host whose engine follows a script: `--host scripted_host SCRIPT.json` of the worker."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from scripted import Script, ScriptedModel

from daybreak_worker.engine.engine_port import EngineFacts, EngineRow, Pulse
from daybreak_worker.host.serve import Emit, run_host


class _Scripted:
    def __init__(self, start: dict[str, Any]) -> None:
        self._script = Script.parse(Path(sys.argv[-2]).read_text("utf-8"))
        self._model = ScriptedModel(self._script, start["step"]["answer"], life=start["life"], rung=start["rung"])
        self._slots = asyncio.Semaphore(self._script.at_once)
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def load(self) -> EngineFacts:
        for _ in range(self._script.children):
            await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(3600)")
        await asyncio.sleep(self._model.life.start_seconds)
        return self._model.start()

    def take(self, rows: list[EngineRow], emit: Emit) -> None:
        if self._script.row_seconds == 0:
            # An engine that costs nothing, for the throughput of all around it.
            for row in rows:
                self._suffer(row)
                emit(self._model.result(row))
            return
        for row in rows:
            task = asyncio.create_task(self._work(row, emit))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self, row: EngineRow, emit: Emit) -> None:
        async with self._slots:
            self._running += 1
            await asyncio.sleep(self._model.seconds())
            self._suffer(row)
            emit(self._model.result(row))
            self._running -= 1

    def _suffer(self, row: EngineRow) -> None:
        misfortune = self._model.misfortune(row)
        if misfortune == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if misfortune == "hang":
            time.sleep(3600)

    def pulse(self) -> Pulse:
        return Pulse(self._model.tokens, self._running)

    async def lost(self) -> None:
        await asyncio.Event().wait()


if __name__ == "__main__":
    run_host(_Scripted)

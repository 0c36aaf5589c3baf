"""The scripted model without a process: an engine on the clock of the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from scripted import Script, ScriptedModel

from daybreak_worker.engine.engine_port import Died, EngineFacts, EngineRow, Event, Pulse


class ScriptedEngine:
    """Keeps a record of how many rows it had at each moment at which that changed."""

    def __init__(self, script: Script, answer: Mapping[str, Any]) -> None:
        self._script = script
        self._answer = answer
        self._model: ScriptedModel | None = None
        self._slots = asyncio.Semaphore(script.at_once)
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._held = 0
        self.history: list[tuple[float, int]] = []
        """Second and rows held, from then on."""
        self.starts: list[tuple[int, int]] = []
        """Life and rung."""
        self.is_closed = False

    async def start(self, *, life: int, rung: int) -> EngineFacts:
        self.starts.append((life, rung))
        model = ScriptedModel(self._script, self._answer, life=life, rung=rung)
        await asyncio.sleep(model.life.start_seconds)
        facts = model.start()
        self._model = model
        self._slots = asyncio.Semaphore(self._script.at_once)
        self._events = asyncio.Queue()
        self._held = 0
        self._spawn(self._pulse(model))
        return facts

    async def send(self, rows: Sequence[EngineRow]) -> None:
        if self._model is None:
            return
        self._hold(len(rows))
        for row in rows:
            self._spawn(self._work(self._model, row))

    async def receive(self) -> Sequence[Event]:
        events = [await self._events.get()]
        while not self._events.empty():
            events.append(self._events.get_nowait())
        return events

    async def kill(self, why: str) -> None:
        self._die(why)

    async def close(self) -> None:
        self._die("")
        self.is_closed = True

    async def _work(self, model: ScriptedModel, row: EngineRow) -> None:
        async with self._slots:
            await asyncio.sleep(model.seconds())
            misfortune = model.misfortune(row)
            if misfortune == "die":
                self._die("was killed by SIGKILL")
                return
            if misfortune == "hang":
                await asyncio.Event().wait()
            self._events.put_nowait(model.result(row))
            self._hold(-1)

    async def _pulse(self, model: ScriptedModel) -> None:
        while True:
            self._events.put_nowait(Pulse(model.tokens, min(self._held, self._script.at_once)))
            await asyncio.sleep(1)

    def _hold(self, change: int) -> None:
        self._held += change
        self.history.append((asyncio.get_running_loop().time(), self._held))

    def _die(self, how: str) -> None:
        if self._model is None:
            return
        self._model = None
        this = asyncio.current_task()
        for task in self._tasks - {this}:
            task.cancel()
        self._events.put_nowait(Died(how))

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

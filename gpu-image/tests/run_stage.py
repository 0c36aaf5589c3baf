"""Runs workers over a StageWorld on a virtual clock."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripted import Script
from scripted_engine import ScriptedEngine
from stage_world import AT, STAGE, StageWorld
from virtual_time import inline

from daybreak_worker.contract import problems_of
from daybreak_worker.store.object_store import ObjectStore
from daybreak_worker.supervisor.options import WorkerOptions
from daybreak_worker.supervisor.ports import Blocking, Ports
from daybreak_worker.supervisor.run_worker import run_worker


@dataclass
class Trial:
    """One worker: what it said, how it ended, and its engine."""

    world: StageWorld
    script: Script
    scratch: Path
    worker: str = "w0"
    index: int = 0
    of: int = 1
    store: ObjectStore | None = None
    """Another view of the world's store: one with faults."""
    seed: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    code: int | None = None
    engine: ScriptedEngine | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    blocking: Blocking = inline
    on_event: Callable[[dict[str, Any]], None] = lambda event: None

    async def run(self) -> int:
        rng = random.Random(f"{self.seed}:{self.worker}")
        self.scratch.mkdir(parents=True, exist_ok=True)
        ports = Ports(
            self.store or self.world.store,
            lambda plan: self._open_engine(),
            self.scratch,
            blocking=self.blocking,
            now=lambda: AT,
            new_attempt=lambda: f"{rng.getrandbits(96):024x}",
            rng=rng,
            emit=self._hear,
        )
        options = WorkerOptions(STAGE, self.worker, self.index, self.of)
        self.code = await run_worker(options, ports, self.stopping)
        return self.code

    def said(self, event: str) -> list[dict[str, Any]]:
        return [each for each in self.events if each["event"] == event]

    def _hear(self, event: dict[str, Any]) -> None:
        problem = problems_of(event, "WorkerEvent")
        assert problem is None, f"{event}: {problem}"
        self.events.append(event)
        self.on_event(event)

    def _open_engine(self) -> ScriptedEngine:
        self.engine = ScriptedEngine(self.script, self.world.answer)
        return self.engine

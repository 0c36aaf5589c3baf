"""Keeps an engine alive: starts it with less where memory is short, feeds it, and sees that it dies or hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Final, Protocol

from daybreak_worker.engine.engine_port import Answer, Died, Engine, EngineFacts, Pulse, Refusal
from daybreak_worker.engine.ladder import LAST_RUNG
from daybreak_worker.errors import EngineDiedError, EngineFailure, EngineRefusalError, EngineStartError, ModelError
from daybreak_worker.supervisor.admission import BARREN_DEATHS, Admission, Row
from daybreak_worker.supervisor.changes import Changes

_LOOK_SECONDS: Final = 1.0
_TOKEN_BYTES: Final = 3
"""Of a request, at least, in most languages."""
_MOST_RESTART_FAILURES: Final = 3
"""Starts that fail one after another, of an engine that had come up before."""


class Listener(Protocol):
    """What the worker does with what the engine says."""

    def on_ready(self, facts: EngineFacts, seconds: float) -> None: ...

    def on_answer(self, row: Row, answer: Answer) -> None: ...

    def on_refusal(self, row: Row, refusal: Refusal) -> None: ...

    def on_death(self, how: str, rows: int, deaths: int) -> None: ...


class EngineDriver:
    """Runs until it is cancelled. Fails with ModelError, EngineStartError, EngineRefusalError, EngineDiedError."""

    def __init__(
        self,
        engine: Engine,
        admission: Admission,
        listener: Listener,
        *,
        rows_changed: Changes,
        model: str,
        worker: str,
        hang_seconds: float,
    ) -> None:
        self._engine = engine
        self._admission = admission
        self._listener = listener
        self._rows_changed = rows_changed
        self._model = model
        self._worker = worker
        self._hang_seconds = hang_seconds
        self._rung = 0
        self._deaths = 0
        self._sign_seconds = 0.0
        """When the engine last showed that it works."""
        self.pulse = Pulse(None, None)

    async def run(self) -> None:
        while True:
            began = _now()
            facts = await self._start()
            self._listener.on_ready(facts, _now() - began)
            died = await self._serve(facts)
            self._judge_death(died)

    async def _start(self) -> EngineFacts:
        failures = 0
        tried: list[str] = []
        while True:
            try:
                return await self._engine.start(life=self._deaths + failures, rung=self._rung)
            except EngineFailure as failure:
                tried.append(failure.problem)
                if failure.is_out_of_memory and self._rung < LAST_RUNG:
                    self._rung += 1
                    continue
                failures += 1
                if self._deaths > 0 and not failure.is_out_of_memory and failures < _MOST_RESTART_FAILURES:
                    continue
                raise self._as_error(failure, len(tried)) from failure

    def _as_error(self, failure: EngineFailure, tries: int) -> Exception:
        if self._deaths > 0:
            return EngineDiedError(self._worker, f"died and does not come up again: {failure.problem}")
        if failure.name == "ModelError":
            return ModelError(self._model, failure.problem)
        if failure.name == "EngineRefusalError":
            return EngineRefusalError(self._model, failure.problem)
        with_less = f"; tried {tries} times, with less memory each time" if tries > 1 else ""
        return EngineStartError(self._model, f"{failure.problem}{with_less}")

    async def _serve(self, facts: EngineFacts) -> Died:
        """Feeds the engine and hears it, until it is dead."""
        self._sign_seconds = _now()
        self.pulse = Pulse(None, None)
        helpers: list[Coroutine[Any, Any, None]] = [self._send(facts), self._watch(facts)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(helper) for helper in helpers]
            died = await self._hear()
            for task in tasks:
                task.cancel()
        return died

    async def _send(self, facts: EngineFacts) -> None:
        admission = self._admission
        while True:
            rows = admission.take(facts.rows_in_flight - len(admission.in_flight), at_seconds=_now())
            if not rows:
                await self._rows_changed.wait()
                continue
            if len(rows) == len(admission.in_flight):
                # It had nothing to do until now.
                self._sign_seconds = _now()
            await self._engine.send([row.for_engine() for row in rows])

    async def _hear(self) -> Died:
        while True:
            for event in await self._engine.receive():
                if isinstance(event, Died):
                    return event
                if isinstance(event, Pulse):
                    self._hear_pulse(event)
                else:
                    self._hear_result(event)
            self._rows_changed.notify()

    def _hear_pulse(self, pulse: Pulse) -> None:
        if pulse.tokens is not None and pulse.tokens != self.pulse.tokens:
            self._sign_seconds = _now()
        self.pulse = pulse

    def _hear_result(self, result: Answer | Refusal) -> None:
        self._sign_seconds = _now()
        if isinstance(result, Answer):
            row = self._admission.land_answer(result.id)
        else:
            row = self._admission.land_refusal(result.id)
        if row is None:
            return
        if isinstance(result, Answer):
            self._listener.on_answer(row, result)
        else:
            self._listener.on_refusal(row, result)

    async def _watch(self, facts: EngineFacts) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            sizes = [row.size_bytes for row in self._admission.in_flight.values()]
            bound = self._hang_seconds + _reading_seconds(facts, sizes)
            if sizes and _now() - self._sign_seconds > bound:
                await self._engine.kill(f"gave no sign of work for {bound:.0f} s and was ended")
                return

    def _judge_death(self, died: Died) -> None:
        self._deaths += 1
        if died.is_out_of_memory:
            self._rung = min(self._rung + 1, LAST_RUNG)
        self._listener.on_death(died.how, len(self._admission.in_flight), self._deaths)
        rejected = self._admission.bury()
        if rejected is None:
            problem = (
                f"died {BARREN_DEATHS} times without having answered a row in between; the last time it {died.how}"
            )
            raise EngineDiedError(self._worker, problem)
        for row in rejected:
            message = f"the engine {died.how}, with this row alone in it"
            self._listener.on_refusal(row, Refusal(row.id, "engine_crash", None, message))


def _reading_seconds(facts: EngineFacts, sizes: Sequence[int]) -> float:
    """What an engine may be silent for while it reads prompts of these sizes: it counts none before its last token."""
    read_at_once = max([facts.step_tokens * _TOKEN_BYTES, *sizes])
    return min(sum(sizes), read_at_once) / _TOKEN_BYTES * facts.slowest_token_seconds


def _now() -> float:
    return asyncio.get_running_loop().time()

"""What all hosts have in common: the line to the supervisor. A host ends when that closes, whatever it is doing."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import Any, Final, Protocol

from daybreak_worker.engine.engine_port import Answer, EngineFacts, EngineRow, Pulse, Refusal
from daybreak_worker.engine.frames import (
    LOST_EXIT,
    STREAM_BYTES,
    decode_rows,
    encode_frame,
    encode_pulse,
    encode_results,
    read_frame,
)
from daybreak_worker.errors import EngineFailure
from daybreak_worker.host.end_with_parent import end_with_parent

_PULSE_SECONDS: Final = 1.0

Emit = Callable[[Answer | Refusal], None]


class EngineLostError(Exception):
    """What answers rows is gone."""


class Model(Protocol):
    """What a host has: something that answers rows, each some time after it was taken."""

    async def load(self) -> EngineFacts:
        """Fails with EngineFailure."""

    def take(self, rows: list[EngineRow], emit: Emit) -> None:
        """Returns at once; `emit` gets an answer or a refusal of each row, unless the host ends before."""

    def pulse(self) -> Pulse: ...

    async def lost(self) -> None:
        """Waits until nothing will be answered any more, and fails with EngineLostError then."""


def run_host(create: Callable[[dict[str, Any]], Model]) -> None:
    """The whole life of a host. The descriptor of its line is the last argument of the process."""
    line = int(sys.argv[-1])
    end_with_parent(line)
    asyncio.run(_serve(line, create))


async def _serve(descriptor: int, create: Callable[[dict[str, Any]], Model]) -> None:
    line = socket.socket(fileno=descriptor)
    reader, writer = await asyncio.open_connection(sock=line, limit=STREAM_BYTES)
    start = await read_frame(reader)
    if start is None or start.kind != "start":
        _end_now()
        return
    try:
        model = create(start.header)
        facts = await model.load()
    except EngineFailure as failure:
        writer.write(encode_frame({"kind": "failed", "name": failure.name, "problem": failure.problem}))
        await writer.drain()
        writer.close()
        return
    writer.write(encode_frame({"kind": "ready", "facts": asdict(facts)}))
    outbox = _Outbox(writer)
    await _first_of(
        _take_rows(reader, model, outbox.put),
        outbox.flush_for_ever(),
        _pulse_for_ever(writer, model),
        model.lost(),
    )


async def _first_of(*works: Coroutine[Any, Any, None]) -> None:
    """None of them ends but by a failure, or by the end of the line."""
    tasks = [asyncio.create_task(work) for work in works]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        if (error := task.exception()) is not None:
            print(f"the engine host ends: {error!r}", file=sys.stderr, flush=True)  # noqa: T201
            os._exit(LOST_EXIT if isinstance(error, EngineLostError) else 1)
    _end_now()


async def _take_rows(reader: asyncio.StreamReader, model: Model, emit: Emit) -> None:
    while (frame := await read_frame(reader)) is not None:
        model.take(decode_rows(frame), emit)


async def _pulse_for_ever(writer: asyncio.StreamWriter, model: Model) -> None:
    while True:
        writer.write(encode_pulse(model.pulse()))
        await asyncio.sleep(_PULSE_SECONDS)


def _end_now() -> None:
    """The supervisor is gone, or wants no more: this process, and all that it has started, end."""
    os.killpg(os.getpgid(0), signal.SIGKILL)


class _Outbox:
    """What has been answered since the last frame went out goes out together. Rows in flight bound it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._waiting: list[Answer | Refusal] = []
        self._filled = asyncio.Event()

    def put(self, result: Answer | Refusal) -> None:
        self._waiting.append(result)
        self._filled.set()

    async def flush_for_ever(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            results, self._waiting = self._waiting, []
            self._writer.write(encode_results(results))
            try:
                await self._writer.drain()
            except ConnectionError:
                return

"""The engine in a child process, in a group of its own: a crash of it, or of what it starts, ends nothing here."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from daybreak_worker.engine.engine_port import Died, EngineFacts, EngineRow, Event
from daybreak_worker.engine.frames import LOST_EXIT, STREAM_BYTES, decode_events, encode_frame, encode_rows, read_frame
from daybreak_worker.engine.out_of_memory import is_out_of_memory
from daybreak_worker.engine.root_cause import find_root_cause
from daybreak_worker.errors import EngineFailure

START_SECONDS: Final = 3600
"""From the start of the process to its word that it is ready: a large model is read, compiled and captured by then."""
_LAST_WORDS_SECONDS: Final = 2
"""For what a dead process printed last to arrive."""
_TAIL_LINES: Final = 200
_KILLED: Final = "was killed by SIGKILL, as systems do that run out of memory"


class EngineProcess:
    """`arguments` are those of the host's module; `start` is what it is told first."""

    def __init__(self, arguments: Sequence[str], start: dict[str, Any]) -> None:
        self._arguments = arguments
        self._start = start
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._printed: _Printed | None = None
        self._verdict: str | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    async def start(self, *, life: int, rung: int) -> EngineFacts:
        await self._spawn()
        self._write(encode_frame({"kind": "start", **self._start, "life": life, "rung": rung}))
        try:
            async with asyncio.timeout(START_SECONDS):
                return await self._hear_ready()
        except TimeoutError:
            await self.kill("")
            raise EngineFailure("EngineStartError", f"it was not ready within {START_SECONDS} s") from None

    async def send(self, rows: Sequence[EngineRow]) -> None:
        if self._writer is None:
            return
        self._write(encode_rows(rows))
        # A dead one is heard of by `receive`.
        with suppress(ConnectionError):
            await self._writer.drain()

    async def receive(self) -> Sequence[Event]:
        if self._reader is None:
            raise ValueError("an engine that was not started says nothing")
        try:
            frame = await read_frame(self._reader)
            if frame is not None:
                return decode_events(frame)
        except ValueError as error:
            self._verdict = self._verdict or f"said what no engine says ({error}) and was ended"
        return [await self._bury()]

    async def kill(self, why: str) -> None:
        self._verdict = self._verdict or why
        self.end_group()

    async def close(self) -> None:
        """Ends it, and waits until it is gone."""
        if self._process is not None:
            await self.kill("was closed")
            await self._bury()

    async def _spawn(self) -> None:
        ours, theirs = socket.socketpair()
        read_end, write_end = os.pipe()
        self._verdict = None
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self._arguments,
                str(theirs.fileno()),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=write_end,
                stderr=write_end,
                start_new_session=True,
            )
        finally:
            theirs.close()
            os.close(write_end)
        self._printed = _Printed(read_end)
        self._reader, self._writer = await asyncio.open_connection(sock=ours, limit=STREAM_BYTES)

    async def _hear_ready(self) -> EngineFacts:
        if self._reader is None:
            raise ValueError("the process was not started")
        frame = await read_frame(self._reader)
        if frame is not None and frame.kind == "ready":
            return EngineFacts(**frame.header["facts"])
        died = await self._bury()
        if frame is not None and frame.kind == "failed":
            problem = frame.header["problem"]
            cause = None if self._printed is None else find_root_cause(self._printed.tail())
            if cause is not None and cause not in problem:
                problem = f"{problem}; it printed {cause}"
            is_memory = died.is_out_of_memory or is_out_of_memory(problem)
            raise EngineFailure(frame.header["name"], problem, is_out_of_memory=is_memory)
        # The system ends by SIGKILL what takes the last memory of the machine.
        is_memory = died.is_out_of_memory or died.how == _KILLED
        problem = f"its process {died.how}{self._last_line()}"
        raise EngineFailure("EngineStartError", problem, is_out_of_memory=is_memory)

    def _write(self, data: bytes) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(data)

    def end_group(self) -> None:
        if self._process is not None:
            # Also where the host itself is gone: what it has started may be left.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _bury(self) -> Died:
        process, printed = self._process, self._printed
        if process is None or printed is None:
            raise ValueError("there is no process")
        # A host that goes closes its line first; how it ended is known a moment later.
        if self._verdict is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_SECONDS):
                    await process.wait()
        self.end_group()
        code = await process.wait()
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None
        await asyncio.to_thread(printed.join, _LAST_WORDS_SECONDS)
        how = self._verdict if self._verdict is not None else _render_exit(code)
        return Died(how, is_out_of_memory(printed.tail()))

    def _last_line(self) -> str:
        lines = [] if self._printed is None else self._printed.tail().split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f"; it said last: {last[:300]}" if last else ""


def _render_exit(code: int) -> str:
    if code == -signal.SIGKILL:
        return _KILLED
    if code == LOST_EXIT:
        return "lost the process that has the model"
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


class _Printed:
    """Passes on what the host prints, from a thread: whoever reads our standard error slowly never stops the loop."""

    def __init__(self, read_end: int) -> None:
        self._lines: deque[str] = deque(maxlen=_TAIL_LINES)
        self._pipe = os.fdopen(read_end, "rb")
        self._thread = threading.Thread(target=self._pump, daemon=True)
        self._thread.start()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def tail(self) -> str:
        return "\n".join(list(self._lines))

    def _pump(self) -> None:
        with self._pipe, suppress(OSError, ValueError):
            for line in self._pipe:
                self._lines.append(line.decode(errors="replace").rstrip("\n"))
                sys.stderr.buffer.write(line)
                sys.stderr.buffer.flush()

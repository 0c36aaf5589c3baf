"""The process of one execution environment: its start, its messages, its log, its end."""

import contextlib
import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import lifetime
from lambda_code import code_folder
from lambda_variables import Config, function_variables

BOOTSTRAP = Path(__file__).with_name("lambda-bootstrap.mjs")
# How often memory is looked at while a handler runs.
TICK_SECONDS = 0.05
# After its end, what it has written is there at once; a process that it left behind may keep the log open.
LOG_SECONDS = 1.0
# Between the end of its socket and the end of a process.
EXIT_SECONDS = 5.0


class Died(Exception):
    """The process ended before it answered. `returncode` as subprocess gives it."""

    def __init__(self, returncode: int) -> None:
        super().__init__(returncode)
        self.returncode = returncode


class Late(Exception):
    """The deadline came before the answer."""


def node_command() -> str:
    """The caller chooses the Node by PATH; the function's `Runtime` names a version, not a program."""
    node = shutil.which("node")
    if node is None:
        raise RuntimeError("no `node` in the emulator's PATH: functions cannot run")
    return node


def _memory_flags(memory_mb: int) -> list[str]:
    # As the bootstrap of AWS's runtime sets them: a tenth for the young generation, the rest for the old one.
    young = memory_mb // 10
    return [f"--max-semi-space-size={young // 2 or 1}", f"--max-old-space-size={memory_mb - young}"]


class NodeProcess:
    """Owns a process group and a socket. One thread uses it at a time. `scratch` is its `/tmp`, which outlives
    it."""

    def __init__(self, config: Config, code_zip: bytes, scratch: Path) -> None:
        code = code_folder(code_zip)
        self._mark = f"\0{secrets.token_hex(8)}"
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._socket = ours
        command = [
            node_command(),
            *_memory_flags(int(config.get("MemorySize", 128))),
            str(BOOTSTRAP),
            str(theirs.fileno()),
            config["Handler"],
            # A NUL ends an argument, so the process puts it before the mark itself.
            self._mark[1:],
        ]
        with theirs:
            self._process = subprocess.Popen(
                command,
                cwd=code,
                env=function_variables(config, code, scratch, f"environment/{self._mark[1:]}"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                text=True,
                errors="replace",
            )
        lifetime.adopt(self.pid)
        self._lines: Queue[str | None] = Queue()
        threading.Thread(target=self._read_log, daemon=True, name=f"log-{self.pid}").start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def _read_log(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def take_log(self) -> str:
        """The lines of this invocation, to the mark that the bootstrap closes them with, or to the log's
        end."""
        lines: list[str] = []
        end_at = time.monotonic() + LOG_SECONDS
        while (left := end_at - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except Empty:
                break
            if line is None:
                # For whoever asks next.
                self._lines.put(None)
                break
            if line.endswith(self._mark):
                return "\n".join([*lines, *filter(None, [line.removesuffix(self._mark)])])
            lines.append(line)
        return "\n".join(lines)

    def ask(self, message: dict[str, Any] | None, deadline: float, on_tick: Callable[[], None]) -> bytes:
        """Sends a message, where there is one, and waits for the next answer: a line of JSON.

        `deadline` is of time.monotonic(); `on_tick` is called about twenty times a second and may raise.
        Raises Died and Late; the process is as it was left, for the caller to kill.
        """
        unsent = memoryview(b"" if message is None else json.dumps(message).encode() + b"\n")
        answer = bytearray()
        poll = select.poll()
        while True:
            poll.register(self._socket, select.POLLIN | (select.POLLOUT if unsent else 0))
            left = deadline - time.monotonic()
            if left <= 0:
                raise Late
            for _, event in poll.poll(min(left, TICK_SECONDS) * 1000):
                try:
                    if event & select.POLLOUT:
                        unsent = unsent[self._socket.send(unsent) :]
                    elif event:
                        chunk = self._socket.recv(1 << 20)
                        if not chunk:
                            raise Died(self._returncode())
                        answer += chunk
                except (BrokenPipeError, ConnectionResetError):
                    raise Died(self._returncode()) from None
            if answer.endswith(b"\n"):
                return bytes(answer[:-1])
            on_tick()

    def _returncode(self) -> int:
        """Of a process that closed its socket: it is ending, or it is killed."""
        try:
            return self._process.wait(EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            return self.end()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def freeze(self) -> None:
        """Between invocations AWS freezes the environment: no timer fires, nothing left in the background
        goes on."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def end(self) -> int:
        """Kills what is left of the group; gives the return code."""
        self._signal(signal.SIGKILL)
        code = self._process.wait()
        lifetime.release(self.pid)
        self._socket.close()
        return code

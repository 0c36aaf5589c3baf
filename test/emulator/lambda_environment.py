"""An execution environment of a Node.js function, in the place of ministack's.

ministack calls every error `Runtime.HandlerError` and kills the process for it, has no memory limit, passes
the host's environment on, waits 50 ms for each log and may book the end of one on the next invocation. AWS
reports the handler's own error name and keeps the environment warm; kills it at its memory limit and at its
timeout; freezes it between invocations. Whatever ends the process, the environment and its `/tmp` stay, and
the next invocation starts another process in it.
"""

import json
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime

import lambda_outcomes
from lambda_memory import memory_bytes
from lambda_outcomes import Outcome
from lambda_process import Died, Late, NodeProcess
from patching import require

require(lambda_runtime, "Worker")

# The init phase has so much of its own. What it takes longer counts as the invocation's, in which AWS repeats
# it.
INIT_SECONDS = 10.0
# Around the value in a line of the bootstrap.
ENVELOPE_BYTES = len('{"value":}')


@dataclass(frozen=True)
class Cut:
    """A test wants this invocation to end after so many seconds, as `die` or as `time-out`."""

    after_seconds: float
    kind: str


planned_cut: ContextVar[Cut | None] = ContextVar("planned_cut", default=None)


class _Exceeded(Exception):
    """The memory limit."""


class NodeEnvironment(lambda_runtime.Worker):
    """ministack's pool leases it to one invocation at a time, by `in_use`, `last_used` and `config`."""

    def __init__(self, func_name: str, config: dict[str, Any], code_zip: bytes) -> None:
        super().__init__(func_name, config, code_zip)
        self._node: NodeProcess | None = None
        self._scratch = Path(tempfile.mkdtemp(prefix="tmp-"))
        self._is_retired = False
        self._timeout_seconds = int(config.get("Timeout", 3))
        self._memory_bytes = int(config.get("MemorySize", 128)) * 1024 * 1024

    def run(self, event: Any, request_id: str, trace_id: str | None, function_arn: str) -> Outcome:
        """One invocation. A handler's error leaves the process warm; every other failure ends it."""
        message = {"event": event, "requestId": request_id, "traceId": trace_id, "functionArn": function_arn}
        with self._lock:
            try:
                outcome = self._ask(message)
            except Late:
                outcome = lambda_outcomes.timed_out(self._timeout_seconds, request_id, self._end())
            except _Exceeded:
                outcome = lambda_outcomes.exited(-signal.SIGKILL, request_id, self._end())
            except Died as died:
                outcome = lambda_outcomes.exited(died.returncode, request_id, self._end())
        if self._is_retired:
            self.retire()
        return outcome

    def _ask(self, message: dict[str, Any]) -> Outcome:
        began, init_log = time.monotonic(), ""
        if self._node is not None and self._node.is_running:
            self._node.thaw()
        else:
            self._end()
            self._node = NodeProcess(self.config, self.code_zip, self._scratch)
            ready = json.loads(self._node.ask(None, began + INIT_SECONDS + self._timeout_seconds, self._look))
            if "error" in ready:
                return lambda_outcomes.failed(ready["error"], self._end())
            init_log = self._node.take_log()
        node = self._node
        now = time.monotonic()
        deadline = now + self._timeout_seconds - max(now - began - INIT_SECONDS, 0)
        message["deadlineMs"] = int((time.time() + deadline - now) * 1000)
        answer = node.ask(message, *self._bounds(now, deadline))
        return self._outcome(answer, init_log)

    def _bounds(self, now: float, deadline: float) -> tuple[float, Callable[[], None]]:
        """The deadline and what to look at until then, with the cut that a test plans."""
        cut = planned_cut.get()
        if cut is None:
            return deadline, self._look
        if cut.kind == "time-out":
            return min(deadline, now + cut.after_seconds), self._look

        def look() -> None:
            self._look()
            if time.monotonic() >= now + cut.after_seconds:
                raise Died(-signal.SIGKILL)

        return deadline, look

    def _look(self) -> None:
        if self._node is not None and memory_bytes(self._node.pid) > self._memory_bytes:
            raise _Exceeded

    def _outcome(self, line: bytes, init_log: str) -> Outcome:
        assert self._node is not None
        answer = json.loads(line)
        if answer.get("isLast"):
            return lambda_outcomes.failed(answer["error"], self._end())
        log = "\n".join(filter(None, [init_log, self._node.take_log()]))
        self._node.freeze()
        if "error" in answer:
            return lambda_outcomes.failed(answer["error"], log)
        size_bytes = len(line) - ENVELOPE_BYTES
        if size_bytes > lambda_outcomes.RESPONSE_LIMIT_BYTES:
            return lambda_outcomes.response_too_large(size_bytes, log)
        return lambda_outcomes.succeeded(answer["value"], log)

    def _end(self) -> str:
        """Kills the process where there is one; gives what it had logged."""
        node, self._node = self._node, None
        if node is None:
            return ""
        node.end()
        return node.take_log()

    def retire(self) -> None:
        """Ends it now or, where an invocation is under way, after it: AWS lets that finish."""
        self._is_retired = True
        if self._lock.acquire(blocking=False):
            try:
                self._end()
                shutil.rmtree(self._scratch, ignore_errors=True)
            finally:
                self._lock.release()

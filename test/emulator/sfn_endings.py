"""How an execution ends: once, by whoever is first.

ministack lets a task that fails after StopExecution turn ABORTED into FAILED, knows no timeout of an
execution, and lets the branches of a stopped one run on.
"""

import contextvars
import json
import threading
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import error_response_json, now_iso
from ministack.services import stepfunctions as sfn

from patching import replace, require

require(sfn, "_add_event", "_emit_execution_status_event")

Execution = dict[str, Any]


class Stopped(Exception):
    """The execution has ended while this part of it was under way: nothing that it does counts."""


@dataclass(frozen=True)
class Running:
    execution: Execution
    role_arn: str


# The execution that this thread works for; threads that ministack starts for branches copy it.
running: ContextVar[Running] = ContextVar("running")


def require_running(execution: Execution) -> None:
    if execution["status"] != "RUNNING":
        raise Stopped


def _claim(execution: Execution) -> bool:
    """Whether the caller is the first to end it: setdefault is atomic."""
    mine = object()
    return execution.setdefault("_end", mine) is mine


def _end(execution: Execution, status: str, event: str, details: dict[str, Any], **fields: Any) -> bool:
    if not _claim(execution):
        return False
    execution.update(stopDate=now_iso(), **fields)
    execution["status"] = status
    name = event[0].lower() + event[1:] + "EventDetails"
    sfn._add_event(execution, event, {name: details})
    sfn._emit_execution_status_event(execution)
    return True


def succeed(execution: Execution, output: Any) -> bool:
    text = json.dumps(output)
    return _end(execution, "SUCCEEDED", "ExecutionSucceeded", {"output": text}, output=text)


def fail(execution: Execution, error: str, cause: str) -> bool:
    details = {"error": error, "cause": cause}
    return _end(execution, "FAILED", "ExecutionFailed", details, **details)


def abort(execution: Execution) -> bool:
    return _end(execution, "ABORTED", "ExecutionAborted", {})


def _time_out(execution: Execution) -> None:
    _end(execution, "TIMED_OUT", "ExecutionTimedOut", {})


def start_timer(execution: Execution, seconds: float | None) -> threading.Timer | None:
    """Ends it as TIMED_OUT after so many seconds, which are not scaled: what it waits for takes its own
    time."""
    if seconds is None:
        return None
    timer = threading.Timer(seconds, contextvars.copy_context().run, (_time_out, execution))
    timer.daemon = True
    timer.start()
    return timer


def _stop(old: Any) -> Any:
    def stop(data: dict[str, Any]) -> Any:
        execution = sfn._executions.get(data.get("executionArn"))
        if execution is not None and execution["status"] == "RUNNING" and not _claim(execution):
            return error_response_json("ValidationException", "Execution is not running", 400)
        return old(data)

    return stop


def install() -> None:
    replace(sfn, "_stop_execution", _stop)

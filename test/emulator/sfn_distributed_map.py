"""A Map in DISTRIBUTED mode: each item a STANDARD execution of its own, under a Map Run.

ministack ignores MaxConcurrencyPath, the path forms of tolerance, UpdateMapRun and StopExecution, runs every
item before it looks at the tolerance, and gives its children the parent's context and history.

What AWS documents of a run that is over its tolerance or stopped: nothing more is started, what runs is
aborted, and the state goes on at once. A function that a child has called runs to its end all the same.

@see https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

import contextvars
import json
import threading
from collections.abc import Callable
from typing import Any

from ministack.core.responses import new_uuid, now_iso
from ministack.services import stepfunctions as sfn

from patching import replace, require
from roles import refusal
from sfn_endings import Execution, Running, Stopped, abort, running
from sfn_limits import require_payload
from sfn_map_items import read_items
from sfn_map_run import COUNT_OF_STATUS, MapRun
from sfn_walk import execute

require(sfn, "_apply_result_selector", "_apply_result_path", "_apply_output_path", "_next_or_end")

# AWS runs up to 10,000 at once. Here each is a thread, and its functions are processes of this machine.
MOST_CHILDREN = 64
# How soon a run notices that its parent was stopped.
LOOK_SECONDS = 0.1

State = dict[str, Any]
Context = dict[str, Any]


def _limits(state: State, value: Any, ctx: Context) -> dict[str, float]:
    """MaxConcurrency and the tolerances that the state gives, as a number or by a path."""
    limits = {}
    for name in ("MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage"):
        if f"{name}Path" in state:
            limit = sfn._resolve_path_or_ctx(state[f"{name}Path"], value, ctx)
        elif name in state:
            limit = state[name]
        else:
            continue
        if isinstance(limit, bool) or not isinstance(limit, (int, float)) or limit < 0:
            raise sfn._ExecutionError("States.Runtime", f"{name} is {json.dumps(limit)}: no number from 0")
        limits[name[0].lower() + name[1:]] = limit
    return limits


def _select(state: State, value: Any, ctx: Context, index: int, item: Any) -> Any:
    if "ItemSelector" not in state:
        return item
    item_ctx = {**ctx, "Map": {"Item": {"Index": index, "Value": item}}}
    return sfn._resolve_params_obj(state["ItemSelector"], value, item_ctx)


class _Children:
    """The executions of one Map Run."""

    def __init__(self, run: MapRun, parent: Running, machine: State) -> None:
        self.run = run
        self.parent = parent
        self.machine = machine
        self.all: list[Execution] = []

    def is_over(self) -> bool:
        return self.parent.execution["status"] != "RUNNING" or self.run.is_exceeded()

    def _has_room(self) -> bool:
        # Read each time: UpdateMapRun changes it.
        most = self.run.record["maxConcurrency"] or MOST_CHILDREN
        return self.run.count("running") < min(most, MOST_CHILDREN)

    def start_all(self, inputs: list[Any]) -> None:
        """Returns when all have ended, or as soon as it is over."""
        changed = self.run.changed
        with changed:
            for value in inputs:
                while not self._has_room() and not self.is_over():
                    changed.wait(LOOK_SECONDS)
                if self.is_over():
                    break
                self._start(value)
            while self.run.count("running") > 0 and not self.is_over():
                changed.wait(LOOK_SECONDS)
        if self.is_over():
            self.run.move("pending", "aborted", self.run.count("pending"))
            for child in self.all:
                if abort(child):
                    self._settle(child)

    def _start(self, value: Any) -> None:
        name, text = new_uuid(), json.dumps(value)
        child: Execution = {
            "executionArn": self.run.child_execution_prefix + name,
            "stateMachineArn": self.run.child_machine_arn,
            "mapRunArn": self.run.arn,
            "name": name,
            "status": "RUNNING",
            "startDate": now_iso(),
            "stopDate": None,
            "input": text,
            "output": None,
            "events": [],
        }
        sfn._executions[child["executionArn"]] = child
        sfn._add_event(child, "ExecutionStarted", {"executionStartedEventDetails": {"input": text}})
        sfn._emit_execution_status_event(child)
        self.all.append(child)
        self.run.move("pending", "running")
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run, args=(self._execute, child), daemon=True, name=f"child-{name}"
        ).start()

    def _execute(self, child: Execution) -> None:
        machine_name = self.run.child_machine_arn.split(":")[-1]
        execute(child, self.machine, self.parent.role_arn, machine_name)
        self._settle(child)

    def _settle(self, child: Execution) -> None:
        mine = object()
        if child.setdefault("_settled", mine) is mine:
            self.run.move("running", COUNT_OF_STATUS[child["status"]])

    def outputs(self) -> list[Any]:
        """In the order of the items, of those that succeeded."""
        return [json.loads(child["output"]) for child in self.all if child["status"] == "SUCCEEDED"]


def _finish(run: MapRun, children: _Children, parent: Running) -> list[Any]:
    def fail(error: str, cause: str) -> None:
        run.end("FAILED")
        sfn._add_event(
            parent.execution, "MapRunFailed", {"mapRunFailedEventDetails": {"error": error, "cause": cause}}
        )
        raise sfn._ExecutionError(error, cause)

    if parent.execution["status"] != "RUNNING":
        run.end("ABORTED")
        raise Stopped
    if run.is_exceeded():
        fail(
            "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"
        )
    outputs = children.outputs()
    try:
        require_payload(outputs, "The output of all children, without a ResultWriter,")
    except sfn._ExecutionError as error:
        fail(error.error, error.cause)
    run.end("SUCCEEDED")
    sfn._add_event(parent.execution, "MapRunSucceeded")
    return outputs


def _run_map(_old: object) -> Callable[..., Any]:
    def run_map(
        state: State, raw_input: Any, value: Any, iterator: State, execution: Execution, ctx: Context
    ) -> tuple[Any, str | None]:
        parent = running.get()
        denied = refusal(parent.role_arn, "states:StartExecution", execution["stateMachineArn"])
        if denied is not None:
            raise sfn._ExecutionError("States.Permissions", denied)
        items = read_items(state, value, ctx, parent.role_arn)
        inputs = [_select(state, value, ctx, index, item) for index, item in enumerate(items)]
        run = MapRun(execution, state.get("Label") or new_uuid(), len(items), _limits(state, value, ctx))
        sfn._add_event(execution, "MapRunStarted", {"mapRunStartedEventDetails": {"mapRunArn": run.arn}})
        children = _Children(run, parent, iterator)
        children.start_all(inputs)
        result = sfn._apply_result_selector(state, _finish(run, children, parent))
        output = sfn._apply_result_path(state, raw_input, result)
        return sfn._apply_output_path(state, output, ctx), sfn._next_or_end(state)

    return run_map


def install() -> None:
    replace(sfn, "_run_distributed_map", _run_map)

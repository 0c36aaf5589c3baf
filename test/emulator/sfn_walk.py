"""From state to state: an execution, a child of a Map Run, a branch.

ministack's own walkers know no limit of a payload, no timeout of an execution, and go on in branches of a
stopped one; their history lacks what happens inside a Map or a Parallel. What a state does stays ministack's.
"""

import copy
import json
import logging
from collections.abc import Callable
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions as sfn

from patching import replace, require
from sfn_endings import Execution, Running, Stopped, fail, require_running, running, start_timer, succeed
from sfn_limits import require_payload

HANDLERS = {
    "Pass": "_execute_pass",
    "Task": "_execute_task",
    "Choice": "_execute_choice",
    "Wait": "_execute_wait",
    "Parallel": "_execute_parallel",
    "Map": "_execute_map",
}
# These ask for the execution, too.
WITH_EXECUTION = ("Task", "Parallel", "Map")

require(sfn, "_fail_state_error", "_apply_input_path", "_apply_output_path", *HANDLERS.values())

Machine = dict[str, Any]
Context = dict[str, Any]

logger = logging.getLogger("states")


def _event(execution: Execution, state: str, kind: str, what: str, value: Any) -> None:
    payload = {"name": state, "input" if what == "Entered" else "output": json.dumps(value)}
    sfn._add_event(execution, f"{kind}State{what}", {f"state{what}EventDetails": payload})


def _run_state(state: Machine, value: Any, execution: Execution, ctx: Context) -> tuple[Any, str | None]:
    kind = state["Type"]
    if kind == "Fail":
        raise sfn._ExecutionError(*sfn._fail_state_error(state, value, ctx))
    if kind == "Succeed":
        return sfn._apply_output_path(state, sfn._apply_input_path(state, value, ctx), ctx), None
    handler = getattr(sfn, HANDLERS[kind])
    return handler(state, value, execution, ctx) if kind in WITH_EXECUTION else handler(state, value, ctx)


def walk(machine: Machine, value: Any, execution: Execution, ctx: Context) -> Any:
    """The output of the last state. Raises Stopped where the execution has ended meanwhile."""
    name: str | None = machine["StartAt"]
    while name is not None:
        state = machine["States"][name]
        require_running(execution)
        require_payload(value, f"The input of the state '{name}'")
        ctx["State"] = {"Name": name, "EnteredTime": now_iso(), "RetryCount": 0}
        _event(execution, name, state["Type"], "Entered", value)
        output, next_name = _run_state(state, value, execution, ctx)
        require_running(execution)
        require_payload(output, f"The output of the state '{name}'")
        _event(execution, name, state["Type"], "Exited", output)
        name, value = next_name, output
    return value


def execute(execution: Execution, machine: Machine, role_arn: str, machine_name: str) -> None:
    """Runs a whole execution, or a child of a Map Run, to its end."""
    token = running.set(Running(execution, role_arn))
    timer = start_timer(execution, machine.get("TimeoutSeconds"))
    try:
        value = json.loads(execution["input"])
        ctx = {
            "QueryLanguage": "JSONPath",
            "Execution": {
                "Id": execution["executionArn"],
                "Input": value,
                "Name": execution["name"],
                "RoleArn": role_arn,
                "StartTime": execution["startDate"],
                "RedriveCount": 0,
            },
            "StateMachine": {"Id": execution["stateMachineArn"], "Name": machine_name},
            "variables": {},
        }
        succeed(execution, walk(machine, value, execution, ctx))
    except Stopped:
        return
    except sfn._ExecutionError as error:
        fail(execution, error.error, error.cause)
    except Exception as error:
        logger.exception("the emulator failed in %s", execution["executionArn"])
        fail(execution, "States.Runtime", f"the emulator failed: {error}")
    finally:
        if timer is not None:
            timer.cancel()
        running.reset(token)


def _run_execution(_old: object) -> Callable[[str], None]:
    def run(execution_arn: str) -> None:
        execution = sfn._executions[execution_arn]
        machine = sfn._state_machines[execution["stateMachineArn"]]
        execute(execution, json.loads(machine["definition"]), machine["roleArn"], machine["name"])

    return run


def _run_branch(_old: object) -> Callable[..., Any]:
    def run(states: Machine, start_at: str, value: Any, execution: Execution, ctx: Context) -> Any:
        return walk({"StartAt": start_at, "States": states}, copy.deepcopy(value), execution, {**ctx})

    return run


def install() -> None:
    replace(sfn, "_run_execution", _run_execution)
    replace(sfn, "_run_sub_machine", _run_branch)

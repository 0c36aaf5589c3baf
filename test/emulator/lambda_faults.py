"""Invocations that go wrong as AWS's do now and then, by order of a test (faults.py).

`die` and `time-out` cut the handler short after `afterSeconds`; `throttle` and `service-error` never run it;
`lose-answer` runs it to its end and gives the caller a service error; `twice` runs it a second time beside
the first; `hold` begins it when the fault is withdrawn, after `afterSeconds` at the latest.
"""

import contextvars
import json
import threading
import time
from collections.abc import Callable
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import lambda_svc

import faults
from lambda_environment import Cut, planned_cut
from lambda_invocations import Invocation, record
from lambda_outcomes import Outcome, ServiceFailure, service_failed
from patching import replace, require

require(lambda_svc, "_throttle_response", "new_uuid")

Dispatch = Callable[[dict[str, Any], dict[str, Any], Any, str, float], Outcome]


def _matches(name: str, event: Any) -> Callable[[faults.Fault], bool]:
    def matches(fault: faults.Fault) -> bool:
        fields = event if isinstance(event, dict) else {}
        return (
            fault.is_for(function=name)
            and all(fields.get(key) == value for key, value in fault.where.items())
            and (fault.says == "" or fault.says in json.dumps(event, ensure_ascii=False))
        )

    return matches


def _in_background(run: Callable[[], object]) -> None:
    threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True).start()


def _play(fault: faults.Fault, name: str, run: Callable[[str], Outcome], request_id: str) -> Outcome:
    if fault.kind == "throttle":
        return lambda_svc._throttle_response(
            "ConcurrentInvocationLimitExceeded", f"Rate Exceeded: {name} (a test's fault)"
        )
    if fault.kind == "service-error":
        return service_failed(f"Lambda failed to invoke {name} (a test's fault)")
    if fault.kind == "hold":
        faults.hold(fault)
        return run(request_id)
    if fault.kind == "lose-answer":
        run(request_id)
        return service_failed(f"the answer of {name} was lost (a test's fault)")
    if fault.kind == "twice":
        _in_background(lambda: run(lambda_svc.new_uuid()))
        return run(request_id)
    token = planned_cut.set(Cut(fault.afterSeconds, fault.kind))
    try:
        return run(request_id)
    finally:
        planned_cut.reset(token)


def _outcome_name(outcome: Outcome) -> str:
    if outcome.get("throttle"):
        return "TooManyRequestsException"
    return outcome["body"].get("errorType", "Unknown") if outcome.get("error") else "ok"


def _dispatch(old: Dispatch) -> Dispatch:
    def dispatch(
        func: dict[str, Any], config: dict[str, Any], event: Any, request_id: str, started: float
    ) -> Outcome:
        name = config["FunctionName"]
        fault = faults.take("lambda", _matches(name, event))
        kind = fault.kind if fault else ""

        def run(one_id: str) -> Outcome:
            began, began_at = time.monotonic(), now_iso()
            outcome = old(func, config, event, one_id, started)
            seconds = round(time.monotonic() - began, 3)
            version = config.get("Version", "$LATEST")
            record(Invocation(name, version, one_id, began_at, seconds, _outcome_name(outcome), kind))
            return outcome

        return run(request_id) if fault is None else _play(fault, name, run, request_id)

    return dispatch


def _execute_for_caller(
    old: Callable[[dict[str, Any], Any], Outcome],
) -> Callable[[dict[str, Any], Any], Outcome]:
    """The API, Step Functions and API Gateway come by here; event sources and asynchronous invocations do
    not."""

    def execute(func: dict[str, Any], event: Any) -> Outcome:
        outcome = old(func, event)
        if outcome.get("isServiceFailure"):
            raise ServiceFailure(outcome["body"]["errorMessage"])
        return outcome

    return execute


def install() -> None:
    replace(lambda_svc, "_execute_function_with_config_scope", _execute_for_caller)
    replace(lambda_svc, "_execute_function_dispatch", _dispatch)

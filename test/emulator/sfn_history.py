"""The history of an execution: 25,000 events, none after its end, and TaskStarted, which AWS counts too."""

from collections.abc import Callable
from typing import Any

from ministack.services import stepfunctions as sfn

from patching import replace
from sfn_endings import require_running
from sfn_limits import HISTORY_EVENTS

Event = dict[str, Any]
Add = Callable[..., Event]


def _add(old: Add) -> Add:
    def add(execution: dict[str, Any], event_type: str, details: Event | None = None) -> Event:
        # The event that says how it ended always finds its place, and is the last.
        is_ending = event_type.startswith("Execution")
        if not is_ending:
            require_running(execution)
        if len(execution["events"]) >= HISTORY_EVENTS - 1 and not is_ending:
            message = f"The execution reached the maximum number of history events ({HISTORY_EVENTS})."
            raise sfn._ExecutionError("States.Runtime", message)
        event = old(execution, event_type, details)
        if event_type == "TaskScheduled":
            resource = (details or {}).get("taskScheduledEventDetails")
            old(execution, "TaskStarted", {"taskStartedEventDetails": resource})
        return event

    return add


def install() -> None:
    replace(sfn, "_add_event", _add)

"""A Map Run: its record, which DescribeMapRun shows and UpdateMapRun changes, and its counts.

ministack's UpdateMapRun changes the record only, also of a run that has ended.
"""

import threading
from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region, new_uuid, now_iso
from ministack.services import stepfunctions as sfn

from patching import replace, require
from sfn_endings import Execution

require(sfn, "_map_runs")

COUNTS = (
    *("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total"),
    *("resultsWritten", "failuresNotRedrivable", "pendingRedrive"),
)
PERCENTAGE, COUNT = "toleratedFailurePercentage", "toleratedFailureCount"
COUNT_OF_STATUS = {
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "TIMED_OUT": "timedOut",
    "ABORTED": "aborted",
}


class MapRun:
    """`changed` guards it and is notified of every change. `limits` are those of the definition, where it has
    them."""

    def __init__(self, parent: Execution, label: str, items: int, limits: dict[str, float]) -> None:
        machine = parent["stateMachineArn"].split(":")[6]
        prefix = f"arn:aws:states:{get_region()}:{get_account_id()}"
        self.changed = threading.Condition()
        self.child_machine_arn = f"{prefix}:stateMachine:{machine}/{label}"
        self.child_execution_prefix = f"{prefix}:execution:{machine}/{label}:"
        self.arn = f"{prefix}:mapRun:{machine}/{label}:{new_uuid()}"
        counts = dict.fromkeys(COUNTS, 0) | {"total": items, "pending": items}
        self.record: dict[str, Any] = {
            "mapRunArn": self.arn,
            "executionArn": parent["executionArn"],
            "_stateMachineArn": self.child_machine_arn,
            "status": "RUNNING",
            "startDate": now_iso(),
            "redriveCount": 0,
            "itemCounts": counts,
            "executionCounts": {**counts},
            "_given": {PERCENTAGE, COUNT} & set(limits),
            "maxConcurrency": 0,
            PERCENTAGE: 0,
            COUNT: 0,
            **limits,
        }
        sfn._map_runs[self.arn] = self.record

    def count(self, name: str) -> int:
        return self.record["itemCounts"][name]

    def move(self, source: str, target: str, items: int = 1) -> None:
        with self.changed:
            for counts in (self.record["itemCounts"], self.record["executionCounts"]):
                counts[source] -= items
                counts[target] += items
            self.changed.notify_all()

    def is_exceeded(self) -> bool:
        """More items have failed than a measure that is given tolerates; where none is given, none is
        tolerated."""
        failed, total = self.count("failed") + self.count("timedOut"), self.count("total")
        given = self.record["_given"]
        is_over_count = failed > self.record["toleratedFailureCount"]
        is_over_share = failed * 100 > self.record["toleratedFailurePercentage"] * total
        return (is_over_share and PERCENTAGE in given) or (is_over_count and (COUNT in given or not given))

    def end(self, status: str) -> None:
        with self.changed:
            self.record.update(status=status, stopDate=now_iso())


def _update(old: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    def update(data: dict[str, Any]) -> Any:
        run = sfn._map_runs.get(data.get("mapRunArn"))
        if run is not None and run["status"] != "RUNNING":
            return error_response_json("ValidationException", "CANNOT_UPDATE_COMPLETED_MAP_RUN", 400)
        if run is not None:
            run["_given"] |= {PERCENTAGE, COUNT} & set(data)
        return old(data)

    return update


def install() -> None:
    replace(sfn, "_update_map_run", _update)

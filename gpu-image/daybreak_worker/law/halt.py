"""A wish to end a run. The first one stands."""

from __future__ import annotations

from typing import Any

from daybreak_worker.errors import DaybreakError
from daybreak_worker.keys import KEYS
from daybreak_worker.law.ids import StageIds
from daybreak_worker.law.put_once import Chosen, put_once, read_state
from daybreak_worker.store.object_store import ObjectStore


def put_halt(store: ObjectStore, halt: dict[str, Any]) -> Chosen:
    return put_once(store, KEYS["halt"].render(job=halt["job"], run=halt["run"]), halt, "Halt")


def read_halt(store: ObjectStore, *, job: str, run: str) -> dict[str, Any] | None:
    return read_state(store, KEYS["halt"].render(job=job, run=run), "Halt")


def halt_run(store: ObjectStore, stage: StageIds, error: DaybreakError, *, at: str) -> None:
    """Ends the whole run where no other attempt can mend what failed, so that nobody works on for nothing.

    The caller has looked whether the task is done all the same.
    """
    failure = error.as_failure(stage.stage)
    put_halt(store, {"job": stage.job, "run": stage.run, "reason": "failure", "at": at, "failure": failure})

"""`running/{worker}.json`: what this worker has open, and what others have. Advisory: it only orders the choice."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from daybreak_worker.errors import StateError, StoreError
from daybreak_worker.keys import KEYS
from daybreak_worker.law.ids import StageIds
from daybreak_worker.law.put_once import read_state, render_json
from daybreak_worker.store.object_store import ObjectStore

BEAT_SECONDS: Final = 10.0
FRESH_SECONDS: Final = 45.0
"""A record that has not changed for so long, as seen from here, is of a dead worker. No two clocks are compared."""


class Presence:
    """Its methods block and never fail for the store: nothing depends on them."""

    def __init__(self, store: ObjectStore, stage: StageIds, *, worker: str, now: Callable[[], str]) -> None:
        self._store = store
        self._stage = stage
        self._worker = worker
        self._now = now
        self._since = now()
        self._key = KEYS["running"].render(job=stage.job, run=stage.run, worker=worker)
        self._seen: dict[str, tuple[str, float, dict[str, Any]]] = {}
        """Of each other record its version, since when it has been that one, and what it says."""
        self._lock = threading.Lock()
        self._is_over = False

    def write(self, tasks: Mapping[str, str]) -> None:
        """Says that this worker lives and has these tasks open, each since when."""
        record = {
            "worker": self._worker,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "since": self._since,
            "at": self._now(),
            "tasks": [{"task": task, "since": since} for task, since in tasks.items()],
        }
        # One that is still under way in a thread does not come behind the end.
        with self._lock, suppress(StoreError):
            if not self._is_over:
                self._store.put(self._key, render_json(record))

    def forget(self) -> None:
        with self._lock, suppress(StoreError):
            self._is_over = True
            self._store.delete(self._key)

    def others(self, at_seconds: float) -> dict[str, str]:
        """The tasks that other workers have open, each since when, by records that still change."""
        with suppress(StoreError, StateError):
            self._look(at_seconds)
        taken: dict[str, str] = {}
        for _, since_seconds, record in self._seen.values():
            if at_seconds - since_seconds <= FRESH_SECONDS:
                for each in record.get("tasks", []):
                    taken[each["task"]] = min(each["since"], taken.get(each["task"], each["since"]))
        return taken

    def _look(self, at_seconds: float) -> None:
        prefix = KEYS["running"].prefix(job=self._stage.job, run=self._stage.run)
        present = {facts.key: facts for facts in self._store.list_objects(prefix) if facts.key != self._key}
        for gone in self._seen.keys() - present.keys():
            del self._seen[gone]
        for key, facts in present.items():
            version = f"{facts.modified_at} {facts.size_bytes}"
            if key in self._seen and self._seen[key][0] == version:
                continue
            record = read_state(self._store, key, "Running")
            if record is not None:
                self._seen[key] = (version, at_seconds, record)

"""The world as the supervisor sees it: store, engine, time, ids and chance come in, so that a test decides them."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from daybreak_worker.engine.engine_port import Engine
from daybreak_worker.store.object_store import ObjectStore
from daybreak_worker.task.stage_plan import StagePlan

_Result = TypeVar("_Result")


class Blocking(Protocol):
    def __call__(self, act: Callable[..., _Result], /, *arguments: Any) -> Awaitable[_Result]:
        """Does what blocks, away from the event loop."""


def utc_now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def print_event(event: dict[str, Any]) -> None:
    """A line on standard output, which has nothing else on it. Where nobody listens any more the work goes on."""
    with suppress(OSError):
        os.write(sys.stdout.fileno(), f"{json.dumps(event)}\n".encode())


@dataclass(frozen=True)
class Ports:
    store: ObjectStore
    open_engine: Callable[[StagePlan], Engine]
    """Blocks: finds the weights, and copies them where they lie elsewhere. Fails with ModelError. Starts nothing."""
    scratch: Path
    """A folder of this process alone."""
    blocking: Blocking = asyncio.to_thread
    now: Callable[[], str] = utc_now
    new_attempt: Callable[[], str] = lambda: os.urandom(12).hex()
    rng: random.Random = field(default_factory=random.Random)
    emit: Callable[[dict[str, Any]], None] = print_event

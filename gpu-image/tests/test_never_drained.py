"""The engine is never without rows between tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from memory_store import CountingStore, MemoryStore
from run_stage import Trial
from scripted import Script
from stage_world import StageWorld
from virtual_time import inline, run_virtually, slowly

from daybreak_worker.supervisor.ports import Blocking


def _least_rows_between(history: list[tuple[float, int]]) -> int:
    """The least rows that the engine held at a time, from when it was full to when the last row left."""
    last = max(index for index, (_, held) in enumerate(history) if held > 0)
    first = next(index for index, (_, held) in enumerate(history) if held == max(rows for _, rows in history))
    return min(held for _, held in history[first : last - 16])


# Tasks of two seconds are kept up with only where the store is near: at most two are open.
@pytest.mark.parametrize(
    ("sizes", "blocking"), [([64] * 5, slowly), ([40, 200, 40, 200, 40], slowly), ([17] * 20, inline)]
)
@pytest.mark.parametrize("seed", range(3))
def test_keeps_the_engine_full_from_the_first_task_to_the_last(
    tmp_path: Path, sizes: list[int], blocking: Blocking, seed: int
) -> None:
    world = StageWorld(MemoryStore(), sizes).build()
    script = Script(seed=seed, row_seconds=1.0, rows_in_flight=16, at_once=8)
    trial = Trial(world, script, tmp_path, blocking=blocking)
    assert run_virtually(trial.run()) == 0
    assert trial.engine is not None
    held = trial.engine.history
    # All that it has places for at once, so that none is ever idle.
    assert _least_rows_between(held) >= 8
    seconds = held[-1][0] - held[0][0]
    # 8 rows at once of 1 s each.
    assert seconds < world.rows / 8 * 1.25 + 2


def test_has_at_most_two_tasks_open(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [4] * 30).build()
    trial = Trial(world, Script(row_seconds=30.0), tmp_path)
    assert run_virtually(trial.run()) == 0
    open_tasks = [len(event["open"]) for event in trial.said("progress")]
    assert open_tasks
    assert set(open_tasks) <= {1, 2}


def test_stops_at_the_bound_of_rows_in_flight(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [500, 500]).build()
    trial = Trial(world, Script(row_seconds=0.5, rows_in_flight=24, at_once=8), tmp_path)
    assert run_virtually(trial.run()) == 0
    assert trial.engine is not None
    assert max(held for _, held in trial.engine.history) == 24


def test_asks_the_store_no_more_where_there_are_more_rows(tmp_path: Path) -> None:
    counts = []
    for rows in (200, 2000):
        world = StageWorld(MemoryStore(), [rows]).build()
        store: Any = CountingStore(world.store)
        # 100 s of work, in rows of different length.
        trial = Trial(world, Script(row_seconds=800 / rows, at_once=8), tmp_path / str(rows), store=store)
        assert run_virtually(trial.run()) == 0
        counts.append(sum(store.requests.values()))
    few, many = counts
    assert many < 1.3 * few
    assert few < 800, "a few looks in each of 100 seconds"

"""SIGTERM: no new rows; what is answered in time is committed; then the worker is gone, whatever the engine does."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from memory_store import MemoryStore
from run_stage import Trial
from scripted import Life, Script
from stage_world import StageWorld
from virtual_time import run_virtually


async def _stop_after(trial: Trial, seconds: float) -> float:
    """Seconds from the signal to the end."""
    working = asyncio.create_task(trial.run())
    await asyncio.sleep(seconds)
    signalled = asyncio.get_running_loop().time()
    trial.stopping.set()
    await working
    return asyncio.get_running_loop().time() - signalled


def test_commits_the_task_whose_rows_are_all_in_the_engine(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [16, 400]).build()
    script = Script(row_seconds=2.0, rows_in_flight=32, at_once=8)
    trial = Trial(world, script, tmp_path)
    assert run_virtually(_stop_after(trial, 1.0)) <= 18
    assert trial.code == 75
    assert [commit["task"] for commit in world.commits()] == ["000000"]
    assert trial.said("failed")[0]["failure"]["name"] == "WorkerStoppedError"


def test_sends_no_rows_after_the_signal(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [16, 400]).build()
    trial = Trial(world, Script(row_seconds=2.0, rows_in_flight=32, at_once=8), tmp_path)
    run_virtually(_stop_after(trial, 1.5))
    assert trial.engine is not None
    held = [rows for second, rows in trial.engine.history if second > 1.5]
    assert held == sorted(held, reverse=True)


def test_waits_for_nothing_that_cannot_be_whole(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [400]).build()
    trial = Trial(world, Script(row_seconds=5.0), tmp_path)
    assert run_virtually(_stop_after(trial, 1.0)) < 1
    assert (trial.code, world.commits()) == (75, [])


@pytest.mark.parametrize("lives", [(Life(hang_after_rows=0),), (Life(start_seconds=900),)], ids=["hangs", "loads"])
def test_is_gone_in_time_where_the_engine(tmp_path: Path, lives: tuple[Life, ...]) -> None:
    world = StageWorld(MemoryStore(), [8]).build()
    trial = Trial(world, Script(row_seconds=0.1, lives=lives), tmp_path)
    assert run_virtually(_stop_after(trial, 20)) <= 25
    assert trial.code == 75


def test_leaves_the_rest_to_the_next_worker(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [16, 16, 16]).build()
    script = Script(row_seconds=2.0)
    first = Trial(world, script, tmp_path / "0")
    run_virtually(_stop_after(first, 3.0))
    assert first.code == 75
    second = Trial(world, script, tmp_path / "1", worker="w1")
    assert run_virtually(second.run()) == 0
    assert sorted(world.answers()) == list(range(48))
    assert world.store.head("jobs/a-job/0001/running/w0.json") is None

"""Which tasks a worker takes: its own share from the front, then the others' ends; and what it leaves to others."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from memory_store import MemoryStore
from run_stage import Trial
from scripted import Script
from stage_world import AT, STAGE, StageWorld
from virtual_time import run_virtually

from daybreak_worker.keys import KEYS
from daybreak_worker.law.put_once import render_json
from daybreak_worker.law.stages import put_amendment, put_sealed
from daybreak_worker.task.choose_task import choose_task

_READY = [f"{number:06d}" for number in range(9)]


def _order(share: tuple[int, int], taken: dict[str, str]) -> list[int]:
    passed: list[str] = []
    while (task := choose_task(_READY, share=share, passed=passed, taken=taken)) is not None:
        passed.append(task)
    return [int(task) for task in passed]


def test_takes_the_front_of_its_share_then_the_ends_of_the_others() -> None:
    assert _order((0, 3), {}) == [0, 1, 2, 5, 4, 3, 8, 7, 6]
    assert _order((1, 3), {}) == [3, 4, 5, 8, 7, 6, 2, 1, 0]
    assert _order((2, 3), {}) == [6, 7, 8, 2, 1, 0, 5, 4, 3]


def test_leaves_out_what_others_have_open_until_nothing_else_is_left_then_the_longest_open_first() -> None:
    taken = {"000003": "2026-01-01T00:00:02Z", "000000": "2026-01-01T00:00:03Z", "000001": "2026-01-01T00:00:01Z"}
    assert _order((0, 3), taken) == [2, 5, 4, 8, 7, 6, 1, 3, 0]


@pytest.mark.parametrize("of", [1, 2, 5, 20])
def test_takes_every_task_once_whatever_the_share(of: int) -> None:
    for index in range(of):
        assert sorted(_order((index, of), {})) == list(range(9))


def test_shares_a_stage_without_doing_tasks_twice(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [16] * 24).build()
    script = Script(row_seconds=1.0)

    async def run() -> list[Trial]:
        trials = [
            Trial(world, script, tmp_path / str(index), worker=f"w{index}", index=index, of=3) for index in range(3)
        ]
        await asyncio.gather(*(trial.run() for trial in trials))
        return trials

    trials = run_virtually(run())
    done = Counter(event["task"] for trial in trials for event in trial.said("committed"))
    assert len(done) == 24
    # Only at the very end, where nothing else is left, a task is done by two.
    assert sum(done.values()) <= 24 + 4
    assert {trial.code for trial in trials} == {0}


def test_does_the_tasks_of_a_dead_worker(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [16] * 4).build()
    record = {"worker": "dead", "host": "h", "pid": 1, "since": AT, "at": AT}
    tasks = [{"task": f"{number:06d}", "since": AT} for number in range(2)]
    world.store.put(KEYS["running"].render(job=STAGE.job, run=STAGE.run, worker="dead"),
                    render_json({**record, "tasks": tasks}))  # fmt: skip
    trial = Trial(world, Script(row_seconds=1.0), tmp_path)
    assert run_virtually(trial.run()) == 0
    order = [event["task"] for event in trial.said("committed")]
    assert order[:2] == ["000002", "000003"]
    assert sorted(order) == [f"{number:06d}" for number in range(4)]


def test_loads_no_weights_where_nothing_is_left(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [16]).build()
    run_virtually(Trial(world, Script(), tmp_path / "0").run())
    late = Trial(world, Script(), tmp_path / "1", worker="w1")
    assert run_virtually(late.run()) == 0
    assert late.engine is None
    assert [event["event"] for event in late.events] == ["starting", "done"]


def test_ends_as_done_where_the_stage_is_sealed_without_its_tasks(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [16, 16]).build()
    sealed = {**StageWorld.sealed(0, 0, 0), **STAGE.fields(), "commits": [], "missing": ["000000", "000001"]}
    put_sealed(world.store, sealed)
    late = Trial(world, Script(), tmp_path)
    assert run_virtually(late.run()) == 0
    assert late.engine is None


def test_drops_a_task_that_both_have_open_when_the_other_commits_it(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [8]).build()

    async def run() -> tuple[Trial, Trial]:
        quick = Trial(world, Script(row_seconds=10.0), tmp_path / "0", worker="w0")
        slow = Trial(world, Script(row_seconds=1000.0), tmp_path / "1", worker="w1")
        await asyncio.gather(quick.run(), slow.run())
        return quick, slow

    quick, slow = run_virtually(run())
    assert (quick.code, slow.code) == (0, 0)
    assert [event["isMine"] for event in quick.said("committed")] == [True]
    assert slow.said("dropped")[0]["because"] == "another worker committed it"


def _amend(world: StageWorld, void: str, parts: list[slice]) -> None:
    body = world.task_body(void)
    source = body["sources"][0]
    tasks: list[dict[str, Any]] = []
    for number, part in enumerate(parts):
        extents = source[3][part]
        first = body["first"] + (part.start or 0)
        task = {**body, "task": f"{void}.{number:03d}", "first": first, "end": first + len(extents)}
        task["sources"] = [[*source[:3], extents]]
        del task["waits"]
        tasks.append(task)
    amendment = {**STAGE.fields(), "void": [void], "tasks": tasks, "reason": "the pilot showed the speed", "at": AT}
    put_amendment(world.store, amendment, k=0)


def test_goes_on_with_the_same_engine_when_the_pilot_has_shown_the_speed(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [16, 256], waiting=frozenset({1})).build()
    trial = Trial(world, Script(row_seconds=1.0), tmp_path)

    def cut_when_the_pilot_is_there(event: dict[str, Any]) -> None:
        if event["event"] == "committed" and event["task"] == "000000":
            _amend(world, "000001", [slice(0, 2), slice(2, 4)])

    trial.on_event = cut_when_the_pilot_is_there
    assert run_virtually(trial.run()) == 0
    assert [commit["task"] for commit in world.commits()] == ["000000", "000001.000", "000001.001"]
    assert len(trial.said("ready")) == 1
    assert trial.said("starting")[0]["waiting"] == 1
    assert trial.said("done")[0] == {"event": "done", "at": AT, "committed": 3, "waiting": 0}


def test_ends_as_done_where_nobody_cuts_what_waits(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [16, 256], waiting=frozenset({1})).build()
    trial = Trial(world, Script(row_seconds=1.0), tmp_path)
    assert run_virtually(trial.run()) == 0
    assert trial.said("done")[0]["waiting"] == 1


def test_drops_an_open_task_that_an_amendment_voids(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [256, 16, 16]).build()
    trial = Trial(world, Script(row_seconds=10.0), tmp_path)

    async def run() -> int:
        working = asyncio.create_task(trial.run())
        await asyncio.sleep(30)
        body = {**world.task_body("000000"), "task": "000000.000"}
        amendment = {**STAGE.fields(), "void": ["000000"], "tasks": [body], "reason": "a test", "at": AT}
        put_amendment(world.store, amendment, k=0)
        return await working

    assert run_virtually(run()) == 0
    assert [commit["task"] for commit in world.commits()] == ["000000.000", "000001", "000002"]
    assert {event["task"] for event in trial.said("dropped")} <= {"000000"}

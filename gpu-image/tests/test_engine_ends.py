"""Engines that do not start, die, or hang; rows that kill them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from memory_store import MemoryStore
from run_stage import Trial
from scripted import Life, Script
from stage_world import StageWorld
from virtual_time import run_virtually

from daybreak_worker.law.halt import read_halt
from daybreak_worker.law.put_once import render_json


def _run(tmp_path: Path, world: StageWorld, **script: Any) -> Trial:
    trial = Trial(world, Script(**{"row_seconds": 0.5, **script}), tmp_path)
    run_virtually(trial.run())
    return trial


def _failure(trial: Trial) -> tuple[str, str]:
    failure = trial.said("failed")[0]["failure"]
    return failure["name"], failure["message"]


def _halt(world: StageWorld) -> dict[str, Any] | None:
    return read_halt(world.store, job="a-job", run="0001")


def test_starts_with_less_until_memory_is_enough(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [20]).build()
    trial = _run(tmp_path, world, lives=(Life(out_of_memory_below_rung=3),))
    assert trial.code == 0
    assert trial.engine is not None
    assert trial.engine.starts == [(0, 0), (0, 1), (0, 2), (0, 3)]


def test_fails_where_no_rung_of_the_ladder_holds(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [20]).build()
    trial = _run(tmp_path, world, lives=(Life(out_of_memory_below_rung=99),))
    assert trial.code == 62
    name, message = _failure(trial)
    assert name == "EngineStartError"
    assert "tried 5 times, with less memory each time" in message
    halt = _halt(world)
    assert halt is not None
    assert halt["failure"]["name"] == "EngineStartError"


@pytest.mark.parametrize(("name", "code"), [("ModelError", 61), ("EngineStartError", 62), ("EngineRefusalError", 68)])
def test_fails_at_once_where_the_engine_says_why_it_cannot_start(tmp_path: Path, name: str, code: int) -> None:
    world = StageWorld(MemoryStore(), [20]).build()
    trial = _run(tmp_path, world, lives=(Life(fail=(name, "has no safetensors")),))
    assert trial.code == code
    assert _failure(trial) == (name, trial.said("failed")[0]["failure"]["message"])
    assert "has no safetensors" in _failure(trial)[1]


def test_gives_up_an_engine_that_dies_three_times_without_an_answer(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [40]).build()
    trial = _run(tmp_path, world, lives=(Life(die_after_rows=0),))
    assert trial.code == 70
    name, message = _failure(trial)
    assert name == "EngineDiedError"
    assert "died 3 times without having answered a row" in message
    assert len(trial.said("engine-died")) == 3
    # Another start may do better: nobody is halted.
    assert _halt(world) is None
    assert world.commits() == []


def test_goes_on_where_each_engine_answers_something_before_it_dies(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [60]).build()
    trial = _run(tmp_path, world, lives=(Life(die_after_rows=7),), rows_in_flight=4, at_once=2)
    assert trial.code == 0
    assert sorted(world.answers()) == list(range(60))
    assert world.rejects() == []
    assert len(trial.said("engine-died")) >= 7


def test_sends_a_row_that_two_engines_died_of_alone_and_then_rejects_it(tmp_path: Path) -> None:
    limit = {"unit": "rows", "value": 1}
    world = StageWorld(MemoryStore(), [60], texts={31: " DEADLY"}, limit=limit).build()
    trial = _run(tmp_path, world, die_at=(" DEADLY",))
    assert trial.code == 0
    assert [(each["id"], each["cause"]) for each in world.rejects()] == [(31, "engine_crash")]
    assert "with this row alone in it" in world.rejects()[0]["message"]
    assert sorted(world.answers()) == [row for row in range(60) if row != 31]


def _deadly(rows: Iterable[int]) -> dict[int, str]:
    return dict.fromkeys(rows, " DEADLY")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("sizes", "rows"),
    [([40], [37, 38, 39]), ([40], [0, 11, 22, 39]), ([40], range(10, 40)), ([20, 10], range(20, 30))],
    ids=["the last", "scattered", "most", "a whole task"],
)
def test_rejects_all_rows_that_engines_die_of(tmp_path: Path, sizes: list[int], rows: Iterable[int], seed: int) -> None:
    limit = {"unit": "rate", "value": 1}
    world = StageWorld(MemoryStore(), sizes, texts=_deadly(rows), limit=limit).build()
    trial = Trial(world, Script(seed=seed, row_seconds=0.5, die_at=(" DEADLY",), rows_in_flight=8), tmp_path, seed=seed)
    assert run_virtually(trial.run()) == 0, trial.events
    assert sorted(each["id"] for each in world.rejects()) == list(rows)
    assert sorted(world.answers()) == sorted(set(range(world.rows)) - set(rows))


def test_gives_up_where_no_row_was_ever_answered_and_several_engines_died(tmp_path: Path) -> None:
    limit = {"unit": "rate", "value": 1}
    world = StageWorld(MemoryStore(), [3], texts=_deadly(range(3)), limit=limit).build()
    trial = _run(tmp_path, world, die_at=(" DEADLY",))
    assert (trial.code, world.commits()) == (70, [])


def test_gives_up_an_engine_that_dies_of_a_row_that_was_answered_before(tmp_path: Path) -> None:
    limit = {"unit": "rate", "value": 1}
    world = StageWorld(MemoryStore(), [30], limit=limit).build()
    trial = _run(tmp_path, world, lives=(Life(die_after_rows=25), Life(die_after_rows=0)))
    assert (trial.code, world.commits()) == (70, [])
    assert len(trial.said("engine-died")) == 3


def test_ends_an_engine_that_hangs_and_answers_its_rows_by_the_next(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [60]).build()
    trial = _run(tmp_path, world, lives=(Life(hang_after_rows=10), Life()))
    assert trial.code == 0
    assert sorted(world.answers()) == list(range(60))
    assert "gave no sign of work for 120 s" in trial.said("engine-died")[0]["how"]


def test_lets_an_engine_be_slow(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [20]).build()
    trial = _run(tmp_path, world, row_seconds=50.0, rows_in_flight=2, at_once=1)
    assert trial.code == 0
    assert trial.said("engine-died") == []


@pytest.mark.parametrize(("token_seconds", "is_waited_for"), [(0.0, False), (1.0, True)])
def test_waits_for_an_engine_that_reads_a_long_prompt(
    tmp_path: Path, token_seconds: float, is_waited_for: bool
) -> None:
    limit = {"unit": "rows", "value": 1}
    world = StageWorld(MemoryStore(), [1], texts={0: " long" * 600}, limit=limit).build()
    trial = _run(tmp_path, world, row_seconds=600.0, seed=1, slowest_token_seconds=token_seconds)
    assert (trial.said("engine-died") == []) == is_waited_for
    assert trial.code == 0


def test_still_ends_an_engine_that_hangs_over_short_prompts_however_slow_it_may_be(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [20]).build()
    trial = _run(tmp_path, world, lives=(Life(hang_after_rows=10), Life()), slowest_token_seconds=0.125)
    assert trial.code == 0
    assert [int(event["how"].split(" s ")[0].split()[-1]) < 140 for event in trial.said("engine-died")] == [True]


def test_commits_what_is_whole_when_the_engine_dies_for_good(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [20, 100]).build()
    lives = (Life(die_after_rows=40), Life(die_after_rows=0))
    trial = _run(tmp_path, world, lives=lives)
    assert trial.code == 70
    assert [commit["task"] for commit in world.commits()] == ["000000"]


def test_closes_the_engine_however_the_worker_ends(tmp_path: Path) -> None:
    for number, lives in enumerate([(Life(),), (Life(die_after_rows=0),)]):
        trial = _run(tmp_path / str(number), StageWorld(MemoryStore(), [20]).build(), lives=lives)
        assert trial.engine is not None
        assert trial.engine.is_closed


def test_is_not_fooled_by_a_halt_while_the_engine_loads(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [20]).build()
    trial = Trial(world, Script(lives=(Life(start_seconds=600),)), tmp_path)

    async def run() -> float:
        began = asyncio.get_running_loop().time()
        working = asyncio.create_task(trial.run())
        await asyncio.sleep(30)
        halt = {"job": "a-job", "run": "0001", "reason": "cancel", "at": "2026-11-28T00:00:00.000Z"}
        world.store.put("jobs/a-job/0001/halt.json", render_json(halt))
        assert await working == 67
        return asyncio.get_running_loop().time() - began

    assert run_virtually(run()) < 35

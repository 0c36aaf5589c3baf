"""Blocks with wrong bytes, and stores that fail for a while."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from memory_store import FailingStore, MemoryStore
from run_stage import Trial
from scripted import Script
from stage_world import ATTEMPT, BEFORE, WRITER, StageWorld
from virtual_time import run_virtually

from daybreak_worker.keys import block_key
from daybreak_worker.law.halt import read_halt

_BLOCK = block_key(**BEFORE.fields(), task=WRITER, attempt=ATTEMPT)


@pytest.mark.parametrize("is_cut", [False, True])
def test_deletes_a_block_with_wrong_bytes_so_that_the_next_run_makes_it_anew(tmp_path: Path, is_cut: bool) -> None:
    world = StageWorld(MemoryStore(), [20]).build()
    data = world.store.get(_BLOCK) or b""
    world.store.put(_BLOCK, data[:-9] if is_cut else bytes([data[0] ^ 1]) + data[1:])
    trial = Trial(world, Script(), tmp_path)
    assert run_virtually(trial.run()) == 65
    assert world.store.get(_BLOCK) is None
    halt = read_halt(world.store, job="a-job", run="0001")
    assert halt is not None
    assert halt["failure"]["name"] == "BlockCorruptError"


def _down(start: float, end: float) -> Callable[[str, str], bool]:
    return lambda name, key: start <= asyncio.get_running_loop().time() < end


@pytest.mark.parametrize("start", [1, 5, 11, 20, 31])
def test_bears_a_store_that_fails_for_a_while_with_the_same_engine(tmp_path: Path, start: int) -> None:
    world = StageWorld(MemoryStore(), [16] * 12).build()
    store: Any = FailingStore(world.store, _down(start, start + 10))
    trial = Trial(world, Script(row_seconds=2.0), tmp_path, store=store)
    assert run_virtually(trial.run()) == 0, trial.events
    assert sorted(world.answers()) == list(range(world.rows))
    assert len(trial.said("ready")) == 1


def test_bears_single_requests_that_fail(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [16] * 12).build()
    rng = random.Random(7)
    requests = count()
    # The first looks are made before there is anything to lose.
    store: Any = FailingStore(world.store, lambda name, key: next(requests) > 20 and rng.random() < 0.2)
    trial = Trial(world, Script(row_seconds=2.0), tmp_path, store=store)
    assert run_virtually(trial.run()) == 0, trial.events
    assert sorted(world.answers()) == list(range(world.rows))


def test_ends_where_the_store_stays_away(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [16] * 12).build()
    store: Any = FailingStore(world.store, _down(5, 10_000))
    trial = Trial(world, Script(row_seconds=2.0), tmp_path, store=store)

    async def run() -> float:
        assert await trial.run() == 71
        return asyncio.get_running_loop().time()

    assert run_virtually(run()) < 60

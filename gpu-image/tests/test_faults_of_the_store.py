"""Blocks with wrong bytes, and stores that fail for a while."""

from __future__ import annotations

from pathlib import Path

import pytest
from memory_store import MemoryStore
from run_stage import Trial
from stage_world import ATTEMPT, BEFORE, WRITER, StageWorld
from virtual_time import run_virtually

from daybreak_worker.host.scripted import Script
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

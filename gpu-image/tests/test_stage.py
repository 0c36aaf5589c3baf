"""One worker over one stage: what it reads, writes and commits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from run_stage import Trial
from scripted import Script, scripted_answer
from stage_world import StageWorld, request_of
from virtual_time import run_virtually

from daybreak_worker.store.file_store import FileStore


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "store", fsync=lambda _: None)


ANSWERS: list[dict[str, Any]] = [
    {"kind": "text"},
    {"kind": "json", "schema": {"type": "object", "required": ["digest"]}},
    {"kind": "choice", "choice": ["one", "two"]},
    {"kind": "regex", "regex": "[0-9a-f]{64}"},
    {"kind": "embedding", "dimensions": 3},
    {"kind": "score"},
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer["kind"])
def test_commits_an_answer_of_each_row(store: FileStore, tmp_path: Path, answer: dict[str, Any]) -> None:
    world = StageWorld(store, [130, 1, 0, 64], answer).build()
    trial = Trial(world, Script(row_seconds=0.1), tmp_path / "scratch")
    assert run_virtually(trial.run()) == 0, trial.events
    answers = world.answers()
    assert sorted(answers) == list(range(world.rows))
    if answer["kind"] == "text":
        expected = {row: scripted_answer(answer, request_of(row).encode(), 1000 + row).decode() for row in answers}
        assert answers == expected
    assert [commit["counts"]["written"] for commit in world.commits()] == [130, 1, 0, 64]
    assert [len(commit["partitions"]) for commit in world.commits()] == [1, 1, 0, 1]
    sizes = [world.task_body(commit["task"])["weightBytes"] for commit in world.commits()]
    assert [commit["bytesRead"] for commit in world.commits()] == sizes
    assert trial.said("done")[0]["committed"] == 4
    assert list((tmp_path / "scratch").iterdir()) == []

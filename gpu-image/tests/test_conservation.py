"""Rows in are rows out and rejects: with bad rows, dying engines, killed workers, lost replies."""

from __future__ import annotations

import asyncio
import io
import random
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from memory_store import Killed, MemoryStore, MoodyStore, MortalStore
from run_stage import Trial
from scripted import Life, Script, scripted_answer
from stage_world import StageWorld, request_of
from virtual_time import run_virtually

from daybreak_worker.law.halt import read_halt
from daybreak_worker.task.open_task import cut_text

_CAUSES = {" LONG": "prompt_too_long", " ODD": "invalid_request"}
_WRONG = " WRONG"
_DEADLY = " DEADLY"
_SIGNS = [*_CAUSES, _WRONG]


@dataclass
class _Case:
    world: StageWorld
    script: Script
    bad: dict[int, str]
    rng: random.Random

    @staticmethod
    def draw(seed: int, sizes: list[int], share: float, *, deadly: int = 0, lives: int = 0) -> _Case:
        rng = random.Random(seed)
        rows = sum(sizes)
        bad = {row: rng.choice(_SIGNS) for row in range(rows) if rng.random() < share}
        # Rows are ordered by their requests, so that those of one kind often stand together.
        scattered = rng.sample(range(rows), min(deadly, rows))
        start = rng.randrange(max(1, rows - deadly))
        bad.update(dict.fromkeys(rng.choice([scattered, range(start, start + len(scattered))]), _DEADLY))
        answer = {"kind": "json", "schema": {"type": "object", "required": ["digest"]}}
        limit = {"unit": "rows", "value": rows}
        world = StageWorld(MemoryStore(), sizes, answer, texts=bad, limit=limit, piece_rows=16).build()
        script = Script(
            seed=seed,
            row_seconds=rng.choice([0.05, 1.0]),
            rows_in_flight=rng.choice([1, 5, 16]),
            at_once=rng.choice([1, 4]),
            refuse=_CAUSES,
            wrong_shape=(_WRONG,),
            die_at=(_DEADLY,),
            lives=(*(Life(die_after_rows=rng.randrange(5, 40)) for _ in range(lives)), Life()),
        )
        return _Case(world, script, bad, rng)

    def require_all_rows(self) -> None:
        answers, rejects = self.world.answers(), self.world.rejects()
        expected = {**_CAUSES, _WRONG: "answer_shape", _DEADLY: "engine_crash"}
        found = {each["id"]: each["cause"] for each in rejects}
        assert len(found) == len(rejects), "a row is rejected once"
        assert found == {row: expected[sign] for row, sign in self.bad.items()}
        assert not answers.keys() & found.keys()
        assert sorted([*answers, *found]) == list(range(self.world.rows))
        for row, said in answers.items():
            request = request_of(row, text=self.bad.get(row, "")).encode()
            assert said == scripted_answer(self.world.answer, request, 1000 + row).decode()
        for commit in self.world.commits():
            counts = commit["counts"]
            assert counts["read"] == counts["written"] + counts["rejected"]
            causes = commit["rejects"]["summary"]["causes"] if "rejects" in commit else []
            assert sum(each["rows"] for each in causes) == counts["rejected"]


sizes_of = st.lists(st.integers(0, 60), min_size=1, max_size=6)
_LAWS = settings(max_examples=25, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))


@_LAWS
@given(seed=st.integers(0, 2**32), sizes=sizes_of, share=st.sampled_from([0, 0.05, 0.5, 1]))
def test_keeps_every_row_where_rows_are_bad(seed: int, sizes: list[int], share: float) -> None:
    case = _Case.draw(seed, sizes, share)
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(case.world, case.script, Path(folder))
        assert run_virtually(trial.run()) == 0, trial.events
    case.require_all_rows()


@_LAWS
@given(seed=st.integers(0, 2**32), sizes=st.lists(st.integers(20, 60), min_size=1, max_size=4))
def test_keeps_every_row_where_engines_die_and_rows_kill_them(seed: int, sizes: list[int]) -> None:
    case = _Case.draw(seed, sizes, 0.05, deadly=1, lives=3)
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(case.world, case.script, Path(folder), seed=seed)
        assert run_virtually(trial.run()) == 0, trial.events
    case.require_all_rows()


@_LAWS
@given(
    seed=st.integers(0, 2**32),
    sizes=st.lists(st.integers(20, 60), min_size=1, max_size=3),
    deadly=st.integers(1, 60),
    lives=st.integers(0, 3),
)
def test_keeps_every_row_however_many_kill_engines_that_have_answered_one(
    seed: int, sizes: list[int], deadly: int, lives: int
) -> None:
    # The first task is sound: by its rows later engines are judged.
    case = _Case.draw(seed, sizes, 0.05, deadly=deadly, lives=lives)
    world = case.world
    world.sizes = [8, *sizes]
    world.texts = case.bad = {8 + row: sign for row, sign in case.bad.items()}
    world.limit = {"unit": "rows", "value": world.rows}
    world.store = MemoryStore()
    world.build()
    script = replace(case.script, rows_in_flight=4)
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(world, script, Path(folder), seed=seed)
        assert run_virtually(trial.run()) == 0, trial.events
    case.require_all_rows()


@_LAWS
@given(seed=st.integers(0, 2**32), sizes=sizes_of, kills=st.lists(st.integers(1, 120), max_size=4))
def test_keeps_every_row_where_workers_are_killed_at_any_request(seed: int, sizes: list[int], kills: list[int]) -> None:
    case = _Case.draw(seed, sizes, 0.05)
    committed: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, requests in enumerate([*kills, None]):
            store: Any = case.world.store
            if requests is not None:
                store = MortalStore(store, requests, is_done=case.rng.random() < 0.5)
            trial = Trial(case.world, case.script, Path(folder) / str(number), store=store, seed=number)
            if requests is None:
                assert run_virtually(trial.run()) == 0, trial.events
            else:
                _run_until_killed(trial)
            found = {commit["task"]: commit for commit in case.world.commits()}
            assert {task: found[task] for task in committed} == committed, "a commit that stands is never changed"
            # What was committed is not done again.
            again = {each["task"] for each in trial.said("committed")} & committed.keys()
            assert not again
            committed = found
    case.require_all_rows()


def _run_until_killed(trial: Trial) -> None:
    # Either it is done before its last request, or it is killed in it.
    with suppress(Killed):
        assert run_virtually(trial.run()) == 0


@_LAWS
@given(seed=st.integers(0, 2**32), sizes=sizes_of, workers=st.integers(2, 3))
def test_keeps_every_row_where_workers_share_a_stage(seed: int, sizes: list[int], workers: int) -> None:
    case = _Case.draw(seed, sizes, 0.05)

    async def run(folder: Path) -> list[int]:
        trials = [
            Trial(case.world, case.script, folder / str(index), worker=f"w{index}", index=index, of=workers, seed=seed)
            for index in range(workers)
        ]
        return await asyncio.gather(*(trial.run() for trial in trials))

    with tempfile.TemporaryDirectory() as folder:
        assert run_virtually(run(Path(folder))) == [0] * workers
    case.require_all_rows()


@_LAWS
@given(seed=st.integers(0, 2**32), sizes=sizes_of)
def test_keeps_every_row_where_replies_are_lost(seed: int, sizes: list[int]) -> None:
    case = _Case.draw(seed, sizes, 0.05)
    store: Any = MoodyStore(case.world.store, case.rng, 0.4)
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(case.world, case.script, Path(folder), store=store)
        assert run_virtually(trial.run()) == 0, trial.events
    case.require_all_rows()
    assert all(event["isMine"] for event in trial.said("committed")), "whose reply is lost knows its own commit"


def test_cuts_what_a_reject_says_by_whole_characters() -> None:
    assert cut_text("short", 10) == "short"
    assert cut_text("\N{GRINNING FACE}" * 10, 7) == "\N{GRINNING FACE}" * 3 + "…"
    assert cut_text("half \ud83d alone \0", 100) == "half ? alone �"


def test_rejects_exactly_the_five_in_a_hundred_rows_that_are_bad(tmp_path: Path) -> None:
    bad = dict.fromkeys(range(0, 400, 20), " LONG")
    limit = {"unit": "rate", "value": 0.05}
    world = StageWorld(MemoryStore(), [200, 200], texts=bad, limit=limit).build()
    trial = Trial(world, Script(row_seconds=0.1, refuse=_CAUSES), tmp_path)
    assert run_virtually(trial.run()) == 0
    assert [each["id"] for each in world.rejects()] == list(bad)
    assert [commit["counts"]["rejected"] for commit in world.commits()] == [10, 10]
    assert [(event["causes"], event["first"]["row"]) for event in trial.said("rejected")] == [
        ({"prompt_too_long": 10}, 0),
        ({"prompt_too_long": 10}, 200),
    ]


def test_measures_the_characters_of_answered_rows_and_the_start_of_the_engine(tmp_path: Path) -> None:
    texts = {0: " \N{GRINNING FACE}é", 1: " LONG" + "x" * 10_000, 2: _WRONG}
    world = StageWorld(
        MemoryStore(),
        [3],
        {"kind": "json", "schema": {}},
        texts=texts,
        limit={"unit": "rate", "value": 1},
    ).build()
    script = Script(refuse=_CAUSES, wrong_shape=(_WRONG,), lives=(Life(start_seconds=48),))
    assert run_virtually(Trial(world, script, tmp_path).run()) == 0
    [commit] = world.commits()
    # An answer of another shape was paid for; what was refused has no tokens.
    asked = sum(len(request_of(row, text=texts[row])) for row in (0, 2))
    assert {name: commit["infer"][name] for name in ("rows", "characters", "startSeconds")} == {
        "rows": 2,
        "characters": asked,
        "startSeconds": 48,
    }


def test_has_of_an_engine_that_dies_within_a_task_the_start_before_the_task(tmp_path: Path) -> None:
    world = StageWorld(MemoryStore(), [12]).build()
    script = Script(row_seconds=0.1, lives=(Life(start_seconds=118, die_after_rows=5), Life(start_seconds=40)))
    assert run_virtually(Trial(world, script, tmp_path).run()) == 0
    [commit] = world.commits()
    assert commit["infer"]["startSeconds"] == 118
    assert commit["infer"]["seconds"] > 40


def test_says_in_short_what_a_task_rejected_and_what_another_attempt_may_mend(tmp_path: Path) -> None:
    signs = {4: " ODD", 7: " LONG", 9: " LONG", 11: _WRONG}
    limit = {"unit": "rate", "value": 1}
    world = StageWorld(MemoryStore(), [20, 3], {"kind": "json", "schema": {}}, texts=signs, limit=limit).build()
    script = Script(row_seconds=0.1, refuse=_CAUSES, wrong_shape=(_WRONG,))
    assert run_virtually(Trial(world, script, tmp_path).run()) == 0
    first, second = world.commits()
    place = {
        "file": "steps[2] infer, row 4 of task 000000 of 00-map",
        "cause": "invalid_request",
        "detail": "ScriptedError",
    }
    assert first["rejects"]["summary"] == {
        "first": place,
        "causes": [
            {"cause": "prompt_too_long", "rows": 2},
            {"cause": "invalid_request", "rows": 1},
            {"cause": "answer_shape", "rows": 1},
        ],
        "ofModules": 1,
    }
    assert "rejects" not in second


@pytest.mark.parametrize("value", [0, 3])
def test_fails_at_the_first_reject_beyond_the_limit_and_halts_the_run(tmp_path: Path, value: int) -> None:
    bad = dict.fromkeys((3, 7, 11, 15), " LONG")
    world = StageWorld(MemoryStore(), [40], texts=bad, limit={"unit": "rows", "value": value}).build()
    trial = Trial(world, Script(row_seconds=0.1, refuse=_CAUSES), tmp_path)
    assert run_virtually(trial.run()) == 63
    failure = trial.said("failed")[0]["failure"]
    assert (failure["name"], failure["task"]) == ("TooManyRejectsError", "000000")
    # What led to it can be read, though nothing is committed.
    kept = pq.read_table(io.BytesIO(world.store.get(failure["rejects"]) or b"")).to_pylist()
    assert len(kept) == value + 1
    assert {each["raw"] for each in kept} <= {request_of(row, text=" LONG") for row in bad}
    assert failure["message"].endswith(f"kept in {failure['rejects']}")
    halt = read_halt(world.store, job="a-job", run="0001")
    assert halt is not None
    assert halt["failure"] == failure
    assert world.commits() == []
    # Others hear of it, and do not begin.
    late = Trial(world, Script(refuse=_CAUSES), tmp_path / "late", worker="w1")
    assert run_virtually(late.run()) == 67

"""Interprets the cases of test/conformance/store-cases.json, as its README.md describes them."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from daybreak_worker.errors import DaybreakError, StoreError
from daybreak_worker.keys import block_key
from daybreak_worker.law.commits import commit_attempt, is_task_done, list_commits, read_commit
from daybreak_worker.law.halt import put_halt, read_halt
from daybreak_worker.law.ids import StageIds
from daybreak_worker.law.reconcile import amend_tasks, reconcile_commits
from daybreak_worker.law.stages import list_amendments, put_amendment, put_sealed, read_sealed
from daybreak_worker.store.object_store import ObjectFacts, ObjectStore, ObjectSums

CASES_PATH = Path(__file__).resolve().parents[2] / "test/conformance/store-cases.json"
SUITE: dict[str, Any] = json.loads(CASES_PATH.read_text("utf-8"))

Step = dict[str, Any]
PlayFaults = Callable[[list[dict[str, Any]]], AbstractContextManager[ObjectStore]]
"""A store with the faults in the way of its requests."""


@dataclass
class World:
    store: ObjectStore
    play_faults: PlayFaults | None = None
    """At the port unless something else is said."""


def _with(step: Step, name: str) -> dict[str, Any]:
    return {**SUITE["base"][name], **step.get("with", {})}


def _stage(step: Step) -> StageIds:
    commit = _with(step, "commit")
    return StageIds(commit["job"], commit["run"], commit["stage"])


def _data(step: Step) -> bytes:
    return str(step["text"] * step.get("repeat", 1)).encode()


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode()


def _ids(value: dict[str, Any] | None) -> dict[str, Any] | None:
    return value and {"attempt": value["attempt"], "run": value["run"]}


def _block_key(step: Step) -> str:
    commit = _with(step, "commit")
    ids = {field: commit[field] for field in ("job", "run", "stage", "task", "attempt")}
    return block_key(**ids, extension=commit["block"]["format"])


def _put_file(store: ObjectStore, step: Step) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(_data(step))
        store.put_file(step["key"], path)


def _commit(store: ObjectStore, step: Step) -> Any:
    chosen = commit_attempt(store, _with(step, "commit"), step.get("run"))
    return {**(_ids(chosen.value) or {}), "isMine": chosen.is_mine}


def _seal(store: ObjectStore, step: Step) -> Any:
    chosen = put_sealed(store, _with(step, "sealed"), step.get("run"))
    return {**(_ids(chosen.value) or {}), "isMine": chosen.is_mine}


def _amend(store: ObjectStore, step: Step) -> Any:
    chosen = put_amendment(store, _with(step, "amendment"), k=step.get("k", 0), run=step.get("run"))
    return {"reason": chosen.value["reason"], "isMine": chosen.is_mine}


def _halt(store: ObjectStore, step: Step) -> Any:
    chosen = put_halt(store, _with(step, "halt"))
    return {"reason": chosen.value["reason"], "isMine": chosen.is_mine}


def _read_halt(store: ObjectStore, step: Step) -> Any:
    stage = _stage(step)
    return read_halt(store, job=stage.job, run=stage.run)


def _reconcile(store: ObjectStore, step: Step) -> Any:
    stage = _stage(step)
    tasks = amend_tasks(stage.stage, step.get("tasks", []), list_amendments(store, stage))
    found = reconcile_commits(stage.stage, tasks, list_commits(store, stage))
    done = [[commit["task"], commit["attempt"]] for commit in found.done]
    return {"done": done, "missing": found.missing, "voided": list(found.voided)}


OPERATIONS: dict[str, Callable[[ObjectStore, Step], Any]] = {
    "put": lambda store, step: store.put(step["key"], _data(step)),
    "putIfAbsent": lambda store, step: store.put_if_absent(step["key"], _data(step)),
    "putFile": _put_file,
    "get": lambda store, step: _text(store.get(step["key"])),
    "getRange": lambda store, step: _text(store.get_range(step["key"], step["offset"], step["lengthBytes"])),
    "head": lambda store, step: (facts := store.head(step["key"])) and {"sizeBytes": facts.size_bytes},
    "list": lambda store, step: [facts.key for facts in store.list_objects(step["prefix"])],
    "listFolders": lambda store, step: list(store.list_folders(step["prefix"])),
    "sums": lambda store, step: (
        (sums := store.sums(step["key"])) and {"sizeBytes": sums.size_bytes, "sha256": sums.sha256}
    ),
    "deleteIfSame": lambda store, step: store.delete_if_same(step["key"], _data(step)),
    "delete": lambda store, step: store.delete(step["key"]),
    "deletePrefix": lambda store, step: store.delete_prefix(step["prefix"]),
    "commit": _commit,
    "readCommit": lambda store, step: _ids(read_commit(store, _stage(step), _with(step, "commit")["task"])),
    "listCommits": lambda store, step: [[c["task"], c["attempt"]] for c in list_commits(store, _stage(step))],
    "seal": _seal,
    "readSealed": lambda store, step: _ids(read_sealed(store, _stage(step))),
    "amend": _amend,
    "listAmendments": lambda store, step: [each["reason"] for each in list_amendments(store, _stage(step))],
    "halt": _halt,
    "readHalt": _read_halt,
    "isTaskDone": lambda store, step: is_task_done(store, _stage(step), _with(step, "commit")["task"]),
    "reconcile": _reconcile,
    "block": lambda store, step: store.put(_block_key(step), bytes(_with(step, "commit")["block"]["sizeBytes"])),
    "deleteBlock": lambda store, step: store.delete(_block_key(step)),
}


def flatten(steps: Sequence[Step]) -> Iterator[Step]:
    """All steps, those of actors and of others in between too."""
    for step in steps:
        yield step
        yield from flatten(step.get("steps", []))
        for actor in step.get("actors", []):
            yield from flatten(actor)
        for fault in step.get("faults", []):
            yield from flatten(fault.get("meanwhile", []))


def _is_ours(case: dict[str, Any]) -> bool:
    """The worker opens no run and ends none: those cases are of others."""
    operations = {step["op"] for step in flatten(case["steps"])} - {"together"}
    return case["needs"] != "runs" and operations <= OPERATIONS.keys()


CASES: list[dict[str, Any]] = [case for case in SUITE["cases"] if _is_ours(case)]


def has_faults(case: dict[str, Any]) -> bool:
    return any(step.get("faults") for step in flatten(case["steps"]))


def run_case(world: World, case: dict[str, Any]) -> None:
    """Runs one case on an empty store; fails where the store does not keep it."""
    _run_actor(world, case["steps"])


def _run_actor(world: World, steps: Sequence[Step]) -> list[Any]:
    return [_run_step(world, step) for step in steps]


def _run_step(world: World, step: Step) -> Any:
    if step["op"] == "together":
        return _run_together(world, step)
    faults = [
        {**fault, "meanwhile": (lambda steps=fault["meanwhile"]: _run_actor(world, steps))}
        if "meanwhile" in fault
        else fault
        for fault in step.get("faults", [])
    ]
    if not faults:
        return _perform(world.store, step)
    if world.play_faults is None:
        return _perform(FaultyStore(world.store, faults), step)
    with world.play_faults(faults) as store:
        return _perform(store, step)


def _perform(store: ObjectStore, step: Step) -> Any:
    expected = step.get("expect", _NOTHING)
    operation = OPERATIONS[step["op"]]
    if isinstance(expected, dict) and isinstance(expected.get("error"), str):
        try:
            result = operation(store, step)
        except DaybreakError as error:
            assert error.name == expected["error"], f"{step}: {error!r}"  # noqa: PT017
            return None
        raise AssertionError(f"the step {step} gave {result!r}")
    result = operation(store, step)
    if expected is not _NOTHING:
        assert _matches(result, expected), f"step {step} gave {result!r}"
    return result


_NOTHING = object()


def _matches(result: Any, expected: Any) -> bool:
    """Of an object only what is expected is compared."""
    if not isinstance(expected, dict):
        return bool(result == expected)
    return isinstance(result, dict) and all(_matches(result.get(field), value) for field, value in expected.items())


def _numbered(step: Step, actor: int) -> Step:
    numbered: Step = json.loads(json.dumps(step).replace("{i}", format(actor, "x")))
    return numbered


def _run_together(world: World, step: Step) -> None:
    actors = step.get("actors") or [
        [_numbered(each, actor) for each in step["steps"]] for actor in range(step.get("times", 1))
    ]
    with ThreadPoolExecutor(len(actors)) as pool:
        runs = [pool.submit(_run_actor, world, steps) for steps in actors]
        results = [result for run in runs for result in run.result()]
    expected = step.get("expect", {})
    for count in expected.get("count", []):
        found = sum(_matches(result, count["match"]) for result in results)
        assert found == count["times"], f"{count} of {results}"
    if (field := expected.get("agree")) is not None:
        values = {str(result if field == "" else result[field]) for result in results}
        assert len(values) == 1, f"one {field} of {values}"
    if (among := expected.get("among")) is not None:
        assert all(any(_matches(result, one) for one in among) for result in results), results


class FaultyStore:
    """A store on which the scripted faults happen, in order, each at the next request of its kind."""

    def __init__(self, store: ObjectStore, faults: list[dict[str, Any]]) -> None:
        self._store = store
        self._script = [{**fault, "left": fault.get("times", 1)} for fault in faults]

    def _faulty(self, kind: str, key: str, request: Callable[[], Any]) -> Any:
        fault = next((each for each in self._script if each["on"] == kind and each["left"] > 0), None)
        if fault is None:
            return request()
        fault["left"] -= 1
        for _ in range(fault.get("delay", 0)):
            time.sleep(0.0005)  # a turn of other threads
        reply = fault.get("reply", "ok")
        result = request() if reply in {"ok", "lost", 412} else None
        if meanwhile := fault.get("meanwhile"):
            meanwhile()
        if reply == "ok":
            return result
        # A client's own second try meets what its first one put.
        if reply == 412 and kind == "putIfAbsent":
            return "exists"
        raise StoreError(kind, key, f"the store answered {reply}", is_unknown=True)

    def get(self, key: str) -> bytes | None:
        data: bytes | None = self._faulty("get", key, lambda: self._store.get(key))
        return data

    def head(self, key: str) -> ObjectFacts | None:
        facts: ObjectFacts | None = self._faulty("head", key, lambda: self._store.head(key))
        return facts

    def put(self, key: str, data: bytes) -> None:
        self._faulty("put", key, lambda: self._store.put(key, data))

    def put_if_absent(self, key: str, data: bytes) -> Literal["created", "exists"]:
        result: Literal["created", "exists"] = self._faulty(
            "putIfAbsent", key, lambda: self._store.put_if_absent(key, data)
        )
        return result

    def put_file(self, key: str, path: Path, sha256: str | None = None) -> None:
        self._faulty("putFile", key, lambda: self._store.put_file(key, path, sha256))

    def delete(self, key: str) -> None:
        self._faulty("delete", key, lambda: self._store.delete(key))

    def get_range(self, key: str, offset: int, length_bytes: int) -> bytes | None:
        return self._store.get_range(key, offset, length_bytes)

    def sums(self, key: str) -> ObjectSums | None:
        return self._store.sums(key)

    def list_objects(self, prefix: str) -> Iterator[ObjectFacts]:
        return self._store.list_objects(prefix)

    def list_folders(self, prefix: str) -> Iterator[str]:
        return self._store.list_folders(prefix)

    def delete_if_same(self, key: str, data: bytes) -> bool:
        return self._store.delete_if_same(key, data)

    def delete_prefix(self, prefix: str) -> None:
        self._store.delete_prefix(prefix)

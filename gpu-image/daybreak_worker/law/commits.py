"""Commits: which attempt of a task counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daybreak_worker.errors import StateError
from daybreak_worker.keys import KEYS
from daybreak_worker.law.ids import StageIds
from daybreak_worker.law.put_once import Chosen, put_once, read_state
from daybreak_worker.law.stages import read_sealed
from daybreak_worker.store.object_store import ObjectStore


def commit_attempt(store: ObjectStore, commit: dict[str, Any], run: str | None = None) -> Chosen:
    """Puts the commit under its task, where none stands. The block is in the store before this is called.

    `run` is where the commit is to count, where that is not the commit's own run.
    """
    key = _key_of(StageIds(commit["job"], run or commit["run"], commit["stage"]), commit["task"])
    chosen = put_once(store, key, commit, "Commit").value
    _require_place(key, chosen, commit)
    # The attempt decides, not the bytes: an attempt may be committed again with another time in it.
    is_mine = chosen["attempt"] == commit["attempt"] and chosen["run"] == commit["run"]
    return Chosen(chosen, is_mine)


def read_commit(store: ObjectStore, stage: StageIds, task: str) -> dict[str, Any] | None:
    """The commit that counts for a task, if it has one."""
    key = _key_of(stage, task)
    commit = read_state(store, key, "Commit")
    if commit is not None:
        _require_place(key, commit, {**stage.fields(), "task": task})
    return commit


def list_committed(store: ObjectStore, stage: StageIds) -> list[str]:
    """The tasks that have a commit, by the names alone: a request for a thousand of them."""
    tasks = []
    for facts in store.list_objects(KEYS["commit"].prefix(**stage.fields())):
        ids = KEYS["commit"].parse(facts.key)
        if ids is None:
            raise StateError(facts.key, "it stands among the commits and is none")
        tasks.append(ids["task"])
    return sorted(tasks)


def list_commits(store: ObjectStore, stage: StageIds) -> list[dict[str, Any]]:
    """All commits of a stage in task order, those of void tasks too."""
    commits = (read_commit(store, stage, task) for task in list_committed(store, stage))
    return [commit for commit in commits if commit is not None]


def is_task_done(store: ObjectStore, stage: StageIds, task: str) -> bool:
    """Whether the task needs no more work: it has a commit, or its stage is sealed.

    Asked by an attempt before it fails for good or halts anyone, for a late duplicate may find its input gone.
    """
    return read_commit(store, stage, task) is not None or read_sealed(store, stage) is not None


def _key_of(stage: StageIds, task: str) -> str:
    return KEYS["commit"].render(**stage.fields(), task=task)


def _require_place(key: str, commit: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """A commit says itself of which task it is; one under another task's name would give that task wrong rows."""
    if all(commit[field] == wanted[field] for field in ("job", "stage", "task")):
        return
    found = f"the commit of task {commit['task']} of stage {commit['stage']} of job {commit['job']}"
    raise StateError(key, f"it holds {found}")

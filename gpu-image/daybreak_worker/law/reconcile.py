"""The list of a stage is its first tasks and all amendments in order; a void task's commit is ignored. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from daybreak_worker.contract import parent_task_id
from daybreak_worker.errors import StateError


@dataclass(frozen=True, slots=True)
class TaskList:
    live: tuple[str, ...]
    """Tasks that count, in task order."""
    voided: tuple[str, ...]


def amend_tasks(where: str, first: Iterable[str], amendments: Iterable[Mapping[str, Any]]) -> TaskList:
    """The tasks of a stage after its amendments. Fails with StateError where one contradicts the list."""
    tasks = list(first)
    live, voided = set(tasks), dict[str, None]()
    if len(live) != len(tasks):
        raise StateError(where, "a task stands twice in the list")
    for k, amendment in enumerate(amendments):
        place = f"{where}, amendment {k}"
        for task in amendment["void"]:
            if task not in live:
                raise StateError(place, f"it voids {task}, which is not a task of the stage")
            live.remove(task)
            voided[task] = None
        for task in (each["task"] for each in amendment["tasks"]):
            if parent_task_id(task) not in amendment["void"]:
                raise StateError(place, f"{task} does not replace a task that this amendment voids")
            if task in live or task in voided:
                raise StateError(place, f"{task} stands twice")
            live.add(task)
    return TaskList(tuple(sorted(live)), tuple(voided))


@dataclass(frozen=True, slots=True)
class Reconciled:
    done: list[Mapping[str, Any]]
    """The commits that count, in task order."""
    missing: list[str]
    voided: tuple[str, ...]


def reconcile_commits(where: str, tasks: TaskList, commits: Iterable[Mapping[str, Any]]) -> Reconciled:
    """Which tasks of a stage are done or missing.

    Fails with StateError where a commit is of no task of the stage, or where formats mix.
    """
    by_task = {commit["task"]: commit for commit in commits if commit["task"] not in tasks.voided}
    done = [by_task[task] for task in tasks.live if task in by_task]
    missing = [task for task in tasks.live if task not in by_task]
    strays = by_task.keys() - set(tasks.live)
    if strays:
        raise StateError(where, f"{min(strays)} has a commit but is no task of the stage")
    for commit in done[1:]:
        if commit["formats"] != done[0]["formats"]:
            pair = f"{done[0]['task']} and {commit['task']}"
            raise StateError(where, f"tasks {pair} were written with different formats")
    return Reconciled(done, missing, tasks.voided)

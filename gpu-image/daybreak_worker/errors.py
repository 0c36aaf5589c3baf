"""The failures that the worker knows, named as in the table of the contract. Messages never hold values of cells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from daybreak_worker.contract import EXITS, FAILURES


class DaybreakError(Exception):
    """A failure with a row in the table. Anything else that is raised is a mistake of ours."""

    task: str | None = None
    """The task that it stopped, where it was one."""
    rejects_key: str | None = None
    """Key of an object with the rows that were rejected."""

    @property
    def name(self) -> str:
        return type(self).__name__

    @property
    def is_final(self) -> bool:
        """Whether no other attempt can mend it."""
        return FAILURES[self.name] == "never"

    def as_failure(self, stage: str) -> dict[str, str]:
        """A Failure of the contract."""
        failure = {"name": self.name, "message": str(self), "stage": stage}
        if self.task is not None:
            failure["task"] = self.task
        if self.rejects_key is not None:
            failure["rejects"] = self.rejects_key
        return failure

    @property
    def exit_code(self) -> int:
        return EXITS[self.name]


@contextmanager
def blaming(task: str) -> Iterator[None]:
    """Writes the task on whatever fails inside."""
    try:
        yield
    except Exception as error:
        error.task = task  # type: ignore[attr-defined]  # of errors that are no failures of the table, too
        raise


class StoreError(DaybreakError):
    """A store did not do what it was asked; `is_unknown` says that it may have been done all the same."""

    def __init__(self, operation: str, key: str, reason: str, *, is_unknown: bool = False) -> None:
        end = "it is not known whether it was done" if is_unknown else "it was not done"
        super().__init__(f"the store could not {operation} {key}: {reason}; {end}")
        self.is_unknown = is_unknown


class StateError(DaybreakError):
    """An object of the job's state cannot be read, or contradicts another."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}")


class BlockMissingError(DaybreakError):
    """A block that a seal names is not in the store."""

    def __init__(self, key: str, task: str) -> None:
        super().__init__(f"the block {key} of task {task} is gone, though its commit stands")


class BlockCorruptError(DaybreakError):
    """A block is there, but not with the bytes that its commit names."""

    def __init__(self, key: str, *, found: str, expected: str) -> None:
        super().__init__(f"the block {key} has {found}, its commit says {expected}")
        self.key = key


class ConservationError(DaybreakError):
    """Rows were lost or doubled on the way."""

    def __init__(self, where: str, sentence: str) -> None:
        super().__init__(f"the rows of {where} do not add up: {sentence}")


class TooManyRejectsError(DaybreakError):
    """More rows were rejected than `errors.max_rejects` allows. Names the first of them, never its value."""

    def __init__(self, rejects: int, *, limit: str, first: str) -> None:
        rows = "row was" if rejects == 1 else "rows were"
        super().__init__(f"{rejects} input {rows} rejected, and errors.max_rejects is {limit}; the first: {first}")
        self._rejects = rejects

    def keep(self, key: str, place: str) -> None:
        """Adds where the rejected rows are, which outlive the attempt."""
        self.rejects_key = key
        self.args = (f"{self}; {'it is' if self._rejects == 1 else 'they are'} kept in {place}",)


class TaskDiskError(DaybreakError):
    """The worker's scratch folder is full, or the device below it."""

    def __init__(self, what: str, folder: str) -> None:
        super().__init__(f"{what}: no space is left for writing (scratch folder {folder})")


class JobCancelledError(DaybreakError):
    """The run was halted."""

    def __init__(self, job: str, run: str) -> None:
        super().__init__(f"run {run} of the job {job} was cancelled")


class ModelError(DaybreakError):
    """The model of a step is not there, or is none that may run here."""

    def __init__(self, model: str, problem: str) -> None:
        super().__init__(f"the model {model} {problem}")


class EngineStartError(DaybreakError):
    """The engine does not come up, with what it was given and with less."""

    def __init__(self, model: str, problem: str) -> None:
        super().__init__(f"the engine does not start with the model {model}: {problem}")


class EngineRefusalError(DaybreakError):
    """The engine comes up and cannot do what the step asks of it: a shape, an expression, a parameter."""

    def __init__(self, model: str, problem: str) -> None:
        super().__init__(f"the step with the model {model} cannot be run: {problem}")


class EngineDiedError(DaybreakError):
    """The engine died again and again, whatever rows it had."""

    def __init__(self, worker: str, problem: str) -> None:
        super().__init__(f"the engine of {worker} {problem}")


class WorkerStoppedError(DaybreakError):
    """The worker was told to end before its tasks were done."""

    def __init__(self, worker: str) -> None:
        super().__init__(f"the worker {worker} was stopped before its tasks were done")


class InternalError(DaybreakError):
    """What no row of the table foresees."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where} failed in a way that it does not know: {what}")


class EngineFailure(Exception):  # noqa: N818 - a verdict of the engine host, which the supervisor turns into an error
    """What an engine host said before it ended: a name of the table and the sentence behind "the model NAME"."""

    NAMES: ClassVar = frozenset({"ModelError", "EngineStartError", "EngineRefusalError"})

    def __init__(self, name: str, problem: str, *, is_out_of_memory: bool = False) -> None:
        super().__init__(problem)
        self.name = name if name in self.NAMES else "EngineStartError"
        self.problem = problem
        self.is_out_of_memory = is_out_of_memory

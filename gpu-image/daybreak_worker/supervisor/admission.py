"""Which rows enter the engine next, and what becomes of those that were in one that died.

The law: a row that was in an engine when it died goes again; one that was in two goes alone; where an engine dies with
that row alone in it, before it has answered any other, the row is a reject `engine_crash`. An engine that had answered
others may have died of itself: the row is then the first that the next one is asked.

Where an engine has died twice without having answered a row in between, the rows may be at fault, or all engines. To
tell the one from the other the next is asked alone a row that was answered before: the witness. What it answers clears
the engine; an engine that dies of it is given up. Before any row was answered there is no witness: then a row that was
in less deaths goes alone in its place; where there is none, a third time is blamed on the row, and a fourth on the
engine.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from daybreak_worker.engine.engine_port import EngineRow
from daybreak_worker.task.open_task import OpenTask
from daybreak_worker.task.read_pieces import Pieces

ALONE_CRASHES: Final = 2
"""Deaths that a row was in before it goes alone."""
BARREN_DEATHS: Final = 3
"""Deaths one after another, without an answer in between, after which the engine is given up."""
_BATCH_ROWS: Final = 64
_BATCH_BYTES: Final = 8 * 2**20
"""Of rows that are sent together."""
_FLIGHT_BYTES: Final = 64 * 2**20
"""Of the requests of all rows in flight, or one row that is larger."""


@dataclass(slots=True, eq=False)
class Row:
    id: int
    task: OpenTask
    position: int
    """Number of the row in its task."""
    size_bytes: int
    crashes: int = 0

    def for_engine(self) -> EngineRow:
        request = self.task.requests[self.position]
        seed = self.task.seeds[self.position]
        if request is None or seed is None:
            raise ValueError("a row without a request never enters the engine")
        return EngineRow(self.id, request, seed)


class Admission:
    """The rows of the open tasks, in the order in which the tasks were opened. Has no clock and does no I/O."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._ids = count(1)
        self.open: list[OpenTask] = []
        self.in_flight: dict[int, Row] = {}
        self._flight_bytes = 0
        self._again: deque[Row] = deque()
        self._suspects: list[Row] = []
        self._alone: Row | None = None
        self._first: Row | None = None
        """The suspect that the next engine is asked before any other row."""
        self._witness: OpenTask | None = None
        """The first row that was answered, as a task of its own which nobody waits for."""
        self._answers = 0
        """Of the engine that is up, the witness not counted."""
        self.barren_deaths = 0
        self.is_closed = False
        """Whether no more rows enter the engine: the worker is about to end."""

    @property
    def waiting_rows(self) -> int:
        """Rows of the open tasks that are not in the engine."""
        fresh = sum(task.rows - task.next_row for task in self.open)
        return fresh + len(self._again) + len(self._suspects)

    def add(self, task: OpenTask) -> None:
        self.open.append(task)

    def remove(self, task: OpenTask) -> None:
        """Of a task that is committed, or dropped: what the engine still says of its rows is not heard."""
        self.open.remove(task)
        for row in [row for row in self.in_flight.values() if row.task is task]:
            self._land(row)
        self._again = deque(row for row in self._again if row.task is not task)
        self._suspects = [row for row in self._suspects if row.task is not task]
        if self._first is not None and self._first.task is task:
            self._first = None

    def take(self, room: int, *, at_seconds: float) -> list[Row]:
        """At most `room` rows, which are in flight from now on; at most a batch of them."""
        if self.is_closed or self._alone is not None:
            return []
        if self._witness is not None and self.barren_deaths >= BARREN_DEATHS - 1:
            return [self._launch_alone(Row(next(self._ids), self._witness, 0, 0), at_seconds)]
        if self._suspects:
            return self._take_alone(at_seconds)
        batch: list[Row] = []
        size = 0
        while len(batch) < min(room, _BATCH_ROWS):
            row = self._next()
            if row is None:
                break
            if (batch and size + row.size_bytes > _BATCH_BYTES) or (
                self.in_flight and self._flight_bytes + row.size_bytes > _FLIGHT_BYTES
            ):
                self._again.appendleft(row)
                break
            self._launch(row, at_seconds)
            batch.append(row)
            size += row.size_bytes
        return batch

    def land_answer(self, row_id: int) -> Row | None:
        """The row of an answer, which has left the engine. None where nobody waits for it any more."""
        row = self._lift(row_id)
        self.barren_deaths = 0
        if row is not None and row.task is self._witness:
            return None
        self._answers += 1
        if row is not None and self._witness is None:
            self._witness = _witness_of(row)
        return row

    def land_refusal(self, row_id: int) -> Row | None:
        """The same of a refusal, which clears no engine: it need not have seen the row. The witness it has answered."""
        row = self._lift(row_id)
        if row is not None and row.task is self._witness:
            self.barren_deaths = 0
            return None
        return row

    def bury(self) -> list[Row] | None:
        """The engine has died. Returns the rows that are rejects for it; all others go again. None: it is hopeless."""
        self.barren_deaths += 1
        dead = sorted(self.in_flight.values(), key=lambda row: row.id)
        was_alone = self._alone
        for row in dead:
            row.crashes += 1
            self._land(row)
        is_proof = self._answers == 0
        self._answers = 0
        if was_alone is not None and was_alone.task is self._witness:
            return None
        rejected = [row for row in dead if row is was_alone and row.crashes > ALONE_CRASHES and is_proof]
        again = [row for row in dead if row not in rejected]
        self._suspects += [row for row in again if row.crashes >= ALONE_CRASHES]
        self._first = was_alone if was_alone in self._suspects else None
        self._again.extendleft(row for row in reversed(again) if row.crashes < ALONE_CRASHES)
        is_row_to_blame = bool(rejected) and self.barren_deaths == BARREN_DEATHS
        is_hopeless = self._witness is None and self.barren_deaths >= BARREN_DEATHS and not is_row_to_blame
        return None if is_hopeless else rejected

    def _take_alone(self, at_seconds: float) -> list[Row]:
        if self.in_flight:
            return []
        row = self._next() if self.barren_deaths == BARREN_DEATHS - 1 else None
        if row is None:
            # By lot: after another start the same row would be the first again.
            row = self._first or self._rng.choice(self._suspects)
            self._first = None
            self._suspects.remove(row)
        return [self._launch_alone(row, at_seconds)]

    def _launch_alone(self, row: Row, at_seconds: float) -> Row:
        self._alone = row
        self._launch(row, at_seconds)
        return row

    def _lift(self, row_id: int) -> Row | None:
        row = self.in_flight.get(row_id)
        if row is not None:
            self._land(row)
        return row

    def _next(self) -> Row | None:
        """The next row that was in less deaths than make it go alone."""
        if self._again:
            return self._again.popleft()
        for task in self.open:
            while task.next_row < task.rows:
                position = task.next_row
                task.next_row += 1
                request = task.requests[position]
                # One that has none was settled when the task was opened.
                if request is not None and position not in task.rejects:
                    return Row(next(self._ids), task, position, len(request))
        return None

    def _launch(self, row: Row, at_seconds: float) -> None:
        if row.task.began_seconds is None:
            row.task.began_seconds = at_seconds
        self.in_flight[row.id] = row
        self._flight_bytes += row.size_bytes

    def _land(self, row: Row) -> None:
        del self.in_flight[row.id]
        self._flight_bytes -= row.size_bytes
        if self._alone is row:
            self._alone = None


def _witness_of(row: Row) -> OpenTask:
    asked = row.for_engine()
    return OpenTask("", "", "", Pieces([], [], 0), requests=[asked.request], seeds=[asked.seed])


def bad_rows(task: OpenTask) -> Iterator[int]:
    """Rows of a task without a request or a seed, which no stage writes."""
    pairs: Sequence[tuple[bytes | None, int | None]] = list(zip(task.requests, task.seeds, strict=True))
    return (position for position, (request, seed) in enumerate(pairs) if request is None or seed is None)

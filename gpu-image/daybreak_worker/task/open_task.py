"""A task whose rows are on their way through the engine, and what has become of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from daybreak_worker.contract import LIMITS, REJECT_CAUSES, REQUEST_COLUMN, REQUEST_COLUMNS, ROW_COLUMN, SEED_COLUMN
from daybreak_worker.engine.engine_port import Answer
from daybreak_worker.task.read_pieces import Pieces


@dataclass(frozen=True, slots=True)
class Reject:
    writer: str
    """The task of the stage before that wrote the row."""
    row: int
    """Number of the row among those that entered the step in that task, from 0."""
    cause: str
    error: str | None
    message: str
    raw: str
    answer: str | None = None
    """What the model said, where it said something else than what was asked for."""


@dataclass(slots=True, eq=False)
class OpenTask:
    """Its rows are numbered from 0, in the order in which they came. Memory: the rows, and their answers."""

    task: str
    attempt: str
    started_at: str
    pieces: Pieces
    start_seconds: float = 0.0
    """Of the engine that was up when the task was opened: a later one starts within the seconds of the task."""
    rows: int = 0
    next_row: int = 0
    """The first row that has not entered the engine."""
    answers: list[Answer | None] = field(default_factory=list)
    rejects: dict[int, Reject] = field(default_factory=dict)
    left: int = 0
    """Rows without an answer and without a verdict."""
    began_seconds: float | None = None
    """When the first row entered the engine, and when the last answer came; by a clock of the process."""
    ended_seconds: float | None = None
    engine_rows: int = 0
    """Rows that the engine has answered, those whose answer was refused for its shape too; and their tokens."""
    engine_characters: int = 0
    """Of the requests of these rows, as the stage before counted them."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    requests: list[bytes | None] = field(default_factory=list)
    seeds: list[int | None] = field(default_factory=list)
    origins: list[tuple[str, int]] = field(default_factory=list)
    """Of each row the task of the stage before, and its number there."""

    def __post_init__(self) -> None:
        for writer, table in zip(self.pieces.writers, self.pieces.tables, strict=True):
            self.origins += [(writer, row) for row in table[ROW_COLUMN].to_pylist()]
            self.requests += [None if text is None else text.encode() for text in table[REQUEST_COLUMN].to_pylist()]
            self.seeds += table[SEED_COLUMN].to_pylist()
        self.pieces = Pieces(
            [table.drop_columns(list(REQUEST_COLUMNS)) for table in self.pieces.tables],
            self.pieces.writers,
            self.pieces.bytes_read,
        )
        self.rows = self.left = len(self.requests)
        self.answers = [None] * self.rows

    @property
    def is_done(self) -> bool:
        return self.left == 0

    @property
    def seconds(self) -> float:
        """From the first row in the engine to the last answer."""
        if self.began_seconds is None or self.ended_seconds is None:
            return 0.0
        return max(0.0, self.ended_seconds - self.began_seconds)

    def count_answer(self, row: int, answer: Answer, *, at_seconds: float) -> None:
        self.engine_rows += 1
        self.engine_characters += len((self.requests[row] or b"").decode())
        self.prompt_tokens += answer.prompt_tokens
        self.cached_tokens += answer.cached_tokens
        self.output_tokens += answer.output_tokens
        self.ended_seconds = at_seconds

    def settle_answer(self, row: int, answer: Answer) -> None:
        self.answers[row] = answer
        self._settle(row)

    def settle_reject(
        self, row: int, cause: str, *, error: str | None, message: str, said: bytes | None = None
    ) -> Reject:
        if cause not in REJECT_CAUSES:
            raise ValueError(f"{cause} is no cause of a reject")
        request = self.requests[row]
        raw = "" if request is None else _cut_bytes(request)
        reject = Reject(
            *self.origins[row],
            cause,
            None if error is None else cut_text(error, 100),
            cut_text(message, LIMITS["messageCharacters"]),
            raw,
            None if said is None else _cut_bytes(said),
        )
        self.rejects[row] = reject
        self._settle(row)
        return reject

    def _settle(self, row: int) -> None:
        self.requests[row] = None  # what was asked is not needed any more, and may be long
        self.left -= 1

    def kept_tables(self) -> Sequence[pa.Table]:
        return self.pieces.tables


def _cut_bytes(data: bytes) -> str:
    # A character has four bytes at most; one that is cut in half at the end is beyond what is kept.
    characters = LIMITS["rawCharacters"]
    return cut_text(data[: 4 * characters + 4].decode(errors="replace"), characters)


def cut_text(text: str, characters: int) -> str:
    """At most so many UTF-16 units, as the other side counts them, never half of a character."""
    # Half a character alone, as JSON can hold one, is none that a file of text takes.
    text = text.encode(errors="replace").decode()
    units = text.encode("utf-16-le")
    if len(units) > 2 * characters:
        text = units[: 2 * (characters - 1)].decode("utf-16-le", errors="ignore") + "…"
    return text.replace("\0", "�")

"""What the supervisor asks of an engine. Rows go in, in any number and at any time; answers come in any order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class EngineRow:
    id: int
    """Unique in the process of the supervisor."""
    request: bytes
    """JSON of an InferRequest, as the stage before wrote it."""
    seed: int


@dataclass(frozen=True, slots=True)
class Answer:
    id: int
    finish_reason: str
    prompt_tokens: int
    output_tokens: int
    cached_tokens: int
    data: bytes
    """UTF-8 text; little-endian floats of 32 bits of an embedding, of 64 of a score."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The engine, or what stands before it, cannot answer this row."""

    id: int
    cause: str
    """One of INFER_REJECT_CAUSES."""
    error: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Pulse:
    """What the engine says of itself every second."""

    tokens: int | None
    """Prompt and output tokens that it has worked on in its life; None where it does not count them."""
    running: int | None
    """Rows that it works on; the others of those in flight wait in it."""


@dataclass(frozen=True, slots=True)
class Died:
    """The engine is gone, with the rows that it had. `how` goes on from "the engine"."""

    how: str
    is_out_of_memory: bool = False


Event = Answer | Refusal | Pulse | Died


@dataclass(frozen=True, slots=True)
class EngineFacts:
    engine: str
    """For people: `vllm 0.32.0 cpu`."""
    machine: str
    """What its speed is compared by."""
    context_tokens: int
    rows_in_flight: int
    """Rows that it has work for at once, those that wait in it included."""
    parts: Mapping[str, float] = field(default_factory=dict)
    """Seconds that the start was made of."""
    step_tokens: int = 0
    """Tokens of prompts that it may read at once; a longer prompt takes several steps. It says nothing until then."""
    slowest_token_seconds: float = 0.0
    """What a token of a prompt takes at most, by what kind of machine this is."""
    start_seconds: float = 0.0
    """From the wish for an engine until it took rows; the driver measures it."""


class Engine(Protocol):
    async def start(self, *, life: int, rung: int) -> EngineFacts:
        """Brings up the `life`-th engine, on that rung of the out-of-memory ladder. Fails with EngineFailure."""

    async def send(self, rows: Sequence[EngineRow]) -> None:
        """Waits while the engine takes no more. A dead engine takes all: `receive` says that it is dead."""

    async def receive(self) -> Sequence[Event]:
        """Waits for something to happen. After Died there is nothing more until the next start."""

    async def kill(self, why: str) -> None:
        """Ends it at once; `receive` gives Died with `why`."""

    async def close(self) -> None:
        """Ends it, where it runs, and waits until it is gone."""

"""An engine by script, for tests: how long rows take, what they are answered, and when it dies. No clock, no I/O."""

from __future__ import annotations

import hashlib
import json
import random
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from daybreak_worker.engine.engine_port import Answer, EngineFacts, EngineRow, Refusal
from daybreak_worker.errors import EngineFailure

Misfortune = Literal["die", "hang"]


@dataclass(frozen=True, slots=True)
class Life:
    """What happens to one engine, from its start to its end."""

    die_after_rows: int | None = None
    """Answers after which it dies."""
    hang_after_rows: int | None = None
    start_seconds: float = 0.0
    out_of_memory_below_rung: int = 0
    fail: tuple[str, str] | None = None
    """Name and problem of a failure to start."""


@dataclass(frozen=True, slots=True)
class Script:
    seed: int = 0
    rows_in_flight: int = 16
    at_once: int = 8
    """Rows that it works on; the others wait, in the order in which they came."""
    row_seconds: float = 0.0
    """In the middle; a row takes from none to twice as long."""
    die_at: tuple[str, ...] = ()
    """A row whose request holds one of these kills the engine when it is worked on."""
    refuse: Mapping[str, str] = field(default_factory=dict)
    """Text in a request to the cause of its refusal."""
    wrong_shape: tuple[str, ...] = ()
    """A row whose request holds one of these is answered in another shape than was asked for."""
    slowest_token_seconds: float = 0.0
    """What it says of itself."""
    children: int = 0
    """Processes that it starts, as engines do."""
    lives: tuple[Life, ...] = (Life(),)
    """The last one repeats."""

    @staticmethod
    def parse(text: str) -> Script:
        value: dict[str, Any] = json.loads(text)
        lives = tuple(
            Life(**{**life, "fail": tuple(life["fail"]) if life.get("fail") else None})
            for life in value.pop("lives", [{}])
        )
        for name in ("die_at", "wrong_shape"):
            value[name] = tuple(value.get(name, ()))
        return Script(**value, lives=lives)

    def life(self, number: int) -> Life:
        """Of the `number`-th engine, from 0."""
        return self.lives[min(number, len(self.lives) - 1)]


class ScriptedModel:
    """What one engine does, row by row."""

    def __init__(self, script: Script, answer: Mapping[str, Any], *, life: int, rung: int) -> None:
        self._script = script
        self._answer = answer
        self.life = script.life(life)
        self._rung = rung
        self._rng = random.Random(f"{script.seed}:{life}")
        self.answered = 0
        self.tokens = 0

    def start(self) -> EngineFacts:
        """Fails with EngineFailure where the script says so."""
        if self._rung < self.life.out_of_memory_below_rung:
            raise EngineFailure("EngineStartError", "out of memory, by script", is_out_of_memory=True)
        if self.life.fail is not None:
            raise EngineFailure(*self.life.fail)
        return EngineFacts(
            "scripted",
            "a test",
            4096,
            self._script.rows_in_flight,
            {"load": self.life.start_seconds},
            slowest_token_seconds=self._script.slowest_token_seconds,
        )

    def seconds(self) -> float:
        return self._script.row_seconds * 2 * self._rng.random()

    def misfortune(self, row: EngineRow) -> Misfortune | None:
        """What this row, or its number, brings about instead of an answer."""
        text = row.request.decode()
        if any(each in text for each in self._script.die_at):
            return "die"
        if self.life.die_after_rows is not None and self.answered >= self.life.die_after_rows:
            return "die"
        if self.life.hang_after_rows is not None and self.answered >= self.life.hang_after_rows:
            return "hang"
        return None

    def result(self, row: EngineRow) -> Answer | Refusal:
        text = row.request.decode()
        self.answered += 1
        for sign, cause in self._script.refuse.items():
            if sign in text:
                return Refusal(row.id, cause, "ScriptedError", "refused by script")
        is_wrong = any(each in text for each in self._script.wrong_shape)
        data = b"of another shape" if is_wrong else scripted_answer(self._answer, row.request, row.seed)
        self.tokens += len(row.request) + len(data)
        return Answer(row.id, "stop", len(row.request), len(data), 0, data)


def scripted_answer(answer: Mapping[str, Any], request: bytes, seed: int) -> bytes:
    """What a request is answered: a function of it and its seed, so that a test sees which answer is of which row."""
    digest = hashlib.sha256(request + str(seed).encode()).digest()
    match answer["kind"]:
        case "json":
            return json.dumps({"digest": digest.hex()}).encode()
        case "choice":
            return str(answer["choice"][digest[0] % len(answer["choice"])]).encode()
        case "embedding":
            numbers = [byte / 255 for byte in (digest * (answer["dimensions"] // len(digest) + 1))]
            return struct.pack(f"<{answer['dimensions']}f", *numbers[: answer["dimensions"]])
        case "score":
            return struct.pack("<d", digest[0] / 255)
    return digest.hex().encode()

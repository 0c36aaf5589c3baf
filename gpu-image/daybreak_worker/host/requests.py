"""What a row asks, and whether the engine has room for it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

_COUNTED_CHARACTERS: Final = 1_000_000
"""Up to here tokens are counted, which takes a second: a tokenizer may make few of many spaces, or of a long word."""

Side = Literal["left", "right"]


class RefusedError(Exception):
    """A row that cannot be answered, with a cause of INFER_REJECT_CAUSES."""

    def __init__(self, cause: str, message: str, error: str | None = None) -> None:
        super().__init__(message)
        self.cause = cause
        self.error = error


def parse_request(request: bytes, wanted: str) -> Any:
    """The field `wanted` of an InferRequest. Fails with RefusedError: no stage writes what has none."""
    try:
        value = json.loads(request)[wanted]
    except (ValueError, KeyError, TypeError) as error:
        raise RefusedError("invalid_request", f"the request has no {wanted}", type(error).__name__) from None
    return value


@dataclass(frozen=True, slots=True)
class Room:
    """What a prompt may have."""

    context_tokens: int
    answer_tokens: int
    """0 where nothing is generated."""
    truncate: Side | None
    characters_per_token: int | None = None
    """The longest token of the vocabulary, where it is known."""

    @property
    def prompt_tokens(self) -> int:
        return max(0, self.context_tokens - self.answer_tokens)

    def require_length(self, texts: Sequence[str]) -> None:
        """Refuses what is far too long before any of it is made into tokens."""
        characters = sum(map(len, texts))
        if self.characters_per_token is None or self.truncate is not None or characters <= _COUNTED_CHARACTERS:
            return
        least = -(-characters // self.characters_per_token)
        if least > self.prompt_tokens:
            raise RefusedError("prompt_too_long", self._sentence(f"more than {least}"))

    def fit(self, tokens: list[int]) -> list[int]:
        """The prompt, cut where the step says on which side. Fails with RefusedError where it says nothing."""
        if not tokens:
            raise RefusedError("empty_prompt", "the prompt has no tokens")
        if len(tokens) <= self.prompt_tokens:
            return tokens
        if self.truncate is None or self.prompt_tokens == 0:
            raise RefusedError("prompt_too_long", self._sentence(str(len(tokens))))
        return tokens[-self.prompt_tokens :] if self.truncate == "left" else tokens[: self.prompt_tokens]

    def _sentence(self, tokens: str) -> str:
        answer = f" and the answer up to {self.answer_tokens}" if self.answer_tokens else ""
        return f"the prompt has {tokens} tokens{answer}; the context of the model has {self.context_tokens}"


def texts_of(value: str | Sequence[Mapping[str, str]]) -> list[str]:
    """The texts of a prompt, or of messages."""
    return [value] if isinstance(value, str) else [str(message.get("content", "")) for message in value]

"""Whether an answer has the shape that was asked for. An engine is asked for it, and not trusted with it."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable, Mapping
from typing import Any

from daybreak_worker.task.in_time import PATTERN_SECONDS, OutOfTimeError, in_time
from daybreak_worker.task.judge_json import create_json_judge
from daybreak_worker.task.read_pattern import read_pattern

Judge = Callable[[bytes], str | None]
"""What is wrong with an answer; None where it is right. The sentence has no value in it."""


def create_judge(answer: Mapping[str, Any]) -> Judge:
    """The judge of an `InferAnswer` of the plan. Fails with UnreadableError where there can be none."""
    match answer["kind"]:
        case "json":
            return create_json_judge(answer["schema"])
        case "choice":
            choices = {choice.encode() for choice in answer["choice"]}
            return lambda data: None if data in choices else "the answer is none of the choices"
        case "regex":
            return _regex_judge(answer["regex"])
        case "embedding":
            return _vector_judge("f", answer["dimensions"])
        case "score":
            return _vector_judge("d", 1)
        case "text":
            return lambda _: None
    raise ValueError(f"there is no answer of kind {answer['kind']}")


def _regex_judge(pattern: str) -> Judge:
    compiled = re.compile(read_pattern(pattern))

    def judge(data: bytes) -> str | None:
        try:
            with in_time(PATTERN_SECONDS):
                is_match = compiled.fullmatch(data.decode(errors="replace")) is not None
        except OutOfTimeError:
            return "the answer could not be held against the regular expression in time"
        return None if is_match else "the answer does not match the regular expression"

    return judge


def _vector_judge(code: str, dimensions: int) -> Judge:
    def judge(data: bytes) -> str | None:
        numbers = array(code)
        if len(data) != dimensions * numbers.itemsize:
            return f"the answer has {len(data) // numbers.itemsize} numbers, expected {dimensions}"
        numbers.frombytes(data)
        # A sum is finite only where every number is.
        return (
            None if math.isfinite(math.fsum(numbers) if dimensions == 1 else sum(numbers)) else "a number is not finite"
        )

    return judge

"""Whether an answer has the shape that was asked for. An engine is asked for it, and not trusted with it."""

from __future__ import annotations

import json
import math
import re
import signal
import threading
from array import array
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from jsonschema import Draft202012Validator

_PATTERN_SECONDS: Final = 1.0
"""A regular expression of the spec may take exponential time on what a model says."""

Judge = Callable[[bytes], str | None]
"""What is wrong with an answer; None where it is right. The sentence has no value in it."""


def create_judge(answer: Mapping[str, Any]) -> Judge:
    """The judge of an `InferAnswer` of the plan."""
    match answer["kind"]:
        case "json":
            return _json_judge(answer["schema"])
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


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _json_judge(schema: Mapping[str, Any]) -> Judge:
    validator = Draft202012Validator(schema)
    has_pattern = re.search(r'"pattern(Properties)?"', json.dumps(schema)) is not None

    def judge(data: bytes) -> str | None:
        try:
            value = json.loads(data, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            return "the answer is no JSON; cut off by max_tokens, for example"
        with _bounded(_PATTERN_SECONDS if has_pattern else None) as ran_out:
            try:
                error = next(validator.iter_errors(value), None)
            except (RecursionError, _OutOfTime):
                return "the answer could not be held against the schema" + (" in time" if ran_out() else "")
        if error is None:
            return None
        # The place is of the schema: keys of an answer are values.
        place = ".".join(str(part) for part in error.absolute_schema_path)
        return f"the answer does not obey the schema at {place}"

    return judge


def _regex_judge(pattern: str) -> Judge:
    try:
        compiled = re.compile(pattern)
    except re.error:
        # An engine knows dialects that Python does not; it has compiled this one.
        return lambda _: None

    def judge(data: bytes) -> str | None:
        with _bounded(_PATTERN_SECONDS):
            try:
                is_match = compiled.fullmatch(data.decode()) is not None
            except _OutOfTime:
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


class _OutOfTime(Exception):  # noqa: N818 - never leaves this module
    pass


@contextmanager
def _bounded(seconds: float | None) -> Iterator[Callable[[], bool]]:
    """Ends what is inside by _OutOfTime. Python's regular expressions look for signals, which the main thread gets."""
    is_out = False
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield lambda: is_out
        return

    def ring(*_: object) -> None:
        nonlocal is_out
        is_out = True
        raise _OutOfTime

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield lambda: is_out
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

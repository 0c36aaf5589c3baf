"""JSON as an answer may have it: what others would read as something else is none."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

_MOST_LEVELS: Final = 500
"""As with endpoints: a schema that refers to itself is checked by recursion, here and by whoever reads the output."""
_ESCAPED_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")


class BadJsonError(Exception):
    """The sentence has no value in it."""


def read_json(data: bytes) -> Any:
    """The value. Fails with BadJsonError: no JSON, a number beyond a double, a key twice, half a surrogate pair."""
    try:
        text = data.decode()
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_read_float,
            parse_int=_read_int,
            object_pairs_hook=_read_object,
        )
    except (ValueError, RecursionError):
        raise BadJsonError("the answer is no JSON; cut off by max_tokens, for example") from None
    if _is_deeper(_MOST_LEVELS, value):
        raise BadJsonError(f"the answer has more than {_MOST_LEVELS} levels")
    if _ESCAPED_HALF.search(text):
        _require_whole_characters(value)
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _read_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise BadJsonError("the answer has a number that is too large")
    return number


def _read_int(text: str) -> int:
    _read_float(text)
    return int(text)


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise BadJsonError("the answer has a key twice in one object")
    return value


def _is_deeper(levels: int, value: Any) -> bool:
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(levels):
        if not level:
            return False
        inner = [each for one in level for each in (one.values() if isinstance(one, dict) else one)]
        level = [each for each in inner if isinstance(each, (dict, list))]
    return bool(level)


def _require_whole_characters(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadJsonError("the answer has half of a surrogate pair") from None

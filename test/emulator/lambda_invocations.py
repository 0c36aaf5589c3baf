"""What was invoked, for tests to count: each run of a handler, with its outcome. Read at the door
(door.py)."""

import threading
from collections import deque
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

# The oldest go first; far more than any test makes.
MOST = 100_000


@dataclass(frozen=True)
class Invocation:
    function: str
    version: str
    requestId: str
    startedAt: str
    seconds: float
    # `ok`, or the errorType of what the caller got.
    outcome: str
    # The fault that it met, or empty.
    fault: str


_lock = threading.Lock()
_invocations: deque[Invocation] = deque(maxlen=MOST)


def record(invocation: Invocation) -> None:
    with _lock:
        _invocations.append(invocation)


def listed(function: str) -> list[dict[str, Any]]:
    """In the order in which they ended; `function` is a pattern of names."""
    with _lock:
        return [asdict(one) for one in _invocations if fnmatchcase(one.function, function)]

"""Faults that tests order: the next so many requests or invocations that match go wrong in a named way.

Ordered at the door (door.py), taken by lambda_faults.py and s3_faults.py. Of several that match, the oldest
is taken.
"""

import itertools
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

KINDS = {
    "lambda": ("die", "time-out", "throttle", "service-error", "lose-answer", "twice", "hold"),
    "s3": ("slow-down", "internal-error", "conflict", "drop", "lose-answer", "delay"),
}


class FaultRefused(ValueError):
    """The order is not understood: nothing will happen."""


@dataclass
class Fault:
    target: str
    kind: str
    times: int = 1
    # So many that match pass before.
    skip: int = 0
    afterSeconds: float = 0
    # Patterns with * and ? of what it applies to.
    function: str = "*"
    operation: str = "*"
    bucket: str = "*"
    key: str = "*"
    # Values that the event must have in these fields.
    where: dict[str, Any] = field(default_factory=dict)
    # A piece of the event as JSON, wherever it stands.
    says: str = ""
    hits: int = 0
    id: int = 0

    def is_for(self, **names: str) -> bool:
        return all(fnmatchcase(value, getattr(self, name)) for name, value in names.items())


_lock = threading.Lock()
_numbers = itertools.count(1)
_faults: list[Fault] = []
# What a fault holds goes on when its event is set.
_released: dict[int, threading.Event] = {}


def order(wish: dict[str, Any]) -> Fault:
    """Raises FaultRefused for what it does not know, so that no test waits for a fault that never comes."""
    known = set(Fault.__dataclass_fields__) - {"hits", "id"}
    if unknown := set(wish) - known:
        raise FaultRefused(f"unknown fields {sorted(unknown)}: known are {sorted(known)}")
    if wish.get("kind") not in KINDS.get(wish.get("target", ""), ()):
        raise FaultRefused(
            f"no kind {wish.get('kind')!r} of the target {wish.get('target')!r}: known are {KINDS}"
        )
    fault = Fault(**wish, id=next(_numbers))
    with _lock:
        _faults.append(fault)
        _released[fault.id] = threading.Event()
    return fault


def hold(fault: Fault) -> None:
    """Returns when the fault is withdrawn, or after its `afterSeconds`."""
    with _lock:
        released = _released.get(fault.id)
    if released is not None:
        released.wait(fault.afterSeconds)


def take(target: str, matches: Callable[[Fault], bool]) -> Fault | None:
    """The fault that this request or invocation meets, if any; it counts as a hit."""
    with _lock:
        for fault in _faults:
            if fault.target != target or fault.times == 0 or not matches(fault):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            fault.hits += 1
            return fault
    return None


def listed() -> list[dict[str, Any]]:
    """All that were ordered: `times` is how often each will still strike, `hits` how often it did."""
    with _lock:
        return [asdict(fault) for fault in _faults]


def withdraw(number: int | None = None) -> None:
    """One or all of them: they strike no more, and what they hold goes on."""
    with _lock:
        gone = [fault.id for fault in _faults if number in (None, fault.id)]
        _faults[:] = [fault for fault in _faults if fault.id not in gone]
        for each in gone:
            _released.pop(each).set()

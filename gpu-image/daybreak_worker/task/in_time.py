"""A bound on the time of what may take exponential time: a regular expression of the spec on what a model says."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

PATTERN_SECONDS: Final = 1.0


class OutOfTimeError(Exception):
    pass


@contextmanager
def in_time(seconds: float | None) -> Iterator[None]:
    """Ends what is inside by OutOfTimeError. Python's expressions look for signals, which the main thread gets."""
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: object) -> None:
        raise OutOfTimeError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

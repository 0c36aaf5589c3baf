"""SIGTERM and SIGINT, heard even while the event loop is busy, and obeyed within a bound whatever else hangs."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Final

from daybreak_worker.contract import EXITS

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
MOST_SECONDS: Final = 24.5
"""From the signal to the end of the process. AWS Batch kills 30 s after SIGTERM."""


def listen_for_stop(stopping: asyncio.Event, end_engine: Callable[[], None]) -> None:
    """Sets the event at a signal. Where the process is still there `MOST_SECONDS` later it is ended, with the code of
    a worker that was stopped; `end_engine` goes before.
    """
    loop = asyncio.get_running_loop()
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    for number in _SIGNALS:
        signal.signal(number, lambda *_: None)
    # The system's own handler writes to it, also while Python is inside a call that takes long.
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)

    def hear() -> None:
        while os.read(read_end, 1)[0] not in _SIGNALS:
            pass
        threading.Timer(MOST_SECONDS, end).start()
        loop.call_soon_threadsafe(stopping.set)

    def end() -> None:
        end_engine()
        os._exit(EXITS["WorkerStoppedError"])

    threading.Thread(target=hear, name="stop-signals", daemon=True).start()


def stop_at_end_of_input() -> None:
    """Has the worker stop when its standard input closes, as it does when whoever started it is gone."""

    def read() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=read, name="end-of-input", daemon=True).start()

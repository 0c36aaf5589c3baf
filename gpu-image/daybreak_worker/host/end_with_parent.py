"""No process of an engine outlives the one that started it: it would hold the memory of a GPU."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_LOOK_SECONDS: Final = 0.2


def end_with_parent(line: int) -> None:
    """Has this process end when its parent is gone, and all of its group when it is gone itself.

    What an engine starts watches nobody: a small process in the group does, which is forked here, before there are
    threads. `line` is the descriptor of the line to the supervisor, which it must not hold open.
    """
    _die_with_parent()
    host = os.getpid()
    if os.fork() != 0:
        return
    os.close(line)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while os.getppid() == host:
        time.sleep(_LOOK_SECONDS)
    os.killpg(0, signal.SIGKILL)


def _die_with_parent() -> None:
    """Only Linux can. Elsewhere the host ends when its line closes, unless it is busy loading."""
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # It was gone before it could be asked for.
        os.kill(os.getpid(), signal.SIGKILL)

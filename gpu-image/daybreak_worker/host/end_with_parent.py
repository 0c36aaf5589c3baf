"""No process of an engine outlives the one that started it: it would hold the memory of a GPU."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def end_with_parent() -> None:
    """Has the system end this process by SIGKILL when its parent is gone. Only Linux can."""
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # It was gone before it could be asked for.
        os.kill(os.getpid(), signal.SIGKILL)

"""Outlives the emulator by a moment, however it ends: kills what it had started and removes its folder.

Run by lifetime.py as a process of its own. Lines on stdin are `+PID` and `-PID` of process groups that began
and ended; the end of stdin is the end of the emulator.
"""

import os
import shutil
import signal
import sys
import time

# A killed process may still be writing its last file while the folder is being removed.
REMOVALS = 20
PAUSE_SECONDS = 0.05


def main(folder: str) -> None:
    groups: set[int] = set()
    for line in sys.stdin:
        if line.startswith("+"):
            groups.add(int(line[1:]))
        else:
            groups.discard(int(line[1:]))
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            continue
    for _ in range(REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.exists(folder):
            return
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1])

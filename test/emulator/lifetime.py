"""Law: when the emulator is gone, so is everything that it started or wrote, also after SIGKILL.

ministack leaves `ministack-lambda-*` folders (70 MB each with DuckDB) and, when killed, the processes of
functions. Here all of it lies in one folder, which a keeper process removes.
"""

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

# Set by a caller that holds the other end of our stdin: the emulator ends with it.
ENDS_WITH_STDIN = "EMULATOR_ENDS_WITH_STDIN"

_lock = threading.Lock()
_keeper: subprocess.Popen[str] | None = None


def begin() -> Path:
    """Makes the folder, where `tempfile` puts everything from now on, and starts the keeper."""
    global _keeper
    folder = tempfile.mkdtemp(prefix="daybreak-emulator-")
    tempfile.tempdir = folder
    # A session of its own: Ctrl-C in a terminal reaches the emulator, and the keeper afterwards through its
    # stdin.
    _keeper = subprocess.Popen(
        [sys.executable, "-I", "-S", str(Path(__file__).with_name("keeper.py")), folder],
        stdin=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    return Path(folder)


def _tell(line: str) -> None:
    if _keeper is None or _keeper.stdin is None:
        return
    with _lock:
        _keeper.stdin.write(line)
        _keeper.stdin.flush()


def adopt(group: int) -> None:
    """A process group began, which must not outlive the emulator."""
    _tell(f"+{group}\n")


def release(group: int) -> None:
    """The group has ended: its number may soon be somebody else's."""
    _tell(f"-{group}\n")


def end() -> None:
    """Ends the emulator at once: its state is in memory, and the keeper has the rest."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def end_with_parent() -> None:
    """Ends the emulator when the process that started it is gone, however it went."""
    if os.environ.pop(ENDS_WITH_STDIN, "") != "1":
        return

    def wait() -> None:
        while os.read(0, 4096):
            pass
        end()

    threading.Thread(target=wait, daemon=True, name="daybreak-parent").start()

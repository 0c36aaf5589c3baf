"""What counts against a function's memory: the process of the runtime and all below it.

ministack has no limit (861 MB pass in a function of 512 MB). AWS kills the environment at its limit.
"""

import os

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def _children(pid: int) -> list[int]:
    # Of the main thread only, which is the one that starts processes in Node.
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(child) for child in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _pages(pid: int) -> tuple[int, int]:
    """Resident pages, and those of them that lie in files or are shared."""
    try:
        with open(f"/proc/{pid}/statm") as file:
            _, resident, shared, *_ = file.read().split()
            return int(resident), int(shared)
    except (FileNotFoundError, ProcessLookupError):
        return 0, 0


def memory_bytes(pid: int) -> int:
    """The resident memory of a process and of all below it; what they share by way of files counts once."""
    resident, _ = _pages(pid)
    pages, open_pids = resident, _children(pid)
    while open_pids:
        child = open_pids.pop()
        resident, shared = _pages(child)
        pages += resident - shared
        open_pids += _children(child)
    return pages * PAGE_BYTES

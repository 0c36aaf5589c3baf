"""Files of this machine as a store reads them: never through a link, and with a reason where the system refuses."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from daybreak_worker.errors import StoreError

ABSENT: Final = (FileNotFoundError, NotADirectoryError)
_REASONS: Final = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota of the disk is used up",
    errno.EACCES: "permission is denied",
    errno.EROFS: "the disk is read-only",
    errno.ELOOP: "it is a link",
    errno.EBUSY: "it is in use, for example as the mount point of a disk",
}


def scan(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder; nothing where there is none."""
    # A folder may be removed between its listing and its reading.
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except ABSENT:
        return []


def open_plain(path: Path):  # type: ignore[no-untyped-def]  # a buffered reader, whose type has a private name
    """Opens a file to read, not through a link."""
    return open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb")


def read_whole(path: Path) -> bytes:
    with open_plain(path) as file:
        data: bytes = file.read()
        return data


def as_store_error(error: OSError, operation: str, key: str, *, is_unknown: bool = False) -> StoreError:
    reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
    return StoreError(operation, key, reason, is_unknown=is_unknown)

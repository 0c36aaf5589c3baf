"""Whether the files of a model are those that the job was planned with: functions/io/models/fingerprint-model.ts."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from math import floor
from pathlib import Path
from typing import Final

from daybreak_worker.errors import ModelError

_PLACES: Final = 32
"""Of a larger file so many places are read, from its first byte to its last."""
_PLACE_BYTES: Final = 4_096
_DECISIVE: Final = re.compile(r".*\.(safetensors|json|jinja|txt|model|tiktoken)", re.DOTALL)
_BY_FILES: Final = "files-"

Listed = tuple[str, int, str]
"""Name, size and ETag of an object."""


def require_revision(model: str, revision: str | None, found: str) -> None:
    """Fails with ModelError where the plan names a fingerprint and it is another."""
    if revision is None or not revision.startswith(_BY_FILES) or revision == f"{_BY_FILES}{found}":
        return
    problem = "has other files than when the job was planned: give the job another folder for it, or plan a new job"
    raise ModelError(model, problem)


def fingerprint_listed(objects: Iterable[Listed]) -> str:
    """Of a model in S3: names, sizes and ETags."""
    digest = hashlib.sha256()
    for name, size, etag in sorted(objects, key=lambda each: _order(each[0])):
        if len(name.split("/")) <= 2 and _DECISIVE.fullmatch(name):
            digest.update(f"{name}\0{size}\0{etag}\0".encode())
    return digest.hexdigest()[:16]


def fingerprint_folder(folder: Path) -> str:
    """Of a model here: names, sizes, and bytes all over the files. Fails with the system's own error."""
    digest = hashlib.sha256()
    for name in sorted(_names_below(folder), key=_order):
        with (folder / name).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            digest.update(f"{name}\0{size}\0\0".encode())
            for offset, length in _places_of(size):
                file.seek(offset)
                digest.update(file.read(length))
    return digest.hexdigest()[:16]


def _order(name: str) -> bytes:
    """As the other side sorts texts."""
    return name.encode("utf-16-be")


def _names_below(folder: Path) -> Iterator[str]:
    """Files that decide, one level deep; links to files are followed, as caches of the hub are made of them."""
    for entry in folder.iterdir():
        inner = list(entry.iterdir()) if entry.is_dir() and not entry.is_symlink() else [entry]
        for path in inner:
            name = path.relative_to(folder).as_posix()
            if path.is_file() and _DECISIVE.fullmatch(name):
                yield name


def _places_of(size: int) -> list[tuple[int, int]]:
    if size <= _PLACES * _PLACE_BYTES:
        return [(0, size)]
    stride = (size - _PLACE_BYTES) / (_PLACES - 1)
    return [(floor(place * stride), _PLACE_BYTES) for place in range(_PLACES)]

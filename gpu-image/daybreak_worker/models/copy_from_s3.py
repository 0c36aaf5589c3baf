from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from daybreak_worker.errors import ModelError, StoreError
from daybreak_worker.models.fingerprint import Listed, fingerprint_listed, require_revision
from daybreak_worker.models.judge_weights import is_used
from daybreak_worker.store.s3_client import create_s3_client
from daybreak_worker.store.s3_errors import S3_FAILURES, as_store_error

_COPYING: Final = ".copying-"
_FRESH_SECONDS: Final = 60
"""A folder that was made just now may not be locked yet."""
_COMPLETE: Final = "complete.json"
"""Written last: a folder without it is of a copy that did not come to its end."""


def copy_from_s3(model: str, place: str, cache: Path, client: Any = None, *, revision: str | None = None) -> Path:
    """The folder of the cache with the files under an `s3://` prefix, as they are now. Copies each once.

    Fails with ModelError where there are none, or others than `revision` says, with StoreError.
    """
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    prefix = prefix.rstrip("/") + "/"
    s3 = client or create_s3_client()
    try:
        listed = list(_list(s3, bucket, prefix))
        files = [each for each in listed if is_used(each[0])]
        if not files:
            raise ModelError(model, f"has no files under {place}")
        require_revision(model, revision, fingerprint_listed(listed))
        folder = cache / hashlib.sha256(json.dumps([place, files]).encode()).hexdigest()[:32]
        if not (folder / _COMPLETE).exists():
            _copy(s3, bucket, prefix, files, folder)
    except S3_FAILURES as error:
        raise as_store_error(error, "read", place) from error
    return folder


def _list(s3: Any, bucket: str, prefix: str) -> Iterator[Listed]:
    """Of all objects the name below the prefix."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for each in page.get("Contents", []):
            yield each["Key"][len(prefix) :], each["Size"], each["ETag"]


def _copy(s3: Any, bucket: str, prefix: str, files: list[Listed], folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep_leftovers(folder.parent)
    own = Path(tempfile.mkdtemp(prefix=_COPYING, dir=folder.parent))
    lock = os.open(own, os.O_RDONLY)
    try:
        # It ends with this process, however that ends.
        _try_lock(lock)
        for name, size, _ in files:
            path = own / name
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, prefix + name, str(path))
            if path.stat().st_size != size:
                raise StoreError("read", name, f"{path.stat().st_size} bytes came of {size}")
        (own / _COMPLETE).write_text(json.dumps({"files": [name for name, _, _ in files]}), "utf-8")
        _take_name(own, folder)
    finally:
        shutil.rmtree(own, ignore_errors=True)
        os.close(lock)


def _sweep_leftovers(cache: Path) -> None:
    """Deletes the copies whose makers are dead: each is as large as the model."""
    for left in cache.glob(f"{_COPYING}*"):
        with suppress(FileNotFoundError):
            lock = os.open(left, os.O_RDONLY)
            try:
                if time.time() - left.stat().st_mtime > _FRESH_SECONDS and _try_lock(lock):
                    shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(lock)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _take_name(own: Path, folder: Path) -> None:
    try:
        os.rename(own, folder)
    except OSError:
        # Another worker of this machine was quicker: its copy is as good as ours.
        if not (folder / _COMPLETE).exists():
            raise

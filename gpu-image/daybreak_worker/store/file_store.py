"""The store on files keeps the promises of S3: a temporary file, fsync, a link to its name, fsync of the folder.

A bare O_EXCL on the final name would let a crash leave an empty commit. The bytes and names are those of the store in
TypeScript (functions/io/file-store.ts): both may work on one folder at once.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, TypeVar

from daybreak_worker.errors import StoreError
from daybreak_worker.store.local_files import ABSENT, as_store_error, open_plain, read_whole, scan
from daybreak_worker.store.object_store import (
    ObjectFacts,
    ObjectSums,
    is_key_component,
    require_folder,
    require_key,
    require_prefix,
)

_STAGING: Final = ".staging"
"""Beside the objects; no key begins with a dot, so no listing shows it."""
_LEFTOVER_SECONDS: Final = 24 * 60 * 60
"""No write of ours takes a day; a temporary file older than that was left by a death."""
_MAX_FOLDER_TRIES: Final = 10
"""A folder can vanish between its making and the link only when a sweep empties it at that moment."""
_COPY_INSTEAD: Final = frozenset({errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK})
"""Another device, a file system without hard links, a file with too many, or one that is not ours to link."""
_Result = TypeVar("_Result")


class FileStore:
    """The store whose objects are the files under `root`, which is made where it is not there."""

    def __init__(self, root: Path | str, *, fsync: Callable[[int], None] = os.fsync) -> None:
        self._fsync = fsync
        self._base = self._open_root(Path(root).absolute())
        self._synced_folders = {self._base}

    def get(self, key: str) -> bytes | None:
        return self._reading("read", key, read_whole)

    def get_range(self, key: str, offset: int, length_bytes: int) -> bytes | None:
        def read(path: Path) -> bytes:
            with open_plain(path) as file:
                file.seek(offset)
                data: bytes = file.read(length_bytes)
                return data

        return self._reading("read", key, read)

    def head(self, key: str) -> ObjectFacts | None:
        return self._reading("read", key, lambda _: self._facts_of(key))

    def put(self, key: str, data: bytes) -> None:
        self._write(key, lambda staged: self._write_synced(staged, data), os.replace)

    def put_if_absent(self, key: str, data: bytes) -> Literal["created", "exists"]:
        result: Literal["created", "exists"] = "created"

        def place(staged: Path, path: Path) -> None:
            nonlocal result
            try:
                os.link(staged, path)
            except FileExistsError:
                # The folder is brought to the disk here too: the other writer may not have come so far.
                result = "exists"

        self._write(key, lambda staged: self._write_synced(staged, data), place)
        return result

    def put_file(self, key: str, path: Path, sha256: str | None = None) -> None:
        self._write(key, lambda staged: self._link_or_copy(path, staged), os.replace)

    def local_path(self, key: str) -> Path | None:
        return self._path_of(key)

    def sums(self, key: str) -> ObjectSums | None:
        def read(path: Path) -> ObjectSums:
            with open_plain(path) as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                return ObjectSums(os.fstat(file.fileno()).st_size, digest)

        return self._reading("read", key, read)

    def list_objects(self, prefix: str) -> Iterator[ObjectFacts]:
        require_prefix(prefix)
        folder = prefix[: prefix.rfind("/") + 1]
        try:
            if not self._check_folder(self._base / folder, "list", prefix):
                return
            for key in self._walk(folder, prefix[len(folder) :]):
                facts = self._facts_of(key)
                if facts is not None:
                    yield facts
        except OSError as error:
            raise as_store_error(error, "list", prefix) from error

    def list_folders(self, prefix: str) -> Iterator[str]:
        require_folder(prefix)
        try:
            if not self._check_folder(self._base / prefix, "list", prefix):
                return
            names = [e.name for e in scan(self._base / prefix) if e.is_dir(follow_symlinks=False)]
            for name in sorted(name for name in names if is_key_component(name)):
                if next(self._walk(f"{prefix}{name}/", ""), None) is not None:
                    yield name
        except OSError as error:
            raise as_store_error(error, "list", prefix) from error

    def delete(self, key: str) -> None:
        self._reading("delete", key, lambda path: path.unlink())

    def delete_if_same(self, key: str, data: bytes) -> bool:
        # There is a moment between the look and the deed: only the cloud decides anything by it.
        if self.get(key) != data:
            return False
        self.delete(key)
        return True

    def delete_prefix(self, prefix: str) -> None:
        if prefix == "":
            raise ValueError("a prefix to delete is empty")
        folders: set[Path] = set()
        for facts in self.list_objects(prefix):
            self.delete(facts.key)
            folders.add(self._path_of(facts.key).parent)
        # Others may be filling a folder at the time: it stays then, and so do those above it.
        for folder in folders:
            for each in (folder, *folder.parents):
                if each == self._base:
                    break
                with suppress(OSError):
                    each.rmdir()

    def _path_of(self, key: str) -> Path:
        return self._base / require_key(key)

    def _check_folder(self, folder: Path, operation: str, key: str) -> bool:
        """Refuses a folder that is, or is reached by, a link. False where the folder is not there."""
        there = folder
        while not there.exists() and there != self._base:
            there = there.parent
        real = Path(os.path.realpath(there))
        if real != there:
            raise StoreError(operation, key, f"the folder {there} is a link to {real}")
        return there == folder and there.exists()

    def _write(self, key: str, stage: Callable[[Path], None], place: Callable[[Path, Path], None]) -> None:
        path = self._path_of(key)
        staged = self._base / _STAGING / str(uuid.uuid4())
        # Until the name is taken a failure is known to have left nothing.
        is_placed = False
        try:
            try:
                stage(staged)
                self._in_folder(path, key, lambda: place(staged, path))
                is_placed = True
                self._sync_folders(path.parent)
            finally:
                with suppress(FileNotFoundError):
                    staged.unlink()
        except OSError as error:
            raise as_store_error(error, "put", key, is_unknown=is_placed) from error

    def _in_folder(self, path: Path, key: str, place: Callable[[], None]) -> None:
        """Runs `place` with the object's folder there, whatever others remove at the time."""
        folder = path.parent
        for attempt in range(1, _MAX_FOLDER_TRIES + 1):
            if not self._check_folder(folder, "put", key):
                self._synced_folders.discard(folder)
                folder.mkdir(parents=True, exist_ok=True)
                self._check_folder(folder, "put", key)
            try:
                place()
            except FileNotFoundError:
                if attempt == _MAX_FOLDER_TRIES:
                    raise
            else:
                return

    def _write_synced(self, path: Path, data: bytes) -> None:
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            self._fsync(file.fileno())

    def _link_or_copy(self, source: Path, target: Path) -> None:
        self._sync(source)
        try:
            os.link(source, target)
        except OSError as error:
            if error.errno not in _COPY_INSTEAD:
                raise
            shutil.copyfile(source, target)
            self._sync(target)

    def _sync(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            self._fsync(descriptor)
        finally:
            os.close(descriptor)

    def _sync_folders(self, folder: Path) -> None:
        """Brings a name in the folder to the disk, and once the names of the folders above."""
        self._sync(folder)
        each = folder
        while each not in self._synced_folders:
            self._sync(each.parent)
            self._synced_folders.add(each)
            each = each.parent

    def _reading(self, operation: str, key: str, read: Callable[[Path], _Result | None]) -> _Result | None:
        path = self._path_of(key)
        try:
            return read(path) if self._check_folder(path.parent, operation, key) else None
        except (*ABSENT, IsADirectoryError):
            # A folder is no object, as on S3 the beginning of a key is none.
            return None
        except OSError as error:
            raise as_store_error(error, operation, key) from error

    def _facts_of(self, key: str) -> ObjectFacts | None:
        try:
            facts = self._path_of(key).lstat()
        except ABSENT:
            return None
        if stat.S_ISDIR(facts.st_mode):
            return None
        if not stat.S_ISREG(facts.st_mode):
            raise StoreError("read", key, "it is no plain file")
        modified = datetime.fromtimestamp(facts.st_mtime, UTC)
        return ObjectFacts(key, facts.st_size, modified.isoformat(timespec="milliseconds").replace("+00:00", "Z"))

    def _walk(self, folder: str, begin: str) -> Iterator[str]:
        """Keys of the files below the folder, in bytewise order. A name that no key can have is no object."""
        entries = [e for e in scan(self._base / folder) if e.name.startswith(begin) and is_key_component(e.name)]
        # A folder sorts as its keys do: by its name with the slash. Valid names are ASCII.
        named = [(f"{e.name}/" if e.is_dir(follow_symlinks=False) else e.name, e) for e in entries]
        for order, entry in sorted(named, key=lambda each: each[0]):
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(folder + order, "")
            elif entry.is_file(follow_symlinks=False):
                yield folder + order
            else:
                raise StoreError("list", folder + order, "it is a link or no plain file")

    def _open_root(self, root: Path) -> Path:
        try:
            is_new = not root.exists()
            (root / _STAGING).mkdir(parents=True, exist_ok=True)
            if is_new:
                self._sync(root.parent)
            # The root itself may be reached by a link, as a temporary folder often is; nothing below it may.
            base = Path(os.path.realpath(root))
            self._sweep_leftovers(base / _STAGING)
            return base
        except OSError as error:
            raise as_store_error(error, "open", str(root)) from error

    @staticmethod
    def _sweep_leftovers(staging: Path) -> None:
        for entry in scan(staging):
            with suppress(FileNotFoundError):
                if time.time() - entry.stat(follow_symlinks=False).st_mtime > _LEFTOVER_SECONDS:
                    os.unlink(entry.path)

"""What an object store promises, on files and on S3 alike. One conformance suite holds for all: test/conformance."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    key: str
    size_bytes: int
    modified_at: str
    """ISO 8601, UTC, by the store's clock."""


@dataclass(frozen=True, slots=True)
class ObjectSums:
    size_bytes: int
    sha256: str | None
    """Hex; None where the store has none: on S3, of an object that came in parts."""


class ObjectStore(Protocol):
    """Every method blocks, and may raise StoreError; `is_unknown` then says that a write may have happened.

    An object appears whole or not at all, and a write that returned has survived a loss of power.
    """

    def get(self, key: str) -> bytes | None: ...

    def get_range(self, key: str, offset: int, length_bytes: int) -> bytes | None:
        """The bytes of the range that there are: fewer where the object ends before, none past its end."""

    def head(self, key: str) -> ObjectFacts | None: ...

    def put(self, key: str, data: bytes) -> None:
        """Puts or replaces. For advisory objects and blocks: never for what the commit law decides by."""

    def put_if_absent(self, key: str, data: bytes) -> Literal["created", "exists"]:
        """Puts where nothing is; of any number of writers at once exactly one is told `created`."""

    def put_file(self, key: str, path: Path, sha256: str | None = None) -> None:
        """Makes a finished local file the object; nobody writes to `path` afterwards, and its owner removes it."""

    def local_path(self, key: str) -> Path | None:
        """Where the object is a file, for people; None where it is none of this machine."""

    def sums(self, key: str) -> ObjectSums | None: ...

    def list_objects(self, prefix: str) -> Iterator[ObjectFacts]:
        """Objects whose key begins with the prefix, in bytewise order of keys."""

    def list_folders(self, prefix: str) -> Iterator[str]:
        """The names between the prefix, which ends in `/`, and the next `/` of the keys that have one."""

    def delete(self, key: str) -> None:
        """Deletes; nothing there is no error."""

    def delete_if_same(self, key: str, data: bytes) -> bool:
        """Deletes an object that has just these bytes, and tells whether it did."""

    def delete_prefix(self, prefix: str) -> None:
        """Deletes all that `list_objects` gives for the prefix, which is not empty."""


_COMPONENT: Final = re.compile(r"[A-Za-z0-9_=-][A-Za-z0-9._=-]{0,199}", re.ASCII)
"""Never empty, never hidden, never a way out, the same on all file systems."""
_MAX_KEY_BYTES: Final = 1024


def is_key_component(name: str) -> bool:
    return _COMPONENT.fullmatch(name) is not None


def is_key(key: str) -> bool:
    return len(key) <= _MAX_KEY_BYTES and all(is_key_component(part) for part in key.split("/"))


def require_key(key: str) -> str:
    """The key, or ValueError: keys come from the contract, so a bad one is a mistake of ours."""
    if is_key(key):
        return key
    raise ValueError(f"{key!r} is not a valid key")


def require_prefix(prefix: str) -> str:
    """A key's beginning: empty, or whole components and the beginning of one more."""
    if prefix == "" or is_key(prefix.removesuffix("/")):
        return prefix
    raise ValueError(f"{prefix!r} is not the prefix of a valid key")


def require_folder(prefix: str) -> str:
    """A prefix of whole components: empty, or ending in `/`."""
    if prefix == "" or prefix.endswith("/"):
        return require_prefix(prefix)
    raise ValueError(f'{prefix!r} does not end in "/"')

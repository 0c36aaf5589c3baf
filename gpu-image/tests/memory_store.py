"""A store in memory, and views of it with faults."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar

from daybreak_worker.errors import StoreError
from daybreak_worker.store.object_store import (
    ObjectFacts,
    ObjectStore,
    ObjectSums,
    require_folder,
    require_key,
    require_prefix,
)

_Result = TypeVar("_Result")


class MemoryStore:
    def __init__(self) -> None:
        self._objects: dict[str, tuple[bytes, int]] = {}
        self._writes = 0

    def get(self, key: str) -> bytes | None:
        found = self._objects.get(require_key(key))
        return None if found is None else found[0]

    def get_range(self, key: str, offset: int, length_bytes: int) -> bytes | None:
        data = self.get(key)
        return None if data is None else data[offset : offset + length_bytes]

    def head(self, key: str) -> ObjectFacts | None:
        found = self._objects.get(require_key(key))
        return None if found is None else ObjectFacts(key, len(found[0]), _instant(found[1]))

    def put(self, key: str, data: bytes) -> None:
        self._writes += 1
        self._objects[require_key(key)] = (data, self._writes)

    def put_if_absent(self, key: str, data: bytes) -> Literal["created", "exists"]:
        if require_key(key) in self._objects:
            return "exists"
        self.put(key, data)
        return "created"

    def put_file(self, key: str, path: Path, sha256: str | None = None) -> None:
        self.put(key, path.read_bytes())

    def local_path(self, key: str) -> Path | None:
        return None

    def sums(self, key: str) -> ObjectSums | None:
        data = self.get(key)
        return None if data is None else ObjectSums(len(data), hashlib.sha256(data).hexdigest())

    def list_objects(self, prefix: str) -> Iterator[ObjectFacts]:
        require_prefix(prefix)
        for key in sorted(key for key in self._objects if key.startswith(prefix)):
            facts = self.head(key)
            if facts is not None:
                yield facts

    def list_folders(self, prefix: str) -> Iterator[str]:
        require_folder(prefix)
        below = [key[len(prefix) :] for key in self._objects if key.startswith(prefix)]
        yield from sorted({rest.split("/")[0] for rest in below if "/" in rest})

    def delete(self, key: str) -> None:
        self._objects.pop(require_key(key), None)

    def delete_if_same(self, key: str, data: bytes) -> bool:
        if self.get(key) != data:
            return False
        self.delete(key)
        return True

    def delete_prefix(self, prefix: str) -> None:
        if prefix == "":
            raise ValueError("a prefix to delete is empty")
        for key in [key for key in self._objects if key.startswith(require_prefix(prefix))]:
            del self._objects[key]


def _instant(write: int) -> str:
    return f"2026-11-28T00:00:00.{write:09d}Z"


class _View:
    """A store whose every request goes through `_ask`."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def _ask(self, name: str, key: str, request: Callable[[], _Result]) -> _Result:
        raise NotImplementedError

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._store, name)

        def call(key: str, *arguments: Any) -> Any:
            act = (lambda: iter(list(method(key, *arguments)))) if name.startswith("list_") else None
            return self._ask(name, key, act or (lambda: method(key, *arguments)))

        return call


class CountingStore(_View):
    def __init__(self, store: ObjectStore) -> None:
        super().__init__(store)
        self.requests: Counter[str] = Counter()

    def _ask(self, name: str, key: str, request: Callable[[], _Result]) -> _Result:
        self.requests[name] += 1
        return request()


class Killed(BaseException):
    """The process that used the store is no more."""


class MortalStore(_View):
    """Its user dies at the `requests`-th request, before it or behind it; nothing is asked of it any more."""

    def __init__(self, store: ObjectStore, requests: int, *, is_done: bool) -> None:
        super().__init__(store)
        self._left = requests
        self._is_done = is_done

    def _ask(self, name: str, key: str, request: Callable[[], _Result]) -> _Result:
        self._left -= 1
        if self._left > 0:
            return request()
        if self._left == 0 and self._is_done:
            request()
        raise Killed


class MoodyStore(_View):
    """Loses replies of writes, and refuses reads, by lot; never twice in a row the same way."""

    def __init__(self, store: ObjectStore, rng: random.Random, share: float) -> None:
        super().__init__(store)
        self._rng = rng
        self._share = share
        self._was_bad = False
        self.lost = 0

    def _ask(self, name: str, key: str, request: Callable[[], _Result]) -> _Result:
        is_bad = name in {"put_if_absent", "put", "put_file"} and not self._was_bad and self._rng.random() < self._share
        self._was_bad = is_bad
        if not is_bad:
            return request()
        self.lost += 1
        if self._rng.random() < 0.5:
            request()
        raise StoreError(name, key, "no answer came", is_unknown=True)


class FailingStore(_View):
    """Fails as long as `is_down` says so, by the name of a request and its key."""

    def __init__(self, store: ObjectStore, is_down: Callable[[str, str], bool]) -> None:
        super().__init__(store)
        self._is_down = is_down

    def _ask(self, name: str, key: str, request: Callable[[], _Result]) -> _Result:
        if self._is_down(name, key):
            raise StoreError(name, key, "slow down", is_unknown=name.startswith("put"))
        return request()

"""The commit law for any object that is decided once: `If-None-Match: *`, and who is refused, or hears nothing, reads.

Everyone gets the same answer, the winner's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from daybreak_worker.contract import problems_of
from daybreak_worker.errors import StateError, StoreError
from daybreak_worker.store.object_store import ObjectStore

_MAX_TRIES: Final = 8
"""Waiting is the store's own, in its client. These tries only settle what a lost reply or a crossed write left open."""


@dataclass(frozen=True, slots=True)
class Chosen:
    value: dict[str, Any]
    """What stands, for everyone and from now on."""
    is_mine: bool
    """Whether it is what this call put, be it that only the reply was lost."""


def render_json(value: object) -> bytes:
    return f"{json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n".encode()


def parse_json(key: str, data: bytes) -> Any:
    """Fails with StateError where it is no JSON."""
    try:
        return json.loads(data.decode("utf-8"))
    except ValueError as error:
        raise StateError(key, f"it is not JSON ({len(data)} bytes)") from error


def parse_state(key: str, data: bytes, schema: str) -> dict[str, Any]:
    """An object of the state. Fails with StateError where it does not fit its schema."""
    value: dict[str, Any] = parse_json(key, data)
    problem = problems_of(value, schema)
    if problem is not None:
        raise StateError(key, problem)
    return value


def read_state(store: ObjectStore, key: str, schema: str) -> dict[str, Any] | None:
    data = store.get(key)
    return None if data is None else parse_state(key, data, schema)


def put_once(store: ObjectStore, key: str, value: dict[str, Any], schema: str) -> Chosen:
    """Puts `value` where nothing stands and returns what stands afterwards.

    Fails with StateError where that is damaged, with StoreError where the store does not answer in `_MAX_TRIES` tries.
    """
    problem = problems_of(value, schema)
    if problem is not None:
        raise ValueError(f"{key}: what was to be put is no {schema}: {problem}")
    data = render_json(value)
    failure: StoreError | None = None
    for _ in range(_MAX_TRIES):
        try:
            if store.put_if_absent(key, data) == "created":
                return Chosen(value, is_mine=True)
        except StoreError as error:
            failure = _require_unknown(error)
        try:
            standing = store.get(key)
        except StoreError as error:
            failure = _require_unknown(error)
        else:
            if standing is not None:
                return Chosen(parse_state(key, standing, schema), is_mine=standing == data)
    raise failure or StoreError("put", key, "it is refused as existing, yet cannot be read")


def _require_unknown(error: StoreError) -> StoreError:
    """A failure after which it is open what stands is answered by reading again; any other one ends the attempt."""
    if error.is_unknown:
        return error
    raise error

"""Seals and amendments: how a stage ends, and how its list of tasks changes before."""

from __future__ import annotations

from typing import Any

from daybreak_worker.contract import MAX_AMENDMENTS
from daybreak_worker.errors import StateError
from daybreak_worker.keys import KEYS
from daybreak_worker.law.ids import StageIds
from daybreak_worker.law.put_once import Chosen, put_once, read_state
from daybreak_worker.store.object_store import ObjectStore


def put_sealed(store: ObjectStore, sealed: dict[str, Any], run: str | None = None) -> Chosen:
    """Puts the seal of a stage, where none stands."""
    stage = StageIds(sealed["job"], run or sealed["run"], sealed["stage"])
    key = KEYS["sealed"].render(**stage.fields())
    chosen = put_once(store, key, sealed, "Sealed").value
    _require_stage(key, chosen, stage)
    return Chosen(chosen, chosen["attempt"] == sealed["attempt"] and chosen["run"] == sealed["run"])


def read_sealed(store: ObjectStore, stage: StageIds) -> dict[str, Any] | None:
    key = KEYS["sealed"].render(**stage.fields())
    sealed = read_state(store, key, "Sealed")
    if sealed is not None:
        _require_stage(key, sealed, stage)
    return sealed


def put_amendment(store: ObjectStore, amendment: dict[str, Any], *, k: int, run: str | None = None) -> Chosen:
    """Puts amendment k of a stage, where none stands."""
    stage = StageIds(amendment["job"], run or amendment["run"], amendment["stage"])
    key = KEYS["amendment"].render(**stage.fields(), k=str(k))
    chosen = put_once(store, key, amendment, "Amendment")
    _require_stage(key, chosen.value, stage)
    return chosen


def list_amendments(store: ObjectStore, stage: StageIds, *, known: int = 0) -> list[dict[str, Any]]:
    """The amendments of a stage from k = `known` on, which never change. Fails with StateError at a gap."""
    amendments: list[dict[str, Any]] = []
    for position, facts in enumerate(store.list_objects(KEYS["amendment"].prefix(**stage.fields()))):
        ids = KEYS["amendment"].parse(facts.key)
        if ids is None or ids["k"] != str(position):
            raise StateError(facts.key, f"expected amendment {position} of at most {MAX_AMENDMENTS}")
        if position < known:
            continue
        amendment = read_state(store, facts.key, "Amendment")
        if amendment is None:
            raise StateError(facts.key, "it is gone, and amendments never go")
        _require_stage(facts.key, amendment, stage)
        amendments.append(amendment)
    return amendments


def _require_stage(key: str, value: dict[str, Any], stage: StageIds) -> None:
    if value["job"] != stage.job or value["stage"] != stage.stage:
        raise StateError(key, f"it is of stage {value['stage']} of job {value['job']}")

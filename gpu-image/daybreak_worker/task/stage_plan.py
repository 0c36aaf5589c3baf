"""The part of plan.json that the worker needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daybreak_worker.contract import problems_of
from daybreak_worker.errors import StateError
from daybreak_worker.keys import KEYS
from daybreak_worker.law.ids import StageIds
from daybreak_worker.law.put_once import parse_json
from daybreak_worker.store.object_store import ObjectStore


@dataclass(frozen=True, slots=True)
class StagePlan:
    ids: StageIds
    before: str
    """Id of the stage that wrote the pieces."""
    step: Mapping[str, Any]
    """A PlannedInferStep."""
    formats: Mapping[str, str]
    reject_limit: Mapping[str, Any]

    @property
    def model(self) -> str:
        """As the spec names it."""
        return str(self.step["model"]["name"])

    @property
    def input_columns(self) -> list[str]:
        return [column["name"] for column in self.step["input"]]


def read_stage_plan(store: ObjectStore, ids: StageIds) -> StagePlan:
    """Fails with StateError where the plan is not there, or has no such stage that runs a model by vLLM."""
    key = KEYS["plan"].render(job=ids.job, run=ids.run)
    data = store.get(key)
    if data is None:
        raise StateError(key, "it is gone")
    plan = parse_json(key, data)
    try:
        index = plan["stageIds"].index(ids.stage)
        stage, formats, limit = plan["stages"][index], plan["formats"], plan["rejectLimit"]
        before = plan["stageIds"][index - 1]
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise StateError(key, f"it has no stage {ids.stage}, or is no plan") from error
    for name, value, definition in (("stages", stage, "PlannedStage"), ("formats", formats, "FormatVersions")):
        problem = problems_of(value, "Plan", definition)
        if problem is not None:
            raise StateError(key, f"{name}: {problem}")
    step = stage.get("opening", {})
    if index == 0 or step.get("kind") != "infer" or step["engine"]["kind"] != "vllm":
        raise StateError(key, f"the stage {ids.stage} is none for this worker: it runs no model by vLLM")
    return StagePlan(ids, before, step, formats, limit)

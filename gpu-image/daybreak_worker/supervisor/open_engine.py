from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from daybreak_worker.engine.engine_process import EngineProcess
from daybreak_worker.models.find_weights import find_adapter, find_weights
from daybreak_worker.task.stage_plan import StagePlan


def open_engine(plan: StagePlan, host: Sequence[str] | None = None) -> EngineProcess:
    """The engine of a stage, not started yet: vLLM with the weights of its model, which are copied here where they lie
    elsewhere; or another host, by its module and its arguments. Fails with ModelError, StoreError.
    """
    if host is not None:
        return EngineProcess(["-m", *host], {"step": dict(plan.step)})
    start: dict[str, Any] = {"step": dict(plan.step), "folder": str(find_weights(plan))}
    adapter = find_adapter(plan)
    if adapter is not None:
        start["adapterFolder"] = str(adapter)
    return EngineProcess(["-m", "daybreak_worker.host.vllm_host"], start)

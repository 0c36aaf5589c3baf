"""Finds the weights of a step in a folder here: that of the spec, or a copy of what lies in S3 or on the hub."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from daybreak_worker.errors import ModelError
from daybreak_worker.models.copy_from_s3 import copy_from_s3
from daybreak_worker.models.fingerprint import fingerprint_folder, require_revision
from daybreak_worker.models.judge_weights import is_used, require_adapter, require_model
from daybreak_worker.task.stage_plan import StagePlan

_S3: Final = "s3://"
CACHE_VARIABLE: Final = "DAYBREAK_MODELS_CACHE"
"""The folder for copies of what lies in S3; it may be shared by workers of one machine."""


def find_weights(plan: StagePlan) -> Path:
    """Blocks, for minutes where weights are copied. Fails with ModelError, StoreError."""
    model = plan.step["model"]
    folder = _bring(plan.model, model.get("place") or model["name"], model.get("revision"))
    return _require_same(plan.model, require_model(plan.model, folder), model)


def find_adapter(plan: StagePlan) -> Path | None:
    adapter = plan.step.get("adapter")
    if adapter is None:
        return None
    name = f"{plan.model} with the adapter {adapter['name']}"
    folder = _bring(name, adapter["place"], adapter.get("revision"))
    return _require_same(name, require_adapter(name, folder), adapter)


def _require_same(model: str, folder: Path, planned: Mapping[str, Any]) -> Path:
    """The folder, which holds what was planned. That of a copy was judged by what it was copied from."""
    if not str(planned.get("place", "")).startswith(_S3):
        require_revision(model, planned.get("revision"), fingerprint_folder(folder))
    return folder


def _bring(model: str, place: str, revision: str | None) -> Path:
    if place.startswith(_S3):
        return copy_from_s3(model, place, _cache(), revision=revision)
    path = Path(place)
    # A name on the hub is no folder of the working folder, whatever that has.
    if path.is_absolute():
        return path
    return _from_hub(model, place, revision)


def _cache() -> Path:
    given = os.environ.get(CACHE_VARIABLE)
    return Path(given) if given else Path.home() / ".cache" / "daybreak" / "models"


def _from_hub(model: str, name: str, revision: str | None) -> Path:
    """Its files from the hub's own cache of this machine; from the hub, unless HF_HUB_OFFLINE says not to ask it."""
    try:
        import huggingface_hub as hub
    except ImportError as error:
        raise ModelError(model, "is no folder here, and huggingface_hub is not installed") from error
    try:
        wanted = [file for file in _listed(hub, name, revision) if is_used(file)] or None
        return Path(hub.snapshot_download(name, revision=revision, allow_patterns=wanted))
    except Exception as error:  # the hub's errors have no class in common, and all mean that there is no model
        raise ModelError(model, f"is no folder here and cannot be had from the hub: {_describe(error)}") from error


def _listed(hub: Any, name: str, revision: str | None) -> list[str]:
    """Files of the model by the hub's word; none where it is not to be asked."""
    if hub.constants.HF_HUB_OFFLINE:
        return []
    return list(hub.HfApi().list_repo_files(name, revision=revision))


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'it says nothing'}"[:300]

"""Which files of a model are used. Weights are safetensors: all other formats run code when they are read."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from daybreak_worker.errors import ModelError

_WEIGHTS: Final = "model.safetensors"
_ADAPTER_WEIGHTS: Final = "adapter_model.safetensors"
_PICKLED: Final = frozenset({".bin", ".pt", ".pth", ".pickle", ".pkl", ".ckpt"})
_USED: Final = frozenset({".safetensors", ".json", ".jinja", ".txt", ".model", ".tiktoken", ".bpe", ".spm"})
"""Weights, and what describes them, the tokenizer and the template. Not code, which is never run."""
_MISTRAL_TOKENIZER: Final = re.compile(r"tokenizer\.model\.v[0-9]+(m[0-9]+)?")


def is_used(name: str) -> bool:
    """Whether a file of a model, by its path in it, is fetched from where the model lies: only one that stays below."""
    parts = name.split("/")
    if any(part == "" or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        return False
    return PurePosixPath(name).suffix.lower() in _USED or _MISTRAL_TOKENIZER.fullmatch(parts[-1]) is not None


def require_model(model: str, folder: Path) -> Path:
    """The folder. Fails with ModelError where it has no weights that may be loaded."""
    names = _names_of(model, folder, config="config.json")
    if not any(name.endswith(".safetensors") for name in names):
        raise ModelError(model, _without_safetensors(names, folder))
    for path in _dense_layers(model, folder):
        if not (folder / path / _WEIGHTS).is_file():
            problem = f"has no {_WEIGHTS} in {path}, a layer that modules.json names: save the model as safetensors"
            raise ModelError(model, problem)
    return folder


def require_adapter(model: str, folder: Path) -> Path:
    names = _names_of(model, folder, config="adapter_config.json")
    if _ADAPTER_WEIGHTS not in names:
        raise ModelError(model, _without_safetensors(names, folder))
    return folder


def _names_of(model: str, folder: Path, *, config: str) -> list[str]:
    if not folder.is_dir():
        raise ModelError(model, f"is no folder here: {folder}")
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    if config not in names:
        raise ModelError(model, f"has no {config} in {folder}")
    return names


def _without_safetensors(names: Sequence[str], folder: Path) -> str:
    pickled = [name for name in names if Path(name).suffix.lower() in _PICKLED]
    if pickled:
        return f"has weights in {pickled[0]} only, a format that runs code when it is read: save it as safetensors"
    return f"has no weights in safetensors in {folder}"


def _dense_layers(model: str, folder: Path) -> list[str]:
    """Paths of the layers behind a model that embeds, which vLLM would else read from a pickle, or leave out."""
    file = folder / "modules.json"
    if not file.is_file():
        return []
    try:
        modules = json.loads(file.read_text("utf-8"))
        return [module["path"] for module in modules if module["type"].endswith(".Dense")]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(model, f"has a modules.json that is none: {type(error).__name__}") from error

"""Which files of a model are used. Weights are safetensors: all other formats run code when they are read."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Final

from daybreak_worker.errors import ModelError

_PICKLED: Final = frozenset({".bin", ".pt", ".pth", ".pickle", ".pkl", ".ckpt"})
_UNUSED: Final = _PICKLED | {".py", ".h5", ".msgpack", ".gguf", ".onnx", ".tflite", ".ot", ".npz", ".zip", ".tar"}
"""Weights in other formats, and code, which is never run."""


def is_used(name: str) -> bool:
    """Whether a file of a model, by its path in it, is fetched from where the model lies."""
    path = PurePosixPath(name)
    return path.suffix.lower() not in _UNUSED and not any(part.startswith(".") for part in path.parts)


def require_model(model: str, folder: Path) -> Path:
    """The folder. Fails with ModelError where it has no weights that may be loaded."""
    return _require_files(model, folder, config="config.json")


def require_adapter(model: str, folder: Path) -> Path:
    return _require_files(model, folder, config="adapter_config.json")


def _require_files(model: str, folder: Path, *, config: str) -> Path:
    if not folder.is_dir():
        raise ModelError(model, f"is no folder here: {folder}")
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    if config not in names:
        raise ModelError(model, f"has no {config} in {folder}")
    if any(name.endswith(".safetensors") for name in names):
        return folder
    pickled = [name for name in names if Path(name).suffix.lower() in _PICKLED]
    if pickled:
        problem = f"has weights in {pickled[0]} only, a format that runs code when it is read: save it as safetensors"
        raise ModelError(model, problem)
    raise ModelError(model, f"has no weights in safetensors in {folder}")

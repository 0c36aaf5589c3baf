"""With what arguments vLLM's engine is started for a step. Pure: what the device is comes in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from daybreak_worker.errors import EngineFailure

_LARGE_GPU_BYTES: Final = 70 * 2**30
_SIZES: Final = {
    # max_num_seqs, max_num_batched_tokens. GPUs: as vLLM's own defaults for lists of prompts are.
    "large": (1024, 16384),
    "small": (256, 8192),
    "cpu": (64, 4096),
}
_ENCODER_SEQUENCES: Final = 256
"""Of a model that embeds: a text is done in one step."""
_OURS: Final = frozenset({"model", "tokenizer", "runner", "convert", "load_format", "trust_remote_code", "enable_lora"})
"""Arguments that a plan may not set: they decide what is loaded, and what runs."""
_RANKS: Final = (8, 16, 32, 64, 128, 256, 320, 512)


@dataclass(frozen=True, slots=True)
class Device:
    kind: Literal["cpu", "cuda"]
    name: str
    memory_bytes: int = 0
    cache_bytes: int = 0
    """On a CPU: for keys and values."""


def engine_arguments(
    step: Mapping[str, Any], folder: str, device: Device, *, adapter_rank: int | None = None
) -> dict[str, Any]:
    """Arguments of AsyncEngineArgs. What the plan says goes before what is decided here. Fails with EngineFailure."""
    given = dict(step["engine"]["args"])
    taken = sorted(_OURS & given.keys())
    if taken:
        raise EngineFailure("EngineStartError", f"the plan sets {', '.join(taken)}, which is the worker's to decide")
    is_pooling = step["task"] in {"embed", "score"}
    arguments = {
        "max_num_seqs": _sizes(device)[0],
        "max_num_batched_tokens": _sizes(device)[1],
        "gpu_memory_utilization": 0.92,
        "enforce_eager": device.kind == "cpu",
        **_context(step),
        **_structure(step["answer"]),
    }
    if device.kind == "cpu":
        # Said outright, also of models that keep none: vLLM would else want 92 % of the machine to be free.
        arguments["kv_cache_memory_bytes"] = device.cache_bytes
    if is_pooling:
        arguments["max_num_seqs"] = min(_ENCODER_SEQUENCES, arguments["max_num_seqs"])
    if adapter_rank is not None:
        rank = next((rank for rank in _RANKS if rank >= adapter_rank), adapter_rank)
        arguments.update(max_loras=1, max_lora_rank=rank)
    return {
        **arguments,
        **given,
        "model": folder,
        "runner": "pooling" if is_pooling else "generate",
        "load_format": "safetensors",
        "trust_remote_code": False,
        "enable_lora": adapter_rank is not None,
        "disable_log_stats": False,
        "enable_log_requests": False,
    }


def _sizes(device: Device) -> tuple[int, int]:
    if device.kind == "cpu":
        return _SIZES["cpu"]
    return _SIZES["large" if device.memory_bytes >= _LARGE_GPU_BYTES else "small"]


def _context(step: Mapping[str, Any]) -> dict[str, int]:
    tokens = step["model"].get("contextTokens")
    return {} if tokens is None else {"max_model_len": tokens}


def _structure(answer: Mapping[str, Any]) -> dict[str, Any]:
    """JSON without white space between its parts: a weak model writes nothing else until its tokens are used up."""
    if answer["kind"] != "json":
        return {}
    return {"structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True}}

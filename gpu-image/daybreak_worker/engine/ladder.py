"""What a vLLM engine is started with, and with how much less where memory is short. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

LAST_RUNG: Final = 4
"""On the last one nothing is captured or compiled any more."""
_UTILIZATION_STEP: Final = 0.04
_LEAST_SEQUENCES: Final = 4
_LEAST_BATCHED_TOKENS: Final = 256


def lower(arguments: Mapping[str, Any], rung: int) -> dict[str, Any]:
    """The arguments on a rung, 0 for those as they are: a little less of the memory; then half the tokens of a step,
    half the sequences, and no graphs, each on top of the ones before.

    Where memory for the cache is given in bytes, as on CPUs, that is halved in place of the share.
    """
    lowered = dict(arguments)
    if rung >= 1:
        if "kv_cache_memory_bytes" in lowered:
            lowered["kv_cache_memory_bytes"] //= 2
        else:
            lowered["gpu_memory_utilization"] = round(lowered["gpu_memory_utilization"] - _UTILIZATION_STEP, 4)
    if rung >= 2:
        lowered["max_num_batched_tokens"] = max(_LEAST_BATCHED_TOKENS, lowered["max_num_batched_tokens"] // 2)
    if rung >= 3:
        lowered["max_num_seqs"] = max(_LEAST_SEQUENCES, lowered["max_num_seqs"] // 2)
    if rung >= LAST_RUNG:
        lowered["enforce_eager"] = True
    return lowered

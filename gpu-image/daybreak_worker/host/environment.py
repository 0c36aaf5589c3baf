"""The environment that vLLM gets, which it reads when it is imported. What somebody has set stays."""

from __future__ import annotations

import os
from typing import Final

_DEFAULTS: Final = {
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "VLLM_LOGGING_LEVEL": "WARNING",
    # A process that has threads is not to be forked.
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
}
MACHINE_VARIABLE: Final = "DAYBREAK_MACHINE"
"""What speeds are compared by, where whoever starts the worker knows it."""
_CACHE_VARIABLE: Final = "VLLM_CPU_KVCACHE_SPACE"
_DEFAULT_CACHE_GIB: Final = 1
GIB: Final = 2**30


def prepare_environment() -> None:
    """Before vllm is imported. The weights lie in a folder by now, so nothing asks the hub."""
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
    # Where it is set, each start compiles all of vLLM again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def take_cpu_cache_bytes() -> int:
    """The memory for keys and values on a CPU. The variable goes: it would be stronger than what the ladder says."""
    text = os.environ.pop(_CACHE_VARIABLE, "")
    return int(text or _DEFAULT_CACHE_GIB) * GIB or _DEFAULT_CACHE_GIB * GIB

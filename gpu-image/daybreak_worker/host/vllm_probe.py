"""What this worker calls of vLLM, held against what is installed: a missing name is found by name, before weights are
loaded, and not in the middle of a job.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from daybreak_worker.errors import EngineFailure

_CALLS: Final[Mapping[str, tuple[str, ...]]] = {
    "vllm.v1.engine.async_llm:AsyncLLM.from_engine_args": ("engine_args",),
    "vllm.v1.engine.async_llm:AsyncLLM.generate": ("prompt", "sampling_params", "request_id", "lora_request"),
    "vllm.v1.engine.async_llm:AsyncLLM.encode": ("prompt", "pooling_params", "request_id", "lora_request"),
    "vllm.v1.engine.async_llm:AsyncLLM.check_health": (),
    "vllm.renderers.base:BaseRenderer.render_cmpl_async": ("prompts", "tok_params"),
    "vllm.renderers.base:BaseRenderer.render_chat_async": ("conversations", "chat_params", "tok_params"),
    "vllm.v1.metrics.reader:get_metrics_snapshot": (),
}
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "vllm.renderers.params:TokenizeParams": ("max_total_tokens", "add_special_tokens"),
    "vllm.renderers.params:ChatParams": ("chat_template_kwargs",),
    "vllm.sampling_params:SamplingParams": ("max_tokens", "seed", "output_kind", "structured_outputs", "stop"),
    "vllm.sampling_params:StructuredOutputsParams": ("json", "regex", "choice"),
    "vllm.pooling_params:PoolingParams": ("task", "extra_kwargs"),
    "vllm.lora.request:LoRARequest": ("lora_name", "lora_int_id", "lora_path"),
}
_NAMES: Final = (
    "vllm.exceptions:VLLMClientError",
    "vllm.v1.engine.exceptions:EngineDeadError",
    "vllm.sampling_params:RequestOutputKind.FINAL_ONLY",
    "vllm.inputs:tokens_input",
    "vllm.utils.mistral:is_mistral_tokenizer",
)


def probe(version: str, arguments: Iterable[str], find: Callable[[str], Any] | None = None) -> None:
    """Fails with EngineFailure, which names all that is missing: calls, parameters, fields, engine arguments."""
    look = find or _find
    missing = [name for name in _NAMES if look(name) is None]
    for name, wanted in _CALLS.items():
        missing += _lacking(name, wanted, _parameters(look(name)))
    for name, wanted in (*_FIELDS.items(), ("vllm.engine.arg_utils:AsyncEngineArgs", tuple(arguments))):
        missing += _lacking(name, wanted, _fields(look(name)))
    if missing:
        raise EngineFailure("EngineStartError", f"the installed vLLM {version} lacks {', '.join(missing)}")


def _find(name: str) -> Any:
    module, _, path = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        return None
    return found


def _lacking(name: str, wanted: Iterable[str], found: set[str] | None) -> list[str]:
    if found is None:
        return [name]
    return [f"{name}({each})" for each in wanted if each not in found]


def _parameters(call: Any) -> set[str] | None:
    return None if call is None else set(inspect.signature(call).parameters)


def _fields(kind: Any) -> set[str] | None:
    if kind is None:
        return None
    if dataclasses.is_dataclass(kind):
        return {field.name for field in dataclasses.fields(kind)}
    # Structs of msgspec.
    return set(getattr(kind, "__struct_fields__", ()))

"""The host with vLLM: `python -m daybreak_worker.host.vllm_host`. The only part of the worker that imports it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from daybreak_worker.engine.engine_port import Answer, EngineFacts, EngineRow, Pulse, Refusal
from daybreak_worker.engine.ladder import lower
from daybreak_worker.errors import EngineFailure
from daybreak_worker.host.adapter import find_rank
from daybreak_worker.host.environment import MACHINE_VARIABLE, prepare_environment, take_cpu_cache_bytes
from daybreak_worker.host.requests import RefusedError
from daybreak_worker.host.serve import Emit, EngineLostError, run_host
from daybreak_worker.host.vllm_arguments import Device, engine_arguments
from daybreak_worker.host.vllm_probe import probe

_HEALTH_SECONDS: Final = 1.0
_WAITING_ROWS: Final = 64
"""Rows that wait in the engine beside those that it works on, so that a place that gets free is taken at once."""
_SLOWEST_TOKEN_SECONDS: Final = {"cpu": 0.125, "cuda": 0.002}
"""Of a prompt, with a model that hardly fits the machine."""
_RUNNING: Final = "vllm:num_requests_running"
_TOKENS: Final = frozenset({"vllm:prompt_tokens", "vllm:generation_tokens"})

Ask = Callable[[EngineRow], Awaitable[Answer]]


class VllmModel:
    def __init__(self, start: dict[str, Any]) -> None:
        self._step: dict[str, Any] = start["step"]
        self._folder: str = start["folder"]
        self._adapter: str | None = start.get("adapterFolder")
        self._rung: int = start["rung"]
        self._engine: Any = None
        self._ask: Ask | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._lost = asyncio.Event()
        self._running = 0

    async def load(self) -> EngineFacts:
        prepare_environment()
        began = time.monotonic()
        cache_bytes = take_cpu_cache_bytes()
        device, version = await asyncio.to_thread(_import_vllm, cache_bytes)
        imported = time.monotonic()
        rank = None if self._adapter is None else find_rank(self._adapter)
        arguments = lower(engine_arguments(self._step, self._folder, device, adapter_rank=rank), self._rung)
        probe(version, arguments)
        try:
            self._engine = _start_engine(arguments)
            self._ask = await _create_asker(self._engine, self._step, self._adapter)
        except EngineFailure:
            raise
        except Exception as error:  # whatever vLLM, torch or transformers make of a model they cannot run
            raise EngineFailure("EngineStartError", _describe(error)) from error
        ready = time.monotonic()
        return EngineFacts(
            engine=f"vllm {version}",
            machine=os.environ.get(MACHINE_VARIABLE) or device.name,
            context_tokens=self._engine.model_config.max_model_len,
            rows_in_flight=arguments["max_num_seqs"] + _WAITING_ROWS,
            parts={"import": imported - began, "engine": ready - imported},
            step_tokens=arguments["max_num_batched_tokens"],
            slowest_token_seconds=_SLOWEST_TOKEN_SECONDS[device.kind],
        )

    def take(self, rows: list[EngineRow], emit: Emit) -> None:
        for row in rows:
            task = asyncio.create_task(self._answer(row, emit))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, row: EngineRow, emit: Emit) -> None:
        from vllm.v1.engine.exceptions import EngineDeadError

        if self._ask is None:
            raise ValueError("rows come behind the load")
        try:
            emit(await self._ask(row))
        except RefusedError as refused:
            emit(Refusal(row.id, refused.cause, refused.error, str(refused)))
        except EngineDeadError:
            self._lost.set()
        except Exception as error:  # of one request: vLLM's own classes, and those of tokenizers and grammars
            cause = error.__cause__ if type(error).__name__ == "EngineGenerateError" and error.__cause__ else error
            emit(Refusal(row.id, "invalid_request", type(cause).__name__, str(cause)))

    def pulse(self) -> Pulse:
        from vllm.v1.metrics.reader import get_metrics_snapshot

        tokens, running = 0.0, 0.0
        for metric in get_metrics_snapshot():
            if metric.name in _TOKENS:
                tokens += metric.value
            elif metric.name == _RUNNING:
                running += metric.value
        return Pulse(int(tokens), int(running))

    async def lost(self) -> None:
        while not self._engine.errored:
            with suppress(TimeoutError):
                async with asyncio.timeout(_HEALTH_SECONDS):
                    await self._lost.wait()
                    break
        raise EngineLostError("its core is gone")


def _import_vllm(cache_bytes: int) -> tuple[Device, str]:
    """Takes 10 to 20 s, mostly torch's."""
    try:
        import torch
        import vllm
        from vllm.platforms import current_platform
    except ImportError as error:
        raise EngineFailure("EngineStartError", f"vLLM cannot be imported: {error}") from error
    if current_platform.is_cpu():
        _require_right_attention()
        name = f"{_processor()}, {torch.get_num_threads()} threads"
        return Device("cpu", name, cache_bytes=cache_bytes), f"{vllm.__version__}"
    if not torch.cuda.is_available():
        raise EngineFailure("EngineStartError", "there is no GPU here, and this vLLM is none for the CPU")
    facts = torch.cuda.get_device_properties(0)
    return Device("cuda", facts.name, memory_bytes=facts.total_memory), vllm.__version__


def _require_right_attention() -> None:
    """On a CPU with AMX vLLM 0.32 answers wrong in bfloat16 unless Daybreak's plugin keeps it off that kernel."""
    try:
        from daybreak_vllm_plugin import keeps_off_amx, register  # type: ignore[attr-defined]  # a package of vLLM's environment
    except ImportError:
        problem = "its plugin daybreak_vllm_plugin is not installed, without which answers on a CPU may be wrong"
        raise EngineFailure("EngineStartError", f"{problem}; run `npm run setup:vllm`") from None
    register()
    if not keeps_off_amx():
        raise EngineFailure("EngineStartError", "attention cannot be kept off the AMX kernel, whose answers are wrong")


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return "a CPU"


def _start_engine(arguments: dict[str, Any]) -> Any:
    """Blocks until the weights are loaded: there is nothing else to do before."""
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.v1.engine.async_llm import AsyncLLM

    return AsyncLLM.from_engine_args(AsyncEngineArgs(**arguments))


async def _create_asker(engine: Any, step: dict[str, Any], adapter: str | None) -> Ask:
    if step["task"] in {"chat", "generate"}:
        from daybreak_worker.host.vllm_generate import create_generator

        return await create_generator(engine, step, adapter)
    from daybreak_worker.host.vllm_pool import create_pooler

    return await create_pooler(engine, step, adapter)


def _describe(error: Exception) -> str:
    chain: list[str] = []
    each: BaseException | None = error
    while each is not None and len(chain) < 3:
        lines = str(each).strip().splitlines()
        chain.append(f"{type(each).__name__}: {lines[0] if lines else 'it says nothing'}"[:400])
        each = each.__cause__ or each.__context__
    return "; because of ".join(chain)


if __name__ == "__main__":
    run_host(VllmModel)

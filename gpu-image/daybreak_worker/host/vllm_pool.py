"""Vectors and scores by vLLM. A score is a cross-encoder's own, or the cosine of two vectors."""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vllm.inputs import tokens_input
from vllm.lora.request import LoRARequest
from vllm.pooling_params import PoolingParams

from daybreak_worker.engine.engine_port import Answer, EngineRow
from daybreak_worker.errors import EngineFailure
from daybreak_worker.host.requests import RefusedError, Room, parse_request, texts_of
from daybreak_worker.host.vllm_generate import adapter_request, room_of, tokenizer_of

Ask = Callable[[EngineRow], Awaitable[Answer]]
_REASON = "stop"


@dataclass(frozen=True, slots=True)
class _Pooled:
    data: Any
    """A tensor."""
    prompt_tokens: int
    cached_tokens: int


@dataclass(frozen=True, slots=True)
class _Pool:
    engine: Any
    room: Room
    lora: LoRARequest | None

    async def encode(self, name: str, tokens: list[int], params: PoolingParams) -> _Pooled:
        prompt = tokens_input(tokens)
        async for output in self.engine.encode(prompt, params, name, lora_request=self.lora):
            return _Pooled(output.outputs.data, len(tokens), output.num_cached_tokens or 0)
        raise RefusedError("invalid_request", "the engine gave no answer")


async def create_pooler(engine: Any, step: Mapping[str, Any], adapter: str | None) -> Ask:
    """Fails with EngineFailure where the model cannot do what the step asks for."""
    pool = _Pool(engine, room_of(engine, step, 0), adapter_request(step, adapter))
    supported = await engine.get_supported_tasks()
    if step["task"] == "embed":
        _require(supported, "embed", "it gives no vectors")
        return _embedder(pool)
    if "classify" in supported and engine.model_config.hf_config.num_labels == 1:
        return _cross_scorer(pool)
    _require(supported, "embed", "it is neither a cross-encoder with one label nor a model that embeds")
    return _cosine_scorer(pool)


def _require(supported: tuple[str, ...], task: str, problem: str) -> None:
    if task not in supported:
        raise EngineFailure("EngineStartError", f"{problem}: vLLM says that it can {', '.join(supported) or 'nothing'}")


def _embedder(pool: _Pool) -> Ask:
    tokenize = tokenizer_of(pool.engine, "embed")
    params = PoolingParams(task="embed")

    async def ask(row: EngineRow) -> Answer:
        text = parse_request(row.request, "prompt")
        pool.room.require_length(texts_of(text))
        pooled = await pool.encode(str(row.id), pool.room.fit(await tokenize(text)), params.clone())
        data = pooled.data.float().cpu().numpy().astype("<f4").tobytes()
        return Answer(row.id, _REASON, pooled.prompt_tokens, 0, pooled.cached_tokens, data)

    return ask


def _cosine_scorer(pool: _Pool) -> Ask:
    import torch

    tokenize = tokenizer_of(pool.engine, "embed")
    params = PoolingParams(task="embed")

    async def ask(row: EngineRow) -> Answer:
        pooled = []
        for part in ("query", "document"):
            text = parse_request(row.request, part)
            pool.room.require_length(texts_of(text))
            tokens = pool.room.fit(await tokenize(text))
            pooled.append(await pool.encode(f"{row.id}-{part}", tokens, params.clone()))
        query, document = pooled
        score = torch.nn.functional.cosine_similarity(query.data.double(), document.data.double(), dim=0).item()
        prompt_tokens = query.prompt_tokens + document.prompt_tokens
        cached_tokens = query.cached_tokens + document.cached_tokens
        return Answer(row.id, _REASON, prompt_tokens, 0, cached_tokens, struct.pack("<d", score))

    return ask


def _cross_scorer(pool: _Pool) -> Ask:
    from vllm.entrypoints.pooling.scoring.io_processor import CrossEncoderIOProcessor
    from vllm.entrypoints.pooling.scoring.utils import compress_token_type_ids
    from vllm.renderers.chat_utils import ChatTemplateConfig

    renderer = pool.engine.renderer
    pairs = CrossEncoderIOProcessor(pool.engine.vllm_config, renderer, ChatTemplateConfig())
    encode = renderer.default_cmpl_tok_params.get_encode_kwargs()
    encode = {name: value for name, value in encode.items() if name not in {"truncation", "max_length"}}

    async def ask(row: EngineRow) -> Answer:
        query, document = (parse_request(row.request, part) for part in ("query", "document"))
        pool.room.require_length([query, document])
        _, prompt = pairs.get_score_prompt(query, document, encode)
        params = PoolingParams(task="classify")
        tokens = pool.room.fit(list(prompt["prompt_token_ids"]))
        kinds = prompt.get("token_type_ids")
        if kinds is not None:
            kept = kinds[-len(tokens) :] if pool.room.truncate == "left" else kinds[: len(tokens)]
            params.extra_kwargs = {"compressed_token_type_ids": compress_token_type_ids(kept)}
        pooled = await pool.encode(str(row.id), tokens, params)
        score = struct.pack("<d", pooled.data.squeeze().double().item())
        return Answer(row.id, _REASON, pooled.prompt_tokens, 0, pooled.cached_tokens, score)

    return ask

"""Text by vLLM: each row is a request of its own, so that a bad one harms no other, and none waits for a batch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import jinja2
from vllm.exceptions import VLLMClientError
from vllm.inputs import tokens_input
from vllm.lora.request import LoRARequest
from vllm.renderers.params import ChatParams
from vllm.sampling_params import RequestOutputKind, SamplingParams, StructuredOutputsParams
from vllm.utils.mistral import is_mistral_tokenizer

from daybreak_worker.engine.engine_port import Answer, EngineRow
from daybreak_worker.errors import EngineFailure
from daybreak_worker.host.requests import RefusedError, Room, parse_request, texts_of

Ask = Callable[[EngineRow], Awaitable[Answer]]
Tokenize = Callable[[Any], Awaitable[list[int]]]


def adapter_request(step: Mapping[str, Any], folder: str | None) -> LoRARequest | None:
    if folder is None:
        return None
    adapter = step["adapter"]
    return LoRARequest(lora_name=adapter["name"], lora_int_id=adapter["number"], lora_path=folder)


def room_of(engine: Any, step: Mapping[str, Any], answer_tokens: int) -> Room:
    longest = getattr(engine.get_tokenizer(), "max_chars_per_token", None)
    return Room(engine.model_config.max_model_len, answer_tokens, step.get("truncate"), longest)


def tokenizer_of(engine: Any, task: str) -> Tokenize:
    """Makes tokens of a prompt, or of messages by the model's own template. Limits are judged elsewhere."""
    renderer = engine.renderer
    prompts = replace(renderer.default_cmpl_tok_params, max_total_tokens=None)
    chats = replace(renderer.default_chat_tok_params, max_total_tokens=None)
    # As vLLM's own `chat` has it. Tokenizers of Mistral have no text between messages and tokens.
    turn = {"add_generation_prompt": True, "continue_final_message": False}
    template = ChatParams(chat_template_kwargs={**turn, "tokenize": is_mistral_tokenizer(renderer.tokenizer)})

    async def tokenize_prompt(text: str) -> list[int]:
        [rendered] = await renderer.render_cmpl_async([{"prompt": text}], prompts)
        return list(rendered["prompt_token_ids"])

    async def tokenize_chat(messages: list[Any]) -> list[int]:
        try:
            _, [rendered] = await renderer.render_chat_async([messages], template, chats)
        except jinja2.TemplateError as error:
            raise RefusedError("template", f"the model's template: {error}", type(error).__name__) from None
        return list(rendered["prompt_token_ids"])

    return tokenize_chat if task == "chat" else tokenize_prompt


def sampling_of(step: Mapping[str, Any]) -> SamplingParams:
    """Of all rows; the seed is the row's own. Fails with VLLMClientError."""
    return SamplingParams(
        **step["sampling"],
        structured_outputs=_structure_of(step["answer"]),
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def _structure_of(answer: Mapping[str, Any]) -> StructuredOutputsParams | None:
    match answer["kind"]:
        case "json":
            return StructuredOutputsParams(json=answer["schema"])
        case "choice":
            return StructuredOutputsParams(choice=list(answer["choice"]))
        case "regex":
            return StructuredOutputsParams(regex=answer["regex"])
    return None


async def create_generator(engine: Any, step: Mapping[str, Any], adapter: str | None) -> Ask:
    """Fails with EngineFailure where the step itself cannot be asked for: a schema that no grammar can be made of."""
    lora = adapter_request(step, adapter)
    wanted = "messages" if step["task"] == "chat" else "prompt"
    tokenize = tokenizer_of(engine, step["task"])
    try:
        sampling = sampling_of(step)
        room = room_of(engine, step, sampling.max_tokens or 0)
        await _try(engine, sampling, lora)
    except (VLLMClientError, ValueError) as error:
        problem = f"the engine refuses what it asks for: {' '.join(str(error).split())[:400]}"
        raise EngineFailure("EngineRefusalError", problem) from error

    async def ask(row: EngineRow) -> Answer:
        value = parse_request(row.request, wanted)
        room.require_length(texts_of(value))
        tokens = room.fit(await tokenize(value))
        params = sampling.clone()
        params.seed = row.seed
        prompt = tokens_input(tokens)
        async for output in engine.generate(prompt, params, str(row.id), lora_request=lora):
            said = output.outputs[0]
            reason = said.finish_reason or "stop"
            if reason in {"abort", "error"}:
                raise RefusedError("invalid_request", f"the engine ended the answer: {reason}", reason)
            return Answer(
                row.id,
                reason,
                len(tokens),
                len(said.token_ids),
                output.num_cached_tokens or 0,
                said.text.encode(errors="replace"),
            )
        raise RefusedError("invalid_request", "the engine gave no answer")

    return ask


async def _try(engine: Any, sampling: SamplingParams, lora: LoRARequest | None) -> None:
    """One token of the shape that all answers are to have: what the engine refuses here it refuses of every row."""
    params = sampling.clone()
    params.max_tokens, params.min_tokens = 1, 0
    vocabulary = engine.model_config.get_vocab_size()
    prompt = tokens_input([min(1, vocabulary - 1)])
    async for _ in engine.generate(prompt, params, "try", lora_request=lora):
        pass

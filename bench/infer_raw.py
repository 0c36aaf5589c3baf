"""vLLM alone over the prompts that the worker has: the engine class of the worker, and `LLM`, each fed the whole list.

Reads a request as JSON from standard input; the last line of standard output has the seconds from the first prompt to
the last answer, prompts made into tokens beforehand:
    {"side": "async" | "llm", "task": "chat" | "embed", "folder": FOLDER, "prompts": [TEXT], "arguments": {...},
     "max_tokens": N}
`arguments` are those that the worker starts its engine with. A side is a process: two engines at once share a machine.
"""

import asyncio
import json
import sys
import time


def render(tokenizer, task: str, prompts: list[str]) -> list[dict]:
    if task == "embed":
        return [{"prompt_token_ids": tokenizer(text)["input_ids"]} for text in prompts]
    chats = [[{"role": "user", "content": text}] for text in prompts]
    encoded = [tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=True) for chat in chats]
    return [{"prompt_token_ids": each["input_ids"]} for each in encoded]


def sampling(request: dict):
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    return SamplingParams(
        temperature=0, ignore_eos=True, max_tokens=request["max_tokens"], output_kind=RequestOutputKind.FINAL_ONLY
    )


def run_llm(request: dict) -> float:
    from vllm import LLM

    engine = LLM(**request["arguments"])
    prompts = render(engine.get_tokenizer(), request["task"], request["prompts"])
    began = time.monotonic()
    if request["task"] == "embed":
        engine.embed(prompts, use_tqdm=False)
    else:
        engine.generate(prompts, sampling(request), use_tqdm=False)
    return time.monotonic() - began


async def run_async(request: dict) -> float:
    from vllm import PoolingParams
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.v1.engine.async_llm import AsyncLLM

    engine = AsyncLLM.from_engine_args(AsyncEngineArgs(**request["arguments"]))
    prompts = render(engine.get_tokenizer(), request["task"], request["prompts"])

    async def ask(number: int, prompt: dict) -> None:
        if request["task"] == "embed":
            answers = engine.encode(prompt, PoolingParams(task="embed"), str(number))
        else:
            answers = engine.generate(prompt, sampling(request), str(number))
        async for _ in answers:
            pass

    began = time.monotonic()
    await asyncio.gather(*(ask(number, prompt) for number, prompt in enumerate(prompts)))
    seconds = time.monotonic() - began
    engine.shutdown()
    return seconds


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    took = run_llm(asked) if asked["side"] == "llm" else asyncio.run(run_async(asked))
    print("\n" + json.dumps({"seconds": took}), flush=True)

"""What an engine is started with and asked, by pure functions: arguments, the ladder, room for prompts, the probe."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak_worker.engine.engine_port import Answer, EngineRow, Pulse, Refusal
from daybreak_worker.engine.frames import (
    decode_events,
    decode_rows,
    encode_pulse,
    encode_results,
    encode_rows,
    read_frame,
)
from daybreak_worker.engine.ladder import LAST_RUNG, lower
from daybreak_worker.engine.out_of_memory import is_out_of_memory
from daybreak_worker.engine.root_cause import find_root_cause
from daybreak_worker.errors import EngineFailure, ModelError
from daybreak_worker.host.adapter import find_rank
from daybreak_worker.host.requests import RefusedError, Room, parse_request
from daybreak_worker.host.vllm_arguments import Device, engine_arguments
from daybreak_worker.host.vllm_probe import probe
from daybreak_worker.models.judge_weights import is_used, require_model

_CPU = Device("cpu", "a CPU", cache_bytes=2**30)
_SMALL_GPU = Device("cuda", "L4", memory_bytes=24 * 2**30)
_LARGE_GPU = Device("cuda", "H100", memory_bytes=80 * 2**30)


def _step(**changes: Any) -> dict[str, Any]:
    return {
        "task": "chat",
        "model": {"name": "m", "contextTokens": 4096},
        "engine": {"kind": "vllm", "args": {}},
        "answer": {"kind": "text"},
        **changes,
    }


def test_lowers_memory_first_then_tokens_then_sequences_then_graphs() -> None:
    full = engine_arguments(_step(), "/m", _LARGE_GPU)
    rungs = [lower(full, rung) for rung in range(LAST_RUNG + 1)]
    assert [rung["gpu_memory_utilization"] for rung in rungs] == [0.92, 0.88, 0.88, 0.88, 0.88]
    assert [rung["max_num_batched_tokens"] for rung in rungs] == [16384, 16384, 8192, 8192, 8192]
    assert [rung["max_num_seqs"] for rung in rungs] == [1024, 1024, 1024, 512, 512]
    assert [rung["enforce_eager"] for rung in rungs] == [False, False, False, False, True]


def test_halves_the_cache_of_a_cpu() -> None:
    full = engine_arguments(_step(), "/m", _CPU)
    assert lower(full, 1)["kv_cache_memory_bytes"] == 2**29


def test_loads_safetensors_and_never_code_of_a_model() -> None:
    for device in (_CPU, _SMALL_GPU, _LARGE_GPU):
        arguments = engine_arguments(_step(), "/m", device)
        assert (arguments["load_format"], arguments["trust_remote_code"]) == ("safetensors", False)


@pytest.mark.parametrize("name", ["trust_remote_code", "load_format", "model", "runner"])
def test_refuses_a_plan_that_decides_what_is_loaded(name: str) -> None:
    step = _step(engine={"kind": "vllm", "args": {name: True}})
    with pytest.raises(EngineFailure, match=f"the plan sets {name}"):
        engine_arguments(step, "/m", _CPU)


def test_takes_what_the_plan_says_before_its_own() -> None:
    step = _step(engine={"kind": "vllm", "args": {"max_num_seqs": 7, "dtype": "float32"}})
    arguments = engine_arguments(step, "/m", _LARGE_GPU)
    assert (arguments["max_num_seqs"], arguments["dtype"], arguments["max_model_len"]) == (7, "float32", 4096)


def test_makes_room_for_an_adapter_of_the_next_rank() -> None:
    arguments = engine_arguments(_step(), "/m", _LARGE_GPU, adapter_rank=24)
    assert (arguments["enable_lora"], arguments["max_loras"], arguments["max_lora_rank"]) == (True, 1, 32)
    assert engine_arguments(_step(), "/m", _LARGE_GPU)["enable_lora"] is False


@pytest.mark.parametrize(
    "text",
    [
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
        "ValueError: No available memory for the cache blocks.",
        "Free memory on device (10/80 GiB) on startup is less than desired GPU memory utilization",
    ],
)
def test_knows_the_signs_of_short_memory(text: str) -> None:
    assert is_out_of_memory(text)
    assert not is_out_of_memory("the context of 4096 tokens needs 9 GiB; the largest that fits is 2048")


_PRINTED = """(EngineCore pid=7) INFO starting
(EngineCore pid=7) ERROR 11-28 23:18:34 [multiproc_executor.py:929]   File "x.py", line 1, in load
(EngineCore pid=7) ERROR 11-28 23:18:34 [multiproc_executor.py:929] ValueError: the file model.safetensors is cut off
(EngineCore pid=7) ERROR Exception: WorkerProc initialization failed due to an exception in a background process.
RuntimeError: Engine core initialization failed. See root cause above."""


def test_finds_the_error_that_others_only_point_to() -> None:
    assert find_root_cause(_PRINTED) == "ValueError: the file model.safetensors is cut off"
    assert find_root_cause("RuntimeError: Engine core initialization failed. See root cause above.") is None


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=60),
    st.integers(1, 50),
    st.integers(0, 60),
    st.sampled_from([None, "left", "right"]),
)
def test_gives_an_engine_no_prompt_that_leaves_no_room_for_the_answer(
    tokens: list[int], context: int, answer: int, side: Any
) -> None:
    room = Room(context, answer, side)
    if len(tokens) + answer > context and (side is None or answer >= context):
        with pytest.raises(RefusedError) as caught:
            room.fit(tokens)
        assert caught.value.cause == "prompt_too_long"
        return
    kept = room.fit(tokens)
    assert 0 < len(kept) <= context - answer
    assert len(kept) == min(len(tokens), context - answer)
    assert kept == (tokens[-len(kept) :] if side == "left" else tokens[: len(kept)])


def test_refuses_a_prompt_of_ten_million_characters_before_it_is_made_into_tokens() -> None:
    room = Room(4096, 16, None, characters_per_token=128)
    with pytest.raises(RefusedError, match="has more than 78125 tokens and the answer up to 16; the context"):
        room.require_length(["x" * 10_000_000])
    Room(10_000, 16, None, characters_per_token=128).require_length(["x" * 9_984 * 128])


def test_counts_the_tokens_of_a_prompt_with_few_of_many_characters() -> None:
    room = Room(256, 0, None, characters_per_token=18)
    table = ("cell" + " " * 60 + "\n") * 90
    room.require_length([table])
    assert len(room.fit([1] * 92)) == 92


@pytest.mark.parametrize("request_text", ["", "[]", "{}", '{"prompt": 1', "null", '"prompt"'])
def test_refuses_what_is_no_request(request_text: str) -> None:
    with pytest.raises(RefusedError, match="the request has no messages"):
        parse_request(request_text.encode(), "messages")


def test_names_all_that_the_installed_vllm_lacks() -> None:
    with pytest.raises(EngineFailure) as caught:
        probe("9.9.9", ["max_num_seqs"], find=lambda name: None)
    assert "the installed vLLM 9.9.9 lacks" in caught.value.problem
    for name in ("AsyncLLM.generate", "StructuredOutputsParams", "AsyncEngineArgs", "EngineDeadError"):
        assert name in caught.value.problem


def test_names_the_parameter_that_a_call_of_vllm_lost() -> None:
    def without(name: str) -> Any:
        return (lambda prompt: None) if name.endswith("AsyncLLM.generate") else None

    with pytest.raises(EngineFailure, match=r"AsyncLLM\.generate\(sampling_params\)"):
        probe("9.9.9", [], find=without)


def _folder(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text("x")
    return folder


def test_takes_a_model_in_safetensors(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "m", "config.json", "model.safetensors", "pytorch_model.bin")
    assert require_model("m", folder) == folder


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.pickle", "model.pth", "a.ckpt"])
def test_refuses_a_model_whose_weights_run_code_when_they_are_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match=f"weights in {name} only, a format that runs code"):
        require_model("m", _folder(tmp_path / "m", "config.json", name))
    assert not is_used(name)


def test_refuses_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is no folder here"):
        require_model("m", tmp_path / "none")
    with pytest.raises(ModelError, match=r"has no config\.json"):
        require_model("m", _folder(tmp_path / "a", "model.safetensors"))
    with pytest.raises(ModelError, match="has no weights in safetensors"):
        require_model("m", _folder(tmp_path / "b", "config.json", "modeling.py"))


def test_copies_no_code_of_a_model() -> None:
    names = ["config.json", "a/model.safetensors", "tokenizer.model", "modeling_x.py", ".git/config", "model.gguf"]
    assert [name for name in names if is_used(name)] == names[:3]


def test_reads_the_rank_of_an_adapter(tmp_path: Path) -> None:
    for text, problem in (("{}", "without a rank"), ('{"r": "8"}', "whose rank is '8'")):
        (tmp_path / "adapter_config.json").write_text(text)
        with pytest.raises(EngineFailure, match=problem):
            find_rank(str(tmp_path))
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": 8}))
    assert find_rank(str(tmp_path)) == 8


async def _through(data: bytes) -> Any:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return await read_frame(reader)


_TEXT = st.text(max_size=20)
_ANSWERS = st.builds(
    Answer, st.integers(0), _TEXT, st.integers(0), st.integers(0), st.integers(0), st.binary(max_size=50)
)
_REFUSALS = st.builds(Refusal, st.integers(0), _TEXT, st.none() | _TEXT, _TEXT)


@given(st.lists(st.builds(EngineRow, st.integers(0), st.binary(max_size=50), st.integers(0))))
def test_brings_rows_across_the_line(rows: list[EngineRow]) -> None:
    assert decode_rows(asyncio.run(_through(encode_rows(rows)))) == rows


@given(st.lists(_ANSWERS | _REFUSALS))
def test_brings_results_across_the_line(results: list[Answer | Refusal]) -> None:
    found = decode_events(asyncio.run(_through(encode_results(results))))
    assert sorted(map(repr, found)) == sorted(map(repr, results))


def test_hears_nothing_in_the_middle_of_a_frame() -> None:
    data = encode_pulse(Pulse(1, None))
    assert all(asyncio.run(_through(data[:size])) is None for size in range(len(data)))
    assert decode_events(asyncio.run(_through(data))) == [Pulse(1, None)]


def test_refuses_what_is_no_frame() -> None:
    for data in (b"\xff" * 8, b"\0\0\0\x02\0\0\0\0[]", b"\0\0\0\x02\0\0\0\0{}"):
        with pytest.raises(ValueError, match="what came is no frame"):
            asyncio.run(_through(data))

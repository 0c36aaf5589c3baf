"""Starts vLLM's engine once with a tiny model: proves that it works here, and leaves its bytecode behind.

Usage: check_vllm.py MODEL_FOLDER
"""

import sys

if __name__ == "__main__":
    from vllm import LLM, SamplingParams

    engine = LLM(sys.argv[1], dtype="float32", enforce_eager=True, max_model_len=256, max_num_seqs=4, seed=0)
    [answer] = engine.generate(["Once upon a time"], SamplingParams(temperature=0, max_tokens=8), use_tqdm=False)
    if len(answer.outputs[0].token_ids) != 8:
        raise SystemExit(f"asked for 8 tokens, found {len(answer.outputs[0].token_ids)}")

    import daybreak_vllm_plugin

    if not daybreak_vllm_plugin.keeps_off_amx():
        raise SystemExit("vLLM has not loaded daybreak_vllm_plugin")

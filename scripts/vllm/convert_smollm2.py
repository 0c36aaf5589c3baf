"""Turns SmolLM2-135M-Instruct from GGUF (Q4_1) into a folder with safetensors in bfloat16, which vLLM reads.

The weights are those of the quantised file, not the original ones: its answers are a little different.

Usage: convert_smollm2.py GGUF_FILE OUT_FOLDER
"""

import pathlib
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

#: What a model that was read with a quantiser remembers of it, and may not when it is saved.
QUANTISER = ("quantization_config", "hf_quantizer", "is_quantized", "quantization_method")


def load(gguf: pathlib.Path):
    place = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    tokenizer = AutoTokenizer.from_pretrained(**place)
    model = AutoModelForCausalLM.from_pretrained(
        **place, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
    )
    for part in (model, model.config):
        for name in QUANTISER:
            vars(part).pop(name, None)
    return tokenizer, model.to(torch.bfloat16)


def answer(tokenizer, model, question: str) -> str:
    messages = [{"role": "user", "content": question}]
    tokens = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    output = model.generate(**tokens, max_new_tokens=12, do_sample=False)
    return tokenizer.decode(output[0][tokens["input_ids"].shape[1] :])


if __name__ == "__main__":
    source, out = sys.argv[1:]
    tokenizer, model = load(pathlib.Path(source))
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    # As it was saved: a conversion that loses a layer still answers, with nonsense.
    saved = AutoModelForCausalLM.from_pretrained(out, dtype=torch.bfloat16)
    found = answer(AutoTokenizer.from_pretrained(out), saved, "What is the capital of France?")
    if "Paris" not in found:
        raise SystemExit(f"the converted model takes {found!r} for the capital of France")

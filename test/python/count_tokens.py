"""Writes what transformers counts for the requests of test/fixtures/tokenizers/requests.json, with the tokenizers.

Run by hand, by the Python of `npm run setup:vllm`, when the requests or a model change:
    .cache/vllm/bin/python test/python/count_tokens.py && npm run format
"""

import gzip
import json
import os
import pathlib

ROOT = pathlib.Path(__file__).parents[2]
FIXTURES = ROOT / "test/fixtures/tokenizers"
MODELS = {"smollm2-135m-instruct": "generative", "all-minilm-l6-v2": "embedding"}


def count(tokenizer, kind: str, request: dict) -> int | None:
    """Tokens of a request as vLLM takes it; None where the model has no such task."""
    if "prompt" in request:
        return len(tokenizer(request["prompt"], truncation=False)["input_ids"])
    if "query" in request:
        texts = (request["query"], request["document"])
        return sum(len(tokenizer(text, truncation=False)["input_ids"]) for text in texts)
    if kind != "generative":
        return None
    encoded = tokenizer.apply_chat_template(request["messages"], add_generation_prompt=True, return_dict=True)
    return len(encoded["input_ids"])


def count_pair(tokenizer, request: dict) -> int | None:
    """Tokens of query and document as a cross-encoder takes them."""
    if "query" not in request:
        return None
    return len(tokenizer(request["query"], request["document"], truncation=False)["input_ids"])


def main() -> None:
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
    from transformers import AutoTokenizer

    requests = json.loads((FIXTURES / "requests.json").read_text())
    counts = {}
    for name, kind in MODELS.items():
        source, target = ROOT / ".cache/models" / name, FIXTURES / name
        target.mkdir(exist_ok=True)
        for file in ("tokenizer_config.json", "chat_template.jinja"):
            if (source / file).exists():
                (target / file).write_bytes((source / file).read_bytes())
        # Without the time, so that the same tokenizer gives the same bytes.
        (target / "tokenizer.json.gz").write_bytes(gzip.compress((source / "tokenizer.json").read_bytes(), mtime=0))
        tokenizer = AutoTokenizer.from_pretrained(source)
        counts[name] = {
            "tokens": [count(tokenizer, kind, request) for request in requests],
            "pairs": [count_pair(tokenizer, request) for request in requests],
        }
    (FIXTURES / "counts.json").write_text(json.dumps(counts, indent=2) + "\n")


if __name__ == "__main__":
    main()

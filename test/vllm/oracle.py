"""Answers of transformers, by which vLLM's are judged. Reads a list of questions as JSON, writes the answers.

Usage: python oracle.py < questions.json > answers.json, by the Python of `npm run setup:vllm`. A question is one of
    {"ask": "greedy", "model": FOLDER, "prompts": [TEXT], "max_tokens": N}      texts without special tokens, and counts
    {"ask": "chat", "model": FOLDER, "prompts": [TEXT], "max_tokens": N}        the same, each prompt as a user's message
    {"ask": "regret", "model": FOLDER, "prompts": [TEXT], "answers": [TEXT]}    of chats: how far each answer is from greedy
    {"ask": "embed", "model": FOLDER, "texts": [TEXT]}                          mean of the last layer, of length 1
    {"ask": "cross", "model": FOLDER, "pairs": [[QUERY, DOCUMENT]]}             sigmoid of the one label
    {"ask": "make_cross_encoder", "model": FOLDER, "out": FOLDER}               a random one, with the model's tokenizer
    {"ask": "make_adapter", "model": FOLDER, "out": FOLDER, "merged": FOLDER}   a random LoRA in peft's form, and the model
                                                                                with its product added to the weights
"""

import json
import os
import sys

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", OMP_NUM_THREADS="1")

import torch  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from transformers import (  # noqa: E402
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    BertForSequenceClassification,
)


def encode_chat(tokenizer, prompt: str) -> list[int]:
    messages = [{"role": "user", "content": prompt}]
    return tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)["input_ids"]


def generate(question: dict, encode) -> list[dict]:
    tokenizer = AutoTokenizer.from_pretrained(question["model"])
    # Weights are read in the precision that decides: a tie of two tokens is a matter of the last bits.
    model = AutoModelForCausalLM.from_pretrained(question["model"], dtype=torch.float32)
    answers = []
    for prompt in question["prompts"]:
        tokens = torch.tensor([encode(tokenizer, prompt)])
        output = model.generate(
            tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=question["max_tokens"], do_sample=False
        )
        said = output[0][tokens.shape[1] :]
        text = tokenizer.decode(said, skip_special_tokens=True)
        answers.append({"text": text, "prompt_tokens": tokens.shape[1], "output_tokens": len(said)})
    return answers


def greedy(question: dict) -> list[dict]:
    return generate(question, lambda tokenizer, prompt: tokenizer(prompt)["input_ids"])


def chat(question: dict) -> list[dict]:
    return generate(question, encode_chat)


def regret(question: dict) -> list[float]:
    """By how much, in logits, the best next token is ahead of the one that was chosen, at worst, answer by answer."""
    tokenizer = AutoTokenizer.from_pretrained(question["model"])
    model = AutoModelForCausalLM.from_pretrained(question["model"], dtype=torch.float32)
    worst = []
    for prompt, answer in zip(question["prompts"], question["answers"], strict=True):
        before = encode_chat(tokenizer, prompt)
        said = tokenizer(answer, add_special_tokens=False)["input_ids"]
        with torch.no_grad():
            logits = model(torch.tensor([before + said])).logits[0, len(before) - 1 : -1]
        chosen = logits[torch.arange(len(said)), torch.tensor(said)]
        worst.append((logits.max(-1).values - chosen).max().item())
    return worst


def embed(question: dict) -> list[list[float]]:
    tokenizer = AutoTokenizer.from_pretrained(question["model"])
    model = AutoModel.from_pretrained(question["model"], dtype=torch.float32)
    vectors = []
    for text in question["texts"]:
        with torch.no_grad():
            [states] = model(**tokenizer(text, return_tensors="pt")).last_hidden_state
        vectors.append(torch.nn.functional.normalize(states.mean(0), dim=0).tolist())
    return vectors


def cross(question: dict) -> list[float]:
    tokenizer = AutoTokenizer.from_pretrained(question["model"])
    model = AutoModelForSequenceClassification.from_pretrained(question["model"], dtype=torch.float32)
    scores = []
    for query, document in question["pairs"]:
        with torch.no_grad():
            scores.append(torch.sigmoid(model(**tokenizer(query, document, return_tensors="pt")).logits).item())
    return scores


def make_cross_encoder(question: dict) -> str:
    tokenizer = AutoTokenizer.from_pretrained(question["model"])
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=256,
        num_labels=1,
        # Of the size that makes scores differ.
        initializer_range=0.5,
        dtype="float32",
    )
    BertForSequenceClassification(config).save_pretrained(question["out"])
    tokenizer.save_pretrained(question["out"])
    return question["out"]


def make_adapter(question: dict) -> str:
    torch.manual_seed(0)
    rank, alpha, targets = 8, 16, ("q_proj", "v_proj")
    model = AutoModelForCausalLM.from_pretrained(question["model"], dtype=torch.float32)
    tensors = {}
    for name, module in model.named_modules():
        if name.endswith(targets):
            low = torch.randn(rank, module.in_features) * 0.2
            high = torch.randn(module.out_features, rank) * 0.2
            tensors[f"base_model.model.{name}.lora_A.weight"] = low
            tensors[f"base_model.model.{name}.lora_B.weight"] = high
            module.weight.data += high @ low * (alpha / rank)
    model.save_pretrained(question["merged"])
    AutoTokenizer.from_pretrained(question["model"]).save_pretrained(question["merged"])
    os.makedirs(question["out"])
    save_file(tensors, os.path.join(question["out"], "adapter_model.safetensors"))
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": rank,
        "lora_alpha": alpha,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": list(targets),
    }
    with open(os.path.join(question["out"], "adapter_config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)
    return question["out"]


ASK = {each.__name__: each for each in (greedy, chat, regret, embed, cross, make_cross_encoder, make_adapter)}

if __name__ == "__main__":
    answers = [ASK[question["ask"]](question) for question in json.load(sys.stdin)]
    json.dump(answers, sys.stdout)

"""Files of models: which of them are brought here, where to, and which weights may be loaded."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from memory_store import MemoryStore
from stage_world import STAGE, StageWorld

from daybreak_worker.errors import ModelError
from daybreak_worker.models import find_weights
from daybreak_worker.models.copy_from_s3 import copy_from_s3
from daybreak_worker.models.fingerprint import fingerprint_folder, fingerprint_listed
from daybreak_worker.models.judge_weights import is_used, require_adapter, require_model
from daybreak_worker.task.stage_plan import read_stage_plan


class _Bucket:
    """Keys below `m/`, each with one byte."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def get_paginator(self, _: str) -> _Bucket:
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        yield {"Contents": [{"Key": f"m/{name}", "Size": 1, "ETag": "e"} for name in self._names]}

    def download_file(self, bucket: str, key: str, path: str) -> None:
        Path(path).write_bytes(b"x")


def _files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_writes_files_of_a_model_below_its_own_folder_only(tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    names = [
        f"/{outside}",
        "../../b.json",
        "a//c.json",
        "./d.json",
        ".e/f.json",
        "g\\..\\h.json",
        "1_Pooling/config.json",
    ]
    folder = copy_from_s3("a-model", "s3://b/m", tmp_path / "cache", _Bucket("config.json", *names))
    assert _files_below(folder) == ["1_Pooling/config.json", "complete.json", "config.json"]
    assert _files_below(tmp_path) == [f"cache/{folder.name}/{name}" for name in _files_below(folder)]


def test_brings_what_describes_a_model_and_nothing_that_could_run() -> None:
    used = [
        "model.safetensors",
        "merges.txt",
        "tokenizer.model",
        "tokenizer.model.v3",
        "chat_template.jinja",
        "a.tiktoken",
    ]
    unused = [
        "lib.so",
        "run",
        "modeling.py",
        "a.pyc",
        "pytorch_model.bin",
        "model.gguf",
        "x.sh",
        "tokenizer.model.vx",
        "",
    ]
    assert [name for name in used + unused if is_used(name)] == used


def _leave(cache: Path, name: str) -> Path:
    left = cache / f".copying-{name}"
    left.mkdir(parents=True)
    (left / "model.safetensors").write_bytes(b"x")
    os.utime(left, (0, 0))
    return left


def test_sweeps_copies_whose_makers_are_dead_and_no_others(tmp_path: Path) -> None:
    dead, alive = _leave(tmp_path, "dead"), _leave(tmp_path, "alive")
    lock = os.open(alive, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        copy_from_s3("a-model", "s3://b/m", tmp_path, _Bucket("config.json"))
    finally:
        os.close(lock)
    assert (dead.exists(), alive.exists()) == (False, True)


def test_locks_its_copy_while_it_makes_it(tmp_path: Path) -> None:
    class Slow(_Bucket):
        def download_file(self, bucket: str, key: str, path: str) -> None:
            own = os.open(Path(path).parent, os.O_RDONLY)
            with pytest.raises(BlockingIOError):
                fcntl.flock(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.close(own)
            super().download_file(bucket, key, path)

    folder = copy_from_s3("a-model", "s3://b/m", tmp_path, Slow("config.json"))
    assert (folder / "config.json").exists()


def _model(folder: Path, *names: str, modules: object = None) -> Path:
    for name in ("config.json", "adapter_config.json", *names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")
    if modules is not None:
        (folder / "modules.json").write_text(json.dumps(modules))
    return folder


_DENSE = [
    {"path": "", "type": "sentence_transformers.models.Transformer"},
    {"path": "2_Dense", "type": "sentence_transformers.models.Dense"},
]


@pytest.mark.parametrize("names", [(), ("2_Dense/pytorch_model.bin",)])
def test_refuses_a_model_with_a_layer_that_would_be_a_pickle_or_left_out(tmp_path: Path, names: list[str]) -> None:
    folder = _model(tmp_path, "model.safetensors", *names, modules=_DENSE)
    with pytest.raises(ModelError, match=r"has no model\.safetensors in 2_Dense"):
        require_model("m", folder)
    assert require_model("m", _model(tmp_path, "2_Dense/model.safetensors")) == folder


def test_refuses_modules_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"a modules\.json that is none"):
        require_model("m", _model(tmp_path, "model.safetensors", modules=[{"path": "a"}]))


def test_refuses_an_adapter_whose_own_weights_are_a_pickle(tmp_path: Path) -> None:
    folder = _model(tmp_path, "adapter_model.bin", "other.safetensors")
    with pytest.raises(ModelError, match=r"has weights in adapter_model\.bin only"):
        require_adapter("m", folder)
    assert require_adapter("m", _model(tmp_path, "adapter_model.safetensors")) == folder


def test_takes_no_folder_of_the_working_folder_for_a_model_of_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _model(tmp_path / "org/name", "model.safetensors")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        find_weights, "_from_hub", lambda model, place, revision: _model(tmp_path / "hub", "model.safetensors")
    )
    world = StageWorld(MemoryStore(), [1], step={"model": {"name": "org/name"}}).build()
    assert find_weights.find_weights(read_stage_plan(world.store, STAGE)) == tmp_path / "hub"


# The same hashes stand in test/io/models/fingerprint-model.test.ts.
_FOLDER_FINGERPRINT = "002bfe8c986190ab"
_OBJECTS_FINGERPRINT = "0b2b7867c28ae921"


def _fingerprinted(folder: Path) -> Path:
    for inner in ("1_Pooling", "deep/er"):
        (folder / inner).mkdir(parents=True)
    texts = {
        "config.json": "{}",
        "README.md": "no",
        "1_Pooling/config.json": '{"a":1}',
        "deep/er/config.json": "no",
        "merges.txt": "",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "model.safetensors").write_bytes(bytes(i * i % 251 for i in range(300_007)))
    (folder / "tokenizer.json").symlink_to(folder / "config.json")
    return folder


def test_gives_a_model_the_fingerprint_that_the_plan_gives_it(tmp_path: Path) -> None:
    assert fingerprint_folder(_fingerprinted(tmp_path)) == _FOLDER_FINGERPRINT
    objects = [
        ("run.py", 1, '"r"'),
        ("config.json", 2, '"c"'),
        ("a/b/config.json", 2, '"x"'),
        ("model.safetensors", 9, '"m-3"'),
        ("1_Pooling/config.json", 2, '"p"'),
    ]
    assert fingerprint_listed(objects) == _OBJECTS_FINGERPRINT


def _find(folder: Path, revision: str | None) -> Path:
    model = {"name": "m", "place": str(folder), **({} if revision is None else {"revision": revision})}
    world = StageWorld(MemoryStore(), [1], step={"model": model}).build()
    return find_weights.find_weights(read_stage_plan(world.store, STAGE))


def test_refuses_a_model_whose_files_are_not_those_that_the_job_was_planned_with(tmp_path: Path) -> None:
    folder = _fingerprinted(tmp_path / "m")
    for revision in (None, f"files-{_FOLDER_FINGERPRINT}", "0123abc"):
        assert _find(folder, revision) == folder
    with (folder / "model.safetensors").open("r+b") as file:
        file.seek(299_000)
        file.write(b"trained again")
    with pytest.raises(ModelError, match="has other files than when the job was planned"):
        _find(folder, f"files-{_FOLDER_FINGERPRINT}")


def test_refuses_a_prefix_whose_objects_are_not_those_that_the_job_was_planned_with(tmp_path: Path) -> None:
    bucket = _Bucket("config.json", "modeling.py")
    revision = f"files-{fingerprint_listed([('config.json', 1, 'e')])}"
    copy_from_s3("a-model", "s3://b/m", tmp_path, bucket, revision=revision)
    with pytest.raises(ModelError, match="has other files than when the job was planned"):
        copy_from_s3("a-model", "s3://b/m", tmp_path, bucket, revision="files-0")

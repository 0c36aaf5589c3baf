"""A worker whose store is a bucket, and models that lie in one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from stage_world import StageWorld

from daybreak_worker.errors import ModelError
from daybreak_worker.models.copy_from_s3 import copy_from_s3
from daybreak_worker.store.s3_client import create_s3_client
from daybreak_worker.store.s3_store import S3Store

_PACKAGE = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def client() -> Any:
    assert os.environ.get("AWS_ENDPOINT_URL"), "AWS_ENDPOINT_URL names no emulator"
    return create_s3_client()


def _run(folder: Path, bucket: str, script: dict[str, Any], name: str) -> list[dict[str, Any]]:
    (folder / f"{name}.json").write_text(json.dumps(script))
    ids = ["--job", "a-job", "--run", "0001", "--stage", "01-infer", "--worker", name]
    place = ["--store", f"s3://{bucket}", "--host", "scripted_host", str(folder / f"{name}.json")]
    done = subprocess.run(
        [sys.executable, "-B", "-m", "daybreak_worker", *ids, *place],
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{_PACKAGE}{os.pathsep}{_PACKAGE / 'tests'}"},
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_runs_a_stage_whose_store_is_a_bucket(client: Any, tmp_path: Path) -> None:
    client.create_bucket(Bucket="worker-stage")
    store = S3Store(client, "worker-stage")
    bad = {5: " LONG", 130: " LONG"}
    world = StageWorld(store, [100, 60, 0], texts=bad, limit={"unit": "rows", "value": 1}).build()
    events = _run(tmp_path, "worker-stage", {"row_seconds": 0.001, "refuse": {" LONG": "prompt_too_long"}}, "w0")
    assert events[-1]["event"] == "done"
    assert sorted(world.answers()) == [row for row in range(160) if row not in bad]
    assert [each["id"] for each in world.rejects()] == list(bad)
    assert store.head("jobs/a-job/0001/running/w0.json") is None
    # Nothing is left for another.
    assert [event["event"] for event in _run(tmp_path, "worker-stage", {}, "w1")] == ["starting", "done"]


def test_copies_a_model_once_and_a_changed_one_again(client: Any, tmp_path: Path) -> None:
    client.create_bucket(Bucket="worker-models")
    files = {"config.json": "{}", "model.safetensors": "x" * 100, "1_Pooling/config.json": "{}", "modeling.py": "boom"}
    for name, text in files.items():
        client.put_object(Bucket="worker-models", Key=f"m/1/{name}", Body=text.encode())
    left = tmp_path / ".copying-by-a-dead-one"
    left.mkdir()
    os.utime(left, (time.time() - 90_000,) * 2)
    first = copy_from_s3("m", "s3://worker-models/m/1", tmp_path, client)
    assert not left.exists()
    names = sorted(str(path.relative_to(first)) for path in first.rglob("*") if path.is_file())
    assert names == ["1_Pooling/config.json", "complete.json", "config.json", "model.safetensors"]
    (first / "config.json").write_text("not fetched again")
    again = copy_from_s3("m", "s3://worker-models/m/1", tmp_path, client)
    assert (again / "config.json").read_text() == "not fetched again"
    client.put_object(Bucket="worker-models", Key="m/1/model.safetensors", Body=b"y" * 100)
    changed = copy_from_s3("m", "s3://worker-models/m/1", tmp_path, client)
    assert changed != first
    assert (changed / "model.safetensors").read_text() == "y" * 100
    assert not list(tmp_path.glob(".copying-*"))


def test_copies_nothing_by_halves(client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client.create_bucket(Bucket="worker-halves")
    for name in ("a.safetensors", "config.json"):
        client.put_object(Bucket="worker-halves", Key=f"m/{name}", Body=b"x")
    downloads: list[str] = []

    def die_at_the_second(bucket: str, key: str, path: str) -> None:
        downloads.append(key)
        if len(downloads) == 2:
            raise KeyboardInterrupt
        Path(path).write_bytes(b"x")

    monkeypatch.setattr(client, "download_file", die_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        copy_from_s3("m", "s3://worker-halves/m", tmp_path, client)
    assert list(tmp_path.iterdir()) == []


def test_fails_where_no_model_lies(client: Any, tmp_path: Path) -> None:
    client.create_bucket(Bucket="worker-empty")
    with pytest.raises(ModelError, match="has no files under s3://worker-empty/m"):
        copy_from_s3("m", "s3://worker-empty/m", tmp_path, client)

"""The worker as a process, its engine as another: what is left when one of them is killed, and how soon."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stage_world import StageWorld

from daybreak_worker.contract import problems_of
from daybreak_worker.store.file_store import FileStore

_PACKAGE = Path(__file__).resolve().parents[1]
_BOUND_SECONDS = 60


class _Process:
    """A worker over the store of a world. Its events are read from its standard output."""

    def __init__(self, folder: Path, script: dict[str, Any], *options: str, path: str = "") -> None:
        (folder / "script.json").write_text(json.dumps(script))
        ids = ["--job", "a-job", "--run", "0001", "--stage", "01-infer", "--worker", "w0"]
        place = ["--store", str(folder / "store"), "--host", "scripted_host", str(folder / "script.json")]
        self.process = subprocess.Popen(
            [sys.executable, "-B", "-m", "daybreak_worker", *place, *ids, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, [path, str(_PACKAGE), str(_PACKAGE / "tests")])),
            },
        )
        self.events: list[dict[str, Any]] = []

    def read_until(self, event: str) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said: dict[str, Any] = json.loads(line)
            assert problems_of(said, "WorkerEvent") is None
            self.events.append(said)
            if said["event"] == event:
                return said
        raise AssertionError(f"it ended without {event}: {self.events}")

    def end(self) -> int:
        output, _ = self.process.communicate(timeout=_BOUND_SECONDS)
        self.events += [json.loads(line) for line in output.splitlines()]
        return self.process.returncode

    def host(self) -> int:
        """The process of the engine."""
        return next(pid for pid in _children(self.process.pid) if "scripted_host" in _command(pid))


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _group(pid: int) -> list[int]:
    """Processes of the group that are not dead."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split() if entry.name.isdigit() else []
        except OSError:
            continue
        if fields and int(fields[2]) == pid and fields[0] != "Z":
            found.append(int(entry.name))
    return found


def _await(is_so: Callable[[], bool], seconds: float = 10) -> None:
    """A process of the system has no event to wait for."""
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def world(tmp_path: Path) -> StageWorld:
    store = FileStore(tmp_path / "store", fsync=lambda _: None)
    return StageWorld(store, [40, 40, 40]).build()


_SLOW = {"row_seconds": 0.05, "rows_in_flight": 16, "at_once": 8}


def _require_all(world: StageWorld) -> None:
    assert sorted(world.answers()) == list(range(world.rows))
    assert world.rejects() == []


def test_never_imports_torch_or_vllm(world: StageWorld, tmp_path: Path) -> None:
    for name in ("torch", "vllm", "transformers"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'a').write('{name} ')\n")
    worker = _Process(tmp_path, _SLOW, path=str(tmp_path))
    assert worker.end() == 0
    assert not (tmp_path / "imported").exists()
    # The decoys would have been found.
    subprocess.run([sys.executable, "-c", "import torch"], check=True, env={"PYTHONPATH": str(tmp_path)})
    assert (tmp_path / "imported").exists()
    _require_all(world)


def test_goes_on_with_another_engine_when_the_engine_is_killed(world: StageWorld, tmp_path: Path) -> None:
    worker = _Process(tmp_path, _SLOW)
    worker.read_until("ready")
    os.kill(worker.host(), signal.SIGKILL)
    died = worker.read_until("engine-died")
    assert "SIGKILL" in died["how"]
    assert worker.end() == 0
    _require_all(world)


def test_leaves_no_process_when_it_is_killed_and_another_goes_on(world: StageWorld, tmp_path: Path) -> None:
    worker = _Process(tmp_path, _SLOW)
    worker.read_until("committed")
    host = worker.host()
    assert len(_group(host)) == 2, "the host, and who watches it"
    worker.process.kill()
    worker.process.communicate()
    _await(lambda: _group(host) == [])
    done = {commit["task"]: commit["attempt"] for commit in world.commits()}
    assert done
    again = _Process(tmp_path, _SLOW)
    assert again.end() == 0
    assert {commit["task"]: commit["attempt"] for commit in world.commits()}.items() >= done.items()
    _require_all(world)


def test_goes_on_where_nobody_listens_any_more(world: StageWorld, tmp_path: Path) -> None:
    worker = _Process(tmp_path, _SLOW)
    worker.read_until("ready")
    assert worker.process.stdout is not None
    worker.process.stdout.close()
    assert worker.process.stdin is not None
    worker.process.stdin.close()
    assert worker.process.wait(_BOUND_SECONDS) == 0
    _require_all(world)
    assert world.store.head("jobs/a-job/0001/halt.json") is None


def test_leaves_nothing_of_an_engine_whose_host_is_killed(world: StageWorld, tmp_path: Path) -> None:
    worker = _Process(tmp_path, {**_SLOW, "children": 2})
    worker.read_until("ready")
    host = worker.host()
    _await(lambda: len(_group(host)) == 4)
    os.kill(host, signal.SIGKILL)
    worker.read_until("engine-died")
    _await(lambda: _group(host) == [])
    assert worker.end() == 0


@pytest.mark.parametrize("way", ["SIGTERM", "the end of standard input"])
def test_stops_at(world: StageWorld, tmp_path: Path, way: str) -> None:
    worker = _Process(tmp_path, {**_SLOW, "row_seconds": 0.5}, "--until-stdin-closes")
    worker.read_until("ready")
    host = worker.host()
    if way == "SIGTERM":
        worker.process.terminate()
    assert worker.process.stdin is not None
    worker.process.stdin.close()
    worker.process.stdin = None
    assert worker.end() == 75
    assert worker.events[-1]["failure"]["name"] == "WorkerStoppedError"
    assert _group(host) == []
    assert world.store.head("jobs/a-job/0001/running/w0.json") is None


def test_is_gone_25_seconds_after_the_signal_where_the_engine_hangs(tmp_path: Path) -> None:
    StageWorld(FileStore(tmp_path / "store", fsync=lambda _: None), [8]).build()
    worker = _Process(tmp_path, {**_SLOW, "lives": [{"hang_after_rows": 3}]})
    worker.read_until("ready")
    _await(lambda: bool(list((tmp_path / "store/jobs/a-job/0001/running").glob("*.json"))))
    worker.process.terminate()
    signalled = time.monotonic()
    assert worker.end() == 75
    assert time.monotonic() - signalled < 25


_BUSY = """
import asyncio, signal, os, time
from daybreak_worker.supervisor import stop_signals
stop_signals.MOST_SECONDS = 0.5
async def main():
    stop_signals.listen_for_stop(asyncio.Event(), lambda: print("the engine is ended", flush=True))
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
asyncio.run(main())
"""


def test_is_ended_where_the_event_loop_is_busy_beyond_the_bound() -> None:
    began = time.monotonic()
    found = subprocess.run(
        [sys.executable, "-c", _BUSY], env={"PYTHONPATH": str(_PACKAGE)}, capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout) == (75, "the engine is ended\n")
    assert time.monotonic() - began < 30

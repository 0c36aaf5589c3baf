"""Rows a second of the worker with an engine that costs nothing: from a block to a block, process and files included.

    python gpu-image/bench/infer_worker.py [--rows 100000] [--kind text|embedding]

The first row counts from when the engine is ready, the last when the last task is committed. Nothing is judged.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_PACKAGE), str(_PACKAGE / "tests")]

from stage_world import StageWorld  # noqa: E402 - the paths come first

from daybreak_worker.store.file_store import FileStore  # noqa: E402

_TASK_ROWS = 5_000
_SCRIPT = {"row_seconds": 0, "rows_in_flight": 1088, "at_once": 1024}
_ANSWERS = {"text": {"kind": "text"}, "embedding": {"kind": "embedding", "dimensions": 384}}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--kind", choices=sorted(_ANSWERS), default="text")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        sizes = [_TASK_ROWS] * (given.rows // _TASK_ROWS)
        text = dict.fromkeys(range(sum(sizes)), f" {'what a row says ' * 12}")
        StageWorld(FileStore(place / "store"), sizes, _ANSWERS[given.kind], texts=text).build()
        (place / "script.json").write_text(json.dumps(_SCRIPT))
        print(json.dumps({"kind": given.kind, "rows": sum(sizes), **_measure(place)}))


def _measure(place: Path) -> dict[str, float]:
    ids = ["--job", "a-job", "--run", "0001", "--stage", "01-infer", "--worker", "w0"]
    paths = ["--store", str(place / "store"), "--host", "scripted_host", str(place / "script.json")]
    done = subprocess.run(
        [sys.executable, "-m", "daybreak_worker", *paths, *ids],
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{_PACKAGE}{os.pathsep}{_PACKAGE / 'tests'}"},
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    at = {event["event"]: datetime.fromisoformat(event["at"]) for event in events}
    rows = sum(event["rows"] for event in events if event["event"] == "committed")
    seconds = (at["committed"] - at["ready"]).total_seconds()
    return {"seconds": round(seconds, 3), "rowsPerSecond": round(rows / seconds)}


if __name__ == "__main__":
    main()

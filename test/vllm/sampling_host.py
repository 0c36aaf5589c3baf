"""The worker's host with vLLM, which also writes down what its engine does: `--host sampling_host MODEL_FOLDER FILE`.

Each line of FILE is JSON of a sample: seconds, and the requests that run and that wait in the engine, by its own metrics.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from daybreak_worker.engine.engine_port import EngineFacts
from daybreak_worker.host.serve import run_host
from daybreak_worker.host.vllm_host import VllmModel

SAMPLE_SECONDS = 0.02
NAMES = {"vllm:num_requests_running": "running", "vllm:num_requests_waiting": "waiting"}


class SampledModel(VllmModel):
    async def load(self) -> EngineFacts:
        facts = await super().load()
        self._sampling = asyncio.create_task(sample_for_ever(sys.argv[2]))
        return facts


async def sample_for_ever(file: str) -> None:
    from vllm.v1.metrics.reader import get_metrics_snapshot

    with open(file, "w", encoding="utf-8", buffering=1) as samples:
        while True:
            sample: dict[str, Any] = {"seconds": time.monotonic()}
            for metric in get_metrics_snapshot():
                if metric.name in NAMES:
                    sample[NAMES[metric.name]] = int(metric.value)
            samples.write(json.dumps(sample) + "\n")
            await asyncio.sleep(SAMPLE_SECONDS)


if __name__ == "__main__":
    run_host(lambda start: SampledModel({**start, "folder": sys.argv[1]}))

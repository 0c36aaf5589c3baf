"""A worker from its start to the code that it exits with."""

from __future__ import annotations

import asyncio
import sys
import traceback

from daybreak_worker.contract import EXITS
from daybreak_worker.errors import DaybreakError, InternalError
from daybreak_worker.law.halt import halt_run
from daybreak_worker.supervisor.options import WorkerOptions
from daybreak_worker.supervisor.ports import Ports
from daybreak_worker.supervisor.tell import tell_failure
from daybreak_worker.supervisor.worker import open_worker


async def run_worker(options: WorkerOptions, ports: Ports, stopping: asyncio.Event) -> int:
    """The exit code. A failure that no other attempt can mend ends the whole run by `halt.json`, so that nobody works
    on for nothing; what is told on standard output is for people.
    """
    try:
        worker = await open_worker(options, ports, stopping)
        await worker.run()
    except DaybreakError as error:
        failure = error
    except Exception as error:
        traceback.print_exc()
        failure = InternalError(f"the worker {options.worker}", type(error).__name__)
        failure.task = getattr(error, "task", None)
    else:
        return EXITS["done"]
    await ports.blocking(_halt, options, ports, failure)
    tell_failure(ports.emit, options.stage, failure, at=ports.now())
    return failure.exit_code


def _halt(options: WorkerOptions, ports: Ports, failure: DaybreakError) -> None:
    # A wish to cancel stands already.
    if not failure.is_final or failure.name == "JobCancelledError":
        return
    try:
        halt_run(ports.store, options.stage, failure, at=ports.now())
    except DaybreakError as error:
        # The exit code says what failed first; whoever started this worker reads it.
        print(f"the run could not be halted: {error}", file=sys.stderr)  # noqa: T201

"""The command: `python -m daybreak_worker --store DIR --job J --run R --stage S --worker NAME --index I --of N`."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from daybreak_worker.contract import is_id
from daybreak_worker.engine.engine_process import EngineProcess
from daybreak_worker.errors import StoreError
from daybreak_worker.law.ids import StageIds
from daybreak_worker.store.open_store import open_store
from daybreak_worker.supervisor.open_engine import open_engine
from daybreak_worker.supervisor.options import WorkerOptions
from daybreak_worker.supervisor.ports import Ports, print_event, utc_now
from daybreak_worker.supervisor.run_worker import run_worker
from daybreak_worker.supervisor.stop_signals import listen_for_stop, stop_at_end_of_input
from daybreak_worker.supervisor.tell import tell_failure
from daybreak_worker.task.stage_plan import StagePlan


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="daybreak_worker", description="Takes the tasks of a stage of kind infer through vLLM."
    )
    parser.add_argument("--store", required=True, help="the folder of the store, or s3://BUCKET")
    for name, what in (("job", "id of the job"), ("run", "id of the run"), ("stage", "id of the stage")):
        parser.add_argument(f"--{name}", required=True, type=_id(name), help=what)
    parser.add_argument(
        "--worker", required=True, type=_id("worker"), help="a name that no other worker of the run has"
    )
    parser.add_argument("--index", type=int, default=0, help="which share of the tasks it begins with (default 0)")
    parser.add_argument("--of", type=int, default=1, help="number of shares (default 1)")
    parser.add_argument("--scratch", type=Path, default=None, help="a folder for blocks that are being written")
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="stop, as at SIGTERM, when standard input is closed"
    )
    parser.add_argument(
        "--host", nargs="+", metavar=("MODULE", "ARGUMENT"), help="for tests: another engine host than that with vLLM"
    )
    options = parser.parse_args(arguments)
    if options.of < 1 or not 0 <= options.index < options.of:
        parser.error(f"--index {options.index} is none of --of {options.of}: expected 0 to {options.of - 1}")
    return options


def _id(field: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if is_id(field, text):
            return text
        raise argparse.ArgumentTypeError(f"{text!r} is no valid id")

    return parse


def main(arguments: Sequence[str]) -> NoReturn:
    """Ends the process: nothing that hangs in a thread keeps it."""
    asyncio.run(_run(parse_arguments(arguments)))
    raise AssertionError("the process ends inside")


async def _run(given: argparse.Namespace) -> NoReturn:
    engines: list[EngineProcess] = []
    stopping = asyncio.Event()
    listen_for_stop(stopping, lambda: _kill_all(engines))
    if given.until_stdin_closes:
        stop_at_end_of_input()
    scratch = Path(tempfile.mkdtemp(prefix="daybreak-worker-", dir=given.scratch))

    def open_and_note(plan: StagePlan) -> EngineProcess:
        engine = open_engine(plan, given.host)
        engines.append(engine)
        return engine

    code = await _run_in(given, scratch, stopping, open_and_note)
    shutil.rmtree(scratch, ignore_errors=True)
    _end(code)


async def _run_in(
    given: argparse.Namespace,
    scratch: Path,
    stopping: asyncio.Event,
    open_engine_of: Callable[[StagePlan], EngineProcess],
) -> int:
    stage = StageIds(given.job, given.run, given.stage)
    try:
        store = open_store(given.store)
    except StoreError as error:
        tell_failure(print_event, stage, error, at=utc_now())
        return error.exit_code
    options = WorkerOptions(stage, given.worker, given.index, given.of)
    return await run_worker(options, Ports(store, open_engine_of, scratch), stopping)


def _kill_all(engines: Sequence[EngineProcess]) -> None:
    for engine in engines:
        engine.end_group()


def _end(code: int) -> NoReturn:
    with suppress(OSError):
        sys.stderr.flush()
    os._exit(code)

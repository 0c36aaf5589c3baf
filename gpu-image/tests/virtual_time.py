"""An event loop whose clock jumps to the next thing to happen: hours pass in no time, and always in the same order."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

_Result = TypeVar("_Result")


class _Selector(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise AssertionError("nothing will ever happen: somebody waits without a bound")
        self.now += timeout
        return []


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


async def inline(act: Callable[..., _Result], /, *arguments: Any) -> _Result:
    """In place of a thread: the clock stands while something is done, and others get their turn before."""
    await asyncio.sleep(0)
    return act(*arguments)


async def slowly(act: Callable[..., _Result], /, *arguments: Any) -> _Result:
    """As of a store far away, and busy."""
    await asyncio.sleep(0.3)
    return act(*arguments)


def run_virtually(work: Coroutine[Any, Any, _Result], most_seconds: float = 100_000) -> _Result:
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(asyncio.wait_for(work, most_seconds))

from __future__ import annotations

import asyncio
from contextlib import suppress


class Changes:
    """Wakes whoever waits for a change. Who looks and then waits, without awaiting in between, misses none."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def notify(self) -> None:
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self, most_seconds: float | None = None) -> None:
        changed = self._next
        with suppress(TimeoutError):
            async with asyncio.timeout(most_seconds):
                await changed.wait()
